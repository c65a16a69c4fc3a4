"""`verifier.py` proves from the leaves that each slot of each run is a check or in a gap."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.core.journal.decode import gap_from, read_instant
from monitor.core.model import GapCause, Outcome
from monitor.core.outages.gaps import gap, missing
from monitor.core.scheduling.slots import Grid
from monitor.probe.missed_slots import missed_slots
from monitor.store import Store
from tests.evidence.test_verifier_story import Leaves, exported, of, packed, without
from tests.support.databases import sqlite_template
from tests.support.outcomes import CONFIG, a_run, at, outcome, panel
from tests.support.stranger import run_verifier, verifier

__all__ = ["sqlite_template"]

MINUTE = Grid.of(interval_s=60, phase_s=1)
OTHER = Grid.of(interval_s=60, phase_s=20)
SLOW = Grid.of(interval_s=90, phase_s=7)
BEFORE = {"anef": MINUTE, "sso": OTHER}
AFTER = {"anef": SLOW, "new": MINUTE}
LATE_S = 0.25


def seen(target: str, slot_s: float, *, late_s: float = LATE_S) -> Outcome:
    made = outcome(target, at(slot_s + late_s))
    return replace(made, check=replace(made.check, slot_at=at(slot_s)))


class Service:
    """Records what a service would that has these plans, one life after the other."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def start(self, now_s: float, plan: Mapping[str, Grid], config: str = CONFIG) -> None:
        now = at(now_s)
        begun = a_run(now, config_sha256=config)
        await self.store.start_run(
            begun, missed_slots(self.store, plan, now, config_sha256=config), plan
        )
        self.plan = plan

    async def live(self, since_s: int, until_s: int, *, paused: tuple[str, ...] = ()) -> None:
        """Do every slot in [since, until), with a round each minute."""
        for second in range(since_s, until_s):
            if second % 60 == 0:
                await self.store.record_round(panel(at(second)), None)
            for slug, grid in self.plan.items():
                if grid.latest(at(second)) != at(second):
                    continue
                if slug in paused:
                    lost = gap(grid, at(second), GapCause.PAUSED, point="local", target=slug)
                    await self.store.record_gap(lost)
                else:
                    await self.store.record(seen(slug, second))


async def life(store: Store) -> None:
    """Three runs: a pause and a recheck, a kill, other targets and intervals, a clock set back."""
    service = Service(store)
    await service.start(0, BEFORE)
    await service.live(0, 300)
    await store.record(seen("anef", 310.5, late_s=0))  # a recheck: no plan wanted it
    await service.live(300, 480, paused=("sso",))
    # Killed there; its plan is the same afterwards.
    await service.start(700, BEFORE)
    await service.live(700, 1000)
    await store.stop_run(at(1000))
    # One goes, one comes, one is asked less often.
    await service.start(1300, AFTER, config="ab" * 32)
    await service.live(1300, 1800)
    # Its clock is set back by ten minutes: those slots come again.
    for outcome_ in (seen("anef", 1267, late_s=0.5), seen("new", 1261, late_s=0.5)):
        await store.record(outcome_)
    await store.record_round(panel(at(1262)), None)
    await store.record_round(panel(at(1290)), None)
    await store.stop_run(at(1299))
    # It starts again while its clock is behind, and stays so for a while.
    await service.start(1850, AFTER, config="ab" * 32)
    await service.live(1850, 2000)
    await store.stop_run(at(2000))


def recorded(work: Callable[[Store], Awaitable[None]], template: Path, folder: Path) -> Leaves:
    """Return the leaves of what `work` records."""
    path = Path(shutil.copy(template, folder / "vigie.sqlite"))

    async def done(store: Store) -> None:
        await work(store)

    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as store:
        asyncio.run(done(store))
        return [json.loads(leaf) for leaf in store.leaves(0, store.leaf_count())]


@pytest.fixture(scope="module")
def record(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Leaves:
    return recorded(life, sqlite_template, tmp_path_factory.mktemp("vie"))


def judged(leaves: Leaves) -> Any:
    """Have the verifier read these leaves, their signatures aside."""
    story = verifier().Story([], [])
    for index, leaf in enumerate(packed(leaves)):
        story.tell(index, leaf, Path("journal"))
    story.end()
    return story


def unaccounted(leaves: Leaves) -> list[tuple[datetime, str]]:
    """Return, by the service's own functions, the slots that are no check and in no gap."""
    checks = [leaves[index] for index in of(leaves, "observation")]
    gaps = [gap_from(leaves[index]) for index in of(leaves, "gap")]
    found: list[tuple[datetime, str]] = []
    for plan, since, until in ((BEFORE, 0, 1000), (AFTER, 1000, 2000)):
        for slug, grid in plan.items():
            seen_at = {
                read_instant(check["at"]) - timedelta(microseconds=check["late_us"])
                for check in checks
                if check["target"] == slug
            }
            mine = [gap for gap in gaps if gap.target in {slug, ""}]
            slots = grid.between(at(since), at(until))
            found += [(slot, slug) for slot in missing(slots, seen_at, mine)]
    return sorted(found)


def test_a_record_with_all_that_happens_to_a_service_is_accepted(
    record: Leaves, tmp_path: Path
) -> None:
    code, output = run_verifier(exported(tmp_path / "copie", packed(record)))

    assert code == 0, output
    assert "75 relevés prévus par les plans inscrits" in output
    assert "sauf 0 pris sur parole ; 0 démarrage sans plan inscrit" in output


def test_any_one_leaf_left_out_is_missed_and_the_first_slot_named(record: Leaves) -> None:
    missed = 0
    for index in (*of(record, "gap"), *of(record, "observation")):
        rest = without(record, index)
        lost, story = unaccounted(rest), judged(rest)
        assert bool(story.faults) == bool(lost), (record[index], story.faults)
        missed += bool(lost)
        if lost:
            slot, slug = lost[0]
            said = f"{slug} : ni relevé ni lacune pour"
            assert any(
                fault.startswith(said) and f"{slot:%d/%m/%Y à %H:%M:%S}" in fault
                for fault in story.faults
            ), story.faults

    # The others are checks of slots that came twice, or lie within a gap as well.
    assert missed >= 20


@pytest.mark.parametrize("kind", ["paused", "stopped"])
def test_a_journal_without_its_gaps_signed_anew_is_refused(
    kind: str, record: Leaves, tmp_path: Path
) -> None:
    rest = without(record, *of(record, "gap", cause=kind))

    code, output = run_verifier(exported(tmp_path / "copie", packed(rest)))

    assert code == 1
    assert "le journal est incomplet" in output


def test_what_another_plan_followed_is_counted_as_taken_on_trust(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """Killed, and started with another plan, which no longer knows the target in hand."""

    async def killed(store: Store) -> None:
        service = Service(store)
        await service.start(0, BEFORE)
        await service.live(0, 440)
        await store.record(
            seen("anef", 481)
        )  # when it was killed, "sso" was in hand since 08:07:20
        await service.start(700, AFTER)
        await service.live(700, 800)
        await store.stop_run(at(800))

    story = judged(recorded(killed, sqlite_template, tmp_path))

    assert not story.faults
    assert story.trusted == 1


def test_the_last_run_may_have_slots_in_hand(record: Leaves) -> None:
    """It goes on, or was killed and not started since: what it holds is said at its next start."""
    second = of(record, "run", edge="start")[1]
    story = judged(record[:second])

    assert not story.faults
    assert story.planned == 15  # two targets, seven minutes, and the first of the eighth


def test_runs_whose_plan_is_not_in_the_journal_are_counted(record: Leaves) -> None:
    older = [{name: value for name, value in leaf.items() if name != "plans"} for leaf in record]
    story = judged(older)

    assert not story.faults
    assert story.planned == 0


@pytest.mark.parametrize(
    "slots",
    [{"anef": [0, 0]}, {"anef": [60, 60]}, {"anef": [60]}, {"anef": 60}, {"anef": [60, -1]}, []],
)
def test_a_plan_that_is_none_is_refused(slots: object, record: Leaves) -> None:
    spoilt = [{**leaf, "slots": slots} if leaf["type"] == "plan" else leaf for leaf in record]

    assert any("plan" in fault for fault in judged(spoilt).faults)
