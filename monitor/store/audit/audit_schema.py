"""Audit the schema of a database against that of the code, triggers included."""

import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text

from monitor.store.audit.difference import Difference
from monitor.store.engine import connected, parse
from monitor.store.tables import check_tables, journal_tables, page_tables
from monitor.store.tables.dossier_tables import metadata
from monitor.store.upgrade import migrate

_OURS = "alembic_version"
_SQLITE = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
_TRIGGERS = """
SELECT t.tgname, t.tgenabled, p.prosrc
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND n.nspname = current_schema()
"""
_WORDS = {"table": "table", "index": "index", "trigger": "déclencheur", "view": "vue"}

Things = dict[tuple[str, str], str]


def schema_faults(connection: Connection) -> Iterator[Difference]:
    """Yield what is missing in the schema, what was added, and what differs."""
    if connection.dialect.name == "sqlite":
        expected, actual = _expected_of_sqlite(), _of_sqlite(connection)
    else:
        expected, actual = _expected_of_postgres(), _of_postgres(connection)
    for kind, name in sorted(expected.keys() | actual.keys()):
        if (kind, name) not in actual:
            what = "supprimé(e)"
        elif (kind, name) not in expected:
            what = "ajouté(e)"
        elif expected[kind, name] != actual[kind, name]:
            what = "modifié(e)"
        else:
            continue
        yield Difference("schéma", None, f"{_WORDS.get(kind, kind)} {name}", what)


def _of_sqlite(connection: Connection) -> Things:
    return {
        (kind, name): "\n".join(sorted(map(_tight, str(sql).splitlines())))
        for kind, name, sql in connection.execute(text(_SQLITE))
    }


def _tight(line: str) -> str:
    """Remove the layout of a line, and its final comma, which depends on its place."""
    return "".join(line.lower().translate(_LAYOUT).split()).removesuffix(",")


_LAYOUT = str.maketrans("", "", "\"'`[]")  # how a version of SQLite quotes what it renames


@cache
def _expected_of_sqlite() -> Things:
    with tempfile.TemporaryDirectory(prefix="vigie-") as folder:
        url = f"sqlite:///{Path(folder) / 'schema.sqlite'}"
        migrate(url)
        with connected(parse(url), writer=False) as connection:
            return _of_sqlite(connection)


def _expected_of_postgres() -> Things:
    things: Things = {("table", _OURS): ""}
    for table in metadata.sorted_tables:
        things["table", table.name] = _columns((c.name, bool(c.nullable)) for c in table.columns)
        for index in table.indexes:
            things["index", str(index.name)] = f"{index.unique} {[c.name for c in index.columns]}"
    guarded = [*check_tables.APPEND_ONLY, *journal_tables.APPEND_ONLY, *page_tables.APPEND_ONLY]
    for name in (*guarded, "leaf", "checkpoint"):
        things["trigger", f"{name}_append_only"] = "O"
    for name in ("leaf", "checkpoint"):
        things["trigger", f"{name}_not_lost"] = "O"
    return things


def _of_postgres(connection: Connection) -> Things:
    inspector = inspect(connection)
    things: Things = {("view", name): "" for name in inspector.get_view_names()}
    for name in inspector.get_table_names():
        columns = inspector.get_columns(name) if name != _OURS else []
        things["table", name] = _columns((c["name"], c["nullable"]) for c in columns)
        for index in inspector.get_indexes(name):
            if "duplicates_constraint" not in index:
                things["index", str(index["name"])] = f"{index['unique']} {index['column_names']}"
    for name, enabled, source in connection.execute(text(_TRIGGERS)):
        state = enabled.decode() if isinstance(enabled, bytes) else enabled
        things["trigger", name] = state if "append-only" in source else "another"
    return things


def _columns(columns: Any) -> str:
    return "".join(f"{name} {nullable}\n" for name, nullable in sorted(columns))
