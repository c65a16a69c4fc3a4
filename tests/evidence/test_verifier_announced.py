"""`verify/verifier.py` reads the register of announced maintenance, and what it rests on."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from monitor.core.journal.encode import annotation, instant
from monitor.core.journal.jcs import canonical
from monitor.core.model import Annotation, AnnotationKind
from tests.evidence.test_verifier_story import Leaves, day, exported, packed, sqlite_template
from tests.support import mirror, tsa
from tests.support.mirror import LOG, Tree
from tests.support.outcomes import at
from tests.support.stranger import run_verifier

__all__ = ["day", "sqlite_template"]

SAID = b"Maintenance le 24 novembre."
DIGEST = sha256(SAID).hexdigest()
NOTE = Annotation(
    kind=AnnotationKind.MAINTENANCE,
    at=at(2000),
    targets=("accueil", "connexion"),
    from_at=at(3000),
    to_at=at(4000),
    sha256=DIGEST,
)


def withdrawal(number: int) -> Annotation:
    return Annotation(
        kind=AnnotationKind.WITHDRAWAL, at=at(5000), targets=NOTE.targets, withdraws=number
    )


def copy(folder: Path, leaves: Leaves, *files: tuple[str, bytes]) -> Path:
    exported(folder, packed(leaves))
    for name, data in files:
        mirror.put(folder / "annonces" / name, data)
    mirror.list_files(folder)
    return folder


def judged(folder: Path) -> dict[str, Any]:
    code, told = run_verifier(folder, "--json")
    found: dict[str, Any] = json.loads(told)
    assert found["ok"] is (code == 0)
    return found


def test_announcements_are_told_with_what_they_are_worth(day: Leaves, tmp_path: Path) -> None:
    notes = [NOTE, replace(NOTE, at=at(3000)), replace(NOTE, at=at(2001)), withdrawal(len(day) + 2)]
    folder = copy(tmp_path / "copie", [*day, *map(annotation, notes)], (DIGEST, SAID))

    found = judged(folder)

    assert found["faults"] == []
    assert [one["counts"] for one in found["announcements"]] == [True, False, False]
    assert [one["withdrawn_by"] for one in found["announcements"]] == [None, None, len(day) + 3]
    told = [line for line in found["tables"] if line.startswith("Maintenance annoncée")]
    for line, worth in zip(told, ("avant son début", "après coup", "retirée"), strict=True):
        assert worth in line
    (step,) = (step for step in found["steps"] if step["title"] == "Annonces")
    assert step["ok"]
    assert not step["empty"]
    assert "3 maintenances annoncées, dont 1 à compter" in step["found"]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([(DIGEST, SAID + b"!")], "n’est pas l’annonce"),
        ([(DIGEST, SAID), ("00" * 32, b"x")], "aucune feuille ne nomme"),
    ],
)
def test_another_text_is_refused(
    day: Leaves, tmp_path: Path, files: list[tuple[str, bytes]], why: str
) -> None:
    (fault,) = judged(copy(tmp_path / "copie", [*day, annotation(NOTE)], *files))["faults"]
    assert why in fault


def test_a_text_that_was_left_out_is_counted(day: Leaves, tmp_path: Path) -> None:
    found = judged(copy(tmp_path / "copie", [*day, annotation(NOTE)]))
    assert found["ok"]
    assert any("1 hors de ce dossier" in step["found"] for step in found["steps"])


BAD = {
    "no window": {"from_at": None},
    "an empty window": {"to_at": instant(at(3000))},
    "no target": {"targets": []},
    "a target that is no text": {"targets": [3]},
    "no proof": {"sha256": None},
    "a proof that is no digest": {"sha256": "../journal/checkpoint"},
    "a change that is none": {"change": 0},
}


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_is_refused(day: Leaves, tmp_path: Path, fields: dict[str, Any]) -> None:
    leaf = {**annotation(NOTE), **fields}
    leaf = {name: value for name, value in leaf.items() if value is not None}
    folder = copy(
        tmp_path / "copie", [*day, leaf], *([(DIGEST, SAID)] if leaf.get("sha256") else [])
    )
    assert judged(folder)["faults"]


def test_a_withdrawal_of_nothing_is_refused(day: Leaves, tmp_path: Path) -> None:
    found = judged(copy(tmp_path / "copie", [*day, annotation(withdrawal(3))]))
    assert any("où il n’y en a pas" in fault for fault in found["faults"])


@pytest.mark.parametrize(("begun_s", "good"), [(-3600, True), (200, True), (400, False)])
def test_an_announcement_cannot_be_dated_back_beyond_a_token(
    begun_s: int, *, good: bool, tmp_path: Path
) -> None:
    """What follows a token in the journal was written after it; the authority is real."""
    authority = tsa.authority(tmp_path / "tsa")
    begin = datetime.now(UTC) - timedelta(seconds=begun_s)  # noqa: TID251 -- openssl's clock
    folder = tmp_path / "copie"
    tree = Tree([canonical({"v": 1, "type": "run", "edge": "stop", "start": 0,
                            "at": instant(begin - timedelta(hours=3))})])  # fmt: skip
    token = mirror.stamp(folder / "journal" / "horodatages", authority, tree.checkpoint(1))
    note = replace(
        NOTE, at=begin - timedelta(hours=2), from_at=begin, to_at=begin + timedelta(hours=1)
    )
    tree.entries += [token, canonical(annotation(note))]
    tree.write(folder / "journal", 3)
    mirror.put(folder / "journal" / "checkpoint", tree.checkpoint(3))
    mirror.put(folder / "cles.txt", f"log {LOG.verifier}\n".encode())
    mirror.put(folder / "racines.pem", authority.root_pem.read_bytes())

    faults = judged(folder)["faults"]

    assert (not faults) is good, faults
    assert good or "annonce datée du" in faults[0]
