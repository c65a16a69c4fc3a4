"""What one probe may spend: bytes, hops, and active time."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from monitor.core.model import Failure
from monitor.core.verdict.rules_local import FROZEN_US
from monitor.fetch.failures import ExchangeBroken
from monitor.runtime.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one probe; what lies outside is hostile until it stays within them.

    Attributes:
        resolve_s: Seconds for the whole resolution of one host.
        connect_s: Seconds for one address to accept.
        silence_s: Seconds without a byte, in the TLS handshake or in an answer.
        headers_bytes: Longest header section, chunk header or trailer.
        body_bytes: Longest body, on the wire and decoded.
        decode_s: Seconds to undo a content coding that a probe whose deadline passed still has.
        hops: Requests in a chain of redirects, the first included (Fetch standard: 20;
            a visitor's patience and blackbox_exporter: 10).
        addresses: Addresses of one host that are tried.
        parts: Assets of a shell that are fetched, its signs of life not counted.
        intermediates: Certificates fetched to complete one chain.

    """

    resolve_s: float = 10.0
    connect_s: float = 10.0
    silence_s: float = 20.0
    headers_bytes: int = 256 * 1024
    body_bytes: int = 5_000_000
    decode_s: float = 1.0
    hops: int = 10
    addresses: int = 6
    parts: int = 12
    intermediates: int = 3


TICK_S = 0.25
_LATE_US = 250_000  # what a busy machine may be late by without having been stopped
# What came while we were stopped for less than `FROZEN_US` was kept by the system or sent again:
# after this long, a silence is the other end's whatever stopped us before.
_SETTLED_S = 3.0


class Budget:
    """The active time of one probe: only what happens inside `spend` counts.

    While it is spent, a tick watches our own loop: what a tick is late by, our process did not
    run, and what the outside did meanwhile we cannot tell.

    `stalled_us` is the sum of it; `unsettled_us` is what may be why the last block ended in a
    silence: stops that ended shortly before, and long ones.
    """

    def __init__(self, clock: Clock, deadline_s: float) -> None:
        self._clock = clock
        self.stalled_us = 0
        self.unsettled_us = 0
        self._deadline_us = round(deadline_s * 1_000_000)
        self._spent_us = 0
        self._since_us: int | None = None

    @property
    def spent_us(self) -> int:
        running = 0 if self._since_us is None else self._clock.monotonic_us() - self._since_us
        return self._spent_us + running

    @property
    def left_s(self) -> float:
        return max(0, self._deadline_us - self.spent_us) / 1_000_000

    def charge(self, elapsed_us: int) -> None:
        """Take time that was spent outside `spend`, and that nobody cut short."""
        self._spent_us += elapsed_us

    @asynccontextmanager
    async def spend(self) -> AsyncGenerator[None]:
        """Count the time of the block.

        Raises:
            Broken: `deadline`, when the block outlives what is left.

        """
        limit = asyncio.timeout(self.left_s)
        self._since_us = self._clock.monotonic_us()
        try:
            with self._ticking():
                async with limit:
                    yield
        except TimeoutError as error:
            if limit.expired():  # else it is a silence inside the block
                raise ExchangeBroken(Failure.DEADLINE, "the whole probe took too long") from error
            raise
        finally:
            self._spent_us, self._since_us = self.spent_us, None

    @contextmanager
    def _ticking(self) -> Generator[None]:
        """Add to `stalled_us` what the loop, or the whole machine, slept through."""
        loop = asyncio.get_running_loop()
        asleep_us = self._asleep_us()
        due_s = loop.time() + TICK_S

        stops: list[tuple[float, int]] = []  # when each ended, and how long it was
        handle: asyncio.TimerHandle

        def late() -> None:
            late_us = round((loop.time() - due_s) * 1_000_000)
            if late_us > _LATE_US:
                self.stalled_us += late_us
                stops.append((loop.time(), late_us))

        def tick() -> None:
            nonlocal due_s, handle
            late()
            due_s = loop.time() + TICK_S
            handle = loop.call_at(due_s, tick)

        handle = loop.call_at(due_s, tick)
        try:
            yield
        finally:
            handle.cancel()
            late()  # the end may come before a tick that is overdue
            slept_us = max(0, self._asleep_us() - asleep_us)
            self.stalled_us += slept_us
            since_s = loop.time() - _SETTLED_S
            unsettled = (us for end_s, us in stops if us >= FROZEN_US or end_s > since_s)
            self.unsettled_us = slept_us + sum(unsettled)

    def _asleep_us(self) -> int:
        """Return what the monotonic clock did not count because the machine was suspended."""
        return self._clock.boot_us() - self._clock.monotonic_us()
