"""Each scene, fetched over real sockets and judged by the real rules, is what it says it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.config import Config, load
from monitor.core.types import Controls, Exchange, Judgement, Target, Verdict
from monitor.core.verdict.classify import classify
from monitor.demo.scenes import expected
from monitor.demo.timetable import SCENES
from monitor.demo.world import DemoWorld
from monitor.fetch import Fetcher, Resolver

pytestmark = pytest.mark.anyio
FINGERPRINTS = Path(__file__).parents[2] / "config" / "fingerprints.toml"
HEALTHY, FAULTS, CUT, AFTERWARDS = 4.0, 21.0, 45.0, 55.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[DemoWorld]:
    made = DemoWorld(work_folder=tmp_path, fingerprints=FINGERPRINTS, clock=SystemClock())
    await made.start()
    yield made
    await made.stop()


class Onlooker:
    """Fetches and judges as the service does, without its lanes and its store."""

    def __init__(self, world: DemoWorld) -> None:
        clock = SystemClock()
        server, port = world.dns_address
        self.config: Config = load(world.config_folder)
        self._fetcher = Fetcher(
            clock=clock,
            resolver=Resolver(clock=clock, servers=[server], port=port),
            user_agent=self.config.user_agent,
            allow_private=True,
            extra_ca=self.config.extra_ca,
        )

    async def judge(self, target: Target) -> Judgement:
        exchange = await self._fetcher.fetch(target, _open_gate)
        return classify(
            target,
            exchange,
            controls=await self._controls(exchange),
            clock_offset_us=None,
            clock_limit_us=self.config.clock_limit_us,
            known_good=True,
            fingerprints=self.config.fingerprints,
        )

    async def _controls(self, exchange: Exchange) -> Controls:
        hosts = self.config.controls.hosts
        answers = await asyncio.gather(
            *(self._fetcher.fetch_url(host.url, deadline_s=5, gate=_open_gate) for host in hosts)
        )
        ok = sum(1 for answer in answers if answer.status == 200)
        return Controls(at=exchange.started_at, ok=ok, asked=len(hosts))


async def _open_gate(_url: str) -> None:
    """Let every request through."""


@pytest.mark.parametrize("second", [HEALTHY, FAULTS, CUT, AFTERWARDS])
async def test_every_target_is_judged_as_the_timetable_says(
    world: DemoWorld, second: float
) -> None:
    await world.show(second)
    onlooker = Onlooker(world)
    for target in onlooker.config.targets:
        verdict, reason = expected(SCENES, target=target.slug, second=second)
        if verdict is None or (verdict is Verdict.BLOCKED and second == CUT):
            continue  # the service does not go there
        found = await onlooker.judge(target)
        wanted = (target.slug, verdict, reason)
        assert wanted == (target.slug, found.verdict, found.reason), found.tried[-1]
