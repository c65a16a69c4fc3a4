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
    """Bounds of one probe on what comes from outside.

    Attributes:
        resolve_s: Seconds for the whole resolution of one host.
        connect_s: Seconds for one address to accept.
        silence_s: Seconds without a byte, in the TLS handshake or in an answer.
        headers_bytes: Longest header section, chunk header or trailer.
        body_bytes: Longest body, on the wire and decoded.
        decode_s: Seconds that decoding a body may take even when the deadline has passed.
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
_LATE_US = 250_000  # a busy machine may be that late without having been suspended
# Bytes that came while we were suspended for less than `FROZEN_US` were buffered by the system or
# sent again: this long afterwards, a silence is due to the other end.
_SETTLED_S = 3.0


class Budget:
    """The active time of one probe: only the time inside `spend` counts.

    Meanwhile, a periodic tick watches our own loop: when a tick is late, our process did not run,
    and we do not know what happened outside.

    `stalled_us` is the sum of these delays; `unsettled_us` that of those that may explain why the
    last block ended in a silence: delays that ended shortly before, and long ones.
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
        """Add time that was spent outside `spend`, without a limit."""
        self._spent_us += elapsed_us

    @asynccontextmanager
    async def spend(self) -> AsyncGenerator[None]:
        """Count the time of the block.

        Raises:
            ExchangeBroken: `deadline`, when the block takes longer than what is left.

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
        """Add to `stalled_us` the time during which the loop, or the whole machine, did not run."""
        loop = asyncio.get_running_loop()
        asleep_us = self._asleep_us()
        due_s = loop.time() + TICK_S

        stops: list[tuple[float, int]] = []  # when each ended, and how long it was
        handle: asyncio.TimerHandle

        def add_delay() -> None:
            late_us = round((loop.time() - due_s) * 1_000_000)
            if late_us > _LATE_US:
                self.stalled_us += late_us
                stops.append((loop.time(), late_us))

        def tick() -> None:
            nonlocal due_s, handle
            add_delay()
            due_s = loop.time() + TICK_S
            handle = loop.call_at(due_s, tick)

        handle = loop.call_at(due_s, tick)
        try:
            yield
        finally:
            handle.cancel()
            add_delay()  # the end may come before a tick that is overdue
            slept_us = max(0, self._asleep_us() - asleep_us)
            self.stalled_us += slept_us
            since_s = loop.time() - _SETTLED_S
            unsettled = (us for end_s, us in stops if us >= FROZEN_US or end_s > since_s)
            self.unsettled_us = slept_us + sum(unsettled)

    def _asleep_us(self) -> int:
        """Return how long the machine was suspended: the monotonic clock does not count that."""
        return self._clock.boot_us() - self._clock.monotonic_us()
