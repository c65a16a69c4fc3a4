"""Planned checks that were not made: every slot has an observation, or a gap with a cause.

While the service runs, its schedule and its lanes record which slots they give up, and why. The
other missing slots are those at which the service was stopped, or killed during the check.

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

    A run that was killed ends at its last sign of life. Runs that overlap count as one;
    there is no gap before the first run.
    """
    gaps: list[Gap] = []
    end: datetime | None = None
    runs_of_point = sorted(
        (r.started_at, r.stopped_at or r.alive_at) for r in runs if r.point == point
    )
    for start, stop in [*runs_of_point, (until, until)]:
        if end is not None and end < start:
            after, until_slot = end - _MICROSECOND, start - _MICROSECOND
            slots = sum(grid.count(after, until_slot) for grid in plan.values())
            if slots:
                cause = GapCause.STOPPED
                gaps.append(
                    Gap(point=point, target="", from_at=end, to_at=start, slots=slots, cause=cause)
                )
        end = stop if end is None else max(end, stop)
    return tuple(gaps)


def missing(
    slots: Iterable[datetime], observed: Collection[datetime], gaps: Sequence[Gap]
) -> Iterator[datetime]:
    """Yield the slots of one target that neither an observation nor a gap accounts for.

    `observed` holds the `slot_at` of its observations; `gaps` are those that concern it: its own,
    and those of the whole point.
    """
    for slot in slots:
        if slot not in observed and not any(gap.from_at <= slot < gap.to_at for gap in gaps):
            yield slot


def merged(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Join the gaps of one target and cause that follow each other; the order is by time."""
    whole: list[Gap] = []
    for gap in sorted(gaps, key=lambda g: (g.point, g.target, g.cause, g.from_at)):
        last = whole[-1] if whole else None
        if last and _same(last, gap) and last.to_at == gap.from_at:
            whole[-1] = replace(last, to_at=gap.to_at, slots=last.slots + gap.slots)
        else:
            whole.append(gap)
    return tuple(sorted(whole, key=lambda g: (g.from_at, g.target)))


def _same(first: Gap, second: Gap) -> bool:
    return (first.point, first.target, first.cause) == (second.point, second.target, second.cause)
