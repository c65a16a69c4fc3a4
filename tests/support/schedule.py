"""Rings a `Schedule` by a clock driven by hand, as APScheduler would by the machine's."""

import asyncio
from types import SimpleNamespace

from monitor.probe.schedule import Schedule, _Job
from tests.support.clock import FakeClock


class FakeBell:
    """Keeps APScheduler's promises: one instance of each work at a time, else an event."""

    def __init__(self, schedule: Schedule, clock: FakeClock) -> None:
        self._schedule = schedule
        self._clock = clock
        self._ringing: dict[str, asyncio.Task[None]] = {}
        self._bells: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Call it after `every`, in place of `Schedule.start`."""
        now = self._clock.now()
        for job in self._schedule._jobs.values():
            job.last = job.grid.latest(now)
            self._bells.append(asyncio.create_task(self._bell(job)))

    async def _bell(self, job: _Job) -> None:
        while True:
            now = self._clock.now()
            await self._clock.sleep((job.grid.next(now) - now).total_seconds())
            self.ring(job.name)

    def ring(self, name: str) -> None:
        """Ring once for this work, whatever the time."""
        ringing = self._ringing.get(name)
        if ringing is not None and not ringing.done():
            self._schedule._skipped(SimpleNamespace(job_id=name))
        else:
            job = self._schedule._jobs[name]
            self._ringing[name] = asyncio.create_task(self._schedule._ring(job))

    async def stop(self) -> None:
        tasks = [*self._bells, *self._ringing.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
