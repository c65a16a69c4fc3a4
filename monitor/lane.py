"""A platform's budget, enforced: one probe at a time, its requests spaced, robots.txt obeyed.

A probe takes a `Turn`, and asks it before each request. A turn that cannot be had at once, or
after those before it, is refused with a cause, so that its slot is accounted for: nobody waits
for the end of a back-off or of a pause.

A redirect may lead to another platform: that request keeps to the other's budget. On a
platform, one request at a time is in flight, whichever lane's probe makes it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from monitor.clock import Clock
from monitor.core import lanes
from monitor.core.types import GapCause, LaneState, Platform
from monitor.fetch import GateClosed
from monitor.robots import ORIGINS_MAX, Gate, RobotsBook

# Rechecks go first, but after three in a row a planned check has its turn: it is never starved,
# and since a failure takes about three checks to be confirmed, doubts do not pile up either.
RECHECKS_IN_A_ROW = 3
# A site that asks for more than a minute between two requests gets a minute.
CRAWL_DELAY_MAX_S = 60.0


class NoTurn(GateClosed):
    """The probe may not be made, or not go on. `cause` is that of the gap.

    For a recheck, which no plan wanted, there is no gap: it gave way.
    """

    def __init__(self, cause: GapCause) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(slots=True, kw_only=True)
class _Waiter:
    slot_at: datetime
    urgent: bool
    granted: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def gone(self) -> bool:
        """Cancelled, though its task has not been told yet."""
        return self.granted.cancelled()

    def send_away(self, cause: GapCause) -> None:
        if not self.gone:
            self.granted.set_exception(NoTurn(cause))


class Turn:
    """The right to make one probe's requests, given by a `Lane`."""

    def __init__(self, lane: "Lane") -> None:
        self._lane = lane
        self._flight: asyncio.Lock | None = None  # of the platform that our request is at

    async def request(self, url: str) -> None:
        """Wait until a request to `url` may start; start it when this returns.

        The request before it has ended, and the last one ends with the turn.

        Raises:
            NoTurn: robots.txt forbids it, or its platform is closed, or was meanwhile.
            ValueError: `url` has no host.

        """
        await self._lane.at(url).heed_robots(url, self._start)
        await self._start(url)

    def land(self) -> None:
        """Say that no request of ours is in flight."""
        if self._flight is not None:
            self._flight.release()
            self._flight = None

    async def _start(self, url: str) -> None:
        self.land()  # before any wait: two lanes that lead to each other must not lock up
        self._flight = await self._lane.at(url).take_off(url)


class Lane:
    """One platform's budget. All its methods belong to one event loop.

    `on_change` is called with each new state, to keep it across restarts. `owner` finds the
    lane of the platform that a host belongs to; None for a host of no platform, whose
    requests count as our own platform's.
    """

    def __init__(  # noqa: PLR0913 -- all but two are keyword-only, with their defaults
        self,
        platform: Platform,
        clock: Clock,
        *,
        state: LaneState | None = None,
        robots: RobotsBook | None = None,
        on_change: Callable[[LaneState], None] = lambda _: None,
        owner: Callable[[str], "Lane | None"] = lambda _: None,
    ) -> None:
        self._spacing_us = round(platform.spacing_s * 1_000_000)
        self._clock = clock
        self._state = state or LaneState(platform=platform.slug)
        self._robots = robots
        self._on_change = on_change
        self._owner = owner
        self._flight = asyncio.Lock()
        self._busy = False
        self._stopped = False
        self._rechecks_in_a_row = 0
        self._waiting: dict[str, _Waiter] = {}
        # A process that keeps dying and starting again must not hurry either.
        self._last_us = clock.monotonic_us()
        self._last_by_origin_us: dict[str, int] = {}

    @property
    def state(self) -> LaneState:
        return self._state

    @property
    def backlog(self) -> int:
        """Probes that wait for their turn."""
        return len(self._waiting)

    @asynccontextmanager
    async def turn(
        self, target: str, slot_at: datetime, *, urgent: bool = False
    ) -> AsyncGenerator[Turn]:
        """Hold the lane for one probe, after those due before it; `urgent` is a recheck.

        At most one turn of a target waits: a planned check takes the place of a waiting recheck
        and is served as early; any other second one gives way.

        Raises:
            NoTurn: with its cause, also while waiting.

        """
        await self._enter(target, slot_at, urgent=urgent)
        turn = Turn(self)
        try:
            yield turn
        finally:
            turn.land()
            self._leave()

    def at(self, url: str) -> "Lane":
        """Return the lane whose budget a request to `url` is on."""
        return self._owner(urlsplit(url).hostname or "") or self

    async def heed_robots(self, url: str, gate: Gate) -> None:
        """Raise NoTurn if robots.txt forbids `url`; a file that is due is asked for first."""
        origin = _origin(url)
        if self._robots is not None:
            if self._robots.due(origin):
                await self._robots.ask(origin, gate)
            if not self._robots.of(origin).allows(url):
                raise NoTurn(GapCause.ROBOTS)

    async def take_off(self, url: str) -> asyncio.Lock:
        """Wait for the end of the request in flight and for the spacing.

        Returns the lock to release when the request has ended. Raises NoTurn.
        """
        await self._flight.acquire()
        try:
            await self._pace(url)
        except BaseException:
            self._flight.release()
            raise
        return self._flight

    def refused(self, now: datetime, *, asked: timedelta = timedelta(0)) -> None:
        """Close the lane for a while, `asked` at least: the site refused us."""
        self._become(lanes.refused(self._state, now, asked=asked))

    def answered(self) -> None:
        """Forget earlier refusals: the site answered."""
        self._become(lanes.answered(self._state))

    def pause(self, why: str) -> None:
        self._become(lanes.paused(self._state, why))

    def resume(self) -> None:
        self._become(lanes.resumed(self._state))

    def stop(self) -> None:
        """Give no more turns; the one in hand may end."""
        self._stopped = True
        self._send_away(GapCause.STOPPED)

    def _become(self, state: LaneState) -> None:
        if state == self._state:
            return
        self._state = state
        if cause := self._closed():
            self._send_away(cause)
        self._on_change(state)

    def _closed(self) -> GapCause | None:
        return lanes.closed_because(self._state, self._clock.now())

    def _send_away(self, cause: GapCause) -> None:
        for waiter in self._waiting.values():
            waiter.send_away(cause)
        self._waiting.clear()

    async def _enter(self, target: str, slot_at: datetime, *, urgent: bool) -> None:
        if cause := GapCause.STOPPED if self._stopped else self._closed():
            raise NoTurn(cause)
        other = self._waiting.get(target)
        if other is not None and not other.gone:
            if urgent or not other.urgent:
                other.urgent = other.urgent or urgent
                raise NoTurn(GapCause.OVERRUN)
            other.send_away(GapCause.OVERRUN)
            urgent = True
        waiter = _Waiter(slot_at=slot_at, urgent=urgent)
        self._waiting[target] = waiter
        self._call_next()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if self._waiting.get(target) is waiter:
                del self._waiting[target]
            if not waiter.gone and waiter.granted.exception() is None:
                self._leave()  # granted and cancelled in one breath
            raise

    def _call_next(self) -> None:
        while self._waiting and not self._busy:
            target = min(self._waiting, key=self._rank)
            waiter = self._waiting.pop(target)
            if not waiter.gone:
                self._busy = True
                self._rechecks_in_a_row = self._rechecks_in_a_row + 1 if waiter.urgent else 0
                waiter.granted.set_result(None)

    def _rank(self, target: str) -> tuple[bool, datetime]:
        """Order those who wait: the kind whose turn it is, then by slot."""
        waiter = self._waiting[target]
        rechecks_first = self._rechecks_in_a_row < RECHECKS_IN_A_ROW
        return waiter.urgent is not rechecks_first, waiter.slot_at

    def _leave(self) -> None:
        self._busy = False
        self._call_next()

    async def _pace(self, url: str) -> None:
        """Wait until the lane's spacing, and the site's own, have passed; then count a start."""
        origin = _origin(url)
        delay_us = 0
        if self._robots is not None:
            delay_s = self._robots.of(origin).crawl_delay_s or 0.0
            delay_us = round(min(delay_s, CRAWL_DELAY_MAX_S) * 1_000_000)
        due_us = self._last_us + self._spacing_us
        if origin in self._last_by_origin_us:
            due_us = max(due_us, self._last_by_origin_us[origin] + delay_us)
        while (wait_us := due_us - self._clock.monotonic_us()) > 0:
            await self._clock.sleep(wait_us / 1_000_000)
        if cause := self._closed():
            raise NoTurn(cause)
        self._last_us = self._last_by_origin_us[origin] = self._clock.monotonic_us()
        while len(self._last_by_origin_us) > ORIGINS_MAX:
            del self._last_by_origin_us[next(iter(self._last_by_origin_us))]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"{url!r} has no host")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
