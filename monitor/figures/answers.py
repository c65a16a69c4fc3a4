"""How a question about availability is answered: what is read, and how it is added up.

One function answers for the command, the page, the programming interface, the metrics and the
data files: the same question has the same figure everywhere.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from itertools import chain, groupby, pairwise
from typing import Protocol

from monitor.core.model import Annotation, Outage, Run
from monitor.core.outages.announcements import Windows, register, windows, within
from monitor.core.outages.calendar import (
    HOUR_US,
    Bins,
    Opening,
    Unit,
    cut,
    cut_after,
    day_of,
    midnight,
    opening_bins,
)
from monitor.core.outages.milestones import Milestone
from monitor.core.outages.span_figures import (
    COVERAGE_MIN,
    Availability,
    FigurePart,
    Scope,
    Touched,
    clock_hours,
    outage_figures,
    sum_by_label,
    touched,
)
from monitor.core.outages.time_accounts import Account, instant, microseconds
from monitor.figures.unannounced import unannounced

MAX_SPAN_DAYS = 3_700  # ten years
END_US = 4_102_441_200_000_000  # the end of 2099 in Paris
MAX_FINE_DAYS = 20_000  # of all targets together, where sums by day do not do


class Division(StrEnum):
    """What the parts of an answer are."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    HOUR = "hour"  # of the day in Paris: 24 parts
    OPENING = "opening"  # opening hours, and the rest
    MILESTONE = "milestone"  # before and after each date of the law


class QuestionRefused(Exception):  # noqa: N818 -- as `CommandRefused`: what is refused, not a fault
    """A question that has no answer, with what is wrong, in French."""


class Reads(Protocol):
    """What figures are made from. `monitor.store.Store` is one."""

    def accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int, exact: bool = False
    ) -> Iterator[tuple[str, list[Account]]]:
        """Yield the accounts of each target between the edges."""
        ...

    def summed_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        """Return the sums of the accounts of the targets."""
        ...

    def whole_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        """Return the accounts of a whole that needs all of the targets."""
        ...

    def watched(self) -> Mapping[str, tuple[datetime, datetime]]:
        """Return the first and the last check of each target that was ever checked."""
        ...

    def outages(
        self,
        targets: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Outage]:
        """Return the outages that touch a span."""
        ...

    def annotations(self) -> Sequence[Annotation]:
        """Return all that was announced and withdrawn, in the order of the record."""
        ...

    def runs(self) -> Sequence[Run]:
        """Return each life of the service."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What figures are made with, as the configuration says it; printed with them.

    Attributes:
        coverage_min: Share of a span that must be known for a rate to be given.
        openings: Hours at which people use the service.
        holidays: Gives the public holidays from one day to another, both included.
        milestones: Dates of the law, in order.

    """

    coverage_min: Fraction = COVERAGE_MIN
    openings: Sequence[Opening] = ()
    holidays: Callable[[date, date], Collection[date]] = lambda _first, _last: ()
    milestones: Sequence[Milestone] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureQuestion:
    """What is asked: [since, until), in microseconds since 1970.

    `now` is the present: nothing is known after it. `hours` is False where nobody asks in how many
    hours of the day something was down: to count them is to read those days again.
    """

    scope: Scope
    since: int
    until: int
    now: int
    division: Division | None = None
    hours: bool = True

    def __post_init__(self) -> None:
        """Raise QuestionRefused when the span is not one, is too long, or too far away."""
        if self.since >= self.until:
            raise QuestionRefused("la fin de la période n’est pas après son début")
        if self.until - self.since > MAX_SPAN_DAYS * 24 * HOUR_US:
            raise QuestionRefused(f"période trop longue : {MAX_SPAN_DAYS} jours au plus")
        if self.since < 0 or self.until > END_US:
            raise QuestionRefused("instant hors des bornes : une année de 1970 à 2099")
        days = len(self.scope.targets) * (self.until - self.since) // (24 * HOUR_US)
        if self.division in {Division.HOUR, Division.OPENING} and days > MAX_FINE_DAYS:
            raise QuestionRefused(
                f"trop de relevés pour un détail par heure : {MAX_FINE_DAYS} jours de cible au plus"
                f", et {days} sont demandés"
            )


def availability(reads: Reads, question: FigureQuestion, basis: Basis) -> Availability:
    """Answer a question about one scope."""
    (answer,) = availabilities(reads, [question], basis)
    return answer


def availabilities(
    reads: Reads, questions: Sequence[FigureQuestion], basis: Basis
) -> Iterator[Availability]:
    """Answer several questions, one by one. Raises StoreError."""
    watched, runs = reads.watched(), reads.runs()
    announced = windows(register(reads.annotations()))
    for question in questions:
        yield _outside(
            reads, question, announced, basis, _answer(reads, question, watched, runs, basis)
        )


def _answer(
    reads: Reads,
    question: FigureQuestion,
    watched: Mapping[str, tuple[datetime, datetime]],
    runs: Sequence[Run],
    basis: Basis,
) -> Availability:
    scope, since, until = question.scope, question.since, question.until
    days = cut(since, until, Unit.DAY)
    by_day = _accounts(reads, question, days.edges)
    total = Account()
    for account in by_day:
        total.merge(account)
    lives = [watched[slug] for slug in scope.targets if slug in watched]
    checked = total
    if scope.needs_all:  # a whole has no checks of its own
        (checked,) = reads.summed_accounts(scope.targets, [since, until], now=question.now)
    outages = reads.outages(scope.targets, instant(since), instant(until))
    return Availability(
        scope=scope,
        since=since,
        until=until,
        account=total,
        outages=outage_figures(outages),
        touched=_touched(reads, question, days, by_day),
        first_check=min((microseconds(first) for first, _ in lives), default=None),
        last_check=max((microseconds(last) for _, last in lives), default=None),
        coverage_min=basis.coverage_min,
        checks=checked.checks,
        failures=checked.failures,
        rulesets=_rulesets(runs, since, until),
        parts=_parts(reads, question, basis, days, by_day),
        parts_counted=not scope.needs_all
        and question.division not in {Division.HOUR, Division.OPENING},
    )


def _outside(
    reads: Reads, question: FigureQuestion, announced: Windows, basis: Basis, answer: Availability
) -> Availability:
    """Add to an answer what lies outside of announced maintenance, where some was announced."""
    scope, since, until = question.scope, question.since, question.until
    spans = within(announced, scope.targets, since, until)
    if not spans:
        return answer
    account, announced_us = unannounced(reads, scope, (since, until), spans, now=question.now)
    return replace(
        answer,
        unannounced=account,
        unannounced_enough=account.coverage >= basis.coverage_min,
        announced_us=announced_us,
    )


def _accounts(reads: Reads, question: FigureQuestion, edges: Sequence[int]) -> list[Account]:
    """Return the accounts of the scope between the edges: of the whole, or added up."""
    scope = question.scope
    if scope.needs_all:
        return reads.whole_accounts(scope.targets, edges, now=question.now)
    return reads.summed_accounts(scope.targets, edges, now=question.now)


def _touched(
    reads: Reads, question: FigureQuestion, days: Bins, by_day: Sequence[Account]
) -> Touched:
    """Count the days, weeks and hours; hours only where one thing is asked of, and was down."""
    down = [(start, account.bad_us) for start, account in zip(days.edges[:-1], by_day, strict=True)]
    hours: int | None = None
    one_thing = question.scope.needs_all or len(question.scope.targets) == 1
    if one_thing and question.hours:
        hours = sum(
            clock_hours(edges, _accounts(reads, question, edges))
            for edges in _hours_of_down_days(days, by_day)
        )
    return touched(down, hours)


def _hours_of_down_days(days: Bins, by_day: Sequence[Account]) -> Iterator[list[int]]:
    """Yield the edges of the hours of days with time down, those of days in a row together."""
    spans = zip(pairwise(days.edges), by_day, strict=True)
    for is_down, some in groupby(spans, key=lambda day: bool(day[1].bad_us)):
        if is_down:
            hours = (cut(start, end, Unit.HOUR).edges for (start, end), _ in some)
            yield sorted(set(chain.from_iterable(hours)))


def _parts(
    reads: Reads, question: FigureQuestion, basis: Basis, days: Bins, by_day: Sequence[Account]
) -> tuple[FigurePart, ...]:
    """Return the bins of the span; those of one label are one part."""
    match question.division:
        case None:
            return ()
        case Division.HOUR:
            return _counted(reads, question, cut(question.since, question.until, Unit.HOUR))
        case Division.OPENING:
            holidays = basis.holidays(day_of(question.since), day_of(question.until))
            bins = opening_bins(question.since, question.until, basis.openings, holidays)
            return _counted(reads, question, bins)
        case Division.MILESTONE:
            starts = [(midnight(milestone.date), milestone.slug) for milestone in basis.milestones]
            bins = cut_after(question.since, question.until, starts)
        case _:
            bins = cut(question.since, question.until, Unit(question.division.value))
    sums = sum_by_label(_labels(bins, days.edges), by_day)
    dates = {milestone.slug: milestone for milestone in basis.milestones}
    named = dates if question.division is Division.MILESTONE else {}
    return tuple(
        FigurePart(label=name, account=account, milestone=named.get(name))
        for name, account in sums.items()
    )


def _counted(reads: Reads, question: FigureQuestion, bins: Bins) -> tuple[FigurePart, ...]:
    """Count bins that are not made of days."""
    sums = sum_by_label(bins.labels, _accounts(reads, question, bins.edges))
    return tuple(FigurePart(label=name, account=sums[name]) for name in sorted(sums))


def _labels(bins: Bins, edges: Sequence[int]) -> list[str]:
    """Return, for each stretch between two edges, the label of the bin that it lies in."""
    labels: list[str] = []
    index = 0
    for edge in edges[:-1]:
        while bins.edges[index + 1] <= edge:
            index += 1
        labels.append(bins.labels[index])
    return labels


def _rulesets(runs: Sequence[Run], since: int, until: int) -> tuple[str, ...]:
    """Return the rulesets of the lives of the service that touch a span, oldest first."""
    names = (
        run.ruleset
        for run in sorted(runs, key=lambda run: run.started_at)
        if microseconds(run.started_at) < until
        and microseconds(run.stopped_at or run.alive_at) >= since
    )
    return tuple(dict.fromkeys(names))
