"""Each scene, fetched over real sockets and judged by the real rules, is what it says it is."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from monitor.config import Config, load
from monitor.core.model import Judgement, Reason, Target, Verdict
from monitor.demo.scenario import expected
from monitor.demo.timetable import SCENES
from monitor.demo.world import DemoWorld
from monitor.fetch import Resolver
from monitor.probe.build import build_fetcher, build_line
from monitor.probe.judge import Judge, look_again
from monitor.runtime.clock import SystemClock
from monitor.runtime.faults import Faults

pytestmark = pytest.mark.anyio
FINGERPRINTS = Path(__file__).parents[2] / "config" / "fingerprints.toml"
HEALTHY, FAULTS, CUT, NO_IPV4, LIES, AFTERWARDS = 4.0, 21.0, 45.0, 49.0, 53.0, 55.0
OURS = {CUT, NO_IPV4, LIES}
TRIES = 20


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
        self._fetcher = build_fetcher(
            self.config,
            clock,
            Resolver(clock=clock, servers=[server], second=[world.second_dns], port=port),
        )
        line = build_line(self.config, clock, self._fetcher, Faults(clock))
        self._judge = Judge(config=self.config, point="local", line=line)

    async def judge(self, target: Target) -> Judgement:
        exchange = await self._fetcher.fetch(target, _open_gate)
        seen = await self._judge.observation(
            target,
            exchange.started_at,
            exchange,
            known_good=True,
            again=partial(look_again, self._fetcher.fetch_again, target, _open_gate),
        )
        return seen.judgement


async def _open_gate(_url: str) -> None:
    """Let every request through."""


@pytest.mark.parametrize("second", [HEALTHY, FAULTS, CUT, NO_IPV4, LIES, AFTERWARDS])
async def test_every_target_is_judged_as_the_timetable_says(
    world: DemoWorld, second: float
) -> None:
    await world.show(second)
    onlooker = Onlooker(world)
    for target in onlooker.config.targets:
        verdict, reason = expected(SCENES, target=target.slug, second=second)
        if verdict is None or (verdict is Verdict.BLOCKED and second in OURS):
            continue  # the service does not go there
        found = await onlooker.judge(target)
        for _ in range(TRIES):  # a busy machine stops this very process, and that is said
            if found.reason is not Reason.LOCAL_PROCESS:
                break
            found = await onlooker.judge(target)
        wanted = (target.slug, verdict, reason)
        assert wanted == (target.slug, found.verdict, found.reason), found.tried[-1]
