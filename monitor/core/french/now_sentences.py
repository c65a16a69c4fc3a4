"""What a reader is told first: whether ANEF answers, as one dated sentence. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.core.french.formatting import count, hour_minute, short_duration
from monitor.core.model import Verdict
from monitor.core.outages.worst import worst

_WHOLE = {
    Verdict.DOWN: "l’ANEF est indisponible",
    Verdict.MAINTENANCE: "l’ANEF est en maintenance",
    Verdict.DEGRADED: "l’ANEF répond mal",
    Verdict.BLOCKED: "nous ne savons pas si l’ANEF répond : notre robot est refusé",
    Verdict.UNKNOWN: "nous ne savons pas si l’ANEF répond",
    Verdict.UP: "l’ANEF répond",
}
_IN_PART = {
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


def headline(at: datetime, parts: Sequence[ComponentState]) -> str:
    """Return "À 14 h 02, une partie de l’ANEF est indisponible : …, depuis au moins 35 min".

    A failure that no outage confirms is said to be one, never an outage. `parts` is not empty.
    """
    start = f"À {hour_minute(at)}, "
    confirmed = [part for part in parts if not part.unconfirmed]
    gravest = worst(part.verdict for part in confirmed)
    if len(confirmed) < len(parts) and gravest not in _LASTING:
        names = _names(part for part in parts if part.unconfirmed)
        return f"{start}un relevé de l’ANEF vient d’échouer : {names}. Ce n’est pas confirmé"
    touched = [part for part in confirmed if part.verdict is gravest]
    lasted = _lasted(touched)
    if len(touched) == len(parts):
        return f"{start}{_WHOLE[gravest]}{lasted}"
    return f"{start}{_IN_PART[gravest]} : {_names(touched)}{lasted}"


def plain_headline(at: datetime, verdicts: Sequence[Verdict]) -> str:
    """Return how many of the watched pages answer, where ANEF has no named components."""
    start = f"À {hour_minute(at)}, "
    answering = sum(verdict is Verdict.UP for verdict in verdicts)
    if all(verdict is Verdict.UNKNOWN for verdict in verdicts):
        return f"{start}nous ne savons rien de l’état des pages surveillées"
    verb = "répond" if answering <= 1 else "répondent"
    pages = count(answering, "page surveillée", "pages surveillées")
    return f"{start}{pages} sur {len(verdicts)} {verb}"


def _names(parts: Iterable[ComponentState]) -> str:
    return ", ".join(f"{part.name[:1].lower()}{part.name[1:]}" for part in parts)


def _lasted(parts: Iterable[ComponentState]) -> str:
    seconds = [part.at_least_s for part in parts if part.at_least_s]
    return f", depuis au moins {short_duration(max(seconds))}" if seconds else ""
