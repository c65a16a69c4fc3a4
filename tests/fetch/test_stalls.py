"""Our own process stops in the middle of a request: the time is known, and the site is not blamed.

Each stop is made by blocking the loop, as a paused machine does: nothing of ours runs.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from monitor.core.model import Failure, Kind, Target
from monitor.core.model.check import STALLED_US
from monitor.core.verdict.rules_local import was_frozen
from monitor.fetch import Fetcher, Resolver
from monitor.fetch.budget import Budget
from monitor.runtime.clock import SystemClock
from tests.probe.simulator.loop import VirtualClock, VirtualLoop
from tests.support.clock import FakeClock
from tests.support.sites import Site, Visit, answer, says, silent, site

pytestmark = pytest.mark.anyio


async def _open_gate(_url: str) -> None:
    """Let every request through."""


def fetcher() -> Fetcher:
    return Fetcher(
        clock=SystemClock(),
        resolver=Resolver(clock=SystemClock(), static={"site.test": ["127.0.0.1"]}),
        user_agent="essai",
        allow_private=True,
        ports=None,
    )


def target(server: Site, *, deadline_s: float) -> Target:
    url = server.url(host="site.test")
    return Target(slug="s", name="", url=url, kind=Kind.PAGE, platform="p", deadline_s=deadline_s)


@asynccontextmanager
async def stopped_while_asking(seconds: float) -> AsyncGenerator[Site]:
    """Run a site that gets the request, and whose answer comes after we were stopped."""

    async def script(visit: Visit) -> None:
        await visit.request()
        time.sleep(seconds)  # noqa: ASYNC251 -- the stop
        await asyncio.sleep(0.4)
        await visit.send(answer(b"ok"))

    async with site(script) as server:
        yield server


@pytest.mark.parametrize("stop_s", [1.0, 2.5])
async def test_a_limit_that_passed_while_we_were_stopped_is_ours(stop_s: float) -> None:
    async with stopped_while_asking(stop_s) as server:
        found = await fetcher().fetch(target(server, deadline_s=0.8), _open_gate)
    assert found.failure is Failure.DEADLINE
    assert found.stalled_us >= (stop_s - 0.3) * 1e6
    assert was_frozen(found)


async def test_an_answer_that_came_all_the_same_counts() -> None:
    async with stopped_while_asking(0.7) as server:
        found = await fetcher().fetch(target(server, deadline_s=30), _open_gate)
    assert found.status == 200
    assert found.stalled_us >= 400_000


async def test_a_site_that_is_silent_while_we_run_is_silent_itself() -> None:
    async with site(silent()) as server:
        found = await fetcher().fetch(target(server, deadline_s=0.8), _open_gate)
    assert found.failure is Failure.DEADLINE
    assert not was_frozen(found)


async def test_a_stop_between_two_requests_spoils_neither() -> None:
    """Time outside `spend` is nobody's: a lane may hold us for minutes."""
    async with site(says(answer(b"ok"))) as server:

        async def gate(_url: str) -> None:
            time.sleep(3)  # noqa: ASYNC251 -- the stop

        found = await fetcher().fetch(target(server, deadline_s=30), gate)
    assert found.stalled_us < 2_500_000  # a busy machine may stop us too, but not that long


async def test_a_suspended_machine_is_a_stop_though_the_monotonic_clock_stood_still() -> None:
    clock = FakeClock()
    budget = Budget(clock, 30)
    async with budget.spend():
        clock.suspend(100)
    assert budget.stalled_us == 100_000_000
    async with budget.spend():
        pass
    assert budget.stalled_us == 100_000_000


@pytest.mark.parametrize(
    ("stop_s", "after_s", "blamed"),
    [(1.2, 4.0, False), (1.2, 1.0, True), (1.2, 0.0, True), (2.6, 4.0, True)],
)
def test_a_silence_long_after_a_short_stop_is_the_other_ends(
    stop_s: float, after_s: float, *, blamed: bool
) -> None:
    loop = VirtualLoop()

    async def stopped() -> None:
        budget = Budget(VirtualClock(loop), 60)
        async with budget.spend():
            await asyncio.sleep(0.1)
            loop.freeze(stop_s)
            await asyncio.sleep(after_s)
        assert budget.stalled_us >= (stop_s - 0.3) * 1e6
        assert (budget.unsettled_us >= STALLED_US) is blamed
        async with budget.spend():
            pass
        assert budget.unsettled_us == 0  # another request, which nothing stopped

    try:
        loop.run_until_complete(stopped())
    finally:
        loop.close()


async def test_waiting_rings_while_it_lasts() -> None:
    rung: list[str] = []
    async with site(silent()) as server:
        one = fetcher()
        one.on_silence = lambda: rung.append("now")
        await one.fetch(target(server, deadline_s=1.2), _open_gate)  # a quarter of it is enough
    assert rung


async def test_a_quick_answer_rings_nothing() -> None:
    rung: list[str] = []
    async with site(says(answer(b"ok"))) as server:
        one = fetcher()
        one.on_silence = lambda: rung.append("now")
        found = await one.fetch(target(server, deadline_s=30), _open_gate)
    assert (found.status, rung) == (200, [])
    assert found.hops[0].retransmits == 0
