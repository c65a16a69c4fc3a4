"""The content of the page that verifies: a date, an incident, a leaf. Pure except for queries."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from monitor.config import Config
from monitor.core.french.at_sentences import sentence
from monitor.core.french.instants import instant_of
from monitor.core.language import FRENCH, Language
from monitor.core.untrusted.numbers import whole
from monitor.dossier.dossier_question import is_dossier_code, written_code
from monitor.evidence.log import tlog
from monitor.evidence.log.tlog import TILE_WIDTH
from monitor.figures.recorded_targets import recorded_targets
from monitor.figures.target_at_instant import TargetAtInstant, answer_of
from monitor.store.dossier_rows import RegisteredFile
from monitor.web.record_reads import RecordReads

MOST_LEAF = 70_000  # characters of a leaf that are shown: more than any may have
_NUMBERED = re.compile(r"(?:n°|no\.?|رقم)?\s{0,9}([0-9][0-9,\s]{0,40})", re.IGNORECASE)
_NAMES = frozenset({"cible", "le", "numero", "code"})

ReadLeaf = Callable[[int], bytes | None]


class VerificationRefused(ValueError):  # noqa: N818 -- a question that is refused, not a fault
    """A question that cannot be asked; the text is French."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationQuestion:
    """What a reader typed: a page and an instant, a number, or a code; empty for a blank form."""

    target: str = ""
    at_text: str = ""
    at: datetime | None = None
    number: int | None = None
    code: str = ""

    @classmethod
    def of(cls, query: QueryParams, config: Config) -> "VerificationQuestion":
        """Parse a query. Raises VerificationRefused."""
        if unknown := set(query) - _NAMES:
            raise VerificationRefused(f"paramètre inconnu : {min(unknown)[:40]}")
        target, at_text = query.get("cible", ""), query.get("le", "")[:40]
        number_text = query.get("numero", "").strip()
        code = query.get("code", "").strip()
        if code and not is_dossier_code(code):
            raise VerificationRefused(
                "ce n’est pas un code de dossier : un signe a été mal recopié (par exemple "
                "K7Q2-9FDM-4XWB)"
            )
        if target and target not in config.by_slug:
            raise VerificationRefused("aucune page de ce nom n’est surveillée")
        return cls(
            target=target,
            at_text=at_text,
            at=_instant(at_text) if target and at_text else None,
            number=_number(number_text) if number_text else None,
            code=written_code(code) if code else "",
        )

    @property
    def query(self) -> str:
        """The question as an address has it, always in the same order; "" for none."""
        parts = {
            "cible": self.target,
            "le": self.at_text,
            "numero": "" if self.number is None else str(self.number),
            "code": self.code,
        }
        written = urlencode({name: value for name, value in parts.items() if value})
        return f"?{written}" if written else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafView:
    """A leaf of the journal: its text as it was signed, its digest, and where it is served.

    `path` is "" while the leaf is not yet in a whole bundle.
    """

    number: int
    kind: str
    text: str
    sha256: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationPage:
    """The blank form, or the answer to what was asked.

    Attributes:
        said: What was so at the instant, in words; None when none was asked for.
        leaf: The leaf of the number; None when there is none, or none was asked for.
        incident: The number of the incident that this number cites, if it does.
        signed: How many leaves the last checkpoint covers; 0 without any.
        registered: The originals of the code.

    """

    question: VerificationQuestion
    answer: TargetAtInstant | None
    said: str | None
    leaf: LeafView | None
    incident: int | None
    signed: int
    registered: Sequence[RegisteredFile] = ()


def verification_page(  # noqa: PLR0913 -- keyword-only
    reads: RecordReads,
    config: Config,
    question: VerificationQuestion,
    *,
    now: datetime,
    read_leaf: ReadLeaf,
    language: Language = FRENCH,
) -> VerificationPage:
    """Answer what was asked."""
    answer = None
    if question.at is not None:
        known = recorded_targets(
            (state.target for state in reads.states()), reads.definitions(), config
        )
        answer = answer_of(reads, known, known.of(question.target), question.at, now=now)
    number = question.number
    leaf = read_leaf(number) if number is not None else None
    incident = next(iter(reads.incidents(number=number)), None) if number is not None else None
    signed = reads.signed_size()
    return VerificationPage(
        question=question,
        answer=answer,
        said=sentence(answer.answer, language) if answer else None,
        leaf=_leaf(number, leaf, signed) if number is not None and leaf else None,
        incident=incident.number if incident else None,
        signed=signed,
        registered=reads.registered_files(question.code) if question.code else (),
    )


def _leaf(number: int, data: bytes, signed: int) -> LeafView:
    text = data.decode("utf-8", "replace")[:MOST_LEAF]
    try:
        fields = json.loads(text)
        kind = str(fields.get("type", ""))[:40] if isinstance(fields, dict) else ""
    except ValueError:
        kind = ""
    return LeafView(
        number=number,
        kind=kind,
        text=text,
        sha256=sha256(data).hexdigest(),
        path=f"/journal/{tlog.bundle_path(number // TILE_WIDTH)}"
        if number < signed - signed % TILE_WIDTH
        else "",
    )


def _instant(text: str) -> datetime:
    try:
        return instant_of(text)
    except ValueError as error:
        raise VerificationRefused(str(error)) from None


def _number(text: str) -> int:
    """Read a number as a reader copies it in any language: "n° 48 213", "no. 48,213", "48213"."""
    digits = _NUMBERED.fullmatch(text.strip())
    try:
        return whole("".join(digits[1].replace(",", " ").split()) if digits else "")
    except ValueError:
        raise VerificationRefused("ce n’est pas un numéro : écrire par exemple 48213") from None
