"""What we know of our own side: the control panel's last word, and our clock's."""

from collections.abc import Awaitable, Callable

from monitor.clock import Clock
from monitor.core.types import ClockReading, Controls

STEP_US = 1_000_000  # NTP slews what is smaller


class Line:
    """Remembers the last round of the control panel and the last reading of the clock.

    A step of the wall clock since that reading is known from the monotonic clock, so that no
    check is dated by a clock that jumped and was not read again yet.

    `probe` makes a round that begins after the call; `read` asks for the time. Both are
    bounded in time and never raise for the outside's faults.
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

    async def check(self) -> Controls:
        """Ask the control panel now."""
        self.controls = await self._probe()
        return self.controls

    async def read_clock(self) -> ClockReading:
        """Read the clock now."""
        self.clock = await self._read()
        self._gap_us = self._wall_minus_monotonic_us()
        return self.clock

    @property
    def offset_us(self) -> int | None:
        """What must be added to our clock now to get true time; None when unknown."""
        if self.clock is None or self.clock.offset_us is None:
            return None
        return self.clock.offset_us - (self._step_us if self.stepped else 0)

    @property
    def stepped(self) -> bool:
        """Whether our clock jumped since it was last read, or the machine slept."""
        return abs(self._step_us) >= STEP_US

    @property
    def _step_us(self) -> int:
        return self._wall_minus_monotonic_us() - self._gap_us

    def _wall_minus_monotonic_us(self) -> int:
        return round(self._time.now().timestamp() * 1_000_000) - self._time.monotonic_us()
