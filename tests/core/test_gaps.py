"""Slots that nobody did, and why."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import Gap, GapCause, Run
from monitor.core.outages.gaps import gap, merged, missing, stops
from monitor.core.scheduling.slots import Grid

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MINUTE = Grid.of(interval_s=60)
PLAN = {"a": MINUTE, "b": Grid.of(interval_s=60, phase_s=30)}


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def run(start: float, alive: float, stop: float | None = None, point: str = "local") -> Run:
    return Run(
        point=point,
        started_at=at(start),
        alive_at=at(alive),
        stopped_at=None if stop is None else at(stop),
        version="1",
        config_sha256="",
        ruleset="1",
    )


def stopped(start: float, end: float, slots: int, target: str = "") -> Gap:
    return Gap(
        point="local",
        target=target,
        from_at=at(start),
        to_at=at(end),
        slots=slots,
        cause=GapCause.STOPPED,
    )


def test_time_between_two_runs_is_a_gap_of_every_target() -> None:
    runs = [run(10, 14, 15), run(0, 4, 5)]

    assert (stopped(5, 10, 10), stopped(15, 16, 2)) == stops(runs, PLAN, at(16), point="local")


def test_a_run_that_was_killed_ends_at_its_last_sign_of_life() -> None:
    assert (stopped(4, 6, 4),) == stops([run(0, 4), run(6, 9)], PLAN, at(9), point="local")


def test_a_restart_between_two_slots_loses_nothing() -> None:
    assert stops([run(0, 4.1, 4.1), run(4.4, 9)], PLAN, at(9), point="local") == ()


def test_runs_of_another_point_do_not_count() -> None:
    runs = [run(0, 4, 4), run(2, 9, point="lyon")]

    assert (stopped(4, 5, 2),) == stops(runs, PLAN, at(5), point="local")


def test_runs_that_overlap_are_taken_together() -> None:
    assert stops([run(0, 9, 9), run(1, 2, 2), run(8, 12)], PLAN, at(12), point="local") == ()


def test_a_slot_with_an_observation_or_a_gap_is_accounted_for() -> None:
    known = [gap(MINUTE, at(2), GapCause.PAUSED, point="local", target="a"), stopped(4, 5, 1)]

    slots = MINUTE.between(at(0), at(7))

    assert [at(3), at(5)] == list(missing(slots, {at(0), at(1), at(6)}, known))


def test_gaps_that_follow_each_other_are_joined_by_target_and_cause() -> None:
    def one(minute: int, cause: GapCause, target: str = "a") -> Gap:
        return gap(MINUTE, at(minute), cause, point="local", target=target)

    found = [
        one(2, GapCause.REFUSED),
        one(0, GapCause.REFUSED),
        one(1, GapCause.REFUSED),
        one(3, GapCause.PAUSED),
        one(3, GapCause.REFUSED, "b"),
        one(5, GapCause.REFUSED),
    ]

    assert [
        ("a", at(0), at(3), 3),
        ("a", at(3), at(4), 1),
        ("b", at(3), at(4), 1),
        ("a", at(5), at(6), 1),
    ] == [(g.target, g.from_at, g.to_at, g.slots) for g in merged(found)]


@settings(max_examples=50)
@given(
    lives=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), min_size=1, max_size=6),
    tail=st.integers(0, 60),
)
def test_each_slot_since_the_first_run_is_in_one_run_or_in_one_gap(
    lives: list[tuple[int, int]], tail: int
) -> None:
    runs = [run(start, start + length) for start, length in lives]
    first = min(r.started_at for r in runs)
    until = max(r.alive_at for r in runs) + timedelta(minutes=tail)
    found = stops(runs, PLAN, until, point="local")

    for grid in PLAN.values():
        for slot in grid.between(first, until):
            inside = any(r.started_at <= slot < r.alive_at for r in runs)
            assert inside + sum(g.from_at <= slot < g.to_at for g in found) == 1
    every = [slot for grid in PLAN.values() for slot in grid.between(first, until)]
    lost = [slot for slot in every if any(g.from_at <= slot < g.to_at for g in found)]
    assert len(lost) == sum(g.slots for g in found)
