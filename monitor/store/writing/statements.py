"""Update or insert, in words that both engines share and SQLAlchemy compiles only once."""

from collections.abc import Hashable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, insert, select, update

from monitor.store.tables.check_tables import TableRow, table_of


class Replace:
    """Writes whole rows under a natural key, new or not. For the one writer alone.

    ON CONFLICT would say it in one statement, which SQLAlchemy compiles anew at each use: as
    long as the rest of the transaction. One process writes, so what was there is still there.
    """

    def __init__(self, row: type[TableRow], *keys: str, add: str = "") -> None:
        """Prepare the statements; the column `add` is added to, not replaced."""
        table = table_of(row)
        self._keys = keys
        self._add = add
        same = and_(*(table.c[key] == bindparam(f"the_{key}") for key in keys))
        self._find = select(table.c[keys[0]]).where(same)
        self._insert = insert(table)
        self._update = update(table).where(same)
        if add:
            self._update = self._update.values({add: table.c[add] + bindparam("more")})
        self._known: set[Hashable] = set()

    def write(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows of different keys."""
        new: list[dict[str, Any]] = []
        old: list[dict[str, Any]] = []
        for row in rows:
            named = {f"the_{key}": row[key] for key in self._keys}
            if self._is_there(connection, named):
                old.append(self._change(row) | named)
            else:
                new.append(row)
        if new:
            connection.execute(self._insert, new)
        if old:
            connection.execute(self._update, old)

    def _is_there(self, connection: Connection, named: dict[str, Any]) -> bool:
        name = tuple(named.values())
        if name in self._known:
            return True
        self._known.add(name)
        return connection.execute(self._find, named).first() is not None

    def _change(self, row: dict[str, Any]) -> dict[str, Any]:
        if self._add:
            return {"more": row[self._add]}
        return {column: value for column, value in row.items() if column not in self._keys}
