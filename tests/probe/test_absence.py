"""Slots that nobody did because the service was not there: all of them, and no other."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from monitor.core.model import GapCause, Outcome
from monitor.core.outages.gaps import gap
from monitor.core.scheduling.slots import Grid
from monitor.probe.missed_slots import missed_slots
from monitor.store import Store, StoreError
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.outcomes import CONFIG, a_run, at, outcome, panel

__all__ = ["database_url", "postgres", "sqlite_template"]  # fixtures

pytestmark = pytest.mark.anyio
GRID = Grid.of(interval_s=60, phase_s=1)  # slots at 08:00:01, 08:01:01 …
PLAN = {"anef": GRID}


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store.open(database_url, point="local", writer=True, rest_s=0) as opened:
        yield opened


def seen_at(slot_s: float, *, late_s: float) -> Outcome:
    made = outcome("anef", at(slot_s + late_s))
    return replace(made, check=replace(made.check, slot_at=at(slot_s)))


async def begin(store: Store) -> None:
    now = at(0)
    await store.start_run(a_run(now))


async def test_nothing_was_lost_before_the_first_run(store: Store) -> None:
    assert missed_slots(store, PLAN, at(600), config_sha256=CONFIG) == ()


async def test_a_killed_run_lost_the_slot_it_held_and_those_after_its_last_sign(
    store: Store,
) -> None:
    """Of 08:00:01 to 08:05:01: one seen, one known as a gap, one in hand, three unseen."""
    await begin(store)
    await store.record(seen_at(1, late_s=2))
    known = gap(GRID, at(61), GapCause.PAUSED, point="local", target="anef")
    await store.record_gap(known)
    await store.record_round(panel(at(150)), None)

    in_hand, away = missed_slots(store, PLAN, at(310), config_sha256=CONFIG)

    assert (in_hand.target, in_hand.cause) == ("anef", GapCause.STOPPED)
    assert (in_hand.from_at, in_hand.to_at, in_hand.slots) == (at(121), at(181), 1)
    assert (away.target, away.cause) == ("", GapCause.STOPPED)
    assert (away.from_at, away.to_at, away.slots) == (at(150), at(310), 3)


async def test_a_check_later_than_the_last_round_was_not_lost(store: Store) -> None:
    """The last sign of life is the later of the two."""
    await begin(store)
    await store.record_round(panel(at(0)), None)
    await store.record(seen_at(1, late_s=70))

    lost = missed_slots(store, PLAN, at(100), config_sha256=CONFIG)

    assert [(one.target, one.from_at, one.slots) for one in lost] == [("anef", at(61), 1)]


async def test_a_run_that_stopped_by_itself_accounted_for_what_it_held(store: Store) -> None:
    await begin(store)
    await store.stop_run(at(100))

    (away,) = missed_slots(store, PLAN, at(200), config_sha256=CONFIG)

    assert (away.target, away.from_at, away.to_at, away.slots) == ("", at(100), at(200), 2)


async def test_a_machine_that_slept_and_was_killed_when_it_woke_lost_the_whole_night(
    store: Store,
) -> None:
    """The first round after the sleep was recorded, the gap of the night was not."""
    await begin(store)
    await store.record(seen_at(1, late_s=2))
    night_s = 10 * 3600
    await store.record_round(panel(at(night_s)), None)

    lost = missed_slots(store, PLAN, at(night_s + 30), config_sha256=CONFIG)

    assert lost[0].from_at == at(61)
    assert sum(one.slots for one in lost) == night_s // 60


async def test_a_run_begins_with_all_that_was_lost_before_it_or_not_at_all(store: Store) -> None:
    await begin(store)
    good = gap(GRID, at(61), GapCause.STOPPED, point="local", target="")
    bad = replace(good, slots=None)  # type: ignore[arg-type] # what no database takes
    again = replace(store.runs()[-1], started_at=at(500), alive_at=at(500))
    leaves = store.leaf_count()

    with pytest.raises(StoreError):
        await store.start_run(again, [good, bad])

    assert [run.started_at for run in store.runs()] == [at(0)]
    assert store.gaps(at(0), at(10**6)) == ()
    assert store.leaf_count() == leaves


async def test_the_leaves_of_a_start_and_of_what_was_lost_follow_each_other(store: Store) -> None:
    await begin(store)
    good = gap(GRID, at(61), GapCause.STOPPED, point="local", target="")
    again = replace(store.runs()[-1], started_at=at(500), alive_at=at(500))

    await store.start_run(again, [good, replace(good, target="anef")])

    *_, start, one, other = map(json.loads, store.leaves(0, store.leaf_count()))
    assert [start["type"], one["type"], other["type"]] == ["run", "gap", "gap"]
    assert store.gaps(at(0), at(10**6)) != ()


async def test_no_gap_of_another_plan_covers_a_check(store: Store) -> None:
    """Checked each minute, killed; started again with slots every two minutes."""
    await begin(store)
    for slot_s in (1, 61, 121, 301):
        await store.record(seen_at(slot_s, late_s=2))
    other = {"anef": Grid.of(interval_s=120, phase_s=31)}

    lost = missed_slots(store, other, at(400), config_sha256="another")

    checks = [at(slot_s) for slot_s in (1, 61, 121, 301)]
    assert not [one for one in lost for check in checks if one.from_at <= check < one.to_at]
    assert at(151) in {one.from_at for one in lost}
