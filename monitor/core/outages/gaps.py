"""What the plan wanted and nobody did: every slot has an observation, or a gap with a cause.

While the service runs, its schedule and its lanes say which slots they give up, and why. What is
left was lost because the service was not there: stopped, or killed with the slot in hand.

A gap holds the slots from `from_at` on and before `to_at`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.model import Gap, GapCause, Run
from monitor.core.scheduling.slots import Grid

_MICROSECOND = timedelta(microseconds=1)


def gap(grid: Grid, slot: datetime, cause: GapCause, *, point: str, target: str) -> Gap:
    """Return the gap that one slot of `grid` makes when it is given up."""
    end = slot + timedelta(microseconds=grid.interval_us)
    return Gap(point=point, target=target, from_at=slot, to_at=end, slots=1, cause=cause)


def stops(
    runs: Iterable[Run], plan: Mapping[str, Grid], until: datetime, *, point: str
) -> tuple[Gap, ...]:
    """Return the spans between the runs of a point in which a slot fell, up to `until`.

    A run that was killed ends at its last sign of life. Runs that overlap are taken together;
    nothing is said of the time before the first.
    """
    found: list[Gap] = []
    end: datetime | None = None
    lives = sorted((r.started_at, r.stopped_at or r.alive_at) for r in runs if r.point == point)
    for start, stop in [*lives, (until, until)]:
        if end is not None and end < start:
            first, last = end - _MICROSECOND, start - _MICROSECOND
            slots = sum(grid.count(first, last) for grid in plan.values())
            if slots:
                cause = GapCause.STOPPED
                found.append(
                    Gap(point=point, target="", from_at=end, to_at=start, slots=slots, cause=cause)
                )
        end = stop if end is None else max(end, stop)
    return tuple(found)


def missing(
    slots: Iterable[datetime], seen: Collection[datetime], known: Sequence[Gap]
) -> Iterator[datetime]:
    """Yield the slots of one target that neither an observation nor a gap accounts for.

    `seen` holds the `slot_at` of its observations; `known` the gaps that concern it: its own,
    and those of the whole point.
    """
    for slot in slots:
        if slot not in seen and not any(one.from_at <= slot < one.to_at for one in known):
            yield slot


def merged(found: Iterable[Gap]) -> tuple[Gap, ...]:
    """Join the gaps of one target and cause that follow each other; the order is by time."""
    whole: list[Gap] = []
    for one in sorted(found, key=lambda g: (g.point, g.target, g.cause, g.from_at)):
        last = whole[-1] if whole else None
        if last and _same(last, one) and last.to_at == one.from_at:
            whole[-1] = replace(last, to_at=one.to_at, slots=last.slots + one.slots)
        else:
            whole.append(one)
    return tuple(sorted(whole, key=lambda g: (g.from_at, g.target)))


def _same(one: Gap, other: Gap) -> bool:
    return (one.point, one.target, one.cause) == (other.point, other.target, other.cause)
