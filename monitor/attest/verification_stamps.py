"""The time-stamps kept beside a journal, verified offline: the last step of `vigie verify`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

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


@dataclass(frozen=True, slots=True)
class JudgedStamps:
    """What was found of each kept token, by its file: the token, or why it is refused.

    To judge one takes two runs of openssl: it is done once for all who ask.
    """

    found: Mapping[Path, Token | str]

    @classmethod
    def of(cls, journal: Path, *, roots: Sequence[bytes], known: Self | None = None) -> Self:
        """Judge the tokens kept beside a journal.

        Args:
            journal: The journal's folder.
            roots: DER certificates that tokens may lead to.
            known: What was found before: only the tokens that came since are judged.

        """
        found = dict(known.found) if known else {}
        for path in _tokens(journal):
            if path in found:
                continue
            try:
                found[path] = _checked(path, roots)
            except (StampRefused, OSError) as error:
                found[path] = str(error)
        return cls(found)

    def rootless(self) -> set[str]:
        """Return the digests of the tokens that are sound, and lead to no root that is known."""
        return {
            path.parent.name
            for path, one in self.found.items()
            if isinstance(one, Token) and not one.verified
        }

    def step(self) -> VerificationStep | None:
        """Say what was found; None when there is no token."""
        tokens = [one for one in self.found.values() if isinstance(one, Token)]
        faults = [f"{path} : {one}" for path, one in self.found.items() if isinstance(one, str)]
        if not self.found:
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
