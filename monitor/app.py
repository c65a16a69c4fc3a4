"""The composition root: builds the parts, wires them, starts, drains and stops them.

Nothing imports this but the command line. Every part gets what it needs by argument; the
only decisions taken here are the order of starting and stopping, and what a fault of our own
means: the process stops, a supervisor starts it again, and the gap is recorded.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from monitor import __version__
from monitor.attest.anchoring import Anchoring, open_journal
from monitor.attest.own_witness import build_witness
from monitor.attest.point_watch import PointWatch
from monitor.attest.register import record_requests
from monitor.attest.sealing import SEAL_INTERVAL_S, Sealer, build_sealer
from monitor.config import Config
from monitor.config.settings import Settings
from monitor.core.model import (
    LaneState,
    Observation,
    Outcome,
    Run,
    Target,
)
from monitor.core.outages.fold import recheck_wait_s
from monitor.core.scheduling.robots_txt import RobotsFile
from monitor.core.scheduling.slots import grids
from monitor.dossier.online.dossier_queue import DossierQueue
from monitor.evidence.captures.capture_policy import CAPTURES, Captures
from monitor.evidence.log.journal import Signed
from monitor.fetch import Resolver
from monitor.figures.rolling import RollingFigures
from monitor.metrics import Exposition, MetricsState
from monitor.probe.build import build_fetcher, build_lanes, build_line
from monitor.probe.judge import Judge
from monitor.probe.missed_slots import log_missed, missed_slots
from monitor.probe.observer import Observer
from monitor.probe.page_archive import Archive
from monitor.probe.page_tracker import PageTracker, metrics_of_pages
from monitor.probe.renderer import build_renderer, shown_beside
from monitor.probe.schedule import Schedule
from monitor.runtime.clock import Clock
from monitor.runtime.faults import Faults
from monitor.store import Store
from monitor.web.serving.messages import Order
from monitor.web.serving.page_process import WebProcess

if TYPE_CHECKING:
    from monitor.alerts.alert_service import Alerts

log = structlog.get_logger(__name__)

CLOCK_INTERVAL_S = 15 * 60
THIN_INTERVAL_S = 24 * 3600.0
ROLL_UP_INTERVAL_S = 3_600.0
PAUSE_INTERVAL_S = 5.0  # how soon `vigie pause` takes effect
DRAIN_S = 25.0  # probes in flight may end within this, below a supervisor's usual 30 s


class App:
    """The whole service in one process. `board` has its state, for the demo's screen."""

    def __init__(  # noqa: PLR0913 -- the parts that it is made of, and two seams
        self,
        config: Config,
        settings: Settings,
        store: Store,
        *,
        clock: Clock,
        resolver: Resolver | None = None,  # the demo brings its own name server
        config_folder: Path | None = None,  # for processes that read it again; None makes none
        seal_s: float = SEAL_INTERVAL_S,
    ) -> None:
        self._seal_s = seal_s
        self._config = config
        self._settings = settings
        self._store = store
        self._clock = clock
        fetcher = build_fetcher(config, clock, resolver)
        self._fetcher = fetcher
        self._faults = Faults(clock)
        self._line = build_line(config, clock, fetcher, self._faults)
        self._judge = Judge(config=config, point=settings.point, line=self._line)
        self._lanes = build_lanes(
            config,
            store,
            clock=clock,
            fetcher=fetcher,
            keep_robots=self._keep_robots,
            on_change=self._lane_changed,
        )
        self._grids = grids(config.targets, config.share)
        tracks = store.tracks()
        self.board = MetricsState(
            config.targets,
            states=store.states(),
            lanes=(lane.state for lane in self._lanes.values()),
            pages=metrics_of_pages(store, tracks),
        )
        self._exposition = Exposition(
            self.board,
            clock=clock,
            point=settings.point,
            version=__version__,
            config_sha256=config.sha256,
        )
        captures = settings.data / CAPTURES
        archive = Archive(store, captures, clock=clock)
        book = PageTracker(tracks, point=settings.point, archive=archive)
        self._captures = Captures(
            captures,
            software=f"vigie-anef/{__version__}",
            clock_limit_us=config.clock_limit_us,
            text_of=book.text_of,
        )
        self._watch = Observer(
            config=config,
            point=settings.point,
            clock=clock,
            fetch=fetcher.fetch,
            again=fetcher.fetch_again,
            render=build_renderer(config, clock, fetcher),
            judge=self._judge,
            lanes=self._lanes,
            grids=self._grids,
            keep=self._captures.keep,
            store=store,
            board=self.board,
            pages=book,
            faults=self._faults,
        )
        self._sealer = build_sealer(config, settings, store, clock=clock, on_seal=self._sealed)
        self._anchoring = Anchoring(
            config,
            store=store,
            data=settings.data,
            clock=clock,
            board=self.board,
            publish=self._sealer.publish,
        )
        self._alerts = self._build_alerts()
        self._dossiers: DossierQueue | None = None
        if config_folder is not None and isinstance(self._sealer, Sealer):
            key = str(self._sealer.key)
            self._dossiers = DossierQueue(
                settings=settings,
                config_folder=config_folder,
                journal_key=key,
                clock=clock,
                faults=self._faults,
            )
        folders = settings.data, config_folder
        self._points = PointWatch(config, store, *folders, self.board, clock, self._faults)
        build_witness(config, settings)  # a key that cannot be used is refused here
        self._schedule = Schedule(clock, point=settings.point, on_error=self._fail)
        self._loops: set[asyncio.Task[None]] = set()  # ended when the service stops
        self._group = asyncio.TaskGroup()

    async def run(
        self,
        stop: asyncio.Event,
        *,
        listening: socket.socket | None,
        cut: asyncio.Event | None = None,
        on_stopping: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Serve on `listening` until `stop` is set; on None, without pages.

        Then `on_stopping` is called with the number of probes in progress; `cut` gives them up
        at once.

        1. Check that the store extends the journal that we signed, and that no witness
           cosigned a later one.
        2. Record the start, and the slots that were missed since the last run.
        3. Start the web pages, the loops and the schedule.
        4. When `stop` is set: no new request; those in progress end or are given up.
        5. Record a clean stop, and seal the journal.

        Raises:
            BaseExceptionGroup: Of faults of our own, such as StoreError; then no stop is
                recorded, as for a process that was killed.

        """
        with closing(self._sealer):
            await open_journal(self._sealer, self._config)
            await self._serve(stop, listening, cut, on_stopping)
            await self._sealer.seal()
        log.info("stopped")

    async def _serve(
        self,
        stop: asyncio.Event,
        listening: socket.socket | None,
        cut: asyncio.Event | None,
        on_stopping: Callable[[int], None],
    ) -> None:
        started_at = await self._open_run()
        async with self._group:
            pages = self._web(listening).serve() if listening else asyncio.sleep(0)
            web = self._group.create_task(pages)
            self._loop(self._every(self._config.controls.interval_s, self._heartbeat))
            self._loop(self._every(CLOCK_INTERVAL_S, self._read_clock))
            self._loop(self._every(PAUSE_INTERVAL_S, self._heed_pauses))
            self._loop(self._every(PAUSE_INTERVAL_S, self._record_annotations))
            self._loop(self._every(self._seal_s, self._sealer.seal))
            if self._config.identified:
                self._loop(self._anchoring.run())
            if self._alerts is not None:
                self._loop(self._alerts.run())
            if self._dossiers is not None:
                self._loop(self._dossiers.run())
            if self._config.points:
                self._loop(self._points.run())
            self._loop(self._every(THIN_INTERVAL_S, self._prune_daily_copies))
            self._loop(self._every(ROLL_UP_INTERVAL_S, self._roll_up))
            figures = RollingFigures(
                self._store,
                self._config,
                clock=self._clock,
                board=self.board,
                faults=self._faults,
            )
            self._loop(figures.run())
            self._plan(since=started_at)
            limit_s = (
                0.0  # after an error of ours nothing can be recorded of the probes in progress
            )
            try:
                log.info("started", targets=len(self._config.targets), point=self._settings.point)
                await stop.wait()
                limit_s = DRAIN_S
            finally:
                for task in self._loops:  # no request of ours either
                    task.cancel()
                for lane in self._lanes.values():
                    lane.stop()
                if limit_s:
                    in_progress = sum(lane.busy for lane in self._lanes.values())
                    log.info("stopping", probes=in_progress)
                    on_stopping(in_progress)
                ended_at = await self._schedule.drain(limit_s, cut=cut)
            web.cancel()
        await self._store.stop_run(ended_at)

    async def check_once(self, target: Target) -> Observation | None:
        """Check a target once and record it, without serving."""
        with closing(self._sealer):
            await open_journal(self._sealer, self._config)
            done = await self._look(target)
            await self._sealer.seal()
        return done[0] if done else None

    async def _look(self, target: Target) -> tuple[Observation, Outcome] | None:
        async with self._group:
            await self._line.read_clock()
            return await self._watch.observe(target, self._clock.now(), urgent=True)

    async def _open_run(self) -> datetime:
        now = self._clock.now()
        run = Run(
            point=self._settings.point,
            started_at=now,
            alive_at=now,
            stopped_at=None,
            version=__version__,
            config_sha256=self._config.sha256,
            ruleset=self._judge.ruleset,
        )
        gaps = await asyncio.to_thread(
            missed_slots, self._store, self._grids, now, config_sha256=run.config_sha256
        )
        await self._store.start_run(run, gaps, self._grids)
        for gap in gaps:
            log_missed(gap)
        return now

    def _plan(self, *, since: datetime) -> None:
        """Schedule every target on its grid; those that the last run left in doubt come soon."""
        for target in self._config.targets:
            grid = self._grids[target.slug]
            work = partial(self._check, target)
            self._schedule.every(target.slug, grid, work, on_missed=self._watch.missed)
            if self._watch.in_doubt(target):
                self._recheck_soon(target, began=self._clock.now())
        self._schedule.start(since)

    async def _check(self, target: Target, slot_at: datetime, *, urgent: bool = False) -> None:
        done = await self._watch.observe(target, slot_at, urgent=urgent)
        if done is None:
            return
        observation, outcome = done
        lateness = observation.at - slot_at
        self._exposition.lateness.observe(max(0.0, lateness.total_seconds()))
        if any(event.outage for event in outcome.events):
            self._spawn(self._seal_edge())
            for other in shown_beside(target, self._config):
                self._schedule.once(other.slug, 0.0, partial(self._check, other, urgent=True))
        if self._watch.in_doubt(target):
            self._recheck_soon(target, began=observation.at)

    async def _seal_edge(self) -> None:
        """Sign a checkpoint that contains the edge of an outage, and have it time-stamped."""
        await self._sealer.seal()
        self._anchoring.edge()

    def _sealed(self, signed: Signed) -> None:
        self._anchoring.sealed(signed.note, at=signed.at)

    def _recheck_soon(self, target: Target, *, began: datetime) -> None:
        """Check again soon after the check that `began` then, unless the next slot comes first."""
        now = self._clock.now()
        wait_s = recheck_wait_s(target.policy, began, now)
        if (self._grids[target.slug].next(now) - now).total_seconds() > wait_s:
            again = partial(self._check, target, urgent=True)
            self._schedule.once(target.slug, wait_s, again)

    def _fail(self, error: BaseException) -> None:
        """Stop the service for an error of the record; continue after any other fault."""

        async def fail() -> None:
            self._faults.spare(error, work="schedule")

        self._spawn(fail())

    async def _heartbeat(self) -> None:
        """Ask the control panel and record the round, which proves that we were running."""
        if self._line.stepped:
            await self._read_clock()
        controls = await self._line.check()
        self.board.controls = controls
        self.board.clock = self._line.clock
        for platform, lane in self._lanes.items():
            self.board.backlog[platform] = lane.backlog
        await self._store.record_round(controls, self._line.clock)

    async def _read_clock(self) -> None:
        with self._faults.sparing("clock"):
            await self._line.read_clock()

    async def _heed_pauses(self) -> None:
        """Apply what `vigie pause` and `vigie resume` wrote to the store."""
        pauses = await asyncio.to_thread(self._store.pauses)
        for platform, lane in self._lanes.items():
            if platform in pauses and not lane.state.paused:
                lane.pause(pauses[platform])
            elif platform not in pauses and lane.state.paused:
                lane.resume()

    async def _record_annotations(self) -> None:
        """Record what `vigie annotate` asked for; sign it soon, and have it dated."""
        if await record_requests(self._store, self._settings.data, self._clock):
            await self._seal_edge()

    async def _prune_daily_copies(self) -> None:
        """Delete the daily copies that are older than the configuration allows."""
        days = self._config.retention.daily_copies_days
        await self._captures.thin(self._clock.now().date(), days=days)

    async def _roll_up(self) -> None:
        """Sum up the days that are over."""
        await self._store.roll_up(self._clock.now())

    async def _every(self, interval_s: float, work: Callable[[], Awaitable[object]]) -> None:
        """Run `work` now, and then every `interval_s`, however long it takes below that."""
        due_us = self._clock.monotonic_us()
        while True:
            await work()
            now_us = self._clock.monotonic_us()
            due_us = max(due_us + round(interval_s * 1e6), now_us)
            await self._clock.sleep((due_us - now_us) / 1e6)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task, unless the service is stopping for an error."""
        try:
            self._group.create_task(work)
        except RuntimeError:  # the group is shutting down, and says why itself
            work.close()

    def _loop(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._group.create_task(work)
        self._loops.add(task)
        task.add_done_callback(self._loops.discard)

    def _lane_changed(self, state: LaneState) -> None:
        self.board.lanes[state.platform] = state
        if state.blocked_until is not None:
            until = state.blocked_until.isoformat()
            log.warning("refused", platform=state.platform, until=until, strikes=state.strikes)
        self._spawn(self._store.save_lane(state))

    def _keep_robots(self, file: RobotsFile) -> None:
        keeping = self._store.keep_robots(file.origin, file.text, file.status, file.fetched_at)
        self._spawn(keeping)

    def _build_alerts(self) -> "Alerts | None":
        """Build the alerts; None, and none of their libraries, with nowhere to send them."""
        config = self._config
        somewhere = config.relay or config.channels or self._settings.dead_man
        if not somewhere or not config.identified:
            return None
        from monitor.alerts.alert_service import Alerts  # noqa: PLC0415 -- some 20 MB

        return Alerts(
            store=self._store,
            config=self._config,
            settings=self._settings,
            clock=self._clock,
            board=self.board,
            faults=self._faults,
        )

    def _web(self, listening: socket.socket) -> WebProcess:
        sealer = self._sealer
        mails = self._alerts is not None and self._config.relay is not None
        order = Order(
            config=self._config,
            settings=self._settings.without_mail,
            version=__version__,
            journal=sealer.journal.tiles.folder if isinstance(sealer, Sealer) else None,
            journal_key=str(sealer.key) if isinstance(sealer, Sealer) else "",
            log_level=logging.getLogger().level,
            alerts=mails,
            dossiers=self._dossiers is not None,
        )
        return WebProcess(
            order,
            listening,
            metrics=self._exposition.render,
            probe=self._exposition.probe,
            subscriptions=self._alerts.answer if mails and self._alerts else None,
            dossiers=self._dossiers.answer if self._dossiers else None,
        )
