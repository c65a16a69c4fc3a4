"""An event loop whose time is not the world's: it jumps to the next thing that is due."""

import asyncio
import selectors
from datetime import UTC, datetime, timedelta
from typing import Any

DAWN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class _Jump(selectors.BaseSelector):
    """Waits for nothing: what would be waited for is added to the time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, fileobj, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("nothing is due and nothing can come: a deadlock")
        self.now_s += max(0.0, timeout)
        return []

    def get_map(self) -> Any:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs as fast as the machine can; `freeze` is what SIGSTOP does to it."""

    def __init__(self) -> None:
        self.jump = _Jump()
        super().__init__(self.jump)

    def time(self) -> float:
        return self.jump.now_s

    def freeze(self, seconds: float) -> None:
        """Let time pass with nothing of ours running."""
        self.jump.now_s += seconds


class VirtualClock:
    """A `monitor.runtime.clock.Clock` on a virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._stepped_s = 0.0
        self._asleep_s = 0.0

    def now(self) -> datetime:
        return DAWN + timedelta(seconds=self._loop.time() + self._stepped_s)

    def monotonic_us(self) -> int:
        return round(self._loop.time() * 1_000_000)

    def boot_us(self) -> int:
        return round((self._loop.time() + self._asleep_s) * 1_000_000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def step(self, seconds: float) -> None:
        """Move the wall clock alone."""
        self._stepped_s += seconds

    def suspend(self, seconds: float) -> None:
        """Sleep as a machine does: the monotonic clock stands still, the world goes on."""
        self._asleep_s += seconds
        self._stepped_s += seconds
