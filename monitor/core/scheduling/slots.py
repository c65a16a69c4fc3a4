"""When each target is due: a grid anchored on the Unix epoch, its phase spread over the platform.

All is arithmetic in whole microseconds, so that nothing drifts; a restart finds the same slots.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final
from zlib import crc32

from monitor.core.model import Target

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Instants at a fixed pace: the Unix epoch, plus the phase, plus any number of intervals.

    Attributes:
        interval_us: Microseconds between two slots. More than 0.
        phase_us: Microseconds from the epoch to a slot. At least 0, less than the interval.

    """

    interval_us: int
    phase_us: int = 0

    @classmethod
    def of(cls, *, interval_s: float, phase_s: float = 0.0) -> "Grid":
        """Build a grid from seconds; the phase is brought back within the interval."""
        interval_us = round(interval_s * 1_000_000)
        if interval_us <= 0:
            raise ValueError(f"interval_s must be at least a microsecond, not {interval_s}")
        return cls(interval_us=interval_us, phase_us=round(phase_s * 1_000_000) % interval_us)

    def latest(self, now: datetime) -> datetime:
        """Return the last slot that is not after `now`."""
        return self._slot(self._index(now))

    def next(self, after: datetime) -> datetime:
        """Return the first slot after `after`, never `after` itself."""
        return self._slot(self._index(after) + 1)

    def count(self, after: datetime, until: datetime) -> int:
        """Return the number of slots after `after`, up to and including `until`. Never negative."""
        return max(0, self._index(until) - self._index(after))

    def between(self, since: datetime, until: datetime) -> Iterator[datetime]:
        """Yield the slots from `since` (included) to `until` (excluded)."""
        first = self._index(since - _MICROSECOND) + 1
        for index in range(first, self._index(until - _MICROSECOND) + 1):
            yield self._slot(index)

    def _index(self, at: datetime) -> int:
        return ((at - _EPOCH) // _MICROSECOND - self.phase_us) // self.interval_us

    def _slot(self, index: int) -> datetime:
        return _EPOCH + timedelta(microseconds=index * self.interval_us + self.phase_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Our part of a plan that `of` points share: one slot in `of`, the `rank`-th, from 1."""

    rank: int = 1
    of: int = 1


WHOLE: Final = Share()


def grids(targets: Iterable[Target], share: Share = WHOLE) -> Mapping[str, Grid]:
    """Return the grid of each target, by slug; its interval is that of our share.

    The targets of a platform that share an interval are spread evenly over it, in the order of
    their slugs. Each interval of the platform is shifted by a share of its own step, and each
    platform by a share of that, so that slots of two intervals, or of two platforms, seldom
    meet. Only a change of the list moves a target.

    The grids of all shares of one list have together the slots that one point alone would have.
    """
    by_slug: dict[str, Grid] = {}
    for name, lane in groupby(sorted(targets, key=lambda t: t.platform), key=lambda t: t.platform):
        platform_share = (
            crc32(name.encode()) / 2**32
        )  # by its name, so that no other platform moves it
        members = sorted(lane, key=lambda target: (target.interval_s, target.slug))
        classes = [list(same) for _, same in groupby(members, key=lambda t: t.interval_s)]
        for number, same in enumerate(classes):
            shift = (number + platform_share) / len(classes)
            for rank, target in enumerate(same):
                step_s = target.interval_s / share.of  # between two slots of any point
                phase_s = step_s * (share.rank - 1 + (rank + shift) / len(same))
                by_slug[target.slug] = Grid.of(interval_s=target.interval_s, phase_s=phase_s)
    return by_slug
