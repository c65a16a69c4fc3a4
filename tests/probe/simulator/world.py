"""The internet as one probe sees it, with its own side, on virtual time.

Real: `Judge`, `ControlPanel`, `LocalHealth`, `Fetcher` (but for its transport),
`Resolver` (but for one datagram), `Budget`, `classify`, `advance`. Played: packets, with TCP's
times of sending again, and a control host's answer, since most requests are for one.

A packet passes when the way is open at the instant at which it is sent; a SYN is sent again after
1, 3 and 7 s, later packets after 0.3, 0.9, 2.1 s and so on.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial

import dns.name
import dns.rdatatype
import httpx

from monitor.config import ControlHost
from monitor.config.values import ControlSettings as PanelConfig
from monitor.core.model import (
    Attempt,
    Certificate,
    ClockReading,
    Event,
    Exchange,
    Failure,
    Family,
    Hop,
    Kind,
    Observation,
    Phase,
    Platform,
    Policy,
    Resolution,
    Sighting,
    State,
    Target,
    Transition,
    family_of,
)
from monitor.core.outages.fold import advance
from monitor.fetch import Fetcher, Resolver
from monitor.fetch.budget import Budget, Limits
from monitor.fetch.connection import Alarm, waiting
from monitor.fetch.draft import Draft
from monitor.fetch.failures import ExchangeBroken
from monitor.fetch.resolve import Answer
from monitor.fetch.transport import RECORDING, Recording, RecordingTransport
from monitor.probe.judge import Judge, look_again
from monitor.probe.local_health.control_panel import ControlPanel
from monitor.probe.local_health.own_health import LocalHealth
from tests.probe.simulator.loop import DAWN, VirtualClock, VirtualLoop
from tests.support.reads import config

SYNS_S = (0.0, 1.0, 3.0, 7.0, 15.0)
PACKETS_S = (0.0, 0.3, 0.9, 2.1, 4.5, 9.3, 18.9)
OWN_RESOLVER, OTHER_RESOLVER = "192.168.1.1", "9.9.9.9"
OWN_ROUTER, FILTER = "192.168.1.1", "198.18.0.66"
CONTROLS = tuple(f"temoin-{number}.test" for number in range(1, 5))
SITES = ("quatre.test", "six.test", "deux.test", "quatre-2.test")
HEALTHY = b"<html lang='fr'><title>ok</title><main><h1>Titre</h1><p>" + b"mot " * 40
CONTROL_DEADLINE_S, SPACING_S, INTERVAL_S = 10.0, 5.0, 60.0
POLICY = Policy()
RTT_S = 0.03


def _addresses() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for number, host in enumerate((*CONTROLS, *SITES), start=1):
        four, six = f"203.0.113.{number}", f"2001:db8::{number}"
        kind = host.partition(".")[0]
        found[host] = (six,) if kind == "six" else (four,) if kind[:2] == "qu" else (four, six)
    return found


ADDRESSES = _addresses()
HOST_OF = {address: host for host, found in ADDRESSES.items() for address in found}


@dataclass(slots=True)
class Way:
    """What lies between us and one address at one instant.

    Attributes:
        open: A packet passes, and its answer.
        refuses: Who answers in place of the other end: "rst", "icmp", "no-route".
        loss: Of packets, each way.
        rtt_s: There and back.
        bad_name: The certificate at the end is another's.

    """

    open: bool = True
    refuses: str = ""
    loss: float = 0.0
    rtt_s: float = RTT_S
    bad_name: bool = False


@dataclass(slots=True)
class Site:
    """How one site is."""

    status: int = 200
    refuses: bool = False
    unreachable: bool = False  # no packet comes back
    hangs: bool = False  # takes the request and says nothing
    resets: bool = False  # at the request
    expired: bool = False
    no_name: bool = False  # NXDOMAIN, by its own servers


Between = Callable[[str, float], Way]  # address, seconds: what lies between
Says = Callable[[str, str, float], Answer | None]  # resolver, host, seconds


def clear(_address: str, _second: float) -> Way:
    return Way()


def honest(_server: str, _host: str, _second: float) -> Answer | None:
    """Return None: the name's own answer comes."""
    return None


class World:
    """All that is outside of us, and what our own side does to it."""

    def __init__(self, loop: VirtualLoop, seed: int) -> None:
        self.loop = loop
        self.clock = VirtualClock(loop)
        self.random = random.Random(seed)  # noqa: S311 -- a simulation, no secret
        self.between: Between = clear
        self.says: Says = honest
        self.sites: dict[str, Site] = {host: Site() for host in (*CONTROLS, *SITES)}
        self.broken_at = -1.0  # when whatever was connected came to its end, unknown to us

    def way(self, address: str) -> Way:
        return self.between(address, self.loop.time())

    def passes(self, address: str) -> bool:
        way = self.way(address)
        site = self.sites.get(HOST_OF.get(address, ""))
        if not way.open or (site is not None and site.unreachable):
            return False
        return not way.loss or (
            self.random.random() >= way.loss and self.random.random() >= way.loss
        )

    async def packet(self, address: str, times_s: tuple[float, ...]) -> int:
        """Send until an answer comes; return how often it was sent again."""
        begun_s = self.loop.time()
        for again, after_s in enumerate(times_s):
            wait_s = begun_s + after_s - self.loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            if self.broken_at >= begun_s:
                raise ConnectionResetError
            if self.passes(address):
                await asyncio.sleep(self.way(address).rtt_s)
                return again
        await asyncio.Event().wait()
        raise AssertionError


class SimulatedResolver(Resolver):
    """The real one, but for the datagram."""

    def __init__(self, world: World) -> None:
        super().__init__(clock=world.clock, servers=[OWN_RESOLVER], second=[OTHER_RESOLVER])
        self.world = world

    async def _query(
        self, server: str, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> Answer:
        world = self.world
        host = name.to_text(omit_final_dot=True)
        way = world.way(server)
        if way.refuses == "no-route":
            return Failure.NETWORK_UNREACHABLE
        told = world.says(server, host, world.loop.time())
        if told is Failure.TIMEOUT or not world.passes(server):
            await asyncio.sleep(self._try_s)
            return Failure.TIMEOUT
        await asyncio.sleep(way.rtt_s)
        if told is not None:
            lie = isinstance(told, tuple) and kind is dns.rdatatype.AAAA
            return Failure.DNS_NO_ANSWER if lie else told
        if world.sites[host].no_name:
            return Failure.DNS_NXDOMAIN
        family = Family.IPV6 if kind is dns.rdatatype.AAAA else Family.IPV4
        found = tuple(address for address in ADDRESSES[host] if family_of(address) is family)
        return found or Failure.DNS_NO_ANSWER


_CERTIFICATE = Certificate(
    sha256="00" * 32, subject="CN=x", issuer="CN=y", not_before=DAWN, not_after=DAWN,
    names=(), chain_length=2, verified=True,
)  # fmt: skip


class SimulatedTransport(RecordingTransport):
    """The real one, but for the phases of one request."""

    def __init__(self, world: World, resolver: Resolver) -> None:
        super().__init__(resolver=resolver, limits=Limits(), may_reach=lambda _address: True)
        self.world = world

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        recording: Recording = request.extensions[RECORDING]
        draft, alarm = recording.draft, recording.alarm
        draft.enter(Phase.RESOLVE)
        draft.resolution = await self._resolver.resolve(
            recording.address.host,
            deadline_s=self._limits.resolve_s,
            second_first=recording.second_first,
        )
        allowed = self._reachable(draft.resolution, recording.family)
        draft.enter(Phase.CONNECT)
        peer = await self._connect(draft, allowed, recording.budget, alarm)
        return await self._talk(draft, peer, alarm)

    async def _connect(
        self, draft: Draft, allowed: tuple[str, ...], budget: Budget, alarm: Alarm
    ) -> str:
        errors: list[OSError] = []
        for tried, peer in enumerate(allowed):
            families = len({":" in each for each in allowed[tried:]})
            limit_s = min(self._limits.connect_s, budget.left_s / families)
            failure: Failure | None = Failure.DEADLINE
            offender = None
            try:
                async with waiting(limit_s, alarm):
                    draft.retransmits = await self._syn(peer)
            except TimeoutError as error:
                failure = Failure.TIMEOUT
                errors.append(error)
            except OSError as error:
                failure = next(name for kind, name in _ERRORS if isinstance(error, kind))
                if self.world.way(peer).refuses == "icmp":
                    failure, offender = Failure.HOST_UNREACHABLE, OWN_ROUTER
                errors.append(error)
            else:
                draft.address, failure = peer, None
                return peer
            finally:
                draft.attempts.append(
                    Attempt(address=peer, elapsed_us=1, failure=failure, offender=offender)
                )
        if all(a.failure is Failure.NETWORK_UNREACHABLE for a in draft.attempts):
            raise ExchangeBroken(Failure.NETWORK_UNREACHABLE, "")
        last = next(
            a.failure for a in draft.attempts if a.failure is not Failure.NETWORK_UNREACHABLE
        )
        raise ExchangeBroken(last or Failure.UNKNOWN, "")

    async def _syn(self, peer: str) -> int:
        refuses = self.world.way(peer).refuses
        if refuses == "no-route":
            raise BlockingIOError
        if refuses:
            await asyncio.sleep(0.002)
            raise ConnectionRefusedError
        again = await self.world.packet(peer, SYNS_S)
        site = self.world.sites.get(HOST_OF.get(peer, ""))
        if site is not None and site.refuses:
            raise ConnectionRefusedError
        return again

    async def _talk(self, draft: Draft, peer: str, alarm: Alarm) -> httpx.Response:
        world, silence_s = self.world, self._limits.silence_s
        site = world.sites.get(HOST_OF.get(peer, ""), Site())
        draft.enter(Phase.TLS)
        async with waiting(silence_s, alarm):
            await world.packet(peer, PACKETS_S)
        if peer == FILTER or world.way(peer).bad_name:
            draft.certificate = replace(_CERTIFICATE, verified=False)
            raise ExchangeBroken(Failure.SSL_INVALID_HOSTNAME, "")
        if site.expired:
            draft.certificate = replace(_CERTIFICATE, verified=False)
            raise ExchangeBroken(Failure.SSL_INVALID_CERTIFICATE, "")
        draft.certificate = _CERTIFICATE
        draft.enter(Phase.PROCESSING)
        async with waiting(silence_s, alarm):
            await world.packet(peer, PACKETS_S)
            if site.hangs:
                await asyncio.Event().wait()
        if site.resets:
            raise ExchangeBroken(Failure.CONNECTION_RESET, "")
        draft.enter(Phase.TRANSFER)
        headers = {"Content-Type": "text/html; charset=utf-8"}
        return httpx.Response(site.status, headers=headers, stream=_Body())


class _Body(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield HEALTHY


def simulated_fetcher(world: World) -> Fetcher:
    """Return the real one over a simulated network."""
    resolver = SimulatedResolver(world)
    return Fetcher(
        clock=world.clock,
        resolver=resolver,
        user_agent="",
        ports=None,
        transport=SimulatedTransport(world, resolver),
    )


async def control(world: World, host: str, family: Family) -> Exchange:
    """Play what `Fetcher.fetch_url` brings of a control host: most requests are these."""
    began_at, began_s = world.clock.now(), world.loop.time()
    peer = ADDRESSES[host][family is Family.IPV6]
    status, failure, again = None, None, 0
    try:
        async with asyncio.timeout(CONTROL_DEADLINE_S):
            failure = await _named(world, host)
            if failure is None:
                failure, again = await _reached(world, peer)
                status = None if failure else 200
    except TimeoutError:
        failure = Failure.DEADLINE
    except ConnectionResetError:
        failure = Failure.CONNECTION_RESET
    resolution = Resolution(host=host, server=OWN_RESOLVER, addresses=ADDRESSES[host], elapsed_us=1)
    address = None if failure else peer
    hop = Hop(url=host, started_at=began_at, resolution=resolution, status=status, address=address,
              retransmits=again)  # fmt: skip
    duration_us = round((world.loop.time() - began_s) * 1e6)
    return Exchange(
        url=host, started_at=began_at, duration_us=duration_us, hops=(hop,), failure=failure
    )


async def _named(world: World, host: str) -> Failure | None:
    for _ in range(2):
        for server in (OWN_RESOLVER, OTHER_RESOLVER):
            way, told = world.way(server), world.says(server, host, world.loop.time())
            if told is None and way.refuses != "no-route" and world.passes(server):
                await asyncio.sleep(way.rtt_s)
                return None
            if told in {None, Failure.TIMEOUT} and way.refuses != "no-route":
                await asyncio.sleep(2)
    return Failure.DNS_SERVFAIL


async def _reached(world: World, peer: str) -> tuple[Failure | None, int]:
    way, site = world.way(peer), world.sites[HOST_OF[peer]]
    if way.refuses:
        no_route = way.refuses == "no-route"
        return Failure.NETWORK_UNREACHABLE if no_route else Failure.CONNECTION_REFUSED, 0
    again = await world.packet(peer, SYNS_S)
    await world.packet(peer, PACKETS_S)
    if world.way(peer).bad_name or site.expired:
        return Failure.SSL_INVALID_HOSTNAME, again
    return None, again


_ERRORS: tuple[tuple[type[OSError], Failure], ...] = (
    (ConnectionRefusedError, Failure.CONNECTION_REFUSED),
    (ConnectionResetError, Failure.CONNECTION_RESET),
    (BlockingIOError, Failure.NETWORK_UNREACHABLE),
)


class Probe:
    """Our side: checks sites, judges and folds."""

    def __init__(self, world: World) -> None:
        clock = world.clock
        self.world = world
        self.seen: list[Observation] = []
        self.events: list[Event] = []
        self.states: dict[str, State] = {}
        self.fetcher = simulated_fetcher(world)
        hosts = tuple(
            ControlHost(
                slug=host.replace(".", "-"), name=host, url=f"https://{host}/", operator=host
            )
            for host in CONTROLS
        )

        async def fetch_control(url: str, family: Family) -> Exchange:
            return await control(world, url.removeprefix("https://")[:-1], family)

        panel = ControlPanel(
            hosts=hosts, fetch_url=fetch_control, clock=clock, needed=2, spacing_s=SPACING_S
        )
        self.line = LocalHealth(probe=panel.probe, read=self.read_clock, clock=clock)
        self.fetcher.on_silence = self.line.hasten
        self.targets = {
            host: Target(
                slug=host.partition(".")[0], name="", url=f"https://{host}/", kind=Kind.PAGE,
                platform="p", policy=POLICY,
            )
            for host in SITES
        }  # fmt: skip
        made = config(list(self.targets.values()), [Platform(slug="p", name="", spacing_s=1)])
        made = replace(made, controls=PanelConfig(hosts=hosts, needed=2, interval_s=60))
        self.judge = Judge(config=made, point="local", line=self.line)

    async def read_clock(self) -> ClockReading:
        stepped = self.world.clock.now() - DAWN
        offset_s = self.world.loop.time() + self.world.clock._asleep_s - stepped.total_seconds()
        return ClockReading(
            at=self.world.clock.now(), server="ntp", offset_us=round(offset_s * 1e6)
        )

    async def check(self, host: str) -> Observation:
        """Check a site once, as the service does."""
        target = self.targets[host]
        exchange = await self.fetcher.fetch(target, _open)
        before = self.states.get(target.slug) or State(target=target.slug, point="local")
        seen = await self.judge.observation(
            target,
            exchange.started_at,
            exchange,
            known_good=True,
            again=partial(look_again, self.fetcher.fetch_again, target, _open),
        )
        verdict = seen.judgement
        sighting = Sighting(at=seen.at, verdict=verdict.verdict, reason=verdict.reason)
        self.states[target.slug], events = advance(before, sighting, target.policy)
        self.events += events
        self.seen.append(seen)
        return seen

    async def beat(self) -> None:
        """Ask the control panel, as the service does each minute."""
        if self.line.stepped:
            await self.line.read_clock()
        await self.line.check()

    def opened(self) -> list[Event]:
        return [event for event in self.events if event.edge is Transition.OUTAGE_OPENED]


async def _open(_url: str) -> None:
    """Let every request through."""
