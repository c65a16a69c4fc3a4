"""`verify/verifier.py` compares what a copy says of its check with what the check's leaf says."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from monitor.core.model import Policy
from monitor.evidence.captures.capture_policy import Captures
from tests.support import mirror, outcomes, tsa
from tests.support.captured import ANSWERS, spoken
from tests.support.mirror import LOG, TARGET, VERIFIER, Tree
from tests.support.outcomes import DEAD

PLAN: dict[str, Any] = {
    "interval_s": TARGET.interval_s,
    "policy": {
        "failures": Policy().failures,
        "failing_s": Policy().failing_s,
        "successes": Policy().successes,
        "recovering_s": Policy().recovering_s,
        "silence_s": Policy().silence_s,
    },
}


def write(folder: Path, *, plan: dict[str, Any], **observation: Any) -> Path:
    """Write a journal of one failure whose bytes are kept, and what the forger says of it."""
    when = outcomes.at(0)
    seen = outcomes.outcome("cible", when, DEAD, exchange=spoken(when, ANSWERS["plain"]))
    captures = Captures(folder / "captures", software="essai/1", clock_limit_us=0)
    outcome = asyncio.run(captures.keep(TARGET, seen, known_good=True))
    kept = outcome.observation.capture
    assert kept is not None
    said = {"verdict": "down", "reason": DEAD.reason.value, **observation}
    tree = Tree(
        [
            mirror.leaf("setup", point=kept.point, config_sha256="0" * 64),
            mirror.leaf("target", slug="cible", **plan),
            mirror.leaf("observation", setup=0, plan=1, target="cible", late_us=0,
                        at=when.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), **said),
            mirror.capture_leaf(kept),
        ]
    )  # fmt: skip
    tree.write(folder / "journal", 4)
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(4))
    mirror.put(folder / "cles.txt", f"log {LOG.verifier}\n".encode())
    mirror.put(folder / "racines.pem", tsa.issue("Racine").pem)
    mirror.list_files(folder)
    return folder


def run(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), str(folder)],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.defpath},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def test_a_check_and_its_copy_that_agree_are_accepted(tmp_path: Path) -> None:
    code, said = run(write(tmp_path / "copie", plan=PLAN))

    assert code == 0, said
    assert "1 relevés dont les octets concordent" in said


@pytest.mark.parametrize(
    "false",
    [
        {"verdict": "up", "reason": "ok"},
        {"verdict": "unknown", "reason": "local_network"},
        {"verdict": "blocked"},
        {"verdict": "maintenance"},
        {"reason": "timeout"},
    ],
)
def test_a_verdict_that_its_copy_denies_is_refused(false: dict[str, str], tmp_path: Path) -> None:
    """An outage is hidden by signing every leaf again, with other verdicts and no outage."""
    folder = write(tmp_path / "copie", plan=PLAN, **false)

    code, said = run(folder)

    assert code == 1
    place = min((folder / "captures").iterdir())
    assert f"ÉCHEC {place} : la copie du " in said
    assert "la feuille 2" in said


@pytest.mark.parametrize("name", [*PLAN["policy"], "interval_s"])
def test_a_number_of_the_plan_that_the_copy_denies_is_refused(name: str, tmp_path: Path) -> None:
    plan = {**PLAN, "policy": dict(PLAN["policy"])}
    place = plan if name == "interval_s" else plan["policy"]
    place[name] += 1

    code, said = run(write(tmp_path / "copie", plan=plan))

    assert code == 1
    assert "le plan de la feuille 2" in said
