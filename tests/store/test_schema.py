"""One tree of migrations, the same tables on both engines."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from monitor.core.model import GapCause, Reason
from monitor.store import Store, StoreError, engine, is_new, migrate
from monitor.store.engine import SCHEMA, connected, parse
from monitor.store.tables.check_tables import APPEND_ONLY, metadata
from tests.support.outcomes import at, outcome


def test_the_migrations_make_exactly_the_tables_of_the_code(database_url: str) -> None:
    with connected(parse(database_url), writer=False) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_schema_that_the_code_asks_for_is_the_last_migration() -> None:
    assert (
        ScriptDirectory(str(Path(engine.__file__).parent / "migrations")).get_current_head()
        == SCHEMA
    )


def test_migrate_makes_the_tables_once(empty_url: str) -> None:
    made = migrate(empty_url)
    assert (made.before, made.after) == (None, SCHEMA)
    assert "créée" in str(made)
    assert not is_new(empty_url)
    again = migrate(empty_url)
    assert (again.before, again.copy) == (SCHEMA, None)
    assert "rien à faire" in str(again)
    Store.open(empty_url, point="local", writer=True).close()


def test_an_upgrade_keeps_a_copy_of_the_file_as_it_was(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{path}"
    with Store.open(url, point="local", writer=True, rest_s=0) as store:
        asyncio.run(store.record(outcome("anef", at(0))))
    monkeypatch.setattr("monitor.store.upgrade.SCHEMA", "9998")
    for copy in (f"{path}.avant-9998", f"{path}.avant-9998-2"):
        assert str(migrate(url).copy) == copy
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("SELECT count(*) FROM observation").fetchone() == (1,)


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("boom")

    with monkeypatch.context() as broken:
        broken.setattr("alembic.command.upgrade", half_way(fail))
        with pytest.raises(StoreError):
            migrate(empty_url)
    assert is_new(empty_url)
    migrate(empty_url)
    Store.open(empty_url, point="local", writer=True).close()


def half_way(fail: Callable[..., None]) -> Callable[..., None]:
    real = command.upgrade

    def upgrade(config: Config, revision: str) -> None:
        real(config, revision)
        fail()

    return upgrade


def test_what_was_recorded_is_neither_changed_nor_removed(database_url: str) -> None:
    """A guard against accidents, on both engines."""
    with Store.open(database_url, point="local", writer=True) as store:
        asyncio.run(store.record(outcome("anef", at(0))))
    with connected(parse(database_url), writer=True) as connection:
        for table in APPEND_ONLY:
            for change in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):  # noqa: S608 -- ours
                with pytest.raises(DBAPIError, match=f"{table} is append-only"):
                    connection.execute(text(change))
                connection.rollback()
            assert connection.execute(select(metadata.tables[table].c.id)).all()
            connection.rollback()


def test_the_changes_of_before_dead_links_are_kept_and_still_guarded(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite makes the table of changes anew for it: rows, CHECK and triggers must come along."""
    real = command.upgrade
    with monkeypatch.context() as older:
        older.setattr("alembic.command.upgrade", lambda config, _: real(config, "0003"))
        migrate(empty_url)
    add = (
        "INSERT INTO page_change (subject_id, at, edge, kinds, summary, silent, announced) "
        "VALUES (1, {at}, '{edge}', '', '', false, false)"
    )
    with connected(parse(empty_url), writer=True) as connection, connection.begin():
        connection.execute(text("INSERT INTO subject (target, point) VALUES ('anef', 'local')"))
        connection.execute(text(add.format(at=1, edge="first")))
    migrate(empty_url)

    with connected(parse(empty_url), writer=True) as connection:
        connection.execute(text(add.format(at=2, edge="link_broken")))
        connection.commit()
        edges = connection.scalars(text("SELECT edge FROM page_change ORDER BY at")).all()
        for refused in (
            add.format(at=3, edge="other"),
            "UPDATE page_change SET at = 4",
            "DELETE FROM page_change",
        ):
            connection.rollback()
            with pytest.raises(DBAPIError):
                connection.execute(text(refused))
    assert ["first", "link_broken"] == edges


def test_the_gaps_of_before_other_causes_are_kept(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = command.upgrade
    with monkeypatch.context() as older:
        older.setattr("alembic.command.upgrade", lambda config, _: real(config, "0004"))
        migrate(empty_url)
    add = (
        "INSERT INTO gap (subject_id, from_at, to_at, slots, cause) VALUES (1, {at}, 9, 1, '{why}')"
    )
    with connected(parse(empty_url), writer=True) as connection, connection.begin():
        connection.execute(text("INSERT INTO subject (target, point) VALUES ('anef', 'local')"))
        connection.execute(text(add.format(at=1, why="robots")))
    migrate(empty_url)

    with connected(parse(empty_url), writer=True) as connection:
        for at_us, cause in enumerate(GapCause, start=2):
            connection.execute(text(add.format(at=at_us, why=cause.value)))
        connection.commit()
        causes = connection.scalars(text("SELECT cause FROM gap ORDER BY from_at")).all()
        with pytest.raises(DBAPIError):
            connection.execute(text(add.format(at=99, why="other")))
    assert ["robots", *GapCause] == causes


def test_the_judgements_of_before_are_kept_and_new_reasons_are_let_in(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite makes the table anew for it: rows, CHECK and triggers must come along."""
    real = command.upgrade
    with monkeypatch.context() as older:
        older.setattr("alembic.command.upgrade", lambda config, _: real(config, "0006"))
        migrate(empty_url)
    add = (
        "INSERT INTO judgement (ruleset, verdict, reason, rule) "
        "VALUES ('{rules}', 'unknown', '{reason}', 'r')"
    )
    with connected(parse(empty_url), writer=True) as connection, connection.begin():
        connection.execute(text(add.format(rules="old", reason="local_network")))
    migrate(empty_url)

    with connected(parse(empty_url), writer=True) as connection:
        for reason in Reason:
            connection.execute(text(add.format(rules=f"new {reason}", reason=reason)))
        connection.commit()
        assert connection.scalar(text("SELECT min(id) FROM judgement WHERE ruleset = 'old'")) == 1
        for refused in (
            add.format(rules="x", reason="other"),
            "UPDATE judgement SET rule = 'x'",
            "DELETE FROM judgement",
        ):
            connection.rollback()
            with pytest.raises(DBAPIError):
                connection.execute(text(refused))
