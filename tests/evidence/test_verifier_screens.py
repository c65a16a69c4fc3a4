"""`verify/verifier.py` compares what a browser showed, by its leaf, with the bytes kept of it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.core.journal import encode
from monitor.core.model.rendering import recorded
from monitor.evidence.captures.capture_policy import Captures
from tests.evidence.test_verifier_captures import PLAN
from tests.support import mirror, outcomes, tsa
from tests.support.captured import ANSWERS, spoken
from tests.support.mirror import LOG, TARGET, Tree
from tests.support.outcomes import DEAD, SHOWN
from tests.support.stranger import run_verifier

WHEN = outcomes.at(0)
CHECK = 2  # the leaf of the check
Leaves = list[bytes]


def shown_leaf(**changes: Any) -> bytes:
    record = recorded(SHOWN, target="cible", point="local", at=WHEN)
    return json.dumps({**encode.rendering(record, observation=CHECK), **changes}).encode()


def write(folder: Path, change: Callable[[Leaves], Leaves]) -> Path:
    """Write a journal of one failed display whose bytes are kept, changed by its keeper."""
    exchange = replace(spoken(WHEN, ANSWERS["plain"]), rendering=SHOWN)
    seen = outcomes.observation("cible", WHEN, DEAD, exchange=exchange)
    captures = Captures(folder / "captures", software="essai/1", clock_limit_us=0)
    (kept,) = asyncio.run(captures.keep(TARGET, seen, known_good=True, in_outage=False))
    late_us = (WHEN - seen.slot_at) // timedelta(microseconds=1)
    check = mirror.leaf(
        "observation", setup=0, plan=1, target="cible", at=encode.instant(WHEN),
        verdict="down", reason=DEAD.reason.value, late_us=late_us,
    )  # fmt: skip
    leaves = change(
        [
            mirror.leaf("setup", point=kept.point, config_sha256=outcomes.CONFIG),
            mirror.leaf("target", **{"slug": "cible", **PLAN}),
            check,
            mirror.capture_leaf(kept),
            shown_leaf(),
        ]
    )
    tree = Tree(leaves)
    tree.write(folder / "journal", len(leaves))
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(len(leaves)))
    mirror.put(folder / "cles.txt", f"log {LOG.verifier}\n".encode())
    mirror.put(folder / "racines.pem", tsa.issue("Racine").pem)
    mirror.list_files(folder)
    return folder


def test_a_display_and_its_copy_that_agree_are_accepted(tmp_path: Path) -> None:
    code, output = run_verifier(write(tmp_path / "copie", lambda leaves: leaves))
    assert code == 0, output
    assert "1 relevé dont les octets concordent" in output
    assert "ne sait pas lire" not in output
    assert "ne désigne" not in output  # no record of the copy is astray


DIGEST = "0" * 64
FORGED: dict[str, tuple[Callable[[Leaves], Leaves], str]] = {
    "another picture": (
        lambda leaves: [
            *leaves[:4],
            shown_leaf(files={"picture": {"sha256": DIGEST, "bytes": 3}}),
        ],
        "n’a pas l’affichage de sa feuille",
    ),
    "no digest": (
        lambda leaves: [*leaves[:4], shown_leaf(files={"tree": {"sha256": "x", "bytes": 1}})],
        "mal formée",
    ),
    "twice": (lambda leaves: [*leaves, leaves[4]], "un autre affichage du relevé 2"),
    "before the copy": (
        lambda leaves: [*leaves[:3], leaves[4], leaves[3]],
        "n’est pas à la suite de son relevé",
    ),
    "another check": (
        lambda leaves: [*leaves[:4], shown_leaf(observation=1)],
        "nomme un autre relevé",
    ),
    "another page": (
        lambda leaves: [*leaves[:4], shown_leaf(target="autre")],
        "n’est pas à la suite de son relevé",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_display_that_its_copy_or_its_place_denies_is_refused(name: str, tmp_path: Path) -> None:
    change, refusal = FORGED[name]
    code, output = run_verifier(write(tmp_path / "copie", change))
    assert code == 1
    assert refusal in output
