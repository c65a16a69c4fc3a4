"""What we know of our own side: the control panel's last word, and our clock's."""

from collections.abc import Awaitable, Callable

from monitor.core.types import ClockReading, Controls


class Line:
    """Remembers the last round of the control panel and the last reading of the clock.

    `probe` makes a round that begins after the call; `read` asks for the time. Both are
    bounded in time and never raise for the outside's faults.
    """

    def __init__(
        self,
        *,
        probe: Callable[[], Awaitable[Controls]],
        read: Callable[[], Awaitable[ClockReading]],
    ) -> None:
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
        return self.clock
