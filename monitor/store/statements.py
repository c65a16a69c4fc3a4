"""The statements that both engines have and SQLAlchemy words apart for each."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from monitor.store.tables import Row, table_of


def insert_once(row: type[Row], dialect: str) -> Any:
    """INSERT, or nothing when a row with the same natural key is there."""
    return _insert(table_of(row), dialect).on_conflict_do_nothing()


def upsert(row: type[Row], dialect: str, *, keys: tuple[str, ...], add: str = "") -> Any:
    """INSERT, or replace all but the keys; the column `add` is added to instead."""
    table = table_of(row)
    statement = _insert(table, dialect)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=list(keys),
        set_={
            column.name: column + new[column.name] if column.name == add else new[column.name]
            for column in table.columns
            if column.name not in {"id", *keys}
        },
    )


def _insert(table: Table, dialect: str) -> Any:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
