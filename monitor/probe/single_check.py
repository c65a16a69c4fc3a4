"""One check outside any schedule, of which nothing is recorded."""

from functools import partial

from monitor.browser.executable import find_browser
from monitor.config import Config
from monitor.config.settings import Settings
from monitor.core.model import Kind, Observation, Platform, Target
from monitor.probe.build import build_fetcher, build_line, fetch_robots
from monitor.probe.judge import Judge
from monitor.probe.lane import Lane
from monitor.probe.renderer import Render, Renderer, again_as_before, asked_or_shown
from monitor.probe.robots_cache import RobotsBook
from monitor.probe.turn_queue import NoTurn
from monitor.runtime.clock import SystemClock
from monitor.runtime.errors import VigieError
from monitor.runtime.faults import Faults


class NoBrowserError(VigieError):
    """A page that only a browser shows, and there is none. French, for the operator."""


async def check_unrecorded(
    config: Config, settings: Settings, target: Target
) -> Observation | None:
    """Check a target once; None when robots.txt forbids it. Raises NoBrowserError.

    Without a store there is no state either: the target counts as up before, and no pause or
    back-off is known.
    """
    clock = SystemClock()
    fetcher = build_fetcher(config, clock)
    line = build_line(config, clock, fetcher, Faults(clock))
    platform = config.platforms.get(target.platform) or Platform(
        slug=target.platform, name="", spacing_s=1.0
    )
    book = RobotsBook(
        clock=clock,
        agent=config.user_agent,
        fetch=partial(fetch_robots, fetcher),
        keep=lambda _: None,
    )
    render: Render | None = None
    if target.kind is Kind.RENDERED:
        browser = find_browser(config.browser, no_sandbox=config.no_sandbox)
        if isinstance(browser, str):
            raise NoBrowserError(browser)
        render = Renderer(config, clock=clock, fetcher=fetcher, executable=browser).fetch
    await line.read_clock()
    try:
        async with Lane(platform, clock, robots=book).turn(target.slug, clock.now()) as turn:
            exchange = await asked_or_shown(target, turn, fetcher.fetch, render)
            judge = Judge(config=config, point=settings.point, line=line)
            return await judge.observation(
                target,
                exchange.started_at,
                exchange,
                known_good=True,
                again=again_as_before(target, turn, fetcher.fetch_again, render),
            )
    except NoTurn:
        return None
