"""Ask everything that is configured once, politely, and keep each exact answer.

Our own side comes first, within a minute: controls, resolvers, clocks, authorities. Then the
targets, one platform beside the other, each in its lane, as the service asks them: the same
client, spacing, robots.txt and judgement. Nothing enters the record.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median_low
from urllib.parse import urlsplit

from monitor.config import Config, ControlHost, StampAuthority
from monitor.config.rules.budgets import requests_of
from monitor.core.model import (
    ClockReading,
    Exchange,
    Family,
    GapCause,
    Kind,
    LaneState,
    Observation,
    Target,
    Verdict,
)
from monitor.core.model.exchange import StatusClass, status_class
from monitor.core.scheduling.backoff import asked_wait
from monitor.core.scheduling.robots_txt import RobotsFile
from monitor.core.verdict.classify import classify, ruleset
from monitor.evidence.outbound_http import OutboundHttp, Unreachable
from monitor.evidence.timestamps.certificate_files import as_pem
from monitor.evidence.timestamps.rfc3161 import MAX_ANSWER_BYTES, Question
from monitor.fetch import Fetcher, Gate, Resolver, text
from monitor.probe.build import (
    CONTROL_DEADLINE_S,
    ROBOTS_DEADLINE_S,
    build_line,
    lanes_of_platforms,
)
from monitor.probe.judge import Judge
from monitor.probe.lane import Lane
from monitor.probe.local_health.control_panel import read_clock
from monitor.probe.renderer import again_as_before, asked_or_shown, build_renderer
from monitor.probe.robots_cache import RobotsBook
from monitor.probe.turn_queue import NoTurn
from monitor.runtime.clock import Clock
from monitor.runtime.faults import Faults
from monitor.survey.own_side import reserves, resolvers
from monitor.survey.stamp_authorities import (
    ANSWER,
    CHECKPOINT,
    ISSUERS,
    REQUEST,
    KeptStamp,
    issuers_above,
)
from monitor.survey.survey_folder import SurveyFolder
from monitor.survey.survey_index import (
    ROBOTS,
    StampStep,
    SurveyStep,
    origin_of,
    robots_step,
    step_of,
)

STAMP_DEADLINE_S = 30.0
RESOLVE_DEADLINE_S = 8.0
NAMES_A_PLATFORM = 1  # asked of each resolver
NOTE = b"vigie survey\n"  # what authorities stamp: it says nothing of the record


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyProgress:
    """What is done of the targets. `left_s` is what remains at the platforms' pace, at least."""

    done: int
    total: int
    left_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyPorts:
    """Where servers of other kinds than sites listen; other values are for tests."""

    names: int = 53
    time: int = 123


@dataclass(kw_only=True)
class Surveyor:
    """One survey in one process.

    Attributes:
        chosen: The targets to ask, in the order of the configuration.
        stop: When set, no other target is begun; the one in progress ends.
        on_progress: Called after each target.
        on_lane: Called with each new state of a platform's budget.

    """

    config: Config
    folder: SurveyFolder
    clock: Clock
    fetcher: Fetcher
    courier: OutboundHttp
    chosen: Sequence[Target]
    stop: asyncio.Event
    on_progress: Callable[[SurveyProgress], None] = lambda _: None
    on_lane: Callable[[LaneState], None] = lambda _: None
    ports: SurveyPorts = field(default_factory=SurveyPorts)

    def __post_init__(self) -> None:
        index, config = self.folder.index, self.config
        self._faults = Faults(self.clock)
        self._line = build_line(
            config, self.clock, self.fetcher, self._faults, heard=self._heard, read=self._reading
        )
        self._judge = Judge(config=config, point=index.point, line=self._line)
        self._render = build_renderer(config, self.clock, self.fetcher)
        robots = RobotsBook(
            clock=self.clock,
            agent=config.user_agent,
            fetch=self._fetch_robots,
            keep=lambda _file: None,  # kept with its bytes by `_fetch_robots`
            known=[
                RobotsFile(origin=origin, fetched_at=step.at, status=step.status, text=step.text)
                for origin, step in index.robots.items()
            ],
        )
        self._lanes = lanes_of_platforms(
            config, self.clock, robots=robots, states=index.lanes, on_change=self._lane_changed
        )

    async def run_own_side(self) -> None:
        """Ask controls, resolvers, clocks and authorities; those that answered are left out."""
        index, config = self.folder.index, self.config
        limit_us = config.clock_limit_us
        right = {
            server
            for server, one in index.clocks.items()
            if one.offset_us is not None and abs(one.offset_us) <= limit_us
        }
        await asyncio.gather(*map(self._ask_clock, missing(config.ntp_servers, right)))
        await self._line.read_clock()
        if not all(self._has_answered(host) for host in config.controls.hosts):
            await self._line.check()
            self.folder.save()
        await self._ask_reserves()
        answered = {
            server
            for server, resolutions in index.resolvers.items()
            if any(resolution.addresses for resolution in resolutions)
        }
        await asyncio.gather(*map(self._ask_resolver, missing(resolvers(config), answered)))
        for authority in config.stamping.authorities:
            step = index.stamps.get(authority.slug)
            if step is None or step.why:
                await self._ask_authority(authority)

    def _has_answered(self, host: ControlHost) -> bool:
        """Return whether a control answered at its address, over whichever family."""
        steps = (self.folder.index.controls.get(f"{host.slug}/{family}") for family in Family)
        return any(step and step.sure and step.url == host.url for step in steps)

    async def _ask_reserves(self) -> None:
        """Ask hosts that may replace the controls that did not answer, one for each."""
        controls = self._line.controls
        dead = [slug for slug, works in controls.answers.items() if not works] if controls else []
        for host in reserves(self.config):
            if host.slug in self.folder.index.reserves:
                continue
            if len(dead) <= len(self.folder.index.reserves):
                return
            exchange = await self.fetcher.fetch_url(
                host.url, deadline_s=CONTROL_DEADLINE_S, gate=_open_gate
            )
            digest = self._kept(f"reserve-{host.slug}", host.url, exchange)
            step = SurveyStep(at=exchange.started_at, url=host.url, sha256=digest)
            self.folder.index.reserves[host.slug] = step
            self.folder.save()

    async def run_targets(self) -> None:
        """Ask the targets that were not asked yet, until done or stopped."""
        queues: dict[str, list[Target]] = {}
        for target in _unasked(self.chosen, self.folder.index.targets):
            queues.setdefault(target.platform, []).append(target)
        async with asyncio.TaskGroup() as group:
            for platform, targets in queues.items():
                group.create_task(self._ask_platform(self._lanes[platform], targets))

    @property
    def progress(self) -> SurveyProgress:
        """What is done, and what is left at the platforms' pace."""
        index = self.folder.index
        waiting: dict[str, float] = {}
        unasked = _unasked(self.chosen, index.targets)
        for target in unasked:
            spacing_s = self.config.platforms[target.platform].spacing_s
            robots = origin_of(target.url) not in index.robots
            cost_s = spacing_s * (requests_of(target) + robots)
            waiting[target.platform] = waiting.get(target.platform, 0.0) + cost_s
        done = len(self.chosen) - len(unasked)
        left_s = max(waiting.values(), default=0.0)
        return SurveyProgress(done=done, total=len(self.chosen), left_s=left_s)

    async def _ask_platform(self, lane: Lane, targets: Sequence[Target]) -> None:
        for target in targets:
            if self.stop.is_set():
                return
            try:
                await self._ask_target(lane, target)
            except NoTurn as refusal:
                if refusal.cause not in {GapCause.ROBOTS, GapCause.NO_BROWSER}:
                    return  # closed: the others of this platform wait for the next run
                step = SurveyStep(at=self.clock.now(), url=target.url, gap=refusal.cause)
                self.folder.index.targets[target.slug] = step
                self.folder.save()
            self.on_progress(self.progress)

    async def _ask_target(self, lane: Lane, target: Target) -> None:
        """Ask one target as the service does, and keep its answer. Raises NoTurn."""
        async with lane.turn(target.slug, self.clock.now()) as turn:
            exchange = await asked_or_shown(target, turn, self.fetcher.fetch, self._render)
            observation = await self._judge.observation(
                target,
                exchange.started_at,
                exchange,
                known_good=True,
                again=again_as_before(target, turn, self.fetcher.fetch_again, self._render),
            )
            self._tell(lane, observation)
        digest = await asyncio.to_thread(self.folder.keep, target, observation)
        self.folder.index.targets[target.slug] = step_of(target, observation, digest)
        self.folder.save()

    def _tell(self, lane: Lane, observation: Observation) -> None:
        verdict, last = observation.judgement.verdict, observation.exchange.last
        owner, now = lane.at(observation.exchange.final_url), self.clock.now()
        if verdict is Verdict.BLOCKED:
            wait = asked_wait(last.header("retry-after") if last else None, now)
            owner.refused(now, at_least=wait)
        elif verdict is not Verdict.UNKNOWN:
            owner.answered()

    def _lane_changed(self, state: LaneState) -> None:
        self.folder.index.lanes[state.platform] = state
        self.folder.save()
        self.on_lane(state)

    async def _fetch_robots(self, url: str, gate: Gate) -> tuple[int | None, str]:
        exchange = await self.fetcher.fetch_url(url, deadline_s=ROBOTS_DEADLINE_S, gate=gate)
        digest = self._kept(ROBOTS, url, exchange)
        self.folder.index.robots[origin_of(url)] = robots_step(exchange, digest)
        self.folder.save()
        return exchange.status, text(exchange)

    def _heard(self, url: str, family: Family, exchange: Exchange) -> None:
        """Keep the first answer of a control over each family; later rounds only help to judge."""
        slug = next(host.slug for host in self.config.controls.hosts if host.url == url)
        name = f"{slug}/{family}"
        before = self.folder.index.controls.get(name)
        if before is None or before.url != url or not before.sure:
            digest = self._kept(f"temoin-{slug}-{family}", url, exchange)
            status = exchange.status
            sure = status is not None and status_class(status) < StatusClass.SERVER_ERROR
            step = SurveyStep(at=exchange.started_at, url=url, sha256=digest, sure=sure)
            self.folder.index.controls[name] = step

    def _kept(self, slug: str, url: str, exchange: Exchange) -> str:
        """Keep an answer that is no target's; its judgement is that of an anonymous address."""
        target = Target(slug=slug, name=url, url=url, kind=Kind.API, platform="")
        judgement = classify(
            target,
            exchange,
            controls=None,
            clock_offset_us=None,
            clock_limit_us=self.config.clock_limit_us,
            known_good=True,
            fingerprints=self.config.fingerprints,
        )
        observation = Observation(
            target=slug,
            point=self.folder.index.point,
            slot_at=exchange.started_at,
            at=exchange.started_at,
            judgement=judgement,
            exchange=exchange,
            controls=None,
            config_sha256=self.config.sha256,
            ruleset=ruleset(self.config.fingerprints),
        )
        return self.folder.keep(target, observation)

    async def _ask_clock(self, server: str) -> None:
        self.folder.index.clocks[server] = await read_clock(
            (server,), clock=self.clock, port=self.ports.time
        )
        self.folder.save()

    async def _reading(self) -> ClockReading:
        """Return the median of the readings in the folder, as one round of all servers gives."""
        readings = self.folder.index.clocks.values()
        usable = [reading for reading in readings if reading.offset_us is not None]
        if not usable:
            return ClockReading(at=self.clock.now(), server="", offset_us=None)
        middle = median_low(reading.offset_us or 0 for reading in usable)
        return next(reading for reading in usable if reading.offset_us == middle)

    async def _ask_resolver(self, server: str) -> None:
        resolver = Resolver(clock=self.clock, servers=[server], port=self.ports.names)
        answers = await asyncio.gather(
            *(
                resolver.resolve(host, deadline_s=RESOLVE_DEADLINE_S)
                for host in names_to_resolve(self.config)
            )
        )
        self.folder.index.resolvers[server] = list(answers)
        self.folder.save()

    async def _ask_authority(self, authority: StampAuthority) -> None:
        question = Question(note=NOTE, nonce=secrets.randbits(64))
        at, why, answer = self.clock.now(), "", b""
        try:
            reply = await self.courier.post(
                authority.url,
                question.der,
                media_type="application/timestamp-query",
                limit_bytes=MAX_ANSWER_BYTES,
                deadline_s=STAMP_DEADLINE_S,
            )
            answer = reply.body
            why = "" if reply.status == 200 else f"statut {reply.status}"  # noqa: PLR2004 -- RFC 3161
        except Unreachable as error:
            why = str(error)
        stamp = KeptStamp(authority=authority, question=question, at=at, answer=answer, why=why)
        chain = await asyncio.to_thread(lambda: stamp.unrooted)
        issuers = await issuers_above(chain, self._certificates_at)
        files = {CHECKPOINT: question.note, REQUEST: question.der, ANSWER: answer}
        if issuers:
            files[ISSUERS] = as_pem(issuers)
        step = StampStep(at=at, nonce=question.nonce, why=why)
        self.folder.keep_stamp(authority.slug, files, step)

    async def _certificates_at(self, url: str) -> bytes:
        """Return the file of certificates that a chain points to; b"" when there is none."""
        try:
            reply = await self.courier.get(
                url, limit_bytes=MAX_ANSWER_BYTES, deadline_s=STAMP_DEADLINE_S
            )
        except Unreachable:
            return b""
        return reply.body if reply.status == 200 else b""  # noqa: PLR2004 -- RFC 5280 4.2.2.1


def names_to_resolve(config: Config) -> tuple[str, ...]:
    """Return the host of some targets of each platform, by which resolvers are compared."""
    names: dict[str, list[str]] = {}
    for target in config.targets:
        hosts = names.setdefault(target.platform, [])
        host = urlsplit(target.url).hostname or ""
        if len(hosts) < NAMES_A_PLATFORM and host not in hosts:
            hosts.append(host)
    return tuple(dict.fromkeys(host for hosts in names.values() for host in hosts))


def missing(expected: Iterable[str], there: Collection[str]) -> list[str]:
    """Return what is not there yet, in order."""
    return [name for name in expected if name not in there]


def _unasked(targets: Iterable[Target], steps: Mapping[str, SurveyStep]) -> list[Target]:
    """Return the targets that have not answered yet at their address, in order.

    What a fault of our own side hid is asked again by the next run.
    """
    urls = {slug: step.url for slug, step in steps.items() if step.sure}
    return [target for target in targets if urls.get(target.slug) != target.url]


async def _open_gate(_url: str) -> None:
    """Allow a request to a host of no platform."""
