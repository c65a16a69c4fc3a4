"""The files of `preuve/` that date and attest the extract: checkpoint, keys, stamps, roots."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path

from monitor.attest.journal_policy import policy_lines, trusted_roots
from monitor.config import Config
from monitor.evidence import bounded
from monitor.evidence.log.note import (
    MAX_NOTE_BYTES,
    Checkpoint,
    Note,
    Signature,
    VerifierKey,
)
from monitor.evidence.log.tiles import CHANGES, Tiles
from monitor.evidence.timestamps.certificate_files import as_pem, certificates
from monitor.evidence.timestamps.timestamping import KEPT, MAX_CRL_BYTES
from monitor.evidence.witness.witness_protocol import with_signatures
from monitor.store import Store
from monitor.store.reads.extract_reads import RecordedToken
from monitor.store.reads.journal_reads import KeptCheckpoint

STAMP = "horodatage-"
_MAX_PEM_BYTES = 4_000_000  # as verifier.py
_NO_ROOT = b"# aucun jeton d'horodatage dans ce lot\n"


def cosigned(store: Store, checkpoint: KeptCheckpoint) -> bytes:
    """Return the note of a checkpoint with the lines of its witnesses."""
    lines = [Signature.parse(one.line) for one in store.cosignatures(checkpoint.size)]
    return bytes(with_signatures(Note.parse(checkpoint.note), lines))


class ChosenStamps:
    """The tokens that date an extract.

    For each edge of an outage, and for the end: of each authority the first token that covers it,
    and the last one that stands before it in the journal.
    """

    def __init__(self, tokens: Sequence[RecordedToken]) -> None:
        self._by_authority: dict[str, list[RecordedToken]] = {}
        for token in tokens:
            self._by_authority.setdefault(token.authority, []).append(token)
        self._all = tokens

    def over(self, leaves: Iterable[int], end: int) -> tuple[RecordedToken, ...]:
        """Return the tokens for these leaves, and for the tree of `end` leaves."""
        chosen: dict[str, RecordedToken] = {}
        numbers = sorted({*leaves, end - 1})
        for tokens in self._by_authority.values():
            sizes = [token.size for token in tokens]  # sorted
            earlier = sorted((one.leaf, one) for one in tokens if one.leaf is not None)
            places = [place for place, _ in earlier]
            for number in numbers:
                after = bisect_left(sizes, number + 1)
                if after < len(tokens):
                    chosen[tokens[after].sha256] = tokens[after]
                before = bisect_left(places, number) - 1
                if before >= 0:
                    chosen[earlier[before][1].sha256] = earlier[before][1]
        return tuple(one for one in self._all if one.sha256 in chosen)


class ProofFiles:
    """Collects the files below `preuve/`, by name."""

    def __init__(self, data: Path, config: Config, key: VerifierKey) -> None:
        self._data, self._config, self._key = data, config, key
        self._trusted = set(certificates(trusted_roots(config)))
        self._roots: set[bytes] = set()
        self.files: dict[str, bytes] = {}
        self.sizes: set[int] = set()  # of the older checkpoints among them

    def add_checkpoint(self, note: bytes, tiles: Tiles, size: int) -> None:
        """Add the checkpoint, the keys that it is believed by, and the changes of keys."""
        self.files["journal/checkpoint"] = note
        self.files["cles.txt"] = "".join(policy_lines(self._key, self._config, note)).encode()
        for path in tiles.changes(size):
            self.files[f"journal/{CHANGES}/{path.name}"] = bounded.read(path, MAX_NOTE_BYTES)
            self.sizes.add(int(path.name))

    def add_stamp(self, token: RecordedToken) -> bool:
        """Add a token with its chain; False when it is no longer there, or its root not trusted."""
        folder = self._data / KEPT / token.sha256
        if not (folder / "token.tst").is_file():
            return False
        chain = bounded.read(folder / "chain.pem", _MAX_PEM_BYTES)
        root = certificates(chain)[-1]
        if root not in self._trusted:
            return False
        self._roots.add(root)
        for path in sorted(folder.iterdir()):
            self.files[f"{STAMP}{token.sha256}-{path.name}"] = bounded.read(
                path, max(MAX_CRL_BYTES, _MAX_PEM_BYTES)
            )
        note = self.files[f"{STAMP}{token.sha256}-checkpoint"]
        self.sizes.add(Checkpoint.parse(Note.parse(note).text).size)
        return True

    def add_roots(self) -> None:
        """Add the roots of the chains, once all stamps were added."""
        roots = sorted(self._roots, key=lambda der: hashlib.sha256(der).digest())
        self.files["racines.pem"] = as_pem(roots) or _NO_ROOT


def sha256_of(file: bytes | Path) -> str:
    """Return the digest of a file, or of bytes, in hex."""
    if isinstance(file, bytes):
        return hashlib.sha256(file).hexdigest()
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
