"""The grid of slots and how targets are spread over it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import Kind, Target
from monitor.core.scheduling.slots import Grid, grids

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def target(slug: str, *, platform: str = "ide", interval_s: int = 1800) -> Target:
    url = f"https://{slug}.gouv.fr/"
    return Target(
        slug=slug, name=slug, url=url, kind=Kind.HOME, platform=platform, interval_s=interval_s
    )


any_grid = st.builds(Grid.of, interval_s=st.floats(0.001, 90_000), phase_s=st.floats(0, 100_000))
instants = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001 -- hypothesis wants naive bounds
    max_value=datetime(2040, 1, 1),  # noqa: DTZ001 -- hypothesis wants naive bounds
    timezones=st.just(UTC),
)


def test_slots_are_anchored_on_the_epoch_and_do_not_drift() -> None:
    grid = Grid.of(interval_s=300, phase_s=7)

    assert grid.latest(NOW) == NOW - timedelta(seconds=293)
    assert grid.next(NOW) == NOW + timedelta(seconds=7)
    assert grid.next(NOW + timedelta(seconds=7)) == NOW + timedelta(seconds=307)
    assert grid.next(NOW + timedelta(days=3650)) - grid.next(NOW) == timedelta(days=3650)


def test_a_day_without_a_whole_number_of_intervals_has_no_seam() -> None:
    grid = Grid.of(interval_s=7 * 60)

    found = list(grid.between(NOW, NOW + timedelta(days=2)))

    assert {timedelta(minutes=7)} == {b - a for a, b in pairwise(found)}


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least a microsecond"):
        Grid.of(interval_s=0)
    assert Grid.of(interval_s=1e-6).interval_us == 1


@given(grid=any_grid, now=instants)
def test_now_lies_between_the_latest_slot_and_the_next(grid: Grid, now: datetime) -> None:
    latest, following = grid.latest(now), grid.next(now)

    assert latest <= now < following
    assert (following - latest) // timedelta(microseconds=1) == grid.interval_us
    assert grid.latest(latest) == latest
    assert (latest - EPOCH) // timedelta(microseconds=1) % grid.interval_us == grid.phase_us


@settings(max_examples=60)
@given(grid=any_grid, since=instants, intervals=st.floats(0, 50))
def test_counting_slots_and_listing_them_agree(
    grid: Grid, since: datetime, intervals: float
) -> None:
    until = since + timedelta(microseconds=round(grid.interval_us * intervals))
    listed = list(grid.between(since, until))
    step = timedelta(microseconds=1)

    assert listed == sorted(set(listed))
    assert all(since <= slot < until and grid.latest(slot) == slot for slot in listed)
    assert len(listed) == grid.count(since - step, until - step)
    assert grid.count(until, since) == 0


def test_targets_of_a_platform_are_spread_evenly_over_their_interval() -> None:
    plan = [target(f"prefecture-{number:02}") for number in range(90)]

    due = sorted(grid.next(NOW) for grid in grids(plan).values())

    assert {timedelta(seconds=20)} == {b - a for a, b in pairwise(due)}


def test_two_intervals_of_a_platform_do_not_meet() -> None:
    plan = [target(f"a{n}", interval_s=60) for n in range(3)]
    plan += [target(f"b{n}", interval_s=300) for n in range(3)]

    slots = [
        slot
        for grid in grids(plan).values()
        for slot in grid.between(NOW, NOW + timedelta(minutes=5))
    ]

    assert len(slots) == len(set(slots)) == 18


def test_the_order_of_the_list_and_other_platforms_move_nothing() -> None:
    plan = [target(f"p{n}") for n in range(7)]
    other = [target(f"q{n}", platform="anef", interval_s=60) for n in range(5)]

    assert grids(plan) == {t.slug: grids([*other, *reversed(plan)])[t.slug] for t in plan}


def test_platforms_do_not_all_begin_at_one_instant() -> None:
    plan = [target(f"t{n}", platform=f"lane-{n}", interval_s=20) for n in range(50)]

    phases = sorted(grid.phase_us for grid in grids(plan).values())

    assert len(set(phases)) == 50
    assert max(b - a for a, b in pairwise(phases)) < 5_000_000


def test_another_version_of_the_program_gives_the_same_slots() -> None:
    """Slots that moved would leave gaps behind them."""
    found = grids(
        [target("a"), target("b"), target("c", interval_s=600), target("d", platform="x")]
    )

    assert {slug: grid.phase_us for slug, grid in found.items()} == {
        "a": 682_127_884,
        "b": 1_582_127_884,
        "c": 154_751_923,
        "d": 990_419_896,
    }
