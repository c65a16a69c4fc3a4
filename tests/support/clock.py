"""A clock that tests drive by hand."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta


class FakeClock:
    """A `monitor.runtime.clock.Clock` whose time moves only through `advance` and `step_wall`."""

    def __init__(self, start: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)) -> None:
        self._wall = start
        self._mono_us = 0
        self._asleep_us = 0
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._serial = 0

    def now(self) -> datetime:
        return self._wall

    def monotonic_us(self) -> int:
        return self._mono_us

    def boot_us(self) -> int:
        return self._mono_us + self._asleep_us

    def suspend(self, seconds: float) -> None:
        """Sleep as a machine does: the monotonic clock stands still."""
        self._asleep_us += round(seconds * 1_000_000)
        self.step_wall(seconds)

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._serial += 1
        wake = self._mono_us + round(seconds * 1_000_000)
        heapq.heappush(self._sleepers, (wake, self._serial, future))
        await future

    def step_wall(self, seconds: float) -> None:
        """Move the wall clock only, as an administrator or NTP would."""
        self._wall += timedelta(seconds=seconds)

    async def advance(self, seconds: float) -> None:
        """Move both clocks, waking each sleeper at its own instant, in order."""
        end = self._mono_us + round(seconds * 1_000_000)
        while self._sleepers and self._sleepers[0][0] <= end:
            wake, _, future = heapq.heappop(self._sleepers)
            self._set(max(wake, self._mono_us))
            if not future.done():
                future.set_result(None)
            for _ in range(10):
                await asyncio.sleep(0)
        self._set(end)
        for _ in range(10):
            await asyncio.sleep(0)

    def _set(self, mono_us: int) -> None:
        self._wall += timedelta(microseconds=mono_us - self._mono_us)
        self._mono_us = mono_us
