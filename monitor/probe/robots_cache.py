"""The cache of the robots.txt of each site."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from zlib import crc32

from monitor.core.scheduling.robots_txt import Robots, RobotsFile, heed
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.runtime.clock import Clock
from monitor.runtime.foreign_work import apart

AGE_MAX = timedelta(hours=24)  # RFC 9309, 2.4
RETRY = timedelta(hours=6)
LONG_CHARACTERS = 32 * 1024  # a longer file is parsed in a thread
ORIGINS_MAX = 10_000  # sites remembered: redirects may name any number
# Rules remembered of all sites: some 50 MB. One file may hold 20,000; those of a prefecture, 20.
RULES_MAX = 200_000

Gate = Callable[[str], Awaitable[None]]


class RobotsBook:
    """The robots.txt of each site: fetched at first use, then within each day.

    `fetch` is called with the address and a gate to await before each request; it returns the last
    status, None without a complete answer, and the text, and does not raise for failures of the
    site. `keep` archives a file. `known` has the files archived earlier, oldest first. One book
    may serve all lanes.
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
            self._take(file, self._heeded(file))

    def due(self, origin: str) -> bool:
        """Return whether the file must be fetched before any request to the site."""
        due_at = self._due_at.get(origin)
        now = self._clock.now()
        # A date too far ahead was set by a clock that has been put back since.
        return due_at is None or not now < due_at <= now + AGE_MAX

    async def ask(self, origin: str, gate: Gate) -> None:
        """Fetch the file, archive it and parse it."""
        status, text = await self._fetch(f"{origin}/robots.txt", gate)
        now = self._clock.now()
        file = RobotsFile(origin=origin, fetched_at=now, status=status, text=text)
        long = len(text) > LONG_CHARACTERS
        robots = await apart(self._heeded, file) if long else self._heeded(file)
        self._take(file, robots)
        self._keep(file)

    def of(self, origin: str) -> Robots:
        """Return the last known rules; empty ones when none are known."""
        return self._rules.get(origin, Robots())

    def _heeded(self, file: RobotsFile) -> Robots | None:
        with suppress(Unreadable), reading("robots.txt"):
            return heed(file, self._agent)
        return None

    def _take(self, file: RobotsFile, robots: Robots | None) -> None:
        if robots is None:
            age = RETRY
        else:
            self._rules[file.origin] = robots
            # Between half a day and a day, by the name: files that were all fetched after a start
            # are not all fetched again at the same time.
            age = AGE_MAX * (0.5 + crc32(file.origin.encode()) / 2**33)
        self._due_at[file.origin] = file.fetched_at + age
        while len(self._due_at) > ORIGINS_MAX:
            self._forget(next(iter(self._due_at)))
        self._bound_rules(newest=file.origin)

    def _bound_rules(self, *, newest: str) -> None:
        """Forget the longest files while there are too many rules, but not the one just parsed."""
        count = sum(len(robots.rules) for robots in self._rules.values())
        while count > RULES_MAX:
            candidates = (origin for origin in self._rules if origin != newest)
            longest = max(
                candidates, key=lambda origin: len(self._rules[origin].rules), default=None
            )
            if longest is None:
                return
            count -= len(self._rules[longest].rules)
            self._forget(longest)

    def _forget(self, origin: str) -> None:
        """Forget a site; its file is fetched again before its next request."""
        del self._due_at[origin]
        self._rules.pop(origin, None)
