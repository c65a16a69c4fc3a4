"""The end of the journal in SQL: leaves are written in the transaction of their rows."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, type_coerce
from sqlalchemy.types import NullType

from monitor.core.journal import encode
from monitor.core.journal.jcs import canonical
from monitor.store.tables.check_tables import metadata, table_of
from monitor.store.tables.journal_tables import IN_THE_JOURNAL, CheckpointRow, LeafRow, ReferenceRow

REFERENCES = 4_096  # leaves that are pointed at and remembered; a site can make any number
MAX_LEAF_BYTES = 64_000  # below the 65,535 that a bundle can hold

_LEAF = table_of(LeafRow)
_REFERENCE = table_of(ReferenceRow)
_CHECKPOINT = table_of(CheckpointRow)

Leaf = dict[str, Any]


class JournalAppender:
    """Numbers leaves one after the other, in the order in which they are committed.

    For the one writer alone, which never goes on after a transaction that failed.
    """

    def __init__(self) -> None:
        self._next: int | None = None
        self._waiting: list[dict[str, Any]] = []
        self._references: OrderedDict[bytes, int] = OrderedDict()  # the last; SQL has them all

    def append(self, connection: Connection, leaf: Leaf) -> int:
        """Add a leaf to the transaction and return its index. `flush` must follow.

        Raises:
            ValueError: the leaf is not canonical JSON, or is too long.

        """
        return self._add(connection, canonical(leaf))

    def refer(self, connection: Connection, leaf: Leaf) -> int:
        """Return the index of a leaf that says exactly this, appended only the first time."""
        entry = canonical(leaf)
        sha256 = hashlib.sha256(entry).digest()
        idx = self._references.get(sha256)
        if idx is None:
            known = select(_REFERENCE.c.idx).where(_REFERENCE.c.sha256 == sha256)
            idx = connection.execute(known).scalar_one_or_none()
            if idx is None:
                idx = self._add(connection, entry)
                connection.execute(insert(_REFERENCE), {"sha256": sha256, "idx": idx})
            self._references[sha256] = idx
            if len(self._references) > REFERENCES:
                self._references.popitem(last=False)
        else:
            self._references.move_to_end(sha256)
        return idx

    def flush(self, connection: Connection) -> None:
        """Write the appended leaves: once, at the end of each transaction."""
        if self._waiting:
            connection.execute(insert(_LEAF), self._waiting)
            self._waiting = []

    def _add(self, connection: Connection, entry: bytes) -> int:
        if len(entry) > MAX_LEAF_BYTES:
            raise ValueError(f"a leaf of {len(entry)} bytes is too long")
        if self._next is None:
            self._next = size(connection)
            if self._next == 0:
                self._add(connection, canonical(encode.origin(_rows(connection))))
        idx = self._next
        self._next = idx + 1
        self._waiting.append({"idx": idx, "entry": entry})
        return idx


def _rows(connection: Connection) -> dict[str, int]:
    """Count the rows recorded before there was a journal."""
    return {
        name: connection.scalar(select(func.count()).select_from(metadata.tables[name])) or 0
        for name in IN_THE_JOURNAL
    }


def size(connection: Connection) -> int:
    """Count the leaves of the journal, as this transaction sees it.

    A number that is none, as no writer of ours makes it, hides all others of its column.
    """
    last, signed = _greatest(connection, _LEAF.c.idx), _greatest(connection, _CHECKPOINT.c.size)
    return max(0 if last is None else last + 1, signed or 0)


def _greatest(connection: Connection, column: ColumnElement[int]) -> int | None:
    greatest: Any = connection.scalar(select(type_coerce(func.max(column), NullType())))
    return greatest if isinstance(greatest, int) else None


def first(connection: Connection) -> int:
    """Return the index of the first leaf that is still in SQL."""
    smallest: Any = connection.scalar(select(type_coerce(func.min(_LEAF.c.idx), NullType())))
    return smallest if isinstance(smallest, int) else size(connection)


def entries(connection: Connection, since: int, until: int) -> Sequence[bytes]:
    """Return the leaves [since, until) that are still in SQL, in order.

    One that holds anything but bytes, as no writer of ours makes it, is empty here.
    """
    column = type_coerce(_LEAF.c.entry, NullType())
    query = select(column).where(_LEAF.c.idx >= since, _LEAF.c.idx < until).order_by(_LEAF.c.idx)
    rows: Sequence[Any] = connection.execute(query).scalars().all()
    return [b"" if isinstance(entry, str) else bytes(entry) for entry in rows]
