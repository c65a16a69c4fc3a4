"""The logs of outages, incidents and gaps, read without any configuration, in every form."""

import asyncio
import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from monitor.cli import main
from monitor.cli.log_forms import LogForm, write_french_csv
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.outcomes import at, outcome
from tests.support.service_days import TARGETS, live, open_store

__all__ = ["database_url", "postgres", "sqlite_template"]
LOGS = ("outages", "incidents", "gaps")


class French(csv.excel):
    """What a spreadsheet takes a CSV file for in France."""

    delimiter = ";"


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def table(self) -> list[dict[str, str]]:
        assert self.out.startswith("\ufeff")
        return list(csv.DictReader(StringIO(self.out[1:]), dialect=French))


Vigie = Callable[..., Said]


@pytest.fixture
def vigie(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Vigie:
    with open_store(database_url) as store:
        live(store)
    monkeypatch.setenv("VIGIE_DATABASE_URL", database_url)

    def run(*words: str) -> Said:
        code = main([*words, "--config", str(tmp_path / "aucune"), "--data", str(tmp_path)])
        return Said(code, *capsys.readouterr())

    return run


def test_each_log_is_read_without_configuration_and_names_what_the_record_names(
    vigie: Vigie,
) -> None:
    outages, incidents, gaps = (vigie(name, "--json") for name in LOGS)
    assert [said.code for said in (outages, incidents, gaps)] == [0, 0, 0]

    assert {one["name"] for one in outages.json["outages"]} == {"Cible accueil", "Cible connexion"}
    assert {(one["platform"], one["watched"]) for one in outages.json["outages"]} == {
        ("anef", None)
    }
    numbers = {one["number"] for one in outages.json["outages"]}
    found = incidents.json["incidents"]
    assert {n for one in found for n in one["outage_numbers"]} == numbers
    assert all(one["number"] == min(one["outage_numbers"]) for one in found)
    (gap,) = gaps.json["gaps"]
    assert (gap["target"], gap["name"], gap["cause"]) == ("accueil", "Cible accueil", "overrun")
    assert "n’est pas dans la liste" not in vigie("outages").out


def test_the_record_decides_of_what_platform_and_department_a_target_is(vigie: Vigie) -> None:
    assert len(vigie("outages", "--platform", "anef", "--json").json["outages"]) == 3
    refused = vigie("outages", "--platform", "ide")
    assert (refused.code, "connues : anef" in refused.err) == (2, True)
    refused = vigie("gaps", "--department", "93")
    assert (refused.code, "Aucune cible ne répond" in refused.err) == (2, True)
    refused = vigie("incidents", "--target", "inconnue")
    assert (refused.code, "aucune cible de ce nom" in refused.err) == (2, True)


def test_an_outage_has_the_address_that_was_asked_at_its_time(
    vigie: Vigie, database_url: str
) -> None:
    moved = {slug: replace(one, url=f"{one.url}ailleurs") for slug, one in TARGETS.items()}
    old = TARGETS["accueil"].url
    with open_store(database_url, targets=moved) as store:
        asyncio.run(store.record(outcome("accueil", at(2_000))))

    (one,) = vigie("outages", "--target", "accueil", "--json").json["outages"]
    (incident, *_) = vigie("incidents", "--target", "accueil", "--json").json["incidents"]
    before = vigie("at", "accueil", at(150).isoformat(), "--json").json
    after = vigie("at", "accueil", at(2_010).isoformat(), "--json").json

    assert {one["url"], before["url"], *(o["url"] for o in incident["outages"])} == {old}
    assert after["url"] == moved["accueil"].url
    assert f"\n  {old}\n" in vigie("outages", "--target", "accueil").out
    assert vigie("outages", "--csv", "fr").table()[0]["Adresse"] == old


def test_a_configuration_that_is_refused_does_not_hide_the_record(
    vigie: Vigie, tmp_path: Path
) -> None:
    (tmp_path / "aucune").mkdir()
    (tmp_path / "aucune" / "vigie.toml").write_text("[service]\nperdu = 1\n")
    said = vigie("outages")
    assert said.code == 0
    assert "les noms sont ceux du registre" in said.err
    assert "Cible accueil" in said.out


@pytest.mark.parametrize("log", LOGS)
def test_one_item_is_found_by_its_number(vigie: Vigie, log: str) -> None:
    for one in vigie(log, "--json").json[log]:
        number = one["number"]
        assert vigie(log, "--number", str(number), "--json").json == one
        spaced = f"{number // 1000} {number % 1000:03}" if number > 999 else f" {number} "
        told = vigie(log, "--number", spaced)
        assert f"n°\N{NO-BREAK SPACE}{number}" in told.out
    said = vigie(log, "--number", "0")
    assert (said.code, said.out) == (1, "")
    assert "rien au journal sous ce numéro" in said.err
    assert vigie(log, "--number", str(10**17)).code == 1


@pytest.mark.parametrize("number", ["-1", "un", "1_0", "9" * 5000])
def test_what_is_no_number_is_refused(vigie: Vigie, number: str) -> None:
    with pytest.raises(SystemExit) as ended:
        vigie("gaps", "--number", number)
    assert ended.value.code == 2


def test_a_french_spreadsheet_opens_each_log(vigie: Vigie) -> None:
    rows = vigie("outages", "--json").json["outages"]
    table = vigie("outages", "--csv", "fr").table()
    assert [row["Numéro"] for row in table] == [str(one["number"]) for one in rows]
    assert {row["Nature"] for row in table} == {"indisponibilité"}
    assert {row["Sans fin relevée"] for row in table} == {"oui", "non"}
    for row, one in zip(table, rows, strict=True):
        utc = datetime.fromisoformat(one["first_fail_at"])
        assert row["Premier relevé en échec (UTC)"] == f"{utc:%d/%m/%Y %H:%M:%S}"
        assert row["Premier relevé en échec (Paris)"][11:13] == f"{utc.hour + 1:02}"
        assert float(row["Durée minimale (secondes)"].replace(",", ".")) == one["shortest_s"]
    for log in LOGS:
        assert [row["Numéro"] for row in vigie(log, "--csv", "fr").table()] == [
            str(one["number"]) for one in vigie(log, "--json").json[log]
        ]


def test_programs_get_the_same_as_in_json(vigie: Vigie) -> None:
    for log in LOGS:
        rows = vigie(log, "--json").json[log]
        table = list(csv.DictReader(StringIO(vigie(log, "--format", "csv").out)))
        assert [row["number"] for row in table] == [str(one["number"]) for one in rows]
        assert set(table[0]) <= set(rows[0])


def test_decimals_have_a_comma_and_no_text_is_a_formula(
    capsys: pytest.CaptureFixture[str],
) -> None:
    form: LogForm[str] = LogForm(
        name="x",
        fields=(),
        as_json=lambda _: {},
        columns=(
            ("Texte", lambda text: text),
            ("Nombre", lambda _: -1234.5),
            ("Entier", lambda _: 1200.0),
            ("Rien", lambda _: None),
        ),
        instants=frozenset(),
        describe=str,
        ending=str,
    )
    hostile = ["=1+1", "+33 1", "-2", "@SUM(A1)", "\t=1", " =1", 'a;"b"\nc', "é"]
    write_french_csv(form.columns, hostile, instants=form.instants)
    said = Said(0, capsys.readouterr().out, "")
    cells = [row["Texte"] for row in said.table()]
    assert cells == [f"'{text}" for text in hostile[:6]] + hostile[6:]
    assert {(row["Nombre"], row["Entier"], row["Rien"]) for row in said.table()} == {
        ("-1234,5", "1200", "")
    }


def test_the_doubled_hour_of_october_is_told_apart_by_utc(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = (("Début", lambda at: at),)
    first = datetime(2026, 10, 25, 0, 30, 59, 999_999, tzinfo=UTC)
    instants = [first, first + timedelta(hours=1), None]
    write_french_csv(columns, instants, instants=frozenset({"Début"}))
    rows = Said(0, capsys.readouterr().out, "").table()
    assert [row["Début (Paris)"] for row in rows] == ["25/10/2026 02:30:59"] * 2 + [""]
    assert [row["Début (UTC)"] for row in rows] == [
        "25/10/2026 00:30:59",
        "25/10/2026 01:30:59",
        "",
    ]


HOSTILE = '=HYPERLINK(1);\x1b[2J\u202e;"x"'


def test_hostile_names_of_the_record_are_neither_obeyed_nor_break_a_table(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    targets = {slug: replace(one, name=HOSTILE) for slug, one in TARGETS.items()}
    with open_store(database_url, targets=targets) as store:
        live(store)
    monkeypatch.setenv("VIGIE_DATABASE_URL", database_url)
    for words in (("outages",), ("incidents",), ("gaps",), ("at", "accueil", "2026-11-23T09:00")):
        for form in ([], ["--csv", "fr"], ["--format", "csv"], ["--json"]):
            main([*words, *form, "--data", str(tmp_path), "--config", str(tmp_path / "aucune")])
            out = capsys.readouterr().out
            assert "\x1b" not in out
            assert "\u202e" not in out
    main(["gaps", "--csv", "fr", "--data", str(tmp_path), "--config", str(tmp_path / "aucune")])
    (row,) = Said(0, capsys.readouterr().out, "").table()
    assert row["Cible"].startswith("'=HYPERLINK(1);")
    assert row["Identifiant"] == "accueil"


def test_what_a_span_does_not_cover_is_said(vigie: Vigie) -> None:
    said = vigie("outages", "--from", "2026-11-20", "--to", "2026-12-01", "--json")
    span = said.json["span"]
    assert span["from"] == "2026-11-19T23:00:00Z"
    assert [
        (one["why"], one["from"] == span["from"], one["to"] == span["to"])
        for one in span["not_covered"]
    ] == [("before_first_check", True, False), ("after_last_check", False, True)]
    assert span["not_covered"][0]["to"] == span["first_check_at"] == "2026-11-23T08:00:00Z"
    held_until = datetime.fromisoformat(span["last_check_at"]) + timedelta(seconds=2 * 60)
    assert datetime.fromisoformat(span["not_covered"][1]["from"]) == held_until
    assert "rien n’est dit de la période qui précède" in said.err
    assert "rien n’est dit de la période qui suit" in said.err

    within = vigie("outages", "--from", "2026-11-23T09:01", "--to", "2026-11-23T09:05", "--json")
    assert (within.json["span"]["not_covered"], within.err) == ([], "")
    whole = vigie("outages", "--json")
    assert (whole.json["span"]["not_covered"], whole.err) == ([], "")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (
            ("--to", "2026-11-02"),
            {"from": None, "to": "2026-11-01T23:00:00Z", "why": "before_first_check"},
        ),
        (
            ("--from", "2027-01-01"),
            {"from": "2026-12-31T23:00:00Z", "to": None, "why": "after_last_check"},
        ),
    ],
)
def test_an_open_span_in_which_nothing_was_checked_is_not_covered(
    vigie: Vigie, words: tuple[str, ...], part: dict[str, str | None]
) -> None:
    said = vigie("outages", *words, "--json")
    assert said.json["span"]["not_covered"] == [part]
    assert "rien n’est dit de la période" in said.err


def test_a_span_wholly_before_the_record_is_not_covered_at_all(vigie: Vigie) -> None:
    said = vigie("gaps", "--from", "2026-11-01", "--to", "2026-11-02", "--json")
    (part,) = said.json["span"]["not_covered"]
    assert (part["from"], part["to"]) == ("2026-10-31T23:00:00Z", "2026-11-01T23:00:00Z")
    said = vigie("gaps", "--from", "2027-01-01", "--to", "2027-01-02", "--json")
    (part,) = said.json["span"]["not_covered"]
    assert (part["from"], part["to"]) == ("2026-12-31T23:00:00Z", "2027-01-01T23:00:00Z")
