"""`verifier.py` refuses gaps, slots and leaves that a dishonest keeper of the key moved.

The journals in vectors/honest-*.jsonl.gz were written by the service itself, at the commit that
added them: a scenario of sites that fail, one day, and several lives of a service with its
clock set back. They must stay good.
"""

import copy
import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.core.journal.decode import read_instant
from monitor.core.journal.encode import instant
from tests.evidence.test_verifier_slots import judged
from tests.evidence.test_verifier_story import Leaves, exported, of, packed, told, without
from tests.support.mirror import LOG
from tests.support.stranger import run_verifier

VECTORS = Path(__file__).parent / "vectors"


def honest(name: str) -> Leaves:
    data = gzip.decompress((VECTORS / f"honest-{name}.jsonl.gz").read_bytes())
    return [json.loads(line) for line in data.splitlines()]


@pytest.fixture(scope="module")
def lives() -> Leaves:
    return honest("lives")


@pytest.fixture(scope="module")
def demo() -> Leaves:
    return honest("demo")


@pytest.mark.parametrize("name", ["demo", "day", "lives"])
def test_a_journal_that_the_service_wrote_before_is_good(name: str, tmp_path: Path) -> None:
    whole = honest(name)
    found = told(exported(tmp_path / "copie", packed(whole)))

    assert found["ok"], found["faults"]
    assert not judged(whole).faults


def first_gap(leaves: Leaves, *, whole: bool) -> int:
    return next(index for index in of(leaves, "gap") if ("target" not in leaves[index]) is whole)


def changed(leaves: Leaves, index: int, **fields: Any) -> Leaves:
    return [*leaves[:index], {**leaves[index], **fields}, *leaves[index + 1 :]]


def moved_to_end(leaves: Leaves, index: int) -> Leaves:
    """Take a leaf that nothing names from its place, and put it last in the same run."""
    rest = without(leaves, index)
    stop = of(rest, "run", edge="stop")
    place = next((at for at in stop if at > index), len(rest))
    return inserted(rest, place, leaves[index])


def inserted(leaves: Leaves, place: int, *more: Any) -> Leaves:
    """Put leaves in, and set right every index that names a later one."""

    def moved(value: Any, name: str) -> Any:
        names = {"observation", "setup", "plan", "plans", "conditions", "panel", "start"}
        if isinstance(value, dict):
            return {key: moved(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [moved(one, name) for one in value]
        if name in names and isinstance(value, int) and value >= place:
            return value + len(more)
        return value

    return [*leaves[:place], *more, *(moved(leaf, "") for leaf in leaves[place:])]


def later(leaf: dict[str, Any], second: float) -> dict[str, Any]:
    """Return a check of the same slot, begun some seconds later."""
    us = round(second * 1_000_000)
    head, _, rest = leaf["at"].partition(".")
    at = f"{head}.{int(rest[:6]) + us % 1_000_000:06}Z"
    assert us < 1_000_000 - int(rest[:6])
    return {**leaf, "at": at, "late_us": leaf["late_us"] + us}


FORGED: dict[str, Callable[[Leaves], Leaves]] = {
    "a gap of one slot told as 50": lambda it: changed(it, first_gap(it, whole=False), slots=50),
    "an absence told as 1": lambda it: changed(it, first_gap(it, whole=True), slots=1),
    "an absence told as 9999": lambda it: changed(it, first_gap(it, whole=True), slots=9999),
    "a gap off the grid": lambda it: changed(
        it,
        first_gap(it, whole=False),
        from_at=it[first_gap(it, whole=False)]["from_at"][:-7] + "123456Z",
    ),
    "a gap of a page that no plan names": lambda it: changed(
        it, first_gap(it, whole=False), target="autre"
    ),
    "an absence told twice": lambda it: inserted(
        it, first_gap(it, whole=True) + 1, it[first_gap(it, whole=True)]
    ),
    "an absence told later": lambda it: inserted(
        without(it, first_gap(it, whole=True)),
        of(it, "run", edge="start")[-1],
        it[first_gap(it, whole=True)],
    ),
    "one slot twice": lambda it: inserted(
        it, of(it, "observation")[3] + 1, later(it[of(it, "observation")[3]], 0.5)
    ),
    "a check appended at the end": lambda it: moved_to_end(it, of(it, "observation")[2]),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_slot_told_otherwise_is_refused_and_named(
    name: str, lives: Leaves, tmp_path: Path
) -> None:
    code, output = run_verifier(
        exported(tmp_path / "copie", packed(FORGED[name](copy.deepcopy(lives))))
    )

    assert code == 1
    assert "ÉCHEC feuille " in output, output


def test_a_check_of_an_earlier_run_appended_at_the_end_is_refused(lives: Leaves) -> None:
    check = lives[of(lives, "observation")[2]]
    forged = [*without(lives, of(lives, "observation")[2]), check]

    assert any("n’est pas à sa place" in fault for fault in judged(forged).faults)


def test_slots_that_come_again_after_the_clock_went_back_are_counted(
    lives: Leaves, tmp_path: Path
) -> None:
    code, output = run_verifier(exported(tmp_path / "copie", packed(lives)))

    assert code == 0, output
    backwards = judged(lives).on_trust["backwards"]
    assert backwards >= 1
    assert f"PRIS SUR PAROLE {backwards} relevé" in output


def without_plans(leaves: Leaves) -> Leaves:
    return [{name: value for name, value in leaf.items() if name != "plans"} for leaf in leaves]


def test_a_gap_without_a_plan_is_counted_by_the_pace_of_its_page(demo: Leaves) -> None:
    older = without_plans(demo)
    assert not judged(older).faults
    forged = changed(older, of(older, "gap", target="rendez-vous")[0], slots=50)
    assert any("cadence" in fault for fault in judged(forged).faults)


def test_a_gap_that_nothing_counts_is_taken_on_trust(lives: Leaves, tmp_path: Path) -> None:
    story = judged(without_plans(lives))
    assert not story.faults
    assert story.on_trust["gaps"] == len(of(lives, "gap"))

    found = told(exported(tmp_path / "copie", packed(without_plans(lives))))
    assert any(line.startswith(f"{story.on_trust['gaps']} lacunes") for line in found["on_trust"])


OUT_OF_ORDER: dict[str, Callable[[Leaves], Leaves]] = {
    "a capture elsewhere": lambda it: [
        *without(it, of(it, "capture")[0]), it[of(it, "capture")[0]]
    ],
    "a change elsewhere": lambda it: [*without(it, of(it, "change")[0]), it[of(it, "change")[0]]],
    "a change of another check": lambda it: changed(
        it, of(it, "change")[3], observation=of(it, "observation")[0]
    ),
    "a change before its capture": lambda it: swapped(it, of(it, "change")[0]),
    "an edge apart from its check": lambda it: inserted(
        it, of(it, "outage")[0], it[of(it, "round")[0]]
    ),
    "a capture of another page": lambda it: changed(it, of(it, "capture")[0], target="autre"),
}  # fmt: skip


def swapped(leaves: Leaves, index: int) -> Leaves:
    assert leaves[index - 1]["type"] == "capture"
    return [*leaves[: index - 1], leaves[index], leaves[index - 1], *leaves[index + 1 :]]


@pytest.mark.parametrize("name", OUT_OF_ORDER)
def test_what_follows_from_a_check_stands_right_after_it(name: str, demo: Leaves) -> None:
    faults = judged(OUT_OF_ORDER[name](copy.deepcopy(demo))).faults

    assert any("relevé" in fault and fault.startswith("feuille ") for fault in faults), faults


def test_a_check_that_a_gap_says_was_not_made_is_counted(lives: Leaves) -> None:
    check = lives[of(lives, "observation", target="anef")[2]]
    paused = lives[of(lives, "gap", cause="paused")[0]]
    slot = read_instant(check["at"]) - timedelta(microseconds=check["late_us"])
    more = {
        **paused,
        "target": "anef",
        "from_at": instant(slot),
        "to_at": instant(slot + timedelta(minutes=1)),
        "slots": 1,
    }
    place = of(lives, "observation", target="anef")[3]

    assert judged(lives).on_trust["both"] == 0
    assert judged(inserted(lives, place, more)).on_trust["both"] == 1


@pytest.mark.parametrize("forged", [True, False])
def test_vigie_verify_asks_the_same_of_a_journal_alone(
    lives: Leaves, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, forged: bool
) -> None:
    leaves = FORGED["an absence told as 1"](lives) if forged else lives
    journal = exported(tmp_path / "copie", packed(leaves)) / "journal"

    code = main(["verify", str(journal), "--key", str(LOG.verifier)])
    output = capsys.readouterr().out

    assert code == forged
    assert ("la lacune dit 1 relevé non fait" in output) is forged
    assert "l’horloge avait reculé" in output


TWICE: dict[str, Callable[[Leaves], int]] = {
    "a round": lambda it: of(it, "round")[2],
    "a start": lambda it: of(it, "run", edge="start")[-1],
    "a copy": lambda it: of(it, "capture")[4],
    "a change": lambda it: of(it, "change")[4],
}


@pytest.mark.parametrize("name", TWICE)
def test_nothing_is_told_twice(name: str, demo: Leaves) -> None:
    index = TWICE[name](demo)
    faults = judged(inserted(demo, index + 1, demo[index])).faults

    assert any(fault.startswith(f"feuille {index + 1} : ") for fault in faults), faults


def test_a_run_ends_once(lives: Leaves) -> None:
    stop = of(lives, "run", edge="stop")[0]

    assert judged(inserted(lives, stop + 1, lives[stop])).faults
    assert judged([*lives, lives[stop]]).faults


def test_a_run_begins_or_ends(lives: Leaves) -> None:
    """Another word was taken for an end that nothing had begun."""
    stop = of(lives, "run", edge="stop")[0]
    faults = judged(changed(lives, stop, edge="starT")).faults

    assert any("(run) est mal formée" in fault for fault in faults), faults


def test_a_gap_told_twice_and_a_round_after_later_ones_are_counted(lives: Leaves) -> None:
    twice = first_gap(lives, whole=False)
    story = judged(inserted(lives, twice + 1, lives[twice]))
    assert story.on_trust["twice"] == judged(lives).on_trust["twice"] + 1

    late = of(lives, "round")[-3]
    story = judged([*without(lives, late), lives[late]])
    assert story.on_trust["rounds"] == judged(lives).on_trust["rounds"] + 1


def test_a_change_left_out_shows_at_the_next_one(demo: Leaves) -> None:
    later = next(n for n in of(demo, "change") if "before" in demo[n])
    left = demo[later]["before"]["first_at"]
    came = next(n for n in of(demo, "change") if demo[n].get("after", {}).get("first_at") == left)

    faults = judged(without(demo, came)).faults

    assert any("une feuille manque avant elle" in fault for fault in faults), faults
