"""The whole shipped list, surveyed in simulated time: within every platform's budget, once each."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from monitor.config import Config, load
from monitor.config.values import Stamping
from monitor.evidence.outbound_http import OutboundHttp
from monitor.fetch import Fetcher, Resolver
from monitor.survey.survey_folder import SurveyFolder
from monitor.survey.surveyor import Surveyor, SurveyPorts, SurveyProgress
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio
CONFIG = Path(__file__).parents[2] / "config"
PAGE = "<!DOCTYPE html><title>Préfecture</title><h1>Services de l'État</h1><p>" + "Bonjour. " * 60
JSON = '{"authorization_endpoint": "https://sso.example/"}'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Sites:
    """Every site of the list, which answers at once and remembers who came when."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.visits: dict[str, list[int]] = defaultdict(list)  # by host
        self.urls: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.visits[request.url.host].append(self._clock.monotonic_us())
        self.urls.append(str(request.url))
        if request.url.path == "/robots.txt":
            return httpx.Response(404, text="rien")
        if "/api/" in request.url.path or "openid" in request.url.path:
            return httpx.Response(200, text=JSON, headers={"content-type": "application/json"})
        return httpx.Response(200, html=PAGE)


def shipped() -> Config:
    return replace(
        load(CONFIG),
        ntp_servers=(),
        stamping=Stamping(),
        resolvers=("127.0.0.1",),
        second_resolvers=(),
    )


class Simulation:
    """Lives of one survey, each of so many simulated seconds."""

    def __init__(self, folder: Path) -> None:
        self.config, self.clock = shipped(), FakeClock()
        self.sites = Sites(self.clock)
        self.progress: list[SurveyProgress] = []
        self._path = folder

    async def live(self, seconds: float) -> SurveyProgress:
        """Survey for a while, then stop as Ctrl-C does; return what is left."""
        stop = asyncio.Event()
        surveyor = Surveyor(
            config=self.config,
            folder=SurveyFolder.open(
                self._path,
                at=self.clock.now(),
                point="essai",
                config_sha256=self.config.sha256,
                clock_limit_us=self.config.clock_limit_us,
            ),
            clock=self.clock,
            fetcher=Fetcher(
                clock=self.clock,
                resolver=Resolver(clock=self.clock),
                user_agent="Vigie (essai)",
                transport=httpx.MockTransport(self.sites.answer),
            ),
            courier=OutboundHttp(user_agent="essai"),
            chosen=self.config.targets,
            stop=stop,
            on_progress=self.progress.append,
            ports=SurveyPorts(names=9),
        )

        own = asyncio.create_task(surveyor.run_own_side())
        while not own.done():  # resolvers are asked over real sockets
            await self.clock.advance(0.1)
            await asyncio.sleep(0.01)
        await own
        task = asyncio.create_task(surveyor.run_targets())
        until_us = self.clock.monotonic_us() + round(seconds * 1e6)
        while not task.done():
            await self.clock.advance(1.0)
            await asyncio.sleep(0.0005)
            if self.clock.monotonic_us() >= until_us:
                stop.set()
        await task
        return surveyor.progress


def by_platform(simulation: Simulation) -> Iterator[tuple[float, list[int]]]:
    """Yield the spacing of each platform, and the instants of all its requests."""
    instants: dict[str, list[int]] = defaultdict(list)
    for host, visits in simulation.sites.visits.items():
        if lane := simulation.config.lane_of(host):
            instants[lane] += visits
    for lane, visits in instants.items():
        yield simulation.config.platforms[lane].spacing_s, sorted(visits)


async def test_the_whole_list_is_surveyed_politely_and_resumes(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path)
    total = len(simulation.config.targets)

    left, lives = await simulation.live(90), 1
    assert 0 < left.done < total
    assert left.left_s > 60
    while left.done < total:
        left = await simulation.live(700)
        lives += 1

    assert lives > 3
    assert left.left_s == 0
    closest = [
        (spacing_s, min(later - earlier for earlier, later in pairwise(visits)))
        for spacing_s, visits in by_platform(simulation)
        if len(visits) > 1
    ]
    assert len(closest) > 10
    assert [pair for pair in closest if pair[1] < pair[0] * 1e6] == []
    controls = {host.url for host in simulation.config.controls.hosts}
    urls = [url for url in simulation.sites.urls if url not in controls]
    # Some targets, and their signs of life, share one address: each target is asked once.
    repeated = {url for url in urls if urls.count(url) > 1}
    shared = [url for target in simulation.config.targets for url in target.signs_of_life]
    assert repeated <= set(shared)
    estimates = [one.left_s for one in simulation.progress]
    assert estimates[-1] < estimates[0]
    assert simulation.clock.monotonic_us() / 1e6 < 90 * 60
