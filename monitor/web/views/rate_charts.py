"""The drawings of the page on availability. Pure except for the queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from monitor.charts.before_after import BeforeAfter, Period, before_after
from monitor.charts.day_bars import DayBars, DayTimes, day_bars
from monitor.config import Config
from monitor.core.french.figure_sentences import part_title
from monitor.core.outages.calendar import Unit, cut
from monitor.core.outages.span_figures import Availability, FigurePart, Scope, ScopeKind
from monitor.core.outages.time_accounts import Account
from monitor.figures.answers import Division, FigureQuestion, Reads
from monitor.figures.scopes import Scopes

MOST_PERIODS = 24  # beside each other
MOST_MULTIPLES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCharts:
    """What is drawn of an answer: bars of its days, or its periods; the days of its components."""

    days: DayBars | None = None
    periods: BeforeAfter | None = None
    components: tuple[tuple[str, DayBars], ...] = ()


def rate_charts(
    reads: Reads, config: Config, scopes: Scopes, question: FigureQuestion, answer: Availability
) -> RateCharts:
    """Draw an answer, as it is divided; nothing where it is not."""
    scope = question.scope
    if question.division is Division.DAY:
        parts = [(part.label, part.account) for part in answer.parts]
        several = scopes.every(ScopeKind.COMPONENT) if scope.kind is ScopeKind.ANEF else []
        return RateCharts(
            days=bars_of_days(scope.name, parts),
            components=tuple(
                (one.name, bars_of_days(one.name, _by_day(reads, question, one)))
                for one in several[:MOST_MULTIPLES]
            ),
        )
    if question.division and 0 < len(answer.parts) <= MOST_PERIODS:
        return RateCharts(periods=_periods(answer, config))
    return RateCharts()


def bars_of_days(name: str, parts: Sequence[tuple[str, Account]]) -> DayBars:
    """Draw accounts by the ISO date of their day, in order."""
    days = [
        DayTimes(day=date.fromisoformat(label), by_verdict=account.by_verdict)
        for label, account in parts
    ]
    return day_bars(name, days)


def _by_day(reads: Reads, question: FigureQuestion, scope: Scope) -> list[tuple[str, Account]]:
    bins = cut(question.since, question.until, Unit.DAY)
    accounts = reads.whole_accounts(scope.targets, bins.edges, now=question.now)
    return list(zip(bins.labels, accounts, strict=True))


def _periods(answer: Availability, config: Config) -> BeforeAfter:
    return before_after(
        f"{answer.scope.name} : période par période",
        [
            Period(
                name=_name(part),
                account=part.account,
                enough=part.account.coverage >= config.figures.coverage_min,
            )
            for part in answer.parts
        ],
    )


def _name(part: FigurePart) -> str:
    title = part_title(part)
    return f"{title[:1].upper()}{title[1:]}"
