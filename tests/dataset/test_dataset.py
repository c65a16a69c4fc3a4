"""`vigie dataset`: what is in the files, that the same month gives the same bytes."""

import asyncio
import csv
import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest

from monitor.cli import main
from monitor.core.model import Gap, GapCause
from monitor.core.model.anchors import Cosignature
from monitor.core.outages.calendar import midnight
from monitor.core.outages.span_figures import ScopeKind
from monitor.core.outages.time_accounts import Bound, microseconds
from monitor.dataset import data_columns as columns
from monitor.dataset.data_columns import TABLES, DataColumn, DataTable
from monitor.dataset.data_package import MonthRefused, edition, write_dataset
from monitor.dataset.month_rows import MonthSpan
from monitor.dataset.table_files import (
    ParquetFailed,
    _write_parquet,
    csv_name,
    parquet_name,
    write_table,
)
from monitor.figures.answers import Basis, FigureQuestion, availability
from monitor.figures.recorded_targets import recorded_targets
from monitor.figures.scopes import Scopes
from monitor.store import Store
from tests.support.databases import Postgres, database_url, postgres, sqlite_template
from tests.support.folds import Folds
from tests.support.followed import record
from tests.support.open_data import (
    DECEMBER,
    FOLLOWED,
    PREFECTURE,
    SSO,
    TARGETS,
    USAGERS,
    config,
    december,
    november,
    observe,
    open_store,
    sign,
)
from tests.support.outcomes import at, outcome

__all__ = ["database_url", "postgres", "sqlite_template"]  # fixtures
NOVEMBER = MonthSpan.named("2026-11")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as opened:
        yield opened


@pytest.fixture
def month(store: Store) -> Store:
    december(store, november(store))
    return store


def written(store: Store, folder: Path, *, span: MonthSpan = NOVEMBER, draft: bool = False) -> Path:
    folder.mkdir()
    chosen = edition(store, span, config(), provisional=draft)
    write_dataset(folder, store, span, config(), chosen)
    return folder


def rows(folder: Path, table: DataTable) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        answer = connection.execute(f"FROM '{folder / parquet_name(table)}'")
        names = [name for name, *_ in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def package(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "datapackage.json").read_text())
    return found


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def test_the_same_month_has_the_same_bytes_whatever_comes_later(
    month: Store, tmp_path: Path
) -> None:
    first = digests(written(month, tmp_path / "a"))

    folds = Folds(TARGETS, states=month.states())
    observe(month, folds, SSO, DECEMBER + timedelta(days=3), "x")
    month.set_pause("anef", paused=True)
    assert asyncio.run(month.roll_up(DECEMBER + timedelta(days=4))) > 0  # read by sums, too
    sign(month, DECEMBER + timedelta(hours=20))

    assert digests(written(month, tmp_path / "b")) == first
    assert len(first) == 2 * len(TABLES) + 3


def test_both_engines_give_the_same_bytes(
    sqlite_template: Path, postgres: Postgres, tmp_path: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "vigie.sqlite")
    found = []
    with postgres.server.database(template=postgres.template) as url:
        for rank, each in enumerate((f"sqlite:///{tmp_path / 'vigie.sqlite'}", url)):
            with open_store(each) as opened:
                december(opened, november(opened))
                found.append(digests(written(opened, tmp_path / str(rank))))
    assert found[0] == found[1]


def test_an_outage_that_has_no_end_at_the_checkpoint_is_open(month: Store, tmp_path: Path) -> None:
    """That of the prefecture ends in December, by a check whose end is confirmed later still."""
    found = {row["target"]: row for row in rows(written(month, tmp_path / "a"), columns.OUTAGES)}

    assert found.keys() == {USAGERS, SSO, PREFECTURE}
    assert found[USAGERS]["shortest_us"] == 25 * 60_000_000
    assert found[USAGERS]["longest_us"] == 35 * 60_000_000
    assert found[USAGERS]["incident"] == found[SSO]["incident"] == found[USAGERS]["number"]
    unfinished = found[PREFECTURE]
    assert (unfinished["checks"], unfinished["first_ok_at"], unfinished["relapses"]) == (
        3,
        None,
        None,
    )


def test_what_ends_after_the_checkpoint_does_not_change_what_was_open(
    month: Store, tmp_path: Path
) -> None:
    before = digests(written(month, tmp_path / "a"))
    folds = Folds(TARGETS, states=month.states(), outages=month.outages())
    for minutes in (130, 135, 140, 145, 150, 155):
        observe(month, folds, PREFECTURE, DECEMBER + timedelta(minutes=minutes), ".")
    (last,) = month.outages([PREFECTURE])
    assert last.recovered_at is not None

    assert digests(written(month, tmp_path / "b")) == before


def test_csv_and_parquet_say_the_same(month: Store, tmp_path: Path) -> None:
    folder = written(month, tmp_path / "a")
    for table in TABLES:
        data = (folder / csv_name(table)).read_bytes()
        text = (gzip.decompress(data) if table.compressed else data).decode()
        lines = list(csv.DictReader(text.splitlines()))
        typed = rows(folder, table)
        assert [list(line) for line in lines[:1]] == [list(row) for row in typed[:1]]
        assert [[_shown(value) for value in row.values()] for row in typed] == [
            list(line.values()) for line in lines
        ]


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        case float():
            return f"{value:.9f}"
        case _:
            return str(value)


def test_each_check_is_a_line_with_its_leaf(month: Store, tmp_path: Path) -> None:
    found = rows(written(month, tmp_path / "a"), columns.OBSERVATIONS)

    assert len(found) == 3 * 30 + 5
    first = next(row for row in found if row["target"] == USAGERS)
    assert (first["at"], first["late_us"], first["status"]) == (at(0), 12_000, 200)
    assert (first["family"], first["tls_us"], first["point"]) == ("ipv4", 24_733, "local")
    failed = next(row for row in found if row["verdict"] == "down")
    assert (failed["status"], failed["tls_us"], failed["body_sha256"]) == (None, None, None)
    leaves = [row["leaf"] for row in found]
    assert len(set(leaves)) == len(leaves)


def test_the_tables_have_what_the_record_has(month: Store, tmp_path: Path) -> None:
    folder = written(month, tmp_path / "a")

    (gap,) = rows(folder, columns.GAPS)
    assert (gap["target"], gap["slots"], gap["cause"]) == (SSO, 2, "overrun")
    changes = rows(folder, columns.CHANGES)
    assert [change["edge"] for change in changes] == ["first", "changed"]
    assert [row["target"] for row in rows(folder, columns.TARGETS)] == sorted([*TARGETS, FOLLOWED])
    assert len(rows(folder, columns.PLANS)) >= len(TARGETS)
    assert len(rows(folder, columns.MILESTONES)) == len(config().figures.milestones)
    (platform, _) = (row["platform"] for row in rows(folder, columns.INCIDENTS))
    assert platform == "anef"


def test_figures_of_each_day_add_up_to_those_of_the_month(month: Store, tmp_path: Path) -> None:
    folder = written(month, tmp_path / "a")
    span = (microseconds(NOVEMBER.since), microseconds(NOVEMBER.until))
    scopes = Scopes(
        recorded_targets((), month.definitions(), None).by_slug, config().figures.components
    )
    asked = [(ScopeKind.ANEF, "", columns.SCOPES, "slug"),
             (ScopeKind.PREFECTURES, "", columns.SCOPES, "slug"),
             (ScopeKind.TARGET, SSO, columns.AVAILABILITY, "target")]  # fmt: skip
    for kind, slug, table, name in asked:
        scope = scopes.find(kind, slug)
        assert scope
        question = FigureQuestion(scope=scope, since=span[0], until=span[1], now=span[1] + 1)
        account = availability(month, question, Basis()).account
        days = [row for row in rows(folder, table) if row[name] == scope.slug
                and row.get("scope", kind.value) == kind.value]  # fmt: skip
        assert len(days) == 30
        for column, value in (
            ("span_us", account.span_us),
            ("known_us", account.known_us),
            ("unobserved_us", account.unobserved_us),
            ("checks", account.checks),
            *((f"available_{bound}_us", account.available_us(bound)) for bound in Bound),
            *((f"{verdict}_us", us) for verdict, us in account.by_verdict.items()),
        ):
            assert sum(row[column] for row in days) == value, (kind, column)


@pytest.mark.parametrize(
    ("name", "days", "hours"), [("2026-03", 31, 743), ("2026-10", 31, 745), ("2028-02", 29, 696)]
)
def test_a_month_is_that_of_paris(name: str, days: int, hours: int) -> None:
    span = MonthSpan.named(name)
    assert span.until - span.since == timedelta(hours=hours)
    assert microseconds(span.since) == midnight(date.fromisoformat(f"{name}-01"))
    assert days == round(hours / 24)


@pytest.mark.parametrize(("name", "odd", "length"), [("2026-03", 29, 23), ("2026-10", 25, 25)])
def test_the_day_that_the_hour_changes_is_as_long_as_it_was(
    store: Store, tmp_path: Path, name: str, odd: int, length: int
) -> None:
    span = MonthSpan.named(name)
    for instant in (span.since, span.until + timedelta(minutes=1)):
        asyncio.run(store.record(outcome(USAGERS, instant)))
    sign(store, span.until + timedelta(hours=2))

    found = rows(written(store, tmp_path / "a", span=span), columns.AVAILABILITY)

    assert len(found) == 31
    spans = {row["day"].day: row["span_us"] for row in found}
    assert spans.pop(odd) == length * 3_600_000_000
    assert set(spans.values()) == {24 * 3_600_000_000}


def test_an_empty_month_has_empty_tables(month: Store, tmp_path: Path) -> None:
    folder = written(month, tmp_path / "a", span=MonthSpan.named("2026-02"))

    for table in TABLES:
        if table not in (columns.MILESTONES, columns.SCOPES, columns.MEMBERS):
            assert rows(folder, table) == []
    assert all(row["coverage"] == 0 for row in rows(folder, columns.SCOPES))


def test_a_month_that_can_still_change_is_refused_or_marked(store: Store, tmp_path: Path) -> None:
    with pytest.raises(MonthRefused, match="Rien n’a encore été signé"):
        edition(store, NOVEMBER, config(), provisional=True)
    folds = november(store)
    sign(store, at(3 * 3600))
    with pytest.raises(MonthRefused, match="n’est pas terminé depuis une heure"):
        edition(store, NOVEMBER, config(), provisional=False)
    with pytest.raises(MonthRefused, match="rien n’est encore signé de ce mois"):
        edition(store, MonthSpan.named("2026-12"), config(), provisional=True)
    for rank, slug in enumerate(TARGETS):
        if slug != SSO:
            observe(store, folds, slug, DECEMBER + timedelta(minutes=5, seconds=rank), ".")
    asyncio.run(store.record(outcome(FOLLOWED, DECEMBER)))
    sign(store, DECEMBER + timedelta(hours=2))
    with pytest.raises(MonthRefused, match=f"aucun relevé après le mois .* {SSO}"):
        edition(store, NOVEMBER, config(), provisional=False)

    folder = written(store, tmp_path / "a", draft=True)

    assert package(folder)["vigie"]["provisional"]
    assert package(folder)["vigie"]["unsettled_targets"] == [SSO]
    readme = (folder / "README.md").read_text()
    assert "Jeu de données provisoire" in readme
    assert f"`{SSO}`" in readme


def test_a_provisional_month_ends_at_its_checkpoint(store: Store, tmp_path: Path) -> None:
    november(store)
    sign(store, at(2.5 * 3600))

    folder = written(store, tmp_path / "a", draft=True)

    days = {row["day"] for row in rows(folder, columns.AVAILABILITY)}
    assert max(days) == date(2026, 11, 23)
    assert package(folder)["vigie"]["to"] == "2026-11-23T10:30:00.000000Z"


def test_what_is_recorded_after_the_checkpoint_is_not_told(store: Store, tmp_path: Path) -> None:
    """Even what is of an instant before it: its leaf came later."""
    folds = november(store)
    sign(store, at(4 * 3600))
    before = digests(written(store, tmp_path / "a", draft=True))
    for number in range(6):
        observe(store, folds, PREFECTURE, at(9000 + 300 * number), "x" if number < 2 else ".")
    lost = Gap(point="local", target=SSO, from_at=at(9000), to_at=at(9600), slots=2,
               cause=GapCause.OVERRUN)  # fmt: skip
    asyncio.run(store.record_gap(lost))
    record(store, "AB" * 4, target="autre-page")
    assert len(store.outages([PREFECTURE])) == 1
    assert store.outages([PREFECTURE])[0].checks == 5

    after = written(store, tmp_path / "b", draft=True)

    changed = {name for name, digest in digests(after).items() if before[name] != digest}
    assert {name.partition(".")[0] for name in changed} <= {
        "availability", "availability_scopes", "datapackage",
    }  # fmt: skip


def test_a_checkpoint_that_was_cosigned_is_preferred(month: Store, tmp_path: Path) -> None:
    """It is kept for ever, others for a day."""
    size = month.leaf_count()
    observe(month, Folds(TARGETS, states=month.states()), SSO, DECEMBER + timedelta(hours=3), ".")
    later = sign(month, DECEMBER + timedelta(hours=4))
    assert package(written(month, tmp_path / "a"))["vigie"]["journal"]["size"] == size
    signature = Cosignature(
        size=later, witness="cosignataire.example.test", at=DECEMBER, line="— c AAAA"
    )
    month.add_cosignature(signature)
    assert package(written(month, tmp_path / "b"))["vigie"]["journal"]["size"] == later


def test_any_folder_will_do(month: Store, tmp_path: Path) -> None:
    usual = digests(written(month, tmp_path / "a"))
    assert digests(written(month, tmp_path / "l’a'b [1]*?{x} ~")) == usual


def test_a_target_that_was_retired_does_not_hold_the_month_up(store: Store, tmp_path: Path) -> None:
    """The prefecture is in no configuration, and is not checked after November."""
    folds = november(store)
    for rank, slug in enumerate((USAGERS, SSO)):
        observe(store, folds, slug, DECEMBER + timedelta(minutes=5, seconds=rank), ".")
    sign(store, DECEMBER + timedelta(hours=2))

    folder = written(store, tmp_path / "a")

    assert not package(folder)["vigie"]["provisional"]
    assert PREFECTURE in {row["target"] for row in rows(folder, columns.TARGETS)}


HOSTILE = (
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a\x00b", "a\nb", 'a"b,c',
    "a\x1b[31m", "\N{RIGHT-TO-LEFT OVERRIDE}x", "\ud800", " \N{NO-BREAK SPACE}=1",
    "é’œ", "NULL", "\\N", "'",
)  # fmt: skip


def test_hostile_texts_are_harmless_and_the_same_in_both_files(tmp_path: Path) -> None:
    table = DataTable(
        name="hostile", title="", description="", key=(), references={},
        columns=(DataColumn("rank", "integer", ""), DataColumn("text", "text", "")),
    )  # fmt: skip
    assert write_table(tmp_path, table, enumerate(HOSTILE)) == len(HOSTILE)

    text = (tmp_path / "hostile.csv").read_bytes()
    assert not set(text) & {*range(10), *range(11, 32), 127}
    lines = list(csv.reader((tmp_path / "hostile.csv").read_text(encoding="utf-8").splitlines()))
    cells = [cell for _, cell in lines[1:]]
    assert [row["text"] for row in rows(tmp_path, table)] == cells
    assert len(cells) == len(HOSTILE)
    assert not [cell for cell in cells if cell.lstrip(" \N{NO-BREAK SPACE}")[:1] in {*"=+-@"}]
    assert cells[-4:] == ["é’œ", "NULL", "\\N", "'"]


def test_files_that_do_not_say_the_same_are_not_handed_over(tmp_path: Path) -> None:
    table = DataTable(
        name="short", title="", description="", key=(), references={},
        columns=(DataColumn("rank", "integer", ""),),
    )  # fmt: skip
    path = tmp_path / "short.csv"
    for text, wrong in (
        ("rank\n1\n2\n", "2 lignes au lieu de 3"),
        ("rank\n1\nx\n", "n’a pas pu l’écrire"),
    ):
        path.write_text(text)
        with pytest.raises(ParquetFailed, match=wrong):
            _write_parquet(path, tmp_path / "short.parquet", table, 3)


def test_questions_of_the_readme_are_answered_by_its_files(month: Store, tmp_path: Path) -> None:
    folder = written(month, tmp_path / "a")
    answers = asked(folder)

    (much,), outages, prefectures, changes = answers
    down_us = 30 * 60_000_000 + 10 * 60_000_000 // 2 + 1_000_000
    assert much["at_least_us"] <= much["unavailable_us"] <= much["at_most_us"]
    assert much["unavailable_us"] == pytest.approx(down_us, abs=10 * 60_000_000)
    assert [row["target"] for row in outages] == [USAGERS, SSO]
    assert [row["department"] for row in prefectures] == ["93"]
    assert [row["kinds"] for row in changes] == ["phone"]


def asked(folder: Path) -> list[list[dict[str, Any]]]:
    """Run each query of the README in its folder, and hold it to the columns it announces."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "$" not in text
    prose = re.sub(r"```.*?```|`[^`]*`", "code", text, flags=re.DOTALL)
    assert re.findall(r".*(?:(?<!\u00a0)[;?!»]|\s(?<!\u00a0):|«(?!\u00a0)|\w'\w).*", prose) == []
    blocks = re.findall(r"```sql\n(.*?)```\n\n((?:\|[^\n]*\n)+)", text, re.DOTALL)
    assert len(blocks) == text.count("```sql") == 4
    answers = []
    for query, shape in blocks:
        with duckdb.connect() as connection:
            connection.execute(f"SET file_search_path = '{folder}'")
            answer = connection.execute(query)
            types = [(name, str(kind)) for name, kind, *_ in answer.description or ()]
            listed = re.findall(r"^\| (\w+) \| ([A-Z]+) \|$", shape, re.MULTILINE)
            rows_found = answer.fetchall()
            described = connection.execute(f"DESCRIBE {query}").fetchall()
            assert [(name, kind) for name, kind, *_ in described] == listed
            answers.append([dict(zip((n for n, _ in types), row, strict=True))
                            for row in rows_found])  # fmt: skip
    return answers


def test_the_figure_of_the_readme_is_that_of_the_command(
    sqlite_template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    database = data / "vigie.sqlite"
    database.write_bytes(sqlite_template.read_bytes())
    with open_store(f"sqlite:///{database}") as opened:
        december(opened, november(opened))
    out = tmp_path / "sortie"
    words = ["--data", str(data)]

    assert main(["dataset", *words, "--month", "2026-11", "--out", str(out)]) == 0
    assert "95 relevés de 4 cibles" in capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    span = ["--from", "2026-11-01", "--to", "2026-12-01"]
    assert main(["availability", *words, "--anef", "--json", *span]) == 0
    (answer,) = json.loads(capsys.readouterr().out)

    (much,) = asked(out)[0]
    state = answer["state_us"]
    assert much["unavailable_us"] == state["down"] + state["maintenance"] > 0
    assert much["at_least_us"] == answer["known_us"] - answer["available_us"]["high"]
    assert much["at_most_us"] == answer["known_us"] - answer["available_us"]["low"]
    central = Fraction(answer["available_us"]["central"], answer["known_us"])
    assert much["availability"] == pytest.approx(float(central), abs=1e-15)
    assert round(much["coverage"], 9) == answer["coverage"]
    assert main(["dataset", *words, "--month", "2026-11", "--out", str(out)]) == 2
    assert "existe déjà" in capsys.readouterr().err


@pytest.mark.parametrize("month", ["2026-13", "2026", "2026-1", "26-11", "2026-11-01", "0000-01"])
def test_what_is_no_month_is_refused(month: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["dataset", "--month", month])
    assert "n’est pas un mois : AAAA-MM" in capsys.readouterr().err


def test_without_duckdb_the_cure_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)

    assert main(["dataset", "--month", "2026-11", "--out", str(tmp_path / "a")]) == 2

    assert "-r requirements-dataset.lock" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def faults(folder: Path) -> list[str]:
    """Return what the validator of Frictionless, in a process of its own, finds wrong."""
    program = [sys.executable, "-m", "frictionless", "validate", "datapackage.json", "--json"]
    answer = subprocess.run(program, cwd=folder, capture_output=True, check=False)
    report = json.loads(answer.stdout)
    errors = [*report["errors"], *(error for task in report["tasks"] for error in task["errors"])]
    assert report["valid"] is (not errors)
    return [error["type"] for error in errors]


def test_the_package_is_valid_for_the_validator_of_frictionless(
    month: Store, tmp_path: Path
) -> None:
    folder = written(month, tmp_path / "a")

    assert faults(folder) == []
    described = package(folder)
    assert {one["path"] for one in described["resources"]} == {
        path.name for path in folder.iterdir()
    } - {"datapackage.json"}
    for one in described["resources"]:
        path = folder / one["path"]
        assert one["hash"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        assert one["bytes"] == path.stat().st_size
    assert described["licenses"][0]["name"] == "etalab-2.0"
    assert described["contributors"][0]["title"] == "Les Amis"
    assert described["vigie"]["journal"]["size"] > 95
    assert not {"created", "version"} & described.keys()

    with (folder / "outages.csv").open("a") as file:
        file.write("1,inconnue,down,timeout,,hier,,,,,0,,1,,\n")
    assert {"hash-count", "byte-count", "type-error", "foreign-key"} <= set(faults(folder))


def test_every_column_is_described_in_french() -> None:
    for table in TABLES:
        assert set(table.key) | table.references.keys() <= {one.name for one in table.columns}
        for column in table.columns:
            assert column.description, (table.name, column.name)
            assert column.unit or not column.name.endswith(("_us", "_s", "_bytes"))
    assert replace(TABLES[0]) == TABLES[0]
