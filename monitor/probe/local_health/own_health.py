"""The health of our own side: the last rounds of the control panel, and our clock."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from monitor.core.model import ClockReading, Controls, ControlStatus, Family
from monitor.runtime.clock import Clock

ROUNDS = 64  # remembered: five minutes of them when everything fails at once
STEP_US = 1_000_000  # NTP slews smaller offsets
LOST_US = 600_000_000  # a family without any answer for this long counts as missing
_HEARD = frozenset({ControlStatus.PROMPT, ControlStatus.LATE})


class LocalHealth:
    """The last rounds of the control panel and the last reading of the clock.

    A step of the wall clock since that reading is detected with the monotonic clock, so that no
    check is dated by a clock that stepped and was not read again yet.

    `probe` makes a round that begins after the call; `read` reads the clock. Both are bounded in
    time and never raise for failures of others.

    Rounds are remembered for a while, to find one within a failure. A family that no control host
    answered over for ten minutes is marked as lost in each of them, until one does.
    """

    def __init__(
        self,
        *,
        probe: Callable[[], Awaitable[Controls]],
        read: Callable[[], Awaitable[ClockReading]],
        clock: Clock,
    ) -> None:
        self._time = clock
        self._gap_us = self._wall_minus_monotonic_us()
        self._probe = probe
        self._read = read
        self.controls: Controls | None = None
        self.clock: ClockReading | None = None
        self._rounds: deque[tuple[int, Controls]] = deque(maxlen=ROUNDS)
        self._hastened: asyncio.Task[Controls] | None = None
        self._silent_since_us: dict[Family, int] = {}

    async def check(self) -> Controls:
        """Make a round of the control panel now."""
        called_us = self._time.monotonic_us()
        self.controls = controls = self._marked(await self._probe())
        # Even if the wall clock stepped meanwhile, no round began before it was called for.
        age_us = (self._time.now() - controls.at) // timedelta(microseconds=1)
        began_us = self._time.monotonic_us() - max(0, age_us)
        self._rounds.append((max(called_us, began_us), controls))
        return controls

    def _marked(self, controls: Controls) -> Controls:
        """Mark the families that have been lost for long; `witnesses` stay unchanged."""
        now_us = self._time.monotonic_us()
        marked = dict(controls.families)
        for family, statuses in controls.families.items():
            if _HEARD & set(statuses.values()):
                self._silent_since_us.pop(family, None)
            elif now_us - self._silent_since_us.setdefault(family, now_us) >= LOST_US:
                marked[family] = {
                    slug: status if status is ControlStatus.ABSENT else ControlStatus.LOST
                    for slug, status in statuses.items()
                }
        return replace(controls, families=marked)

    def hasten(self) -> None:
        """Start a round, unless one is running: a probe has been waiting in silence for a while."""
        if self._hastened is None or self._hastened.done():
            self._hastened = asyncio.create_task(self.check())

    def recent(self, duration_us: int) -> tuple[Controls, ...]:
        """Return the rounds that began within the last `duration_us`, in order."""
        since_us = self._time.monotonic_us() - duration_us
        return tuple(controls for began_us, controls in self._rounds if began_us >= since_us)

    @property
    def monotonic_us(self) -> int:
        return self._time.monotonic_us()

    async def within(self, duration_us: int, ended_us: int) -> tuple[Controls, ...]:
        """Return the rounds that began within the `duration_us` up to an instant, in order.

        A round that `hasten` started is awaited: up to a quarter of a minute, while a host is
        silent. `ended_us` is a past value of `monotonic_us`.
        """
        if self._hastened is not None and not self._hastened.done():
            await asyncio.shield(self._hastened)
        return tuple(
            controls
            for began_us, controls in self._rounds
            if ended_us - duration_us <= began_us <= ended_us
        )

    async def read_clock(self) -> ClockReading:
        """Read the clock now."""
        self.clock = await self._read()
        self._gap_us = self._wall_minus_monotonic_us()
        return self.clock

    @property
    def offset_us(self) -> int | None:
        """The microseconds to add to our clock now to get true time; None when unknown."""
        if self.clock is None or self.clock.offset_us is None:
            return None
        return self.clock.offset_us - (self._step_us if self.stepped else 0)

    @property
    def stepped(self) -> bool:
        """Whether our clock stepped since it was last read, or the machine was suspended."""
        return abs(self._step_us) >= STEP_US

    @property
    def _step_us(self) -> int:
        return self._wall_minus_monotonic_us() - self._gap_us

    def _wall_minus_monotonic_us(self) -> int:
        return round(self._time.now().timestamp() * 1_000_000) - self._time.monotonic_us()
