"""The time-stamps kept beside a journal, verified offline: the last step of `vigie verify`."""

from collections.abc import Sequence
from pathlib import Path

from monitor.attest.verification import VerificationStep
from monitor.core.french.formatting import when
from monitor.evidence import bounded
from monitor.evidence.log.note import MAX_NOTE_BYTES
from monitor.evidence.timestamps.rfc3161 import (
    MAX_ANSWER_BYTES,
    StampFault,
    StampRefused,
    Token,
    check_token,
)
from monitor.evidence.timestamps.timestamping import MAX_CRL_BYTES

FOLDER = "horodatages"  # below the journal's
SHOWN = 20  # faults that are told


def stamped_notes(journal: Path) -> list[Path]:
    """Return the checkpoints that were stamped: the journal must extend each of them."""
    return [path.with_name("checkpoint") for path in _tokens(journal)]


def rootless(journal: Path, *, roots: Sequence[bytes]) -> set[str]:
    """Return the digests of the tokens that are sound, and lead to no root that is known."""
    found = set()
    for path in _tokens(journal):
        try:
            if not _checked(path, roots).verified:
                found.add(path.parent.name)
        except (StampRefused, OSError):
            continue  # whoever verifies it finds that
    return found


def verify_stamps(journal: Path, *, roots: Sequence[bytes]) -> VerificationStep | None:
    """Check each kept token against what it dates; None when there is none.

    Args:
        journal: The journal's folder.
        roots: DER certificates that tokens may lead to.

    """
    tokens, faults = [], []
    for path in _tokens(journal):
        try:
            tokens.append(_checked(path, roots))
        except (StampRefused, OSError) as error:
            faults.append(f"{path} : {error}")
    if not tokens and not faults:
        return None
    verified = [token for token in tokens if token.verified]
    unknown = len(tokens) - len(verified)
    done = f"jetons vérifiés : {len(verified)}"
    if verified:
        times = [one.at for one in verified]
        done += f", du {when(min(times))} au {when(max(times))}"
    if unknown:
        done += f" ; non vérifiés, faute d’une racine connue (--roots) : {unknown}"
    return VerificationStep(
        title="Horodatages",
        done=done,
        proves="Les entrées de chaque point de contrôle daté existaient à l’heure de son jeton,"
        " selon une autorité tierce." if verified else "Rien : aucune racine connue.",
        leaves_open="Que les entrées disent vrai ; ce qui suit le dernier jeton vérifié.",
        faults=tuple(faults[:SHOWN]),
    )  # fmt: skip


def _tokens(journal: Path) -> list[Path]:
    return sorted((journal / FOLDER).glob("*/token.tst"))


def _checked(path: Path, roots: Sequence[bytes]) -> Token:
    folder = path.parent
    note = bounded.read(folder / "checkpoint", MAX_NOTE_BYTES)
    crls = [bounded.read(each, MAX_CRL_BYTES) for each in sorted(folder.glob("crl-*.crl"))]
    token = check_token(bounded.read(path, MAX_ANSWER_BYTES), note, roots=roots, crls=crls)
    if token.sha256.hex() != folder.name:
        raise StampRefused(StampFault.IMPRINT, "ce n’est pas le jeton qui donne son nom au dossier")
    return token
