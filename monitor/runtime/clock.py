"""The only reader of clocks. Everything else takes `now`, or a `Clock`."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

from monitor.runtime.cancellation import heed_cancellation


class Clock(Protocol):
    """The clocks that the program may read, and the wait."""

    def now(self) -> datetime:
        """Return the wall clock: aware, UTC, microseconds. May step; never used for durations."""
        ...

    def monotonic_us(self) -> int:
        """Return microseconds since an arbitrary point; never goes back."""
        ...

    def boot_us(self) -> int:
        """Return the same, the time included that the machine was suspended."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait on the monotonic clock. Zero or less yields once.

        A task that was asked to end does not wait: see `heed_cancellation`.
        """
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 -- this is the one place

    def monotonic_us(self) -> int:
        return time.monotonic_ns() // 1000  # noqa: TID251 -- this is the one place

    def boot_us(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000

    async def sleep(self, seconds: float) -> None:
        heed_cancellation()
        await asyncio.sleep(max(0.0, seconds))
