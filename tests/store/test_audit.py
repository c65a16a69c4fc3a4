"""A store against its journal: nothing can be changed, removed, added or moved unseen."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from monitor.core.french.formatting import count
from monitor.core.journal.leaf_schema import FIELDS, refusal
from monitor.core.journal.replay import REFERENCES
from monitor.core.model import Outcome
from monitor.store import Store, StoreError
from monitor.store.audit.auditor import audit
from monitor.store.audit.difference import OnTrust
from monitor.store.audit.vouchers import TABLES, By
from monitor.store.engine import connected, parse
from monitor.store.rebuild.rebuilder import rebuild
from monitor.store.tables.dossier_tables import metadata
from tests.support.databases import Postgres
from tests.support.outcomes import a_run, at
from tests.support.service_days import TARGETS, live, open_store, outcomes
from tests.support.tables import clock_readings, tallies

ENGINES = ("sqlite", "postgresql")
EVER = (at(-10_000), at(10**8))


@pytest.fixture(scope="module")
def lived_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Live once on SQLite: each test has a copy."""
    path = tmp_path_factory.mktemp("lived") / "vigie.sqlite"
    shutil.copy(sqlite_template, path)
    with open_store(f"sqlite:///{path}") as store:
        live(store)
    return path


@pytest.fixture(scope="module")
def lived_database(postgres: Postgres) -> str:
    """Live once on PostgreSQL, and return the name of the database: each test has a copy."""
    name = postgres.server.create(template=postgres.template)
    with open_store(postgres.server.url(name)) as store:
        live(store)
    return name


@contextmanager
def lived_url(request: pytest.FixtureRequest, engine: str, folder: Path) -> Iterator[str]:
    """Give the URL of a copy of the life that was recorded on an engine."""
    if engine == "sqlite":
        path = request.getfixturevalue("lived_file")
        yield f"sqlite:///{shutil.copy(path, folder / 'vigie.sqlite')}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = request.getfixturevalue("lived_database")
    with postgres.server.database(template=name) as url:
        yield url


@pytest.fixture(params=ENGINES)
def lived(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with lived_url(request, request.param, tmp_path) as url, open_store(url) as store:
        yield store


@pytest.fixture(scope="module", params=ENGINES)
def edited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """Give one store for many edits: `restored` takes each back.

    It is good before the first edit and after the last was taken back: no edit is found because
    of another.
    """
    folder = tmp_path_factory.mktemp("edited")
    with lived_url(request, request.param, folder) as url:
        remember(url)
        with Store.open(url, point="local", writer=False) as store:
            assert differences(store) == []
            yield store
            assert differences(store) == []


@contextmanager
def restored(store: Store) -> Iterator[None]:
    """Take back, at the end, what was done to the rows of a store."""
    try:
        yield
    finally:
        if store._url.drivername.startswith("sqlite"):
            store._engine.dispose()  # closed, a file is whole and can be replaced
            path = Path(str(store._url.database))
            shutil.copy(path.with_suffix(".kept"), path)
        else:
            with (
                connected(store._url, writer=True) as connection,
                connection.begin(),
                without_guards(connection),
            ):
                for name in TABLES:
                    connection.execute(text(f"DELETE FROM {name}"))  # noqa: S608 -- ours
                    kept = f"INSERT INTO {name} SELECT * FROM kept.{name}"  # noqa: S608 -- ours
                    connection.execute(text(kept))


def remember(url: str) -> None:
    """Keep a copy of every table beside a store, for `restored`."""
    parsed = parse(url)
    if parsed.drivername.startswith("sqlite"):
        path = Path(str(parsed.database))
        shutil.copy(path, path.with_suffix(".kept"))
        return
    with connected(parsed, writer=True) as connection, connection.begin():
        connection.execute(text("CREATE SCHEMA kept"))
        for name in TABLES:
            connection.execute(text(f"CREATE TABLE kept.{name} AS TABLE public.{name}"))


def entries_of(store: Store) -> list[bytes]:
    return list(store.leaves(0, store.leaf_count()))


def differences(store: Store) -> list[str]:
    return [str(one) for one in audit(store, entries_of(store))]


def test_an_honest_store_agrees_with_its_journal(lived: Store) -> None:
    assert differences(lived) == []


def test_every_leaf_has_the_form_that_the_documentation_tells(lived: Store) -> None:
    kinds: dict[int, str] = {}
    for idx, entry in enumerate(entries_of(lived)):
        leaf = json.loads(entry)
        assert refusal(leaf, idx=idx, kind_of=kinds.get) is None, leaf
        kinds[idx] = leaf["type"]
        assert len(entry) < 64_000
    assert {"origin", "run", "observation", "outage", "blip", "round", "clock", "gap"} <= set(
        kinds.values()
    )
    assert set(kinds.values()) <= set(FIELDS)


def test_what_does_not_change_is_said_once(lived: Store) -> None:
    said = [e for e in entries_of(lived) if json.loads(e)["type"] in REFERENCES]
    assert len(said) == len(set(said)) < 12


def change(store: Store, *statements: str) -> list[str]:
    """Do as an operator who takes the guards away, and puts them back, then compare."""
    with connected(parse(str_url(store)), writer=True) as connection:
        if sqlite(connection):
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA foreign_keys=OFF")
        with connection.begin(), without_guards(connection):
            for statement in "; ".join(statements).split("; "):
                connection.execute(text(statement))
    return differences(store)


def sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


@contextmanager
def without_guards(connection: Connection) -> Iterator[None]:
    if not sqlite(connection):
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield
        return
    guards = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    held = guards.all()
    for name, _ in held:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, guard in held:
        connection.exec_driver_sql(guard)


def str_url(store: Store) -> str:
    return store._url.render_as_string(hide_password=False)


EDITS = {
    "a verdict": (
        "UPDATE observation SET judgement_id = (SELECT MIN(judgement_id) FROM observation)"
        " WHERE judgement_id <> (SELECT MIN(judgement_id) FROM observation)"
    ),
    "an instant": "UPDATE observation SET at = at + 1 WHERE id = 7",
    "a duration": "UPDATE observation SET duration_us = 1 WHERE id = 7",
    "a phase": "UPDATE observation SET tls_us = NULL WHERE id = 1",
    "a server's clock": "UPDATE observation SET server_offset_us = 5 WHERE id = 1",
    "a detail": "UPDATE observation SET detail = 'x' WHERE id = 9",
    "the leaf of a check": "UPDATE observation SET leaf = leaf + 1 WHERE id = 7",
    "a proof taken away": "UPDATE observation SET leaf = NULL WHERE id = 7",
    "two checks moved": (
        "UPDATE observation SET leaf = CASE id WHEN 7 THEN (SELECT leaf FROM observation WHERE"
        " id = 8) ELSE (SELECT leaf FROM observation WHERE id = 7) END WHERE id IN (7, 8)"
    ),
    "a removed check": "DELETE FROM observation WHERE id = 7",
    "the last check removed": (
        "DELETE FROM observation WHERE id = (SELECT MAX(id) FROM observation)"
    ),
    "an added check": (
        "INSERT INTO observation (id, subject_id, at, late_us, judgement_id, config_id,"
        " conditions_id, duration_us) SELECT -5, subject_id, at - 7, late_us, judgement_id,"
        " config_id, conditions_id, duration_us FROM observation WHERE id = 1"
    ),
    "an added check with a leaf": (
        "INSERT INTO observation (id, subject_id, at, late_us, judgement_id, config_id,"
        " conditions_id, duration_us, leaf) SELECT 9999, subject_id, at - 7, late_us,"
        " judgement_id, config_id, conditions_id, duration_us, leaf FROM observation WHERE id = 1"
    ),
    "the words of a judgement": "UPDATE judgement SET rule = 'other' WHERE id = 1",
    "a verdict's word": "UPDATE judgement SET verdict = 'up' WHERE verdict = 'down'",
    "the ruleset": "UPDATE judgement SET ruleset = '1999'",
    "the conditions": "UPDATE content SET text = REPLACE(text, '198.51.100.7', '198.51.100.9')",
    "conditions that cannot be read": "UPDATE content SET text = '{'",
    "a body's digest": "UPDATE body SET size = size + 1",
    "the configuration": "UPDATE config SET sha256 = '00'",
    "a target's name": "UPDATE subject SET target = 'other' WHERE target = 'accueil'",
    "a gap's cause": "UPDATE gap SET cause = 'paused'",
    "a removed gap": "DELETE FROM gap",
    "a round": "UPDATE round SET at = at + 1 WHERE id = 2",
    "a removed round": "DELETE FROM round WHERE id = 2",
    "a clock": "UPDATE clock_reading SET offset_us = 0",
    "a run": "UPDATE run SET version = '9'",
    "an event": "UPDATE event SET at = at - 1 WHERE id = 1",
    "a removed event": "DELETE FROM event WHERE id = 1",
    "a state": "UPDATE state SET verdict = 'up'",
    "an outage": "UPDATE outage SET last_fail_at = last_fail_at + 1",
    "a count": "UPDATE tally SET checks = checks + 1",
    "an incident": "UPDATE incident SET opened_at = opened_at - 1",
    "an outage of another incident": (
        "UPDATE incident_outage SET incident_id = (SELECT MIN(id) FROM incident)"
    ),
    "the end of a run": "UPDATE run SET stopped_at = NULL",
    "a last sign of life": "UPDATE run SET alive_at = alive_at + 60000000",
    "an outage that an event names": (
        "UPDATE event SET outage_id = (SELECT MIN(id) FROM outage) WHERE outage_id IS NOT NULL"
    ),
    "a reference": (
        "UPDATE reference SET idx = idx + 1 WHERE idx = (SELECT MIN(idx) FROM reference)"
    ),
    "a removed reference": "DELETE FROM reference WHERE idx = (SELECT MIN(idx) FROM reference)",
    "an added subject": "INSERT INTO subject (id, target, point) VALUES (99, 'autre', 'local')",
    "a check of nobody": "UPDATE observation SET subject_id = 99 WHERE id = 7",
    "an added body": "INSERT INTO body (id, sha256, size) VALUES (99, '', 0)",
    "an added incident": (
        "INSERT INTO incident (id, platform, point, opened_at) VALUES (99, 'anef', 'local', 0)"
    ),
    "an added capture": (
        "INSERT INTO capture (subject_id, at, file, sha256, why, leaf)"
        " VALUES (1, 0, '2026-11-23.warc.gz', '', 'daily', 9)"
    ),
    "an added token": (
        "INSERT INTO token (size, authority, asked_at, at, status, sha256, leaf)"
        " VALUES (0, 'a', 0, 0, 'verified', '', NULL)"
    ),
    "a table emptied": "DELETE FROM observation",
    "all that follows from checks": (
        "DELETE FROM incident_outage; DELETE FROM incident; DELETE FROM event; DELETE FROM outage"
    ),
    "a leaf": "UPDATE leaf SET entry = (SELECT entry FROM leaf WHERE idx = 11) WHERE idx = 12",
}


SCHEMA_EDITS = {
    "a guard taken away": "DROP TRIGGER observation_no_update",
    "a guard of another kind": (
        "CREATE TRIGGER late AFTER INSERT ON observation BEGIN DELETE FROM gap; END"
    ),
    "an index taken away": "DROP INDEX uq_outage_open",
    "a table added": "CREATE TABLE more (id INTEGER)",
    "a view in the place of a table": (
        "ALTER TABLE lane RENAME TO hidden; CREATE VIEW lane AS SELECT * FROM hidden"
    ),
    "a column added": "ALTER TABLE gap ADD COLUMN more TEXT",
}


@pytest.mark.parametrize("edit", SCHEMA_EDITS.values(), ids=SCHEMA_EDITS.keys())
def test_every_edit_of_the_schema_is_said(lived_file: Path, tmp_path: Path, edit: str) -> None:
    url = f"sqlite:///{shutil.copy(lived_file, tmp_path / 'vigie.sqlite')}"
    with open_store(url) as store:
        with connected(parse(url), writer=True) as connection, connection.begin():
            for one in edit.split("; ") if "BEGIN" not in edit else [edit]:
                connection.exec_driver_sql(one)
        found = differences(store)
        assert found
        assert all(one.startswith("table schéma") for one in found)


def test_the_list_names_every_table_and_column() -> None:
    """A new column without a voucher fails here: say what vouches for it, or why nothing need."""
    assert set(TABLES) == set(metadata.tables)
    for name, one in TABLES.items():
        assert set(one.columns) == set(metadata.tables[name].columns.keys())
        for column, by in one.columns.items():
            assert by.why or by.by is not By.NOTHING, f"{name}.{column}"


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_every_edit_of_the_database_is_found(edited: Store, edit: str) -> None:
    with restored(edited):
        assert change(edited, edit)


def test_the_same_leaves_come_out_of_both_engines(
    postgres: Postgres, sqlite_template: Path, tmp_path: Path
) -> None:
    """The same life, recorded twice, gives the same bytes."""
    said = []
    sqlite = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'vigie.sqlite')}"
    with postgres.server.database(template=postgres.template) as postgresql:
        for url in (sqlite, postgresql):
            with open_store(url) as store:
                live(store)
                said.append(entries_of(store))
    assert said[0] == said[1]


def facts(store: Store) -> list[object]:
    """Read all that follows from leaves."""
    checks = [store.observations(slug, *EVER) for slug in ("accueil", "connexion")]
    life = [store.runs(), store.rounds(*EVER), store.gaps(*EVER), clock_readings(store)]
    log = [store.states(), store.outages(), store.incidents(), store.events(*EVER)]
    return [*checks, *life, *log, tallies(store), store.latest()]


def test_a_database_made_again_from_the_journal_is_equal(
    lived: Store, empty_url: str, tmp_path: Path
) -> None:
    entries = entries_of(lived)
    url = f"sqlite:///{tmp_path / 'again.sqlite'}" if "sqlite" in empty_url else empty_url
    assert rebuild(url, entries, last=None, bundled=0).leaves == len(entries)
    with open_store(url) as again:
        assert facts(again) == facts(lived)
        assert entries_of(again) == entries
        assert differences(again) == []
        more = next(iter(outcomes()))
        later = replace(more.check, at=at(5000), slot_at=at(5000))
        asyncio.run(again.record(replace(more, check=later)))
        added = [json.loads(entry)["type"] for entry in entries_of(again)[len(entries) :]]
        assert added == ["observation"]  # what it points at was found again


def test_a_journal_is_not_poured_into_a_database_that_holds_something(lived: Store) -> None:
    with pytest.raises(StoreError, match="n’est pas vide"):
        rebuild(str_url(lived), entries_of(lived), last=None, bundled=0)


def test_an_outage_that_does_not_follow_from_the_checks_is_found(lived: Store) -> None:
    """The journal's outages are folded anew: an operator cannot make one up."""
    entries = entries_of(lived)
    idx = next(n for n, entry in enumerate(entries) if b'"type":"outage"' in entry)
    forged = [*entries]
    forged[idx] = entries[idx].replace(b'"checks":3', b'"checks":4')
    assert forged != entries
    assert any("ne suit pas des relevés" in str(one) for one in audit(lived, forged))
    assert list(audit(lived, entries[:idx] + entries[idx + 1 :]))


def test_rows_of_before_the_journal_stay_and_are_counted(database_url: str) -> None:
    """A store of schema 0001 goes on; the first leaf says how much it does not prove."""
    first, *rest = outcomes()
    with open_store(database_url) as store:
        asyncio.run(store.record(first))
    with (
        connected(parse(database_url), writer=True) as connection,
        connection.begin(),
        without_guards(connection),
    ):
        connection.execute(text("UPDATE observation SET leaf = NULL"))
        connection.execute(text("DELETE FROM leaf"))
        connection.execute(text("DELETE FROM reference"))
    with open_store(database_url) as store:
        asyncio.run(store.record(rest[0]))
        entries = entries_of(store)
        assert json.loads(entries[0])["rows_before"]["observation"] == 1
        assert differences(store) == []
        assert change(store, "UPDATE observation SET leaf = NULL")


def test_a_leaf_is_not_changed_nor_let_go_before_it_is_signed(lived: Store) -> None:
    """A guard against accidents, on both engines."""
    for edit in (
        "UPDATE leaf SET entry = entry",
        "DELETE FROM leaf WHERE idx = 3",
        "UPDATE reference SET idx = idx",
        "DELETE FROM reference",
    ):
        with (
            connected(parse(str_url(lived)), writer=True) as connection,
            pytest.raises(DBAPIError, match="is append-only"),
        ):
            connection.execute(text(edit))
    note = {"size": 4, "root": b"r" * 32, "at": at(0), "note": b"n", "bundled": 4}
    asyncio.run(lived.keep_checkpoint(**note))  # type: ignore[arg-type] # the test's own words
    assert lived.first_leaf() == 4


def test_a_checkpoint_that_nobody_vouched_for_goes_after_a_day(lived: Store) -> None:
    """Except the last one; stamped and cosigned ones stay for ever."""

    def keep(size: int, hours: int) -> None:
        asyncio.run(
            lived.keep_checkpoint(
                size=size, root=b"r" * 32, at=at(3600 * hours), note=b"n", bundled=0
            )
        )

    def held() -> list[int]:
        with lived.reading() as connection:
            sizes = connection.execute(text("SELECT size FROM checkpoint ORDER BY size"))
            return [size for (size,) in sizes]

    keep(3, 0)
    keep(4, 1)
    with connected(parse(str_url(lived)), writer=True) as connection, connection.begin():
        connection.execute(
            text("INSERT INTO cosignature (size, witness, at, line) VALUES (4, 'w', 0, '-')")
        )
    keep(5, 23)
    assert held() == [3, 4, 5]
    keep(6, 48)
    assert held() == [4, 6]
    for edit in ("DELETE FROM checkpoint WHERE size = 6", "UPDATE checkpoint SET size = size"):
        with (
            connected(parse(str_url(lived)), writer=True) as connection,
            pytest.raises(DBAPIError, match="is append-only"),
        ):
            connection.execute(text(edit))


@pytest.mark.parametrize("moved", [True, False], ids=["moved", "left"])
def test_incidents_that_cannot_be_folded_again_are_counted(
    database_url: str, *, moved: bool
) -> None:
    """A target moves, or leaves the list, while its outage is open: no leaf says when."""
    weather = {"accueil": "..xxxxxxxxxx", "connexion": "..xxxxxxxxxx"}
    every = list(outcomes(tuple(weather.items())))

    async def record(store: Store, some: list[Outcome], second: int) -> None:
        await store.start_run(a_run(at(second)))
        for one in some:
            await store.record(one)
        await store.stop_run(at(second + 1))

    with open_store(database_url) as store:
        asyncio.run(record(store, every[:16], -1))
        assert (store.incidents() != (), told_of(store)) == (True, OnTrust())
    targets = {
        slug: replace(one, platform="prefectures")
        for slug, one in TARGETS.items()
        if moved or slug == "accueil"
    }
    rest = [one for one in every[16:] if one.check.target in targets]
    for second, some in ((5000, rest[:3]), (6000, rest[3:])):
        with open_store(database_url, targets=targets) as store:
            asyncio.run(record(store, some, second))
    with open_store(database_url, targets=targets) as store:
        trusted = told_of(store)
        assert (trusted.incidents, trusted.platforms) == (len(store.incidents()), {"anef"})
        (line,) = trusted.told()
        assert line.startswith(f"Pris sur parole : {count(1, 'incident')}, plateforme anef ; une")


def told_of(store: Store) -> OnTrust:
    trusted = OnTrust()
    assert list(audit(store, entries_of(store), trusted=trusted)) == []
    return trusted
