"""`vigie changes` on a record: in three forms, and for whom."""

import asyncio
import csv
import json
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.core.text.packed import PackedPage
from monitor.probe.dead_link_tracker import DeadLinkTracker
from monitor.store import Store
from tests.support.databases import sqlite_template
from tests.support.followed import record
from tests.support.linking import gone, linking
from tests.support.outcomes import outcome
from tests.support.readings import minute
from tests.support.reads import target

__all__ = ["sqlite_template"]  # a fixture
PAGE, OTHER = "prefecture-93-rendez-vous", "prefecture-93"


@pytest.fixture
def data(sqlite_template: Path, tmp_path: Path) -> Path:
    path = shutil.copy(sqlite_template, tmp_path / "vigie.sqlite")
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as store:
        record(store, "AABBABACC", target=PAGE, removed=True)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["changes", *words]) == 0
    return capsys.readouterr().out


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(told(capsys, *words, "--json"))["changes"]
    return found


def test_the_log_tells_each_announced_change_between_its_bounds(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(capsys, "--data", str(data))

    assert "nature : téléphone ; poids : importante ; sans changement de la date affichée" in text
    assert "dernière fois  : 23 novembre 2026 à 09:01:00 (heure de Paris ; 08:01:00 UTC)" in text
    assert "première fois : 23 novembre 2026 à 09:02:00 (heure de Paris ; 08:02:00 UTC)" in text
    assert "3 modifications au journal." in text


def test_json_and_csv_say_the_same(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = listed(capsys, "--data", str(data))
    table = list(csv.DictReader(StringIO(told(capsys, "--data", str(data), "--format", "csv"))))

    assert [row["summary"] for row in rows] == [row["summary"] for row in table]
    assert [["changed", "2026-11-23T08:01:00Z", "2026-11-23T08:02:00Z"], ["phone"]] == [
        [rows[0][name] for name in ("edge", "after_at", "by_at")],
        rows[0]["kinds"],
    ]
    assert ["page_removed"] == rows[-1]["kinds"]
    assert 64 == len(rows[0]["before_sha256"])


def test_what_is_not_announced_is_told_on_demand(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = listed(capsys, "--data", str(data), "--all")

    assert {"first", "changed", "unconfirmed", "removed"} <= {row["edge"] for row in every}
    assert {True, False} == {row["announced"] for row in every}


def test_a_dead_link_is_told_without_the_bounds_of_a_text(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Store.open(
        f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=True, rest_s=0
    ) as store:
        record_dead_link(store, page=PAGE)
    text = told(capsys, "--data", str(data), "--from", "2026-11-23T10:00")
    (row,) = listed(capsys, "--data", str(data), "--from", "2026-11-23T10:00")

    assert f"({PAGE}) : lien mort" in text
    assert "Lien mort : « Déposer », qui mène à anef.example." in text
    assert "établi par le relevé de la page du 23 novembre 2026 à 11:00:00" in text
    assert "ancien état" not in text
    assert ["link_broken", ["link_broken"], "major", True, None, "2026-11-23T10:00:00Z"] == [
        row[name] for name in ("edge", "kinds", "weight", "announced", "after_at", "by_at")
    ]


def record_dead_link(store: Store, *, page: str) -> None:
    """Record a check of the page, two hours later, that told of a dead link."""
    current = store.tracks()[0].current
    assert current is not None
    link = '<a href="https://anef.example/">Déposer</a>'
    found = replace(current, packed=PackedPage.of(linking(link)))
    book = DeadLinkTracker([target("anef")], (), point="local")
    events = book.read(page, found, minute(120), {"anef": gone()})
    asyncio.run(store.record(replace(outcome(page, minute(120)), changes=events)))


def test_target_and_span_are_heeded(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def found(*words: str) -> int:
        return len(listed(capsys, "--data", str(data), *words))

    assert [3, 0, 3, 0] == [
        found("--target", PAGE),
        found("--target", OTHER),
        found("--department", "93"),
        found("--to", "2026-11-23T08:30"),
    ]
    assert 2 == main(["changes", "--data", str(data), "--target", "inconnue"])


def test_a_change_is_cited_by_its_leaf_and_read_without_configuration(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = ("--data", str(data), "--config", str(data / "aucune"))
    rows = listed(capsys, *nowhere)
    with Store.open(f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=False) as store:
        leaves = [json.loads(store.leaves(one["number"], one["number"] + 1)[0]) for one in rows]
    assert [leaf["type"] for leaf in leaves] == ["change"] * 3
    for one in rows:
        whole = json.loads(told(capsys, *nowhere, "--number", str(one["number"]), "--json"))
        assert whole.pop("edits") is not None
        assert whole == one
    assert {one["watched"] for one in rows} == {None}
    text = told(capsys, *nowhere, "--csv", "fr")
    table = list(csv.DictReader(StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert [row["Numéro"] for row in table] == [str(one["number"]) for one in rows]
    assert {row["Annoncée"] for row in table} == {"oui"}
    assert main(["changes", *nowhere, "--number", "0"]) == 1
