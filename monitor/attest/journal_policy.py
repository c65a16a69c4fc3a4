"""What goes with a copy of the journal: whose signatures are believed, and whose time-stamps."""

from collections.abc import Iterator
from pathlib import Path

import certifi

from monitor.config import Config
from monitor.evidence.log.note import Algorithm, Note, VerifierKey
from monitor.evidence.witness.cosigning import quorum


def policy_lines(key: VerifierKey, config: Config, note: bytes) -> Iterator[str]:
    """Yield the lines of a C2SP tlog-policy that the checkpoint `note` satisfies."""
    yield f"log {key}\n"
    witnesses = [VerifierKey.parse(cosigner.key) for cosigner in config.cosigning.witnesses]
    for witness in witnesses:
        if witness.algorithm is Algorithm.COSIGNATURE:
            yield f"witness {witness.name} {witness}\n"
    signatures = quorum(Note.parse(note), config.cosigning)
    yield (
        f"quorum {signatures.needed}\n"
        if signatures.needed and signatures.reached
        else "quorum none\n"
    )


def trusted_roots(config: Config) -> bytes:
    """Return the public roots, and those that the configuration trusts for time-stamps: PEM."""
    pinned = "".join(authority.roots for authority in config.stamping.authorities)
    return Path(certifi.where()).read_bytes() + pinned.encode()
