"""The answer of `/sante`: prompt, however busy the pages and the database are."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import structlog

from monitor.web.views.health import Health

FRESH_S = 1.0  # how long a result is cached
WAIT_S = 1.0  # the longest that a supervisor waits for a new one; then it gets the last
OLD_S = 30.0  # a result older than this is not used

log = structlog.get_logger(__name__)


class Checkup:
    """Checks the health in its own thread, never behind a page, once for all who wait."""

    def __init__(self, judge: Callable[[], Health], monotonic_us: Callable[[], int]) -> None:
        """Check nothing before `latest`; `judge` may raise whatever the store raises."""
        self._judge = judge
        self._monotonic_us = monotonic_us
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="health")
        self._judging: asyncio.Future[None] | None = None
        self._found: Health | None = None
        self._found_us: int | None = None  # when it was begun, so that its age is never too low

    async def latest(self) -> tuple[HTTPStatus, dict[str, object]]:
        """Return the status and the JSON of the last result, with its age."""
        age_s = self._age_s()
        if age_s is None or age_s >= FRESH_S:
            if self._judging is None or self._judging.done():
                self._judging = asyncio.ensure_future(self._look())
            await asyncio.wait({self._judging}, timeout=WAIT_S)
        age_s = self._age_s()
        if age_s is None or age_s > OLD_S:
            return HTTPStatus.SERVICE_UNAVAILABLE, _bad("ne répond pas", age_s)
        if self._found is None:
            return HTTPStatus.SERVICE_UNAVAILABLE, _bad("illisible", age_s)
        status = HTTPStatus.OK if self._found.ok else HTTPStatus.SERVICE_UNAVAILABLE
        return status, {**self._found.as_json(), "age_du_constat_s": age_s}

    async def _look(self) -> None:
        begun_us = self._monotonic_us()
        try:
            result = await asyncio.get_running_loop().run_in_executor(self._pool, self._judge)
        except Exception:  # whatever the store raises, it cannot be read
            if self._found is not None or self._found_us is None:  # once, not at every question
                log.exception("health unreadable")
            self._found = None
        else:
            self._found = result
        self._found_us = begun_us

    def _age_s(self) -> float | None:
        if self._found_us is None:
            return None
        return round((self._monotonic_us() - self._found_us) / 1e6, 3)


def _bad(store: str, age_s: float | None) -> dict[str, object]:
    return {"etat": "en défaut", "magasin": store, "age_du_constat_s": age_s}
