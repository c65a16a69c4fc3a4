"""What a reader is told first: whether ANEF answers, as one dated sentence. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.core.language import FRENCH, Language
from monitor.core.model import Verdict
from monitor.core.outages.worst import worst

WHOLE = {
    Verdict.DOWN: "l’ANEF est indisponible",
    Verdict.MAINTENANCE: "l’ANEF est en maintenance",
    Verdict.DEGRADED: "l’ANEF répond mal",
    Verdict.BLOCKED: "nous ne savons pas si l’ANEF répond : notre robot est refusé",
    Verdict.UNKNOWN: "nous ne savons pas si l’ANEF répond",
    Verdict.UP: "l’ANEF répond",
}
IN_PART = {
    Verdict.DOWN: "une partie de l’ANEF est indisponible",
    Verdict.MAINTENANCE: "une partie de l’ANEF est en maintenance",
    Verdict.DEGRADED: "une partie de l’ANEF répond mal",
    Verdict.BLOCKED: "nous ne savons pas si toute l’ANEF répond, notre robot est refusé",
    Verdict.UNKNOWN: "nous ne savons pas si toute l’ANEF répond",
}
_LASTING = frozenset({Verdict.DOWN, Verdict.MAINTENANCE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentState:
    """A part of ANEF that no request can do without, and its state.

    Attributes:
        at_least_s: How long its outage has lasted at least, in seconds; None without a confirmed
            outage.

    """

    name: str
    verdict: Verdict
    at_least_s: float | None = None

    @property
    def unconfirmed(self) -> bool:
        return self.verdict in _LASTING and self.at_least_s is None


def headline(at: datetime, parts: Sequence[ComponentState], language: Language = FRENCH) -> str:
    """Return "À 14 h 02, une partie de l’ANEF est indisponible : …, depuis au moins 35 min".

    A failure that no outage confirms is said to be one, never an outage. `parts` is not empty.
    """
    confirmed = [part for part in parts if not part.unconfirmed]
    gravest = worst(part.verdict for part in confirmed)
    hour, text = language.hour_minute(at), language.text
    if len(confirmed) < len(parts) and gravest not in _LASTING:
        return text(
            "À %(hour)s, un relevé de l’ANEF vient d’échouer : %(names)s. Ce n’est pas confirmé",
            hour=hour,
            names=_names((part for part in parts if part.unconfirmed), language),
        )
    touched = [part for part in confirmed if part.verdict is gravest]
    if len(touched) == len(parts):
        state = language.message(WHOLE[gravest])
    else:
        state = text(
            "%(state)s : %(names)s",
            state=language.message(IN_PART[gravest]),
            names=_names(touched, language),
        )
    seconds = [part.at_least_s for part in touched if part.at_least_s]
    if not seconds:
        return text("À %(hour)s, %(state)s", hour=hour, state=state)
    return text(
        "À %(hour)s, %(state)s, depuis au moins %(length)s",
        hour=hour,
        state=state,
        length=language.short_duration(max(seconds)),
    )


def plain_headline(at: datetime, verdicts: Sequence[Verdict], language: Language = FRENCH) -> str:
    """Return how many of the watched pages answer, where ANEF has no named components."""
    hour = language.hour_minute(at)
    answering = sum(verdict is Verdict.UP for verdict in verdicts)
    if all(verdict is Verdict.UNKNOWN for verdict in verdicts):
        return language.text(
            "À %(hour)s, nous ne savons rien de l’état des pages surveillées", hour=hour
        )
    pages = language.count(answering, "page surveillée", "pages surveillées")
    return language.text(
        "À %(hour)s, %(pages)s sur %(total)s répond"
        if answering <= 1
        else "À %(hour)s, %(pages)s sur %(total)s répondent",
        hour=hour,
        pages=pages,
        total=len(verdicts),
    )


def _names(parts: Iterable[ComponentState], language: Language) -> str:
    """Return names of components, which are French, as they stand within a sentence."""
    return language.text(", ").join(
        language.foreign(f"{part.name[:1].lower()}{part.name[1:]}") for part in parts
    )
