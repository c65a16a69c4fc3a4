"""Where the days, weeks, months and hours of Paris begin: bins that a span is cut into.

Instants are microseconds since 1970, UTC. A day of Paris has 23, 24 or 25 hours.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from monitor.core.outages.time_accounts import instant, microseconds

PARIS = ZoneInfo("Europe/Paris")
HOUR_US = 3_600_000_000
_DAY = timedelta(days=1)


class Unit(StrEnum):
    """What a span is cut by."""

    DAY = "day"
    WEEK = "week"  # of ISO 8601: it begins on Monday
    MONTH = "month"
    HOUR = "hour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """A span cut into bins: `labels[i]` names what lies between `edges[i]` and `edges[i + 1]`.

    A label may come again: bins of one label are one figure.
    """

    edges: Sequence[int]
    labels: Sequence[str]


@lru_cache(maxsize=8192)
def midnight(day: date) -> int:
    """Return when a day of Paris begins."""
    return microseconds(datetime.combine(day, time(), PARIS))


def day_of(us: int) -> date:
    """Return the day of Paris that an instant lies in."""
    return instant(us).astimezone(PARIS).date()


def day_starts(since: int, until: int) -> list[int]:
    """Return the starts of the days of Paris in [since, until], in order."""
    day = day_of(since)
    starts: list[int] = []
    while (start := midnight(day)) <= until:
        if start >= since:
            starts.append(start)
        day += _DAY
    return starts


def cut(since: int, until: int, unit: Unit) -> Bins:
    """Cut [since, until) where a unit begins. The first and the last bin may be parts of one."""
    if unit is Unit.HOUR:
        # The offset of Paris is a whole number of hours, so its hours begin with those of UTC.
        hours = range(since - since % HOUR_US + HOUR_US, until, HOUR_US)
        return _bins(since, until, hours, lambda us: f"{instant(us).astimezone(PARIS):%H}")
    starts = [us for us in day_starts(since, until) if since < us < until and _begins(us, unit)]
    return _bins(since, until, starts, lambda us: label(day_of(us), unit))


def cut_after(since: int, until: int, starts: Sequence[tuple[int, str]]) -> Bins:
    """Cut [since, until) at named instants, in order; a bin is named by the last one before it.

    What lies before the first has the label "".
    """
    bounds = [us for us, _ in starts]

    def name(us: int) -> str:
        index = bisect_right(bounds, us) - 1
        return starts[index][1] if index >= 0 else ""

    return _bins(since, until, [us for us in bounds if since < us < until], name)


def label(day: date, unit: Unit) -> str:
    """Return the name of the day, ISO week or month that a day is in: "2026-W47", "2026-11"."""
    if unit is Unit.WEEK:
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    return f"{day:%Y-%m}" if unit is Unit.MONTH else day.isoformat()


def _begins(us: int, unit: Unit) -> bool:
    day = day_of(us)
    return {Unit.WEEK: day.weekday() == 0, Unit.MONTH: day.day == 1}.get(unit, True)


def _bins(since: int, until: int, starts: Sequence[int], name: Callable[[int], str]) -> Bins:
    edges = [since, *starts, until]
    return Bins(edges=edges, labels=[name(edge) for edge in edges[:-1]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Hours at which people use the service, on some days of the week (Monday is 0)."""

    weekdays: frozenset[int]
    from_time: time
    to_time: time


OPEN, CLOSED = "open", "closed"


def opening_bins(
    since: int, until: int, openings: Sequence[Opening], holidays: Collection[date]
) -> Bins:
    """Cut [since, until) into opening hours and the rest; nothing is open on a holiday."""
    spans: list[tuple[int, int]] = []
    day = day_of(since)
    while midnight(day) < until:
        if day not in holidays:
            spans += [
                (
                    microseconds(datetime.combine(day, opening.from_time, PARIS)),
                    microseconds(datetime.combine(day, opening.to_time, PARIS)),
                )
                for opening in openings
                if day.weekday() in opening.weekdays
            ]
        day += _DAY
    spans.sort()
    cuts = sorted({us for span in spans for us in span if since < us < until})
    starts = [start for start, _ in spans]

    def name(us: int) -> str:
        index = bisect_right(starts, us) - 1
        return OPEN if any(us < end for _, end in spans[max(0, index - 3) : index + 1]) else CLOSED

    return _bins(since, until, cuts, name)


def refined(edges: Sequence[int], cuts: Collection[int]) -> list[int]:
    """Return the edges and those of the cuts that lie between the first and the last."""
    return sorted({*edges, *(us for us in cuts if edges[0] < us < edges[-1])})
