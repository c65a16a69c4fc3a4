"""The schedule: which slots are done, which are reported, through stalls and clock steps."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.model import Gap, GapCause
from monitor.core.scheduling.slots import Grid
from monitor.probe.schedule import GridTrigger, Schedule, Work
from monitor.runtime.clock import SystemClock
from tests.support.clock import FakeClock
from tests.support.schedule import FakeBell

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
GRID = Grid.of(interval_s=60)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class Bench:
    """A schedule with one work, `a`, due every minute, rung by hand or by a false bell."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.errors: list[BaseException] = []
        self.schedule = Schedule(self.clock, point="local", on_error=self.errors.append)
        self.bell = FakeBell(self.schedule, self.clock)
        self.done: list[datetime] = []
        self.gaps: list[Gap] = []
        self.lasts_s = 1.0

    async def work(self, slot: datetime) -> None:
        self.done.append(slot)
        await self.clock.sleep(self.lasts_s)

    async def lost(self, gap: Gap) -> None:
        self.gaps.append(gap)

    @property
    def accounts(self) -> list[tuple[float, float, int, GapCause]]:
        return [
            ((g.from_at - NOW).total_seconds(), (g.to_at - NOW).total_seconds(), g.slots, g.cause)
            for g in self.gaps
        ]

    @property
    def done_s(self) -> list[float]:
        return [(slot - NOW).total_seconds() for slot in self.done]


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """Give a bench whose bell is set, and stop it."""
    made = Bench()
    made.schedule.every("a", GRID, made.work, on_missed=made.lost)
    made.bell.start()
    await made.clock.advance(0)
    yield made
    draining = asyncio.create_task(made.schedule.drain(0))
    await made.clock.advance(0)
    await made.clock.advance(1)
    await draining
    await made.bell.stop()


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await scenario()

    asyncio.run(whole())


def test_work_is_done_on_the_grid_and_not_at_the_start() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.clock.advance(59)
            assert b.done == []
            await b.clock.advance(121)

            assert [60, 120, 180] == b.done_s
            assert b.gaps == []

    run(scenario)


def test_slots_that_come_while_the_work_runs_are_gaps() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.lasts_s = 150
            await b.clock.advance(330)

            assert [60, 240] == b.done_s
            assert [
                (120, 180, 1, GapCause.OVERRUN),
                (180, 240, 1, GapCause.OVERRUN),
                (300, 360, 1, GapCause.OVERRUN),
            ] == b.accounts

    run(scenario)


def test_a_bell_that_rings_late_does_the_latest_slot_and_reports_the_others() -> None:
    """A stalled loop: APScheduler rings once, whatever it missed, and says nothing."""

    async def scenario() -> None:
        made = Bench()
        made.schedule.every("a", GRID, made.work, on_missed=made.lost)
        made.schedule._jobs["a"].last = NOW
        await made.clock.advance(250)
        made.bell.ring("a")
        await made.clock.advance(5)

        assert [240] == made.done_s
        assert [(60, 240, 3, GapCause.OVERRUN)] == made.accounts

    run(scenario)


def test_a_bell_that_rings_early_by_the_wall_clock_does_the_slot_it_rings_for() -> None:
    """NTP slewed back between APScheduler's reading of the clock and ours."""

    async def scenario() -> None:
        made = Bench()
        made.schedule.every("a", GRID, made.work, on_missed=made.lost)
        made.schedule._jobs["a"].last = NOW
        await made.clock.advance(59.999)
        made.bell.ring("a")
        await made.clock.advance(0)
        await made.clock.advance(5)

        assert [60] == made.done_s
        assert made.gaps == []

    run(scenario)


def test_a_machine_that_slept_reports_what_it_missed_and_does_the_latest_slot() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.clock.advance(62)
            b.clock.step_wall(3600)
            b.bell.ring("a")
            await b.clock.advance(10)

            assert [60, 3660] == b.done_s
            assert [(120, 3660, 59, GapCause.STOPPED)] == b.accounts

    run(scenario)


def test_a_year_missed_is_one_gap() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.clock.step_wall(365 * 86_400)
            b.bell.ring("a")
            await b.clock.advance(10)

            assert [365 * 1440 - 1] == [gap.slots for gap in b.gaps]

    run(scenario)


def test_a_small_step_back_repeats_no_slot() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.clock.advance(62)
            b.clock.step_wall(-30)
            b.schedule._mind_clock()
            b.bell.ring("a")
            await b.clock.advance(10)

            assert [60, 120] == b.done_s
            assert b.gaps == []

    run(scenario)


def test_a_long_step_back_begins_the_grid_again() -> None:
    """To wait for an hour until the clock is where it was would be blindness."""

    async def scenario() -> None:
        async with bench() as b:
            await b.clock.advance(62)
            b.clock.step_wall(-3600)
            b.schedule._mind_clock()
            b.bell.ring("a")
            await b.clock.advance(10)

            assert [60, -3480] == b.done_s
            assert b.gaps == []

    run(scenario)


def test_a_slew_is_not_a_step() -> None:
    async def scenario() -> None:
        async with bench() as b:
            for _ in range(30):
                await b.clock.advance(5)
                b.clock.step_wall(0.002)
                b.schedule._mind_clock()

            assert [60, 120] == b.done_s
            assert b.gaps == []

    run(scenario)


def test_an_error_of_the_work_is_told_once_and_the_next_slot_is_done() -> None:
    async def scenario() -> None:
        async with bench() as b:
            failure = RuntimeError("disk full")

            async def broken(slot: datetime) -> None:
                b.done.append(slot)
                raise failure

            b.schedule._jobs["a"].work = broken
            await b.clock.advance(121)

            assert [60, 120] == b.done_s
            assert [failure, failure] == b.errors

    run(scenario)


def test_a_name_is_used_once() -> None:
    made = Bench()
    made.schedule.every("a", GRID, made.work)

    with pytest.raises(ValueError, match="'a' twice"):
        made.schedule.every("a", GRID, made.work)


def test_upkeep_without_an_account_loses_its_slots_in_the_log_only() -> None:
    async def scenario() -> None:
        made = Bench()
        made.schedule.every("upkeep", GRID, made.work)
        made.bell.start()
        made.lasts_s = 100
        await made.clock.advance(0)
        await made.clock.advance(200)

        assert [60, 180] == made.done_s
        assert made.gaps == []
        await made.bell.stop()

    run(scenario)


def test_a_recheck_is_made_once_after_its_delay() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.schedule.once("recheck", 10, b.work)
            b.schedule.once("recheck", 20, b.work)
            await b.clock.advance(0)
            await b.clock.advance(25)
            assert [10] == b.done_s
            b.schedule.once("recheck", 10, b.work)
            await b.clock.advance(0)
            await b.clock.advance(12)
            assert [10, 35] == b.done_s

    run(scenario)


def test_a_drain_lets_what_runs_end_and_begins_nothing() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.lasts_s = 20
            b.schedule.once("recheck", 65, b.work)
            await b.clock.advance(0)
            await b.clock.advance(61)
            draining = asyncio.create_task(b.schedule.drain(30))
            await b.clock.advance(0)
            b.schedule.once("late", 1, b.work)
            assert not draining.done()
            await b.clock.advance(25)

            assert at(61) == await draining
            assert [60] == b.done_s
            assert b.gaps == []

    run(scenario)


def test_a_drain_that_takes_too_long_cancels_and_accounts_for_the_slot() -> None:
    async def scenario() -> None:
        async with bench() as b:
            b.lasts_s = 1_000
            await b.clock.advance(61)
            draining = asyncio.create_task(b.schedule.drain(5))
            await b.clock.advance(0)
            await b.clock.advance(6)

            assert at(61) == await draining
            assert [(60, 120, 1, GapCause.STOPPED)] == b.accounts
            assert b.errors == []

    run(scenario)


def test_the_trigger_rings_on_the_grid_and_once_for_all_the_past() -> None:
    trigger = GridTrigger(GRID)

    assert trigger.get_next_fire_time(None, at(1)) == at(60)
    assert trigger.get_next_fire_time(at(60), at(60)) == at(120)
    assert trigger.get_next_fire_time(at(60), at(1e8)) == GRID.latest(at(1e8))


# With APScheduler itself and the machine's clock: no speed is asserted.


def real(works: dict[str, Work], *, seconds: float, enough: Callable[[], bool]) -> list[Gap]:
    """Run a real schedule of grids of 50 ms until `enough`, or for `seconds` at most."""
    gaps: list[Gap] = []

    async def lost(gap: Gap) -> None:
        gaps.append(gap)

    async def whole() -> None:
        clock = SystemClock()
        errors: list[BaseException] = []
        schedule = Schedule(clock, point="local", on_error=errors.append)
        for name, work in works.items():
            schedule.every(name, Grid.of(interval_s=0.05), work, on_missed=lost)
        schedule.start(clock.now())
        deadline_us = clock.monotonic_us() + round(seconds * 1_000_000)
        while not enough() and clock.monotonic_us() < deadline_us:
            await clock.sleep(0.01)
        await schedule.drain(10)
        assert errors == []

    asyncio.run(whole())
    return gaps


def test_apscheduler_rings_on_the_grid_and_every_slot_is_accounted_for() -> None:
    done: list[datetime] = []

    async def work(slot: datetime) -> None:
        done.append(slot)
        # Now and then longer than the interval: APScheduler skips, and says so.
        await asyncio.sleep(0.12 if len(done) == 2 else 0)

    gaps = real({"a": work}, seconds=30, enough=lambda: len(done) >= 8)

    grid = Grid.of(interval_s=0.05)
    lost = [slot for gap in gaps for slot in grid.between(gap.from_at, gap.to_at)]
    assert len(done) >= 8
    assert {GapCause.OVERRUN} == {gap.cause for gap in gaps}
    assert len(lost) == sum(gap.slots for gap in gaps)
    every = list(grid.between(min(done), max(*done, *lost) + timedelta(microseconds=1)))
    assert every == sorted([*done, *lost])


def test_a_slot_whose_bell_is_late_when_the_service_stops_is_reported() -> None:
    """The end of a run is the instant since which nothing was begun: before it, all is told."""

    async def scenario() -> None:
        async with bench() as b:
            await b.bell.stop()
            await b.clock.advance(130)
            ended_at = await b.schedule.drain(1)

            assert ended_at == at(130)
            assert b.done_s == []
            assert b.accounts == [(60, 180, 2, GapCause.STOPPED)]

    run(scenario)


def test_a_slot_at_the_very_start_belongs_to_the_run() -> None:
    async def scenario() -> None:
        schedule = Schedule(FakeClock(NOW), point="local", on_error=lambda _: None)
        done: list[datetime] = []
        rung = asyncio.Event()

        async def work(slot: datetime) -> None:
            done.append(slot)
            rung.set()

        schedule.every("a", GRID, work)
        schedule.start(NOW)
        await rung.wait()
        await schedule.drain(1)

        assert done == [NOW]

    run(scenario)


def test_a_bell_that_rings_while_the_service_stops_begins_nothing() -> None:
    async def scenario() -> None:
        async with bench() as b:
            await b.clock.advance(59)
            draining = asyncio.create_task(b.schedule.drain(10))
            await b.clock.advance(2)
            b.bell.ring("a")
            await b.clock.advance(9)
            await draining

            assert b.done_s == []
            assert b.accounts == []

    run(scenario)
