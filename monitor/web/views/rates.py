"""The content of the page on availability: a question, and its answer. Pure except for queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from monitor.charts.drawing import ChartTable
from monitor.config import Config
from monitor.core.french.instants import instant_of
from monitor.core.model import Outage
from monitor.core.outages.calendar import PARIS
from monitor.core.outages.span_figures import Availability, Scope, ScopeKind
from monitor.core.outages.time_accounts import instant, microseconds
from monitor.figures.answers import (
    Division,
    FigureQuestion,
    QuestionRefused,
    Reads,
    availability,
)
from monitor.figures.configured import basis_of
from monitor.figures.recorded_targets import recorded_targets
from monitor.figures.scopes import Scopes
from monitor.web.record_reads import RecordReads
from monitor.web.views.rate_charts import RateCharts, rate_charts

DAYS = 30  # of the span that is shown first
LONGEST = 400  # days; a page must not read for long
FIRST_OUTAGES = 50
NAMES = frozenset({"de", "du", "au", "par"})

DIVISIONS: Mapping[Division, str] = {
    Division.DAY: "par jour",
    Division.WEEK: "par semaine",
    Division.MONTH: "par mois",
    Division.HOUR: "par heure de la journée",
    Division.OPENING: "aux heures d’ouverture et hors d’elles",
    Division.MILESTONE: "avant et après chaque date du droit",
}


class RatesRefused(ValueError):  # noqa: N818 -- a question that is refused, not a fault
    """A question that cannot be asked; the text is French."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesQuestion:
    """A question as the address of the page gives it.

    `since_text` and `until_text` are days as a form writes them: 2026-11-23; the last is included.
    """

    figures: FigureQuestion
    since_text: str
    until_text: str

    @property
    def division(self) -> Division | None:
        return self.figures.division

    @property
    def query(self) -> str:
        """The address of the same question."""
        parts = {"de": name_of(self.figures.scope), "du": self.since_text, "au": self.until_text}
        if self.division:
            parts["par"] = self.division.value
        return urlencode(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesView:
    question: RatesQuestion
    answer: Availability
    outages: Sequence[Outage]
    more_outages: int
    groups: Sequence[tuple[str, Sequence[Scope]]]
    charts: RateCharts

    @property
    def table(self) -> ChartTable | None:
        """The figures of the drawing, for programs."""
        chart = self.charts.days or self.charts.periods
        return chart.table if chart else None


def name_of(scope: Scope) -> str:
    """Return how an address names a scope: "target:anef-usagers", "anef:anef"."""
    return f"{scope.kind.value}:{scope.slug}"


def scopes_of(reads: RecordReads, config: Config) -> Scopes:
    """Return what can be asked of: as for commands, also targets that are no longer checked."""
    known = recorded_targets(
        (state.target for state in reads.states()), reads.definitions(), config
    )
    return Scopes(known.by_slug, config.figures.components)


def asked_of(query: QueryParams, scopes: Scopes, now: datetime) -> RatesQuestion:
    """Read a question. Raises RatesRefused, with what is wrong in French."""
    if unknown := set(query) - NAMES:
        raise RatesRefused(f"paramètre inconnu : {min(unknown)[:40]}")
    kind, _, slug = (query.get("de") or "").partition(":")
    scope = (scopes.public() or scopes.every(ScopeKind.TARGET))[0]
    if kind:
        named = scopes.find(ScopeKind(kind), slug) if kind in set(ScopeKind) else None
        if named is None:
            raise RatesRefused("rien de ce nom à relever")
        scope = named
    today = now.astimezone(PARIS).date()
    since_text = query.get("du") or (today - timedelta(days=DAYS - 1)).isoformat()
    until_text = query.get("au") or today.isoformat()
    try:
        since, until = instant_of(since_text[:40]), _end_of(until_text[:40])
    except ValueError as error:
        raise RatesRefused(str(error)) from None
    if until - since > timedelta(days=LONGEST):
        raise RatesRefused(f"période trop longue pour cette page : {LONGEST} jours au plus")
    division = query.get("par") or ""
    if division and division not in set(Division):
        raise RatesRefused("découpage inconnu")
    try:
        figures = FigureQuestion(
            scope=scope,
            since=microseconds(since),
            until=microseconds(until),
            now=microseconds(now),
            division=Division(division) if division else None,
        )
    except QuestionRefused as error:
        raise RatesRefused(str(error)) from None
    return RatesQuestion(figures=figures, since_text=since_text, until_text=until_text)


def _end_of(text: str) -> datetime:
    """Return the end of a day, or an instant, as a reader writes it. Raises ValueError."""
    end = instant_of(text)
    try:
        day = date.fromisoformat(text)
    except ValueError:  # with an hour
        return end
    try:
        return datetime.combine(day + timedelta(days=1), datetime.min.time(), PARIS)
    except OverflowError:
        raise ValueError(f"« {text} » est trop loin") from None


def rates(reads: Reads, config: Config, scopes: Scopes, question: RatesQuestion) -> RatesView:
    """Answer the question of the page."""
    figures = question.figures
    outages = reads.outages(figures.scope.targets, instant(figures.since), instant(figures.until))
    answer = availability(reads, figures, basis_of(config.figures))
    return RatesView(
        question=question,
        answer=answer,
        charts=rate_charts(reads, config, scopes, figures, answer),
        outages=outages[-FIRST_OUTAGES:],
        more_outages=max(0, len(outages) - FIRST_OUTAGES),
        groups=[
            (name, scopes.every(kind))
            for name, kind in (
                ("Ensembles", ScopeKind.ANEF),
                ("Composants de l’ANEF", ScopeKind.COMPONENT),
                ("Préfectures", ScopeKind.PREFECTURES),
                ("Départements", ScopeKind.DEPARTMENT),
                ("Adresses", ScopeKind.TARGET),
            )
        ],
    )
