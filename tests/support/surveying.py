"""A survey of the demo's sites, with every surprise that a site or our own side may have."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from monitor.config import Config, load
from monitor.demo.site_server import SiteAnswer
from monitor.demo.world import DemoWorld
from monitor.evidence.outbound_http import OutboundHttp
from monitor.fetch import Resolver
from monitor.probe.build import build_fetcher
from monitor.runtime.clock import SystemClock
from monitor.survey.survey_folder import SurveyFolder
from monitor.survey.survey_report import SurveyReport, TargetReport, report_of
from monitor.survey.surveyor import Surveyor, SurveyPorts

FINGERPRINTS = Path(__file__).parents[2] / "config" / "fingerprints.toml"

Answers = Callable[[str, str], SiteAnswer | None]  # of host and path; None: the demo's own


@dataclass(kw_only=True)
class Surveyed:
    """The demo's world under survey.

    Attributes:
        requests: Host and path of each request that a site received, in order.
        instead: Answers in place of the demo's.
        change: Changes the configuration as it was read.
        time_port: UDP port of the servers of time.

    """

    world: DemoWorld
    folder: Path
    requests: list[tuple[str, str]]
    instead: Answers = lambda _host, _path: None
    change: Callable[[Config], Config] = lambda config: config
    time_port: int = 9  # where nobody listens

    @property
    def config(self) -> Config:
        """The configuration as it is in the files now, with the demo's name servers."""
        config = load(self.world.config_folder)
        first, second = self.world.dns_address[0], self.world.second_dns
        if not config.resolvers:
            config = replace(config, resolvers=(first,), second_resolvers=(second,))
        return self.change(config)

    async def ask(self, *, only: tuple[str, ...] = (), most: int | None = None) -> SurveyReport:
        """Survey, and read the folder; stop after `most` targets."""
        clock, config, stop = SystemClock(), self.config, asyncio.Event()
        port = self.world.dns_address[1]
        resolver = Resolver(
            clock=clock, servers=config.resolvers, second=config.second_resolvers, port=port
        )
        folder = SurveyFolder.open(
            self.folder,
            at=clock.now(),
            point="essai",
            config_sha256=config.sha256,
            clock_limit_us=config.clock_limit_us,
        )
        surveyor = Surveyor(
            config=config,
            folder=folder,
            clock=clock,
            fetcher=build_fetcher(config, clock, resolver),
            courier=OutboundHttp(user_agent="essai", allow_private=True, ports=config.ports),
            chosen=[t for t in config.targets if not only or t.slug in only],
            stop=stop,
            ports=SurveyPorts(names=port, time=self.time_port),
        )
        done = 0

        def count(_: object) -> None:
            nonlocal done
            done += 1
            if most is not None and done >= most:
                stop.set()

        surveyor.on_progress = count
        await surveyor.run_own_side()
        await surveyor.run_targets()
        return await asyncio.to_thread(self.report)

    def report(self) -> SurveyReport:
        return report_of(SurveyFolder.read(self.folder), self.config)


@asynccontextmanager
async def surveyed(work: Path) -> AsyncGenerator[Surveyed]:
    """Run the demo's world, whose sites note each request."""
    world = DemoWorld(
        work_folder=work, fingerprints=FINGERPRINTS, clock=SystemClock(), scenes=(), pace=5
    )
    await world.start()
    one = Surveyed(world=world, folder=work / "releve", requests=[])
    try:
        for site in world._sites:
            _listen(one, site.host.name, site.server)
        yield one
    finally:
        await world.stop()


def _listen(one: Surveyed, name: str, server: object) -> None:
    usual = server.answer  # type: ignore[attr-defined]

    def answer(path: str) -> SiteAnswer | None:
        one.requests.append((name, path))
        return one.instead(name, path) or usual(path)

    server.answer = answer  # type: ignore[attr-defined]


def of(report: SurveyReport, slug: str) -> TargetReport:
    """Return the report of one target."""
    return next(target for target in report.targets if target.reading.target.slug == slug)
