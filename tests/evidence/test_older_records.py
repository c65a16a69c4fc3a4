"""Of a record older than its journal, only what began before a page's first leaf is in doubt.

Both implementations read the same leaves: the one of the service, and the stranger's.
"""

import asyncio
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from monitor.core.journal.replay import EDGES, REFERENCES, Replay, ReplayError
from tests.evidence.test_verifier_order import changed, honest
from tests.evidence.test_verifier_slots import judged
from tests.evidence.test_verifier_story import Leaves, exported, of, packed, without
from tests.support.databases import sqlite_template
from tests.support.service_days import open_store, outcomes
from tests.support.stranger import run_verifier

__all__ = ["sqlite_template"]

CHECKS = 18


def replayed(leaves: Leaves) -> tuple[list[str], int]:
    """Return what the service's own replay refuses, and how many edges it takes on trust."""
    replay, found = Replay(), []

    def noted(work: Callable[[], object]) -> None:
        try:
            work()
        except ReplayError as error:
            found.append(str(error))

    for index, leaf in enumerate(leaves):
        if leaf["type"] == "origin":
            replay.begin(leaf)
        elif leaf["type"] in REFERENCES:
            replay.remember(index, leaf)
        elif leaf["type"] == "observation":
            noted(replay.settle)
            replay.observation(index, leaf)
        elif leaf["type"] in EDGES:
            noted(lambda leaf=leaf: replay.edge(leaf))  # type: ignore[misc] # bound now
    noted(replay.settle)
    return found, replay.on_trust


# What a check leaves in the journal.
OF_CHECKS = frozenset({"observation", "rendering", *EDGES})


def both(leaves: Leaves) -> tuple[list[str], int]:
    """Return what the verifier refuses of outages, which the replay refuses too."""
    story = judged(leaves)
    about_outages = [fault for fault in story.faults if "indisponibilité" in fault]
    refused, trusted = replayed(leaves)
    assert len(refused) == len(about_outages), (refused, about_outages)
    assert trusted == story.on_trust["edges"]
    return story.faults, trusted


def older(leaves: Leaves, rows: int = 1) -> Leaves:
    return [{**leaves[0], "rows_before": {**leaves[0]["rows_before"], "observation": rows}},
            *leaves[1:]]  # fmt: skip


def cut(leaves: Leaves, checks: int) -> Leaves:
    """Return the journal of a record whose first checks have no leaf."""
    seen = of(leaves, "observation")
    first = seen[checks] if checks < len(seen) else len(leaves)
    gone = [index for index in range(first) if leaves[index]["type"] in OF_CHECKS]
    return older(without(leaves, *gone), checks) if checks else leaves


def recorded(weather: str, template: Path, folder: Path) -> Leaves:
    path = Path(shutil.copy(template, folder / "vigie.sqlite"))
    with open_store(f"sqlite:///{path}") as store:
        for outcome in outcomes([("accueil", weather)]):
            asyncio.run(store.record(outcome))
        return [json.loads(leaf) for leaf in store.leaves(0, store.leaf_count())]


@pytest.mark.parametrize("seed", range(8))
def test_a_journal_that_starts_at_any_check_is_accepted(
    seed: int, sqlite_template: Path, tmp_path: Path
) -> None:
    dice = random.Random(seed)  # noqa: S311 -- a test's dice
    weather = "".join(dice.choice("..xxx?") * dice.randint(1, 4) for _ in range(CHECKS))[:CHECKS]
    leaves = recorded(weather, sqlite_template, tmp_path)
    assert len(of(leaves, "observation")) == CHECKS

    for checks in range(CHECKS):
        faults, _ = both(cut(leaves, checks))
        assert not faults, (weather, checks, faults)


def test_a_journal_that_starts_in_the_middle_of_an_outage_is_accepted(tmp_path: Path) -> None:
    day = honest("day")  # of "connexion", minutes 9 to 15 fail; of "accueil", 2 to 6
    first = of(day, "observation", target="accueil")[4]
    gone = [n for n in range(first) if day[n]["type"] in OF_CHECKS]
    leaves = older(without(day, *gone))

    faults, trusted = both(leaves)
    assert not faults
    assert trusted >= 1
    code, output = run_verifier(exported(tmp_path / "copie", packed(leaves)))
    assert code == 0, output
    assert "d’avant ce journal" in output


def last(leaves: Leaves, **fields: str) -> int:
    return of(leaves, "outage", **fields)[-1]


FORGED: dict[str, Callable[[Leaves], Leaves]] = {
    "the last outage is never told": lambda it: without(
        it, last(it, edge="opened", target="connexion")
    ),
    "no end is told": lambda it: without(it, *of(it, "outage", edge="closed")),
    "no edge at all": lambda it: without(it, *of(it, "outage"), *of(it, "blip")),
    "50 failures": lambda it: changed(it, last(it, edge="opened"), checks=50),
    "an end with 50 failures": lambda it: changed(it, last(it, edge="closed"), checks=50),
    "a blip that began earlier": lambda it: changed(
        it, of(it, "blip")[0], first_at="2026-11-23T07:00:00.000000Z"
    ),
    "an outage that began in the journal, made older": lambda it: changed(
        it, of(it, "outage", edge="opened")[0], first_fail_at="2026-11-23T08:00:30.000000Z"
    ),
    "a good check that nobody made": lambda it: changed(
        it, last(it, edge="opened"), last_ok_at="2026-11-23T07:59:00.000000Z"
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_record_told_to_be_older_hides_nothing_that_began_later(
    name: str, tmp_path: Path
) -> None:
    leaves = FORGED[name](older(honest("day")))

    faults, _ = both(leaves)
    assert faults
    code, output = run_verifier(exported(tmp_path / "copie", packed(leaves)))
    assert code == 1
    assert "ÉCHEC feuille " in output


def test_what_is_taken_on_trust_ends_with_the_outage_that_was_open(tmp_path: Path) -> None:
    """An opening that is not told claims an outage from before: its end must be told too."""
    day = older(honest("day"))
    opened = of(day, "outage", edge="opened", target="accueil")[0]
    leaves: list[dict[str, Any]] = without(day, opened)

    faults, _ = both(leaves)
    assert faults
    assert run_verifier(exported(tmp_path / "copie", packed(leaves)))[0] == 1
