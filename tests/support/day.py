"""A day in the life of the plan: the real schedule and lanes, simulated sites, a false clock."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from monitor.core.model import (
    Event,
    Gap,
    Kind,
    Platform,
    Reason,
    Sighting,
    State,
    Target,
    Verdict,
)
from monitor.core.outages.fold import advance, needs_recheck, recheck_wait_s
from monitor.core.outages.gaps import gap
from monitor.core.scheduling.slots import grids
from monitor.probe.lane import Lane
from monitor.probe.robots_cache import Gate, RobotsBook
from monitor.probe.schedule import Schedule
from monitor.probe.turn_queue import NoTurn
from tests.support.clock import FakeClock
from tests.support.schedule import FakeBell

REASONS = {Verdict.UP: Reason.OK, Verdict.DOWN: Reason.TIMEOUT, Verdict.BLOCKED: Reason.WAF}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """From `from_at` to `to_at`, the targets whose slug begins so answer with `verdict`."""

    slugs: str
    from_at: datetime
    to_at: datetime
    verdict: Verdict
    lasts_s: float


@dataclass(slots=True, kw_only=True)
class Record:
    """All that happened."""

    seen: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    rechecks: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    late_s: list[tuple[datetime, str, float]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    requests_us: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    backlog: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    in_flight: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    errors: list[BaseException] = field(default_factory=list)


class Day:
    """Runs a plan; `record` then holds what came of it."""

    def __init__(
        self,
        targets: Sequence[Target],
        platforms: Iterable[Platform],
        troubles: Sequence[Trouble] = (),
        *,
        start: datetime,
        seed: int = 0,
    ) -> None:
        self.clock = FakeClock(start)
        self.targets = targets
        self.grids = grids(targets)
        self.troubles = troubles
        self.record = Record()
        self.states: dict[str, State] = {}
        self._random = random.Random(seed)  # noqa: S311 -- a simulation, no secret
        self._platform_of = {_origin(t.url): t.platform for t in targets}
        book = RobotsBook(
            clock=self.clock, agent="VigieANEF", fetch=self._robots, keep=lambda _: None
        )
        self.lanes = {p.slug: Lane(p, self.clock, robots=book) for p in platforms}
        self.schedule = Schedule(self.clock, point="local", on_error=self.record.errors.append)
        self._bell = FakeBell(self.schedule, self.clock)

    async def run(self, duration_s: float) -> None:
        """Live `duration_s`, then stop as the service does."""
        for target in self.targets:
            self._plan(target)
        self._bell.start()
        await self.clock.advance(0)
        await self.clock.advance(duration_s)
        for lane in self.lanes.values():
            lane.stop()
        draining = asyncio.create_task(self.schedule.drain(600))
        await self.clock.advance(0)
        await self.clock.advance(600)
        await draining
        await self._bell.stop()

    def _plan(self, target: Target) -> None:
        async def work(slot: datetime) -> None:
            await self.observe(target, slot)

        async def lost(found: Gap) -> None:
            self.record.gaps.append(found)

        self.schedule.every(target.slug, self.grids[target.slug], work, on_missed=lost)

    async def observe(self, target: Target, slot: datetime, *, urgent: bool = False) -> None:
        lane = self.lanes[target.platform]
        self.record.backlog[target.platform].append(lane.backlog)
        try:
            async with lane.turn(target.slug, slot, urgent=urgent) as turn:
                at, verdict = await self._probe(target, turn.request)
                if verdict is Verdict.BLOCKED:
                    lane.refused(self.clock.now())
                else:
                    lane.answered()
        except NoTurn as refusal:
            if not urgent:
                grid = self.grids[target.slug]
                found = gap(grid, slot, refusal.cause, point="local", target=target.slug)
                self.record.gaps.append(found)
            return
        if urgent:
            self.record.rechecks[target.slug] += 1
        else:
            self.record.seen[target.slug].append(slot)
            self.record.late_s.append((slot, target.platform, (at - slot).total_seconds()))
        self._fold(target, Sighting(at=at, verdict=verdict, reason=REASONS[verdict]))

    def _fold(self, target: Target, sighting: Sighting) -> None:
        state = self.states.get(target.slug) or State(target=target.slug, point="local")
        state, events = advance(state, sighting, target.policy)
        self.states[target.slug] = state
        self.record.events += events
        if needs_recheck(state):

            async def again(now: datetime) -> None:
                await self.observe(target, now, urgent=True)

            wait_s = recheck_wait_s(target.policy, sighting.at, self.clock.now())
            self.schedule.once(f"recheck {target.slug}", wait_s, again)

    async def _probe(self, target: Target, gate: Gate) -> tuple[datetime, Verdict]:
        """Make the requests of one check: for a shell, its scripts and signs of life too."""
        parts = len(target.signs_of_life) + (6 if target.kind is Kind.SHELL else 0)
        await self._ask(target.url, gate, target.platform)
        at = self.clock.now()
        verdict, lasts_s = self._answer(target, at)
        await self._spend(target.platform, lasts_s)
        for _ in range(parts if verdict is Verdict.UP else 0):
            await self._ask(target.url, gate, target.platform)
            await self._spend(target.platform, 0.2)
        return at, verdict

    def _answer(self, target: Target, at: datetime) -> tuple[Verdict, float]:
        for trouble in self.troubles:
            if target.slug.startswith(trouble.slugs) and trouble.from_at <= at < trouble.to_at:
                return trouble.verdict, trouble.lasts_s
        return Verdict.UP, min(20.0, self._random.lognormvariate(-0.7, 1.0))

    async def _robots(self, url: str, gate: Gate) -> tuple[int | None, str]:
        await self._ask(url, gate, self._platform_of[_origin(url)])
        return 404, ""

    async def _ask(self, url: str, gate: Gate, platform: str) -> None:
        await gate(url)
        assert self.record.in_flight[platform] == 0
        self.record.requests_us[platform].append(self.clock.monotonic_us())

    async def _spend(self, platform: str, seconds: float) -> None:
        self.record.in_flight[platform] += 1
        await self.clock.sleep(seconds)
        self.record.in_flight[platform] -= 1


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
