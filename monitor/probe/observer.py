"""One probe, start to finish.

`Observer.observe` is the whole story of a check, in this order:

1. the lane lets it through, or says why not: then the slot is a gap;
2. the fetcher asks, and keeps what came over the wire;
3. when that is not a good answer, the control panel says whether our own line works, and the
   request is made again if nothing else shows whose failure it was;
4. the rules give a verdict, and a refusal closes the lane, or leaves the page alone;
5. the fold says whether an outage begins or ends, and which incident it belongs to;
6. a page is read, its text compared with the one that it had, and its links with the states
   of what they lead to;
7. the bytes that must be kept are put on the disk: a crash here leaves an orphan;
8. one transaction records all of it: a crash before leaves a gap, after it nothing to do;
9. metrics, and one log line.

What the outside does wrong is data. A fault that nobody foresaw costs this check alone: its
slot is a gap, or its answer is recorded without what could not be read. An error of the record
goes up and stops the process.
"""

from asyncio import Lock, to_thread
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from monitor.config import Config
from monitor.core.changes.page_events import PageEvent, Version
from monitor.core.journal.recorded import check_of
from monitor.core.model import (
    Capture,
    Event,
    Exchange,
    Gap,
    GapCause,
    Incident,
    Kind,
    Observation,
    Outcome,
    Sighting,
    State,
    Target,
    Verdict,
)
from monitor.core.model.check import Check
from monitor.core.model.rendering import recorded
from monitor.core.outages.fold import advance, in_outage, needs_recheck
from monitor.core.outages.gaps import gap
from monitor.core.outages.incidents import REMEMBERED, RecentOutages
from monitor.core.scheduling.backoff import asked_wait, in_page_backoff, is_page_specific_refusal
from monitor.core.scheduling.slots import Grid
from monitor.metrics import MetricsState, offered_after
from monitor.probe.dead_link_tracker import DeadLinkTracker
from monitor.probe.judge import Fetch, Judge
from monitor.probe.lane import Lane, LaneTurn
from monitor.probe.missed_slots import log_missed
from monitor.probe.page_tracker import PageTracker
from monitor.probe.renderer import Render, again_as_before, asked_or_shown
from monitor.probe.turn_queue import NoTurn
from monitor.runtime.clock import Clock
from monitor.runtime.faults import Faults
from monitor.store import Store

log = structlog.get_logger(__name__)

# How much of the record before a target's last good check tells, after a restart, where it
# answered well: large networks give other addresses at each answer.
RECALLED = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
MOST_MOVED = timedelta(milliseconds=1)  # how many checks of one instant are told apart


class KeepBytes(Protocol):
    """Keeps the exact bytes that a policy requires (evidence.captures)."""

    async def __call__(
        self, target: Target, observation: Observation, *, known_good: bool, in_outage: bool
    ) -> tuple[Capture, ...]:
        """Return references to the captures; they are on the disk by then."""


class Observer:
    """Observes targets, and remembers between two checks what the fold needs."""

    def __init__(  # noqa: PLR0913 -- keyword-only: the parts that one probe passes through
        self,
        *,
        config: Config,
        point: str,
        clock: Clock,
        fetch: Fetch,
        again: Fetch | None = None,  # how a request is made a second time; as the first
        render: Render | None = None,  # how pages are shown; None: by no browser
        judge: Judge,
        lanes: Mapping[str, Lane],
        grids: Mapping[str, Grid],
        keep: KeepBytes,
        store: Store,
        board: MetricsState,
        pages: PageTracker,
        faults: Faults,
    ) -> None:
        self._config = config
        self._point = point
        self._clock = clock
        self._fetch = fetch
        self._again = again or fetch
        self._render = render
        self._on_screen: set[str] = set()  # targets that the browser is showing, or will
        self._judge = judge
        self._lanes = lanes
        self._grids = grids
        self._keep = keep
        self._store = store
        self._board = board
        self._pages = pages
        self._faults = faults
        self._last_at: dict[str, datetime] = {}  # the latest of each target in this process
        self._order: defaultdict[str, Lock] = defaultdict(Lock)
        dead = store.dead_links(dead_only=True)
        self._links = DeadLinkTracker(config.targets, dead, point=point)
        self._states = {state.target: state for state in store.states()}
        for slug in config.by_slug:
            judge.recall(self._good_checks(slug))
        self._outages = RecentOutages()
        for outage in store.outages(since=clock.now() - REMEMBERED):
            if outage.target in config.by_slug:
                self._outages.add(outage, config.by_slug[outage.target].platform)

    def _good_checks(self, slug: str) -> tuple[Check, ...]:
        """Return the checks of a target on record that ended with its last good one."""
        state = self._states.get(slug)
        if state is None or state.last_ok_at is None:
            return ()
        since, until = state.last_ok_at - RECALLED, state.last_ok_at + _MICROSECOND
        return self._store.observations(slug, since, until)

    def state_of(self, target: Target) -> State:
        """Return the state of a target; an empty one when it was never observed."""
        return self._states.get(target.slug) or State(target=target.slug, point=self._point)

    def in_doubt(self, target: Target) -> bool:
        """Return whether a target needs a check sooner than its next slot."""
        return needs_recheck(self.state_of(target)) or self._pages.in_doubt(target.slug)

    async def observe(
        self, target: Target, slot_at: datetime, *, urgent: bool = False
    ) -> tuple[Observation, Outcome] | None:
        """Check a target once and record it; None when its lane gave no turn, or it failed.

        `urgent`: a recheck of a target in doubt. It goes before the planned ones and, since
        no plan wanted it, leaves no gap when it has to give way.

        Raises:
            StoreError: nothing more can be recorded; the process must stop.

        """
        try:
            async with self._turn(target, slot_at, urgent=urgent) as turn:
                exchange = await self._exchange(target, turn)
                turn.require_whole()
                before = self.state_of(target)
                known_good = before.last_ok_at is not None
                observation = await self._judge.observation(
                    target,
                    slot_at,
                    exchange,
                    known_good=known_good,
                    again=again_as_before(target, turn, self._again, self._render),
                )
                observation = await self._at_its_own_instant(observation)
                check = check_of(observation)
                self._tell(target, observation, before)
                state, events, incidents = self._folded(target, check)
        except NoTurn as refusal:
            await self._gave_up(target, slot_at, refusal.cause, urgent=urgent)
            return None
        except BaseException as error:  # noqa: BLE001 -- `spare` raises what must go on
            self._faults.spare(error, work=target.slug)
            await self._gave_up(target, slot_at, GapCause.FAULT, urgent=urgent)
            return None
        # The lane is free again: a page that takes long to read holds up no other. A recheck may
        # end meanwhile: the checks of one target are read, kept and recorded in their order.
        async with self._order[target.slug]:
            # From here on it will be recorded, even without what follows.
            version: Version | None = None
            changes: tuple[PageEvent, ...] = ()
            captures: tuple[Capture, ...] = ()
            offered = None
            shown = observation.exchange.rendering
            rendering = (
                recorded(shown, target=check.target, point=check.point, at=check.at)
                if shown
                else None
            )
            with self._faults.sparing(target.slug):
                version, changes = await self._read(target, observation, events)
                if changes:
                    offered = await to_thread(offered_after, changes)
            with self._faults.sparing(target.slug):
                captures = await self._keep(
                    target, observation, known_good=known_good, in_outage=in_outage(state, events)
                )
            outcome = Outcome(
                check=check,
                state=state,
                events=events,
                incidents=incidents,
                captures=captures,
                version=version,
                changes=changes,
                rendering=rendering,
            )
            await self._store.record(outcome)
        with self._faults.sparing(target.slug):
            length = observation.exchange.content_length
            self._board.observe(outcome, content_length=length, offered=offered)
            _log(target, outcome)
        return observation, outcome

    async def _exchange(self, target: Target, turn: LaneTurn) -> Exchange:
        """Ask a target, and show its page when that is what is watched."""
        if target.kind is Kind.RENDERED:
            self._on_screen.add(target.slug)
        try:
            return await asked_or_shown(target, turn, self._fetch, self._render)
        finally:
            self._on_screen.discard(target.slug)

    async def _gave_up(
        self, target: Target, slot_at: datetime, cause: GapCause, *, urgent: bool
    ) -> None:
        """Record a slot without an observation as a gap; a recheck had no slot."""
        if not urgent:
            grid = self._grids[target.slug]
            await self.missed(gap(grid, slot_at, cause, point=self._point, target=target.slug))

    def _turn(
        self, target: Target, slot_at: datetime, *, urgent: bool
    ) -> AbstractAsyncContextManager[LaneTurn]:
        if not self._config.identified:
            raise NoTurn(GapCause.UNIDENTIFIED)
        if target.kind is Kind.RENDERED and self._render is None:
            raise NoTurn(GapCause.NO_BROWSER)
        if target.slug in self._on_screen:  # a page that is shown gives its turn back meanwhile
            raise NoTurn(GapCause.OVERRUN)
        if in_page_backoff(self.state_of(target), self._clock.now()):
            raise NoTurn(GapCause.REFUSED)
        return self._lanes[target.platform].turn(target.slug, slot_at, urgent=urgent)

    def _tell(self, target: Target, observation: Observation, before: State) -> None:
        """Close or reopen the lane that the last answer came from, by its verdict."""
        judgement, exchange = observation.judgement, observation.exchange
        lane = self._lanes[target.platform].at(exchange.final_url)
        last, now = exchange.last, self._clock.now()
        if judgement.verdict is Verdict.BLOCKED:
            retry_after = asked_wait(last.header("retry-after") if last else None, now)
            if not is_page_specific_refusal(before, lane.state, judgement.reason, retry_after):
                lane.refused(now, at_least=retry_after)
        elif judgement.verdict is not Verdict.UNKNOWN:
            lane.answered()

    async def _at_its_own_instant(self, observation: Observation) -> Observation:
        """Move a check by a microsecond when another of its target has its very instant.

        Only a clock that was put back comes to an instant twice; a check is known by its
        target and its instant, so that one of the two would be lost.
        """
        target, at = observation.target, observation.at
        last = self._last_at.get(target)
        if last is None or at <= last:
            near = await to_thread(self._store.sightings, target, at, at + MOST_MOVED)
            instants = {sighting.at for sighting in near}
            while at in instants or at == last:
                at += _MICROSECOND
        self._last_at[target] = at if last is None else max(last, at)
        return replace(observation, at=at) if at != observation.at else observation

    async def missed(self, gap: Gap) -> None:
        """Record planned slots of one target that have no observation, and why."""
        await self._store.record_gap(gap)
        self._board.missed(gap.target, gap.cause, gap.slots)
        log_missed(gap)

    def _folded(
        self, target: Target, check: Check
    ) -> tuple[State, tuple[Event, ...], tuple[Incident, ...]]:
        """Return the target's new state, its events, and the incidents that they belong to."""
        sighting = Sighting(at=check.at, verdict=check.verdict, reason=check.reason)
        state, events = advance(self.state_of(target), sighting, target.policy)
        outages = (event.outage for event in events if event.outage is not None)
        now = self._clock.now()
        incidents = tuple(
            self._outages.absorb(outage, target.platform, at=now) for outage in outages
        )
        self._states[target.slug] = state
        return state, events, incidents

    async def _read(
        self, target: Target, observation: Observation, events: tuple[Event, ...]
    ) -> tuple[Version | None, tuple[PageEvent, ...]]:
        """Return the version and the changes of the page, and of its links if it was read."""
        version, changes = await self._pages.read(target, observation, events)
        shown = self._pages.shown(target.slug)
        if version is not None and shown is not None:
            changes += self._links.read(target.slug, shown, observation.at, self._states)
        return version, changes


def _log(target: Target, outcome: Outcome) -> None:
    """Write the one canonical line of a probe."""
    check = outcome.check
    log.info(
        "probe",
        target=target.slug,
        platform=target.platform,
        point=check.point,
        at=check.at.isoformat(),
        lateness_us=(check.at - check.slot_at) // _MICROSECOND,
        verdict=check.verdict.value,
        reason=check.reason.value,
        rule=check.rule,
        status=check.status,
        failure=check.failure.value if check.failure else None,
        phase=check.phase.value if check.phase else None,
        duration_us=check.duration_us,
        address=check.address,
        hops=len(check.conditions.steps),
        body_bytes=check.body_bytes,
        controls_ok=check.controls.ok if check.controls else None,
    )
    for event in outcome.events:
        log.info(
            event.edge.value.replace("_", " "),
            target=event.target,
            since=event.outage.first_fail_at.isoformat() if event.outage else None,
            reason=event.outage.reason.value if event.outage else None,
        )
    for change in outcome.changes:
        log.info(
            "page text",
            target=change.target,
            edge=change.edge.value,
            announced=change.announced,
            kinds=[kind.value for kind in change.change.kinds] if change.change else [],
            sha256=change.after.version.sha256 if change.after else None,
        )
