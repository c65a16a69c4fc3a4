"""A platform's budget, enforced: one probe at a time, its requests spaced, robots.txt obeyed.

A probe takes a `Turn`, and asks it before each request. A turn that cannot be had at once, or
after those before it, is refused with a cause, so that its slot is accounted for: nobody waits
for the end of a back-off or of a pause.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zlib import crc32

from monitor.clock import Clock
from monitor.core import lanes
from monitor.core.robots import Robots, RobotsFile, heed
from monitor.core.types import GapCause, LaneState, Platform
from monitor.fetch import GateClosed

# Rechecks go first, but after three in a row a planned check has its turn: it is never starved,
# and since a failure takes about three checks to be confirmed, doubts do not pile up either.
RECHECKS_IN_A_ROW = 3
# A site that asks for more than a minute between two requests gets a minute.
CRAWL_DELAY_MAX_S = 60.0
ROBOTS_AGE_MAX = timedelta(hours=24)  # RFC 9309, 2.4
ROBOTS_RETRY = timedelta(hours=6)
ORIGINS_MAX = 10_000  # sites remembered: redirects may name any number

Gate = Callable[[str], Awaitable[None]]


class NoTurn(GateClosed):
    """The probe may not be made, or not go on. `cause` is that of the gap.

    For a recheck, which no plan wanted, there is no gap: it gave way.
    """

    def __init__(self, cause: GapCause) -> None:
        super().__init__(cause)
        self.cause = cause


class RobotsBook:
    """The robots.txt of each site: fetched at first use, then within each day.

    `fetch` is given the address, and a gate to wait at before each request; it returns the last
    status, None without a whole answer, and the text, and does not raise for the outside's
    faults. `keep` archives what was found. `known` holds files kept earlier, oldest first. One
    book may serve all lanes.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        agent: str,
        fetch: Callable[[str, Gate], Awaitable[tuple[int | None, str]]],
        keep: Callable[[RobotsFile], None],
        known: Iterable[RobotsFile] = (),
    ) -> None:
        self._clock = clock
        self._agent = agent
        self._fetch = fetch
        self._keep = keep
        self._rules: dict[str, Robots] = {}
        self._due_at: dict[str, datetime] = {}
        for file in known:
            self._read(file)

    def due(self, origin: str) -> bool:
        """Tell whether the file must be asked for before the site is."""
        due_at = self._due_at.get(origin)
        now = self._clock.now()
        # A date too far ahead was set by a clock that has been put back since.
        return due_at is None or not now < due_at <= now + ROBOTS_AGE_MAX

    async def ask(self, origin: str, gate: Gate) -> None:
        """Fetch the file, archive it and read it."""
        status, text = await self._fetch(f"{origin}/robots.txt", gate)
        now = self._clock.now()
        file = RobotsFile(origin=origin, fetched_at=now, status=status, text=text)
        self._read(file)
        self._keep(file)

    def of(self, origin: str) -> Robots:
        """Return the last known rules; none when none are known."""
        return self._rules.get(origin, Robots())

    def _read(self, file: RobotsFile) -> None:
        robots = heed(file, self._agent)
        if robots is None:
            age = ROBOTS_RETRY
        else:
            self._rules[file.origin] = robots
            # Between half a day and a day, by the name: what was first read in one round, after
            # a start, is not read again in one.
            age = ROBOTS_AGE_MAX * (0.5 + crc32(file.origin.encode()) / 2**33)
        self._due_at[file.origin] = file.fetched_at + age
        while len(self._due_at) > ORIGINS_MAX:
            oldest = next(iter(self._due_at))
            del self._due_at[oldest]
            self._rules.pop(oldest, None)


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

    async def request(self, url: str) -> None:
        """Wait until a request to `url` may start; start it when this returns.

        Raises:
            NoTurn: robots.txt forbids it, or the lane was closed meanwhile.
            ValueError: `url` has no host.

        """
        await self._lane.let_through(url)


class Lane:
    """One platform's budget. All its methods belong to one event loop.

    `on_change` is called with each new state, to keep it across restarts.
    """

    def __init__(
        self,
        platform: Platform,
        clock: Clock,
        *,
        state: LaneState | None = None,
        robots: RobotsBook | None = None,
        on_change: Callable[[LaneState], None] = lambda _: None,
    ) -> None:
        self._spacing_us = round(platform.spacing_s * 1_000_000)
        self._clock = clock
        self._state = state or LaneState(platform=platform.slug)
        self._robots = robots
        self._on_change = on_change
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
        try:
            yield Turn(self)
        finally:
            self._leave()

    async def let_through(self, url: str) -> None:
        """See `Turn.request`, the only caller."""
        origin = _origin(url)
        if self._robots is not None:
            if self._robots.due(origin):
                await self._robots.ask(origin, self._pace)
            if not self._robots.of(origin).allows(url):
                raise NoTurn(GapCause.ROBOTS)
        await self._pace(url)

    def refused(self, now: datetime) -> None:
        """Close the lane for a while: the site refused us."""
        self._become(lanes.refused(self._state, now))

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
