"""A platform's budget, enforced: one probe at a time, its requests spaced, robots.txt obeyed.

A probe takes a `LaneTurn`, and asks it before each request. When the lane is closed, the turn is
refused with a cause, so that its slot is accounted for: no probe waits for the end of a back-off
or of a pause.

A redirect may lead to another platform: that request counts in the other's budget. Each platform
gets one request at a time, whichever lane's probe makes it.

A probe that waits for anything but its platform's spacing gives the turn back meanwhile, so that
one site's delay, or another platform's, does not delay its neighbours.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from monitor.core.model import GapCause, LaneState, Platform
from monitor.core.scheduling import backoff
from monitor.probe.robots_cache import ORIGINS_MAX, Gate, RobotsBook
from monitor.probe.turn_queue import NoTurn, TurnQueue
from monitor.runtime.clock import Clock
from monitor.runtime.foreign_work import apart

# The longest that a probe waits for the delay that its site requires between two requests; for a
# longer one, the slot is given up.
CRAWL_DELAY_MAX_S = 60.0
ROBOTS_TXT = "/robots.txt"  # states the delay, and is not subject to it
ROBOTS_MAX = 10  # fetched in one probe: redirects may lead to a new site each time
RULES_AT_ONCE = 500  # more rules of one site are matched in a thread


class LaneTurn:
    """The permission of a `Lane` to make the requests of one probe."""

    def __init__(self, lane: "Lane", target: str, slot_at: datetime, *, urgent: bool) -> None:
        self._lane = lane
        self._target = target
        self._slot_at = slot_at
        self._urgent = urgent
        self._has_turn = True
        self._stopped = False
        self._robots_left = ROBOTS_MAX
        self._flight: asyncio.Lock | None = None  # of the platform that our request is at

    async def request(self, url: str) -> None:
        """Wait until a request to `url` may start. The request starts when this returns.

        It also ends the previous request; the last one ends with the turn.

        Raises:
            NoTurn: robots.txt forbids it, or its platform is closed, or was closed meanwhile.
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
        """End the request in progress, if any."""
        if self._flight is not None:
            self._flight.release()
            self._flight = None

    def end(self) -> None:
        """End the request in progress and the turn; a later request waits for another one."""
        self.release()
        self._give_back()

    async def _start(self, url: str) -> None:
        if _is_robots(url):
            self._robots_left -= 1
            if self._robots_left < 0:
                raise NoTurn(GapCause.ROBOTS)
        self.release()  # before any wait: two lanes that lead to each other must not lock up
        lane = self._lane.at(url)
        if lane is not self._lane:
            self._give_back()
        while self._flight is None:
            if lane.holds_back(url):
                self._give_back()
                async with lane.queue(url):
                    await lane.wait_for_site(url)
                    await self._acquire(lane, url)
            else:
                await self._acquire(lane, url)

    async def _acquire(self, lane: "Lane", url: str) -> None:
        if lane is self._lane and not self._has_turn:
            await self._lane.enter(self._target, self._slot_at, urgent=self._urgent)
            self._has_turn = True
        self._flight = await lane.acquire(url)

    def _give_back(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._lane.leave()


class Lane:
    """One platform's budget. All its methods belong to one event loop.

    `on_change` is called with each new state, to store it across restarts. `owner` returns the
    lane of the platform that a host belongs to; None for a host of no platform, whose requests
    count as this platform's.
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
        self._turns = TurnQueue()
        self._stopped = False
        self._sleeps: set[asyncio.Task[None]] = set()
        # A process that keeps crashing and restarting must respect the spacing too.
        self._last_us = clock.monotonic_us()
        self._last_by_origin_us: dict[str, int] = {}
        self._queues: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @property
    def state(self) -> LaneState:
        return self._state

    @property
    def busy(self) -> bool:
        """Whether a probe is in progress."""
        return self._turns.busy

    @property
    def backlog(self) -> int:
        """The number of probes that wait for their turn."""
        return self._turns.backlog

    @asynccontextmanager
    async def turn(
        self, target: str, slot_at: datetime, *, urgent: bool = False
    ) -> AsyncGenerator[LaneTurn]:
        """Have the lane for one probe, after those due before it. `urgent`: it is a recheck.

        At most one turn of a target waits: a planned check replaces a waiting recheck and takes
        its rank; any other second one is refused.

        Raises:
            NoTurn: With its cause, also while waiting.

        """
        await self.enter(target, slot_at, urgent=urgent)
        turn = LaneTurn(self, target, slot_at, urgent=urgent)
        try:
            yield turn
        finally:
            turn.end()

    def at(self, url: str) -> "Lane":
        """Return the lane in whose budget a request to `url` counts."""
        return self._owner(urlsplit(url).hostname or "") or self

    async def heed_robots(self, url: str, gate: Gate) -> None:
        """Raise NoTurn if robots.txt forbids `url`; the file is fetched first when it is due."""
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
        """Return whether the site requires a longer wait than the spacing, or others wait for it.

        Raises:
            NoTurn: The wait is longer than `CRAWL_DELAY_MAX_S`.

        """
        wait_us = self._site_wait_us(url)
        if wait_us > max(0, self._last_us + self._spacing_us - self._clock.monotonic_us()):
            return True
        queue = self._queues.get(_origin(url))
        return queue is not None and queue.locked() and not _is_robots(url)

    def queue(self, url: str) -> asyncio.Lock:
        """Return the lock of the probes that wait for one site, one after the other."""
        return self._queues.setdefault(_origin(url), asyncio.Lock())

    async def wait_for_site(self, url: str) -> None:
        """Wait until the site's own delay has passed. Raises NoTurn, as `holds_back` does."""
        while (wait_us := self._site_wait_us(url)) > 0:
            await self._sleep(wait_us / 1_000_000)

    async def acquire(self, url: str) -> asyncio.Lock | None:
        """Wait for the end of the request in progress and for the spacing.

        Returns the lock to release when the request has ended; None when the site now requires a
        longer wait, because of another request made meanwhile. Raises NoTurn.
        """
        await self._flight.acquire()
        try:
            started = await self._pace(url)
        except BaseException:
            self._flight.release()
            raise
        if not started:
            self._flight.release()
            return None
        return self._flight

    def refused(self, now: datetime, *, at_least: timedelta = timedelta(0)) -> None:
        """Close the lane after a refusal, for at least `at_least`."""
        self._become(backoff.refused(self._state, now, at_least=at_least))

    def answered(self) -> None:
        """Forget earlier refusals: the site answered."""
        self._become(backoff.answered(self._state))

    def pause(self, why: str) -> None:
        self._become(backoff.paused(self._state, why))

    def resume(self) -> None:
        self._become(backoff.resumed(self._state))

    def stop(self) -> None:
        """Start no more requests: waiting probes are refused, the request in progress may end."""
        self._stopped = True
        for sleep in self._sleeps:
            sleep.cancel()
        self._turns.reject_all(GapCause.STOPPED)

    def _become(self, state: LaneState) -> None:
        if state == self._state:
            return
        self._state = state
        if cause := self._closed():
            self._turns.reject_all(cause)
        self._on_change(state)

    async def _sleep(self, seconds: float) -> None:
        """Wait, until the lane is stopped. Raises NoTurn then."""
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

    async def enter(self, target: str, slot_at: datetime, *, urgent: bool) -> None:
        """Wait for a turn: see `TurnQueue`. Raises NoTurn."""
        if cause := self._closed():
            raise NoTurn(cause)
        await self._turns.enter(target, slot_at, urgent=urgent)

    def leave(self) -> None:
        self._turns.leave()

    def _site_wait_us(self, url: str) -> int:
        """Return how much of the site's own delay is left; 0 or less when it has passed.

        Raises:
            NoTurn: More than `CRAWL_DELAY_MAX_S` is left.

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
        """Wait until the lane's spacing has passed, then record a start; return True.

        False, and nothing is recorded, when the site's own delay has not passed.
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
