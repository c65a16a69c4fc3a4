"""A platform's budget, enforced: one probe at a time, its requests spaced, robots.txt obeyed.

A probe takes a `LaneTurn`, and asks it before each request. A turn that cannot be had at once, or
after those before it, is refused with a cause, so that its slot is accounted for: nobody waits
for the end of a back-off or of a pause.

A redirect may lead to another platform: that request keeps to the other's budget. On a
platform, one request at a time is in flight, whichever lane's probe makes it.

A probe that waits for something else than its platform's spacing gives the turn back meanwhile:
one site's delay, or another platform's, holds up none of its neighbours.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from monitor.core.model import GapCause, LaneState, Platform
from monitor.core.scheduling import backoff
from monitor.fetch import GateClosed
from monitor.probe.robots_cache import ORIGINS_MAX, Gate, RobotsBook
from monitor.runtime.clock import Clock
from monitor.runtime.foreign_work import apart

# Rechecks go first, but after three in a row a planned check has its turn: it is never starved,
# and since a failure takes about three checks to be confirmed, doubts do not pile up either.
RECHECKS_IN_A_ROW = 3
# The longest that a probe waits for the delay that its site asks for between two requests; when
# there is more to wait, the slot is given up.
CRAWL_DELAY_MAX_S = 60.0
ROBOTS_TXT = "/robots.txt"  # says what the delay is, and is not held back by it
ROBOTS_MAX = 10  # files asked for in one probe: redirects may lead to a new site each time
RULES_AT_ONCE = 500  # more rules of one site are matched apart from the loop


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

    def reject(self, cause: GapCause) -> None:
        if not self.gone:
            self.granted.set_exception(NoTurn(cause))


class LaneTurn:
    """The right to make one probe's requests, given by a `Lane`."""

    def __init__(self, lane: "Lane", target: str, slot_at: datetime, *, urgent: bool) -> None:
        self._lane = lane
        self._target = target
        self._slot_at = slot_at
        self._urgent = urgent
        self._held = True
        self._stopped = False
        self._robots_left = ROBOTS_MAX
        self._flight: asyncio.Lock | None = None  # of the platform that our request is at

    async def request(self, url: str) -> None:
        """Wait until a request to `url` may start; start it when this returns.

        The request before it has ended, and the last one ends with the turn.

        Raises:
            NoTurn: robots.txt forbids it, or its platform is closed, or was meanwhile.
            ValueError: `url` has no host.

        """
        try:
            await self._lane.at(url).heed_robots(url, self._start)
            await self._start(url)
        except NoTurn as refusal:
            self._stopped = self._stopped or refusal.cause is GapCause.STOPPED
            raise

    def require_whole(self) -> None:
        """Raise NoTurn when the service stopped before all requests of the probe were made."""
        if self._stopped:
            raise NoTurn(GapCause.STOPPED)

    def release(self) -> None:
        """Say that no request of ours is in flight."""
        if self._flight is not None:
            self._flight.release()
            self._flight = None

    def end(self) -> None:
        """Give all back."""
        self.release()
        self._give_back()

    async def _start(self, url: str) -> None:
        if _is_robots(url):
            self._robots_left -= 1
            if self._robots_left < 0:
                raise NoTurn(GapCause.ROBOTS)
        self.release()  # before any wait: two lanes that lead to each other must not lock up
        there = self._lane.at(url)
        if there is not self._lane:
            self._give_back()
        while self._flight is None:
            if there.holds_back(url):
                self._give_back()
                async with there.queue(url):
                    await there.wait_for_site(url)
                    await self._take_off(there, url)
            else:
                await self._take_off(there, url)

    async def _take_off(self, there: "Lane", url: str) -> None:
        if there is self._lane and not self._held:
            await self._lane.enter(self._target, self._slot_at, urgent=self._urgent)
            self._held = True
        self._flight = await there.acquire(url)

    def _give_back(self) -> None:
        if self._held:
            self._held = False
            self._lane.leave()


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
        self._sleeps: set[asyncio.Task[None]] = set()
        self._rechecks_in_a_row = 0
        self._waiting: dict[str, _Waiter] = {}
        # A process that keeps dying and starting again must not hurry either.
        self._last_us = clock.monotonic_us()
        self._last_by_origin_us: dict[str, int] = {}
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def state(self) -> LaneState:
        return self._state

    @property
    def busy(self) -> bool:
        """Whether a probe is in hand."""
        return self._busy

    @property
    def backlog(self) -> int:
        """Probes that wait for their turn."""
        return len(self._waiting)

    @asynccontextmanager
    async def turn(
        self, target: str, slot_at: datetime, *, urgent: bool = False
    ) -> AsyncGenerator[LaneTurn]:
        """Hold the lane for one probe, after those due before it; `urgent` is a recheck.

        At most one turn of a target waits: a planned check takes the place of a waiting recheck
        and is served as early; any other second one gives way.

        Raises:
            NoTurn: with its cause, also while waiting.

        """
        await self.enter(target, slot_at, urgent=urgent)
        turn = LaneTurn(self, target, slot_at, urgent=urgent)
        try:
            yield turn
        finally:
            turn.end()

    def at(self, url: str) -> "Lane":
        """Return the lane whose budget a request to `url` is on."""
        return self._owner(urlsplit(url).hostname or "") or self

    async def heed_robots(self, url: str, gate: Gate) -> None:
        """Raise NoTurn if robots.txt forbids `url`; a file that is due is asked for first."""
        origin = _origin(url)
        if self._robots is not None:
            if self._robots.due(origin):
                await self._robots.ask(origin, gate)
            robots = self._robots.of(origin)
            many = len(robots.rules) > RULES_AT_ONCE
            allowed = await apart(robots.allows, url) if many else robots.allows(url)
            if not allowed:
                raise NoTurn(GapCause.ROBOTS)

    def holds_back(self, url: str) -> bool:
        """Return whether the site asks for more time than the spacing, or others wait for it.

        Raises:
            NoTurn: for more time than a probe waits.

        """
        wait_us = self._site_wait_us(url)
        if wait_us > max(0, self._last_us + self._spacing_us - self._clock.monotonic_us()):
            return True
        queue = self._queues.get(_origin(url))
        return queue is not None and queue.locked() and not _is_robots(url)

    def queue(self, url: str) -> asyncio.Lock:
        """Return what those who wait for one site hold, one after the other."""
        return self._queues.setdefault(_origin(url), asyncio.Lock())

    async def wait_for_site(self, url: str) -> None:
        """Wait until the site's own delay has passed. Raises NoTurn, as `holds_back` does."""
        while (wait_us := self._site_wait_us(url)) > 0:
            await self._sleep(wait_us / 1_000_000)

    async def acquire(self, url: str) -> asyncio.Lock | None:
        """Wait for the end of the request in flight and for the spacing.

        Returns the lock to release when the request has ended; None when meanwhile another was
        made to a site that holds us back. Raises NoTurn.
        """
        await self._flight.acquire()
        try:
            off = await self._pace(url)
        except BaseException:
            self._flight.release()
            raise
        if not off:
            self._flight.release()
            return None
        return self._flight

    def refused(self, now: datetime, *, asked: timedelta = timedelta(0)) -> None:
        """Close the lane for a while, `asked` at least: the site refused us."""
        self._become(backoff.refused(self._state, now, at_least=asked))

    def answered(self) -> None:
        """Forget earlier refusals: the site answered."""
        self._become(backoff.answered(self._state))

    def pause(self, why: str) -> None:
        self._become(backoff.paused(self._state, why))

    def resume(self) -> None:
        self._become(backoff.resumed(self._state))

    def stop(self) -> None:
        """Begin no more requests: who waits for one is sent away, the one in flight may end."""
        self._stopped = True
        for sleep in self._sleeps:
            sleep.cancel()
        self._send_away(GapCause.STOPPED)

    def _become(self, state: LaneState) -> None:
        if state == self._state:
            return
        self._state = state
        if cause := self._closed():
            self._send_away(cause)
        self._on_change(state)

    async def _sleep(self, seconds: float) -> None:
        """Wait, unless told to stop. Raises NoTurn."""
        if not self._stopped:
            sleep = asyncio.create_task(self._clock.sleep(seconds))
            self._sleeps.add(sleep)
            try:
                await asyncio.wait({sleep})
            finally:
                self._sleeps.discard(sleep)
                sleep.cancel()
        if self._stopped:
            raise NoTurn(GapCause.STOPPED)

    def _closed(self) -> GapCause | None:
        if self._stopped:
            return GapCause.STOPPED
        return backoff.closed_because(self._state, self._clock.now())

    def _send_away(self, cause: GapCause) -> None:
        for waiter in self._waiting.values():
            waiter.reject(cause)
        self._waiting.clear()

    async def enter(self, target: str, slot_at: datetime, *, urgent: bool) -> None:
        if cause := self._closed():
            raise NoTurn(cause)
        other = self._waiting.get(target)
        if other is not None and not other.gone:
            if urgent or not other.urgent:
                other.urgent = other.urgent or urgent
                raise NoTurn(GapCause.OVERRUN)
            other.reject(GapCause.OVERRUN)
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
                self.leave()  # granted and cancelled in one breath
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

    def leave(self) -> None:
        self._busy = False
        self._call_next()

    def _site_wait_us(self, url: str) -> int:
        """Return how long the site's own delay has still to run; not above 0 when it has not.

        Raises:
            NoTurn: for longer than a probe waits.

        """
        origin = _origin(url)
        last_us = self._last_by_origin_us.get(origin)
        if self._robots is None or last_us is None or _is_robots(url):
            return 0
        delay_us = (self._robots.of(origin).crawl_delay_s or 0.0) * 1_000_000
        wait_us = last_us + delay_us - self._clock.monotonic_us()
        if wait_us > CRAWL_DELAY_MAX_S * 1_000_000:
            raise NoTurn(GapCause.CRAWL_DELAY)
        return math.ceil(wait_us)

    async def _pace(self, url: str) -> bool:
        """Wait until the lane's spacing has passed, then count a start.

        False, and nothing is counted, when the site's own delay would still have to be waited for.
        """
        while (wait_us := self._last_us + self._spacing_us - self._clock.monotonic_us()) > 0:
            await self._sleep(wait_us / 1_000_000)
        if cause := self._closed():
            raise NoTurn(cause)
        if self._site_wait_us(url) > 0:
            return False
        self._last_us = self._clock.monotonic_us()
        if not _is_robots(url):
            self._last_by_origin_us.pop(_origin(url), None)
            self._last_by_origin_us[_origin(url)] = self._last_us
        while len(self._last_by_origin_us) > ORIGINS_MAX:
            del self._last_by_origin_us[next(iter(self._last_by_origin_us))]
        return True


def _is_robots(url: str) -> bool:
    return urlsplit(url).path == ROBOTS_TXT


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError(f"{url!r} has no host")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
