"""What is said of a span: its account, its outages, the days that they touched. Pure.

A rate is never given alone: with it go its bounds, its coverage and the number of checks. Below
the coverage that the configuration asks for, no rate is given at all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor, inf
from statistics import median

from monitor.core.model import Nature, Outage
from monitor.core.outages.calendar import Unit, day_of, label
from monitor.core.outages.milestones import Milestone
from monitor.core.outages.time_accounts import Account, Bound, microseconds

COVERAGE_MIN = Fraction(9, 10)  # without a configuration: below it, no rate is given


class ScopeKind(StrEnum):
    """Of what figures are asked."""

    TARGET = "target"
    COMPONENT = "component"
    ANEF = "anef"  # the whole: down while one necessary component is
    DEPARTMENT = "department"
    PREFECTURES = "prefectures"
    PLATFORM = "platform"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A target or a set of targets.

    `needs_all`: it is a whole, down while one of its targets is. Otherwise its account is the sum
    of those of its targets: the time of ten targets over a day is ten days.
    """

    kind: ScopeKind
    slug: str
    name: str
    targets: tuple[str, ...]
    needs_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A length of time between two bounds, in microseconds; `longest_us` is None when open."""

    shortest_us: int
    longest_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageFigures:
    """The outages that touch a span, whole even where they reach out of it.

    Attributes:
        numbers: By which they are cited, in order of time.
        still_open: How many had no end.
        maintenances: How many were nothing but maintenance.
        longest, median: Bounds of the greatest and of the middle length, whichever outages these
            are; None without any outage.

    """

    count: int = 0
    still_open: int = 0
    maintenances: int = 0
    numbers: tuple[int, ...] = ()
    longest: Length | None = None
    median: Length | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Distinct days, ISO weeks and clock hours of Paris with time down or in maintenance.

    Of a set, those in which at least one target was; `hours` is None where it was not counted.
    """

    days: int = 0
    weeks: int = 0
    hours: int | None = None
    worst_day: date | None = None
    worst_us: int = 0  # time down on that day, of all targets together


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePart:
    """A bin of the span: a day, a month, an hour of the day, what follows a date of the law."""

    label: str
    account: Account
    milestone: Milestone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """All that is said of one scope over [since, until).

    Attributes:
        first_check, last_check: Of any of its targets, at any time; None without any.
        unannounced: The account outside of announced maintenance; None where none was announced.
        unannounced_enough: Whether the coverage of that one is what the configuration asks for.
        announced_us: Microseconds of announced maintenance, of all targets together.
        rulesets: By which the verdicts were given, oldest first.
        coverage_min: The coverage below which no rate is given.
        checks: Of all of its targets, in the span.
        failures: Those of them that found a target down or in maintenance.
        parts_counted: Whether the checks of each part are known: a whole has none of its own, and
            sums by day do not say at which hour theirs were.

    """

    scope: Scope
    since: int
    until: int
    account: Account
    outages: OutageFigures
    touched: Touched
    first_check: int | None
    last_check: int | None
    coverage_min: Fraction
    checks: int
    failures: int
    rulesets: tuple[str, ...] = ()
    unannounced: Account | None = None
    unannounced_enough: bool = False
    announced_us: int = 0
    parts: tuple[FigurePart, ...] = field(default=())
    parts_counted: bool = True

    @property
    def enough(self) -> bool:
        """Whether so much is known that a rate may be given."""
        return self.account.coverage >= self.coverage_min


def outage_figures(outages: Iterable[Outage]) -> OutageFigures:
    """Return what is said of outages, given in order of time."""
    outages_in_order = list(outages)
    if not outages_in_order:
        return OutageFigures()
    lengths = [length(outage) for outage in outages_in_order]
    # Each bound is of its own order: the outage that is longest by one may not be by the other.
    least = sorted(one.shortest_us for one in lengths)
    most = sorted(inf if one.longest_us is None else one.longest_us for one in lengths)
    return OutageFigures(
        count=len(outages_in_order),
        still_open=sum(outage.first_ok_at is None for outage in outages_in_order),
        maintenances=sum(outage.nature is Nature.MAINTENANCE for outage in outages_in_order),
        numbers=tuple(outage.number for outage in outages_in_order if outage.number is not None),
        longest=_bounds(least[-1], most[-1]),
        median=_bounds(median(least), median(most)),
    )


def _bounds(shortest_us: float, longest_us: float) -> Length:
    return Length(
        shortest_us=floor(shortest_us), longest_us=None if longest_us == inf else ceil(longest_us)
    )


def length(outage: Outage) -> Length:
    """Return the bounds of how long an outage lasted."""
    longest_us = None
    if outage.last_ok_at is not None and outage.first_ok_at is not None:
        longest_us = microseconds(outage.first_ok_at) - microseconds(outage.last_ok_at)
    shortest_us = microseconds(outage.last_fail_at) - microseconds(outage.first_fail_at)
    return Length(shortest_us=shortest_us, longest_us=longest_us)


def touched(days: Sequence[tuple[int, int]], hours: int | None = None) -> Touched:
    """Return the days and weeks that have time down; `days` are starts with microseconds down."""
    down = [(us, down_us) for us, down_us in days if down_us]
    if not down:
        return Touched(hours=hours)
    start, worst_us = max(down, key=lambda one: (one[1], -one[0]))
    return Touched(
        days=len({day_of(us) for us, _ in down}),
        weeks=len({label(day_of(us), Unit.WEEK) for us, _ in down}),
        hours=hours,
        worst_day=day_of(start),
        worst_us=worst_us,
    )


class Overlap(StrEnum):
    """What two periods or places let us say."""

    APART = "apart"  # the bounds do not overlap: the difference is established
    OVERLAP = "overlap"  # they do: the order of the two is not established
    UNKNOWN = "unknown"  # one of them has not enough coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailabilityComparison:
    """Two availabilities beside each other; `difference` is the second less the first."""

    overlap: Overlap
    difference: Fraction | None


def compared(one: Availability, other: Availability) -> AvailabilityComparison:
    """Compare two periods or two places, by the bounds of what is known of each."""
    before, after = one.account.ratio(Bound.CENTRAL), other.account.ratio(Bound.CENTRAL)
    if before is None or after is None or not (one.enough and other.enough):
        return AvailabilityComparison(overlap=Overlap.UNKNOWN, difference=None)
    lows = [each.account.ratio(Bound.LOW) for each in (one, other)]
    highs = [each.account.ratio(Bound.HIGH) for each in (one, other)]
    low = max(ratio for ratio in lows if ratio is not None)
    high = min(ratio for ratio in highs if ratio is not None)
    overlap = Overlap.OVERLAP if low <= high else Overlap.APART
    return AvailabilityComparison(overlap=overlap, difference=after - before)


def sum_by_label(labels: Sequence[str], accounts: Sequence[Account]) -> dict[str, Account]:
    """Return one account for each label, in the order in which labels first come."""
    sums: dict[str, Account] = {}
    for name, account in zip(labels, accounts, strict=True):
        sums.setdefault(name, Account()).merge(account)
    return sums


def clock_hours(edges: Sequence[int], accounts: Sequence[Account]) -> int:
    """Return in how many of the bins, which are clock hours or parts of one, time was down."""
    return len(
        {
            us // 3_600_000_000
            for us, account in zip(edges[:-1], accounts, strict=True)
            if account.bad_us
        }
    )
