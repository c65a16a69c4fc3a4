"""Verify the time-stamps beside a journal, offline: the last step of `vigie verify`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from monitor.attest.verification_step import VerificationStep
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
SHOWN = 20  # faults that are shown


def stamped_notes(journal: Path) -> list[Path]:
    """Return the checkpoints that were stamped: the journal must extend each of them."""
    return [path.with_name("checkpoint") for path in _tokens(journal)]


@dataclass(frozen=True, slots=True)
class JudgedStamps:
    """The result for each token, by its file: the token, or why it is refused.

    A check takes two runs of openssl, so it is done once for all callers.
    """

    results: Mapping[Path, Token | str]

    @classmethod
    def of(cls, journal: Path, *, roots: Sequence[bytes], known: Self | None = None) -> Self:
        """Check the tokens beside a journal.

        Args:
            journal: The journal's folder.
            roots: DER certificates that tokens may lead to.
            known: Earlier results: only the tokens that are not in it are checked.

        """
        results = dict(known.results) if known else {}
        for path in _tokens(journal):
            if path in results:
                continue
            try:
                results[path] = _checked(path, roots)
            except (StampRefused, OSError) as error:
                results[path] = str(error)
        return cls(results)

    def rootless(self) -> set[str]:
        """Return the digests of the valid tokens that lead to no trusted root."""
        return {
            path.parent.name
            for path, token in self.results.items()
            if isinstance(token, Token) and not token.verified
        }

    def step(self) -> VerificationStep | None:
        """Return the step with the results; None when there is no token."""
        tokens = [result for result in self.results.values() if isinstance(result, Token)]
        faults = [
            f"{path} : {result}" for path, result in self.results.items() if isinstance(result, str)
        ]
        if not self.results:
            return None
        verified = [token for token in tokens if token.verified]
        unknown = len(tokens) - len(verified)
        done_text = f"jetons vérifiés : {len(verified)}"
        if verified:
            times = [result.at for result in verified]
            done_text += f", du {when(min(times))} au {when(max(times))}"
        if unknown:
            done_text += f" ; non vérifiés, faute d’une racine connue (--roots) : {unknown}"
        return VerificationStep(
            title="Horodatages",
            done=done_text,
            proves="Les feuilles de chaque point de contrôle daté existaient à l’heure de son"
            " jeton, selon une autorité tierce." if verified else "Rien : aucune racine connue.",
            leaves_open="Que les feuilles disent vrai ; ce qui suit le dernier jeton vérifié.",
            faults=tuple(faults[:SHOWN]),
        )  # fmt: skip


def _tokens(journal: Path) -> list[Path]:
    return sorted((journal / FOLDER).glob("*/token.tst"))


def _checked(path: Path, roots: Sequence[bytes]) -> Token:
    folder = path.parent
    note = bounded.read(folder / "checkpoint", MAX_NOTE_BYTES)
    crls = [
        bounded.read(path_of_list, MAX_CRL_BYTES)
        for path_of_list in sorted(folder.glob("crl-*.crl"))
    ]
    token = check_token(bounded.read(path, MAX_ANSWER_BYTES), note, roots=roots, crls=crls)
    if token.sha256.hex() != folder.name:
        raise StampRefused(StampFault.IMPRINT, "ce n’est pas le jeton qui donne son nom au dossier")
    return token
