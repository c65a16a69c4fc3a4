"""Run work on grids: APScheduler triggers; the slot is computed from the grid.

APScheduler coalesces, skips and sleeps through clock steps without a reliable report, so it only
triggers. Each time, the slots since the last one are counted on the grid: the latest is run, the
others are reported as gaps. See docs/decisions/0003.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    JobEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from monitor.core.model import Gap, GapCause
from monitor.core.scheduling.slots import Grid
from monitor.runtime.clock import Clock

log = structlog.get_logger(__name__)

Work = Callable[[datetime], Awaitable[object]]
MissedHandler = Callable[[Gap], Awaitable[object]]

CLOCK_WATCH_S = 5.0
STEP_MIN_S = 1.0  # NTP slews smaller offsets, and less than this in a few seconds
_INSTANT = timedelta(microseconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


class GridTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler publishes no types
    """Fires at the slots of a grid. After a stall or a step, at most once for all past slots."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        if previous_fire_time is None:
            return self._grid.next(now)
        return max(self._grid.next(previous_fire_time), self._grid.latest(now))


class _Job:
    """One kind of periodic work, and its last slot that is accounted for."""

    def __init__(self, name: str, grid: Grid, work: Work, on_missed: MissedHandler | None) -> None:
        self.name = name
        self.grid = grid
        self.work = work
        self.on_missed = on_missed
        self.last = _NEVER

    def due(self, now: datetime) -> datetime:
        """Return the slot that is due: never one that is already accounted for."""
        return max(self.grid.latest(now), self.grid.next(self.last))


class Schedule:
    """Runs work on grids, one call of each kind at a time, and reports the slots it skips.

    Args:
        point: The measuring point of the gaps.
        on_error: Called with each exception that work raises; the schedule goes on.

    """

    def __init__(
        self, clock: Clock, *, point: str, on_error: Callable[[BaseException], None]
    ) -> None:
        self._clock = clock
        self._point = point
        self._on_error = on_error
        self._jobs: dict[str, _Job] = {}
        self._later: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._watcher: asyncio.Task[None] | None = None
        self._stopping = False
        self._offset_us = self._wall_minus_monotonic_us()
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._skipped, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        self._scheduler.add_listener(lambda event: on_error(event.exception), EVENT_JOB_ERROR)

    def every(
        self, name: str, grid: Grid, work: Work, *, on_missed: MissedHandler | None = None
    ) -> None:
        """Call `work` with each slot of `grid`, and `on_missed` with each gap.

        Call it before `start`. `name` is unique; for a target it is its slug, which its gaps
        have. Work that is still running when its next slot comes makes that slot a gap.
        """
        if name in self._jobs:
            raise ValueError(f"work named {name!r} twice")
        self._jobs[name] = _Job(name, grid, work, on_missed)

    def once(self, name: str, delay_s: float, work: Work) -> None:
        """Call `work` with the current time, `delay_s` seconds from now.

        A second call of the same name is ignored while one is pending. No gap is recorded when
        the work is not done: this is for rechecks.
        """
        if name not in self._later and not self._stopping:
            self._later[name] = asyncio.create_task(self._wait(name, delay_s, work))

    def start(self, since: datetime) -> None:
        """Start. Every slot from `since` on is run or reported, also those already past."""
        before = since - _INSTANT  # the run begins at `since`: a slot at that instant is its own
        for job in self._jobs.values():
            job.last = job.grid.latest(before)
            self._scheduler.add_job(
                self._ring,
                GridTrigger(job.grid),
                args=[job],
                id=job.name,
                next_run_time=job.grid.next(before),
            )
        self._offset_us = self._wall_minus_monotonic_us()
        self._watcher = asyncio.create_task(self._watch_clock())
        self._scheduler.start()

    async def drain(self, limit_s: float, *, cut: asyncio.Event | None = None) -> datetime:
        """Stop: running work may end within `limit_s` seconds, and is then cancelled.

        `cut` ends the wait when it is set.

        Returns the instant since which no slot was begun: the end of the run. Cancelled work has
        been reported when this returns.
        """
        ended_at = self._clock.now()
        self._stopping = True
        if self._scheduler.running:
            self._scheduler.pause()
        for task in (*self._later.values(), self._watcher):
            if task is not None:
                task.cancel()
        self._mind_clock()
        for job in self._jobs.values():
            if job.last > _NEVER:  # it was started; its trigger may be late
                self._lose(job, ended_at - _INSTANT, GapCause.STOPPED)
        limit = asyncio.create_task(self._limit(limit_s, cut))
        while self._running and not limit.done():
            await asyncio.wait({limit, *self._running}, return_when=asyncio.FIRST_COMPLETED)
        limit.cancel()
        for task in tuple(self._running):
            task.cancel()
        while self._running:
            await asyncio.wait(tuple(self._running))
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # `shutdown` only schedules it on the loop
        return ended_at

    async def _limit(self, limit_s: float, cut: asyncio.Event | None) -> None:
        """Return after `limit_s` seconds, or as soon as `cut` is set."""
        waiting: set[asyncio.Task[Any]] = {asyncio.create_task(self._clock.sleep(limit_s))}
        if cut is not None:
            waiting.add(asyncio.create_task(cut.wait()))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    async def _ring(self, job: _Job) -> None:
        """Run the slot that is due. APScheduler calls this, and nothing else of ours."""
        if self._stopping:
            return  # slots before the end are accounted for
        self._mind_clock()
        slot = job.due(self._clock.now())
        self._lose(job, slot - _INSTANT, GapCause.OVERRUN)
        job.last = slot
        task = self._run(job.work(slot))

        def account(task: asyncio.Task[None]) -> None:
            if task.cancelled():
                self._report(job, slot, slot, GapCause.STOPPED)

        task.add_done_callback(account)
        await asyncio.wait({task})

    async def _wait(self, name: str, delay_s: float, work: Work) -> None:
        try:
            await self._clock.sleep(delay_s)
        finally:
            del self._later[name]
        self._run(work(self._clock.now()))

    def _run(self, work: Awaitable[object]) -> asyncio.Task[None]:
        """Run work in its own task, which `drain` waits for."""

        async def guarded() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001 -- APScheduler would only log it
                self._on_error(error)

        task = asyncio.create_task(guarded())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _skipped(self, event: JobEvent) -> None:
        """Account for slots that were due while the previous one was still running."""
        if self._stopping:
            return
        job = self._jobs[event.job_id]
        self._mind_clock()
        self._lose(job, job.due(self._clock.now()), GapCause.OVERRUN)

    def _lose(self, job: _Job, until: datetime, cause: GapCause) -> None:
        """Give up the slots after the last, up to and including `until`."""
        if job.grid.count(job.last, until):
            first, job.last = job.grid.next(job.last), job.grid.latest(until)
            self._report(job, first, job.last, cause)

    def _report(self, job: _Job, first: datetime, last: datetime, cause: GapCause) -> None:
        if job.on_missed is None:
            log.warning("work skipped", work=job.name, slot_at=first.isoformat(), cause=cause)
            return
        gap = Gap(
            point=self._point,
            target=job.name,
            from_at=first,
            to_at=job.grid.next(last),
            slots=job.grid.count(first, last) + 1,
            cause=cause,
        )
        self._run(job.on_missed(gap))

    async def _watch_clock(self) -> None:
        while True:
            await self._clock.sleep(CLOCK_WATCH_S)
            self._mind_clock()

    def _wall_minus_monotonic_us(self) -> int:
        wall_us = round(self._clock.now().timestamp() * 1_000_000)
        return wall_us - self._clock.monotonic_us()

    def _mind_clock(self) -> None:
        """Adjust the jobs after the wall clock stepped, or the machine was suspended."""
        offset_us = self._wall_minus_monotonic_us()
        step_s = (offset_us - self._offset_us) / 1_000_000
        self._offset_us = offset_us
        if abs(step_s) < STEP_MIN_S:
            return
        log.warning("wall clock stepped", step_s=step_s)
        now = self._clock.now()
        for job in self._jobs.values():
            latest = job.grid.latest(now)
            if step_s > 0:
                # The latest slot is run now; those before it were missed.
                self._lose(job, latest - _INSTANT, GapCause.STOPPED)
            elif job.grid.count(latest, job.last) > 1:
                # Without this, no check would be made until the clock is where it was.
                job.last = latest
                self._move(job, job.grid.next(now))
        if self._scheduler.running:
            self._scheduler.wakeup()

    def _move(self, job: _Job, at: datetime) -> None:
        if self._scheduler.running:
            self._scheduler.modify_job(job.name, next_run_time=at)
