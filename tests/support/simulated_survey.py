"""The sites of the whole shipped list, and a survey of them in simulated time."""

import asyncio
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import httpx

from monitor.config import Config, load
from monitor.config.values import Stamping
from monitor.evidence.outbound_http import OutboundHttp
from monitor.fetch import Fetcher, Resolver
from monitor.survey.survey_folder import SurveyFolder
from monitor.survey.surveyor import Surveyor, SurveyPorts, SurveyProgress
from tests.support.clock import FakeClock

CONFIG = Path(__file__).parents[2] / "config"
PAGE = "<!DOCTYPE html><title>Préfecture</title><h1>Services de l'État</h1><p>" + "Bonjour. " * 60
JSON = '{"authorization_endpoint": "https://sso.example/"}'


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
    """Lives of one survey, each of so many simulated seconds.

    Attributes:
        targets: How many of the list are asked; None for all.

    """

    def __init__(self, folder: Path, config: Config, *, targets: int | None = None) -> None:
        self.config, self.clock = config, FakeClock()
        self.sites = Sites(self.clock)
        self.progress: list[SurveyProgress] = []
        self._chosen = config.targets[:targets]
        self._path = folder

    def surveyor(self, stop: asyncio.Event) -> Surveyor:
        return Surveyor(
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
            chosen=self._chosen,
            stop=stop,
            on_progress=self.progress.append,
            ports=SurveyPorts(names=9),
        )

    async def live(self, seconds: float, *, own_side: bool = True) -> SurveyProgress:
        """Survey for a while, then stop as Ctrl-C does; return what is left."""
        stop = asyncio.Event()
        surveyor = self.surveyor(stop)
        if own_side:
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
