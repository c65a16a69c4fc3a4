"""Build the parts that the service and a single manual probe share."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from monitor.config import Config
from monitor.config.settings import Settings
from monitor.core.model import ClockReading, Exchange, Failure, Family, LaneState
from monitor.core.scheduling.robots_txt import RobotsFile
from monitor.fetch import Fetcher, Gate, Resolver, text
from monitor.probe.environment import environment_of
from monitor.probe.lane import Lane
from monitor.probe.local_health.control_panel import ControlPanel, read_clock
from monitor.probe.local_health.own_health import LocalHealth
from monitor.probe.robots_cache import RobotsBook
from monitor.runtime.clock import Clock
from monitor.runtime.faults import Faults
from monitor.store import Store

CONTROL_DEADLINE_S = 10.0
CONTROL_SPACING_S = 5.0  # between two rounds, when everything fails at once
ROBOTS_DEADLINE_S = 20.0


def build_fetcher(config: Config, clock: Clock, resolver: Resolver | None = None) -> Fetcher:
    """Build the client of every probe; the demo brings its own name server."""
    return Fetcher(
        clock=clock,
        resolver=resolver
        or Resolver(clock=clock, servers=config.resolvers, second=config.second_resolvers),
        user_agent=config.user_agent,
        allow_private=config.allow_private,
        extra_ca=config.extra_ca,
        ports=config.ports,
    )


def open_to_write(config: Config, settings: Settings) -> Store:
    """Open the store for a service that follows this configuration. Raises StoreError."""
    return Store.open(
        settings.database_url,
        point=settings.point,
        writer=True,
        environment=environment_of(config),
        targets=config.by_slug,
    )


def build_line(  # noqa: PLR0913 -- the last two are keyword-only, with their defaults
    config: Config,
    clock: Clock,
    fetcher: Fetcher,
    faults: Faults,
    *,
    heard: Callable[[str, Family, Exchange], None] = lambda _url, _family, _exchange: None,
    read: Callable[[], Awaitable[ClockReading]] | None = None,
) -> LocalHealth:
    """Build the health checks of our own side: the control panel and NTP.

    From then on, a probe that waits in silence starts a round. `heard` is called with the answer
    of each control over each family; `read` reads our clock in place of the configured servers.
    """

    async def fetch_control(url: str, family: Family) -> Exchange:
        try:
            exchange = await fetcher.fetch_url(
                url, deadline_s=CONTROL_DEADLINE_S, gate=_open_gate, family=family
            )
            heard(url, family, exchange)
            return exchange  # noqa: TRY300 -- a fault of `heard` is spared too
        except BaseException as error:  # noqa: BLE001 -- `spare` raises what must stop us
            faults.spare(error, work=url)
        return Exchange(url=url, started_at=clock.now(), duration_us=0, failure=Failure.UNKNOWN)

    panel = ControlPanel(
        hosts=config.controls.hosts,
        needed=config.controls.needed,
        fetch_url=fetch_control,
        clock=clock,
        spacing_s=min(CONTROL_SPACING_S, config.controls.interval_s / 2),
    )
    ask_servers = partial(read_clock, config.ntp_servers, clock=clock)
    line = LocalHealth(probe=panel.probe, read=read or ask_servers, clock=clock)
    fetcher.on_silence = line.hasten
    return line


def build_lanes(  # noqa: PLR0913 -- keyword-only: its seams
    config: Config,
    store: Store,
    *,
    clock: Clock,
    fetcher: Fetcher,
    keep_robots: Callable[[RobotsFile], None],
    on_change: Callable[[LaneState], None],
) -> dict[str, Lane]:
    """Build the lane of each platform, which continues from the store, by slug.

    A request to a host of another platform counts in the lane of that one.
    """
    book = RobotsBook(
        clock=clock,
        agent=config.user_agent,
        fetch=partial(fetch_robots, fetcher),
        keep=keep_robots,
        known=(
            RobotsFile(
                origin=copy.host,
                fetched_at=copy.fetched_at,
                status=copy.status,
                text=copy.text or "",
            )
            for copy in store.robots()
        ),
    )
    states = {state.platform: state for state in store.lanes()}
    return lanes_of_platforms(config, clock, robots=book, states=states, on_change=on_change)


def lanes_of_platforms(
    config: Config,
    clock: Clock,
    *,
    robots: RobotsBook,
    states: Mapping[str, LaneState],
    on_change: Callable[[LaneState], None],
) -> dict[str, Lane]:
    """Build the lane of each platform, which continues from its state, by slug."""
    lanes: dict[str, Lane] = {}
    for slug, platform in config.platforms.items():
        lanes[slug] = Lane(
            platform,
            clock,
            state=states.get(slug),
            robots=robots,
            on_change=on_change,
            owner=lambda host: lanes.get(config.lane_of(host) or ""),
        )
    return lanes


async def fetch_robots(fetcher: Fetcher, url: str, gate: Gate) -> tuple[int | None, str]:
    """Fetch a robots.txt; return its status, None without an answer, and its text."""
    exchange = await fetcher.fetch_url(url, deadline_s=ROBOTS_DEADLINE_S, gate=gate)
    return exchange.status, text(exchange)


async def _open_gate(_url: str) -> None:
    """Allow every request: control hosts are in no lane."""
