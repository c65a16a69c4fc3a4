"""The rows of a database as an audit reads them: raw values, with references resolved.

No value is trusted to have the type of its column: SQLite accepts any value in any column. A
foreign key is replaced by the natural key of the row that it refers to, so that rows are compared
by their content, whatever their numbers.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from monitor.core.model import Controls
from monitor.store.audit.vouchers import TABLES
from monitor.store.reads.question import DAWN
from monitor.store.tables.columns import from_us, to_us
from monitor.store.tables.dossier_tables import metadata
from monitor.store.writing.intern_tables import conditions_from, controls_from

MANY = 500  # rows in memory
_MOST_AT_ONCE = 500  # numbers in one IN
_TEXTS = 1024  # kept texts, and bodies, that were read last

Raw = dict[str, Any]
_DANGLING = "aucune ligne"
_LONGEST = 80  # characters of a value that are shown
_EARLY, _LATE = 10**15, 4 * 10**15  # microseconds: what lies between is shown as an instant


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A value that cannot be read; equal to no value of a leaf. `why` is French."""

    why: str

    def __str__(self) -> str:
        return f"illisible : {self.why}"


def plain(value: Any) -> Any:
    """Return a value as the database has it."""
    match value:
        case datetime():
            return to_us(value)
        case Enum():
            return value.value
        case memoryview():
            return bytes(value)
        case _:
            return value


def plainly(row: Mapping[str, Any]) -> Raw:
    return {name: plain(value) for name, value in row.items()}


def raw(column: Column[Any]) -> Any:
    """Return a column whose values are not converted."""
    return type_coerce(column, NullType()).label(column.name)


def chunks(
    connection: Connection,
    name: str,
    *,
    without: frozenset[str] = frozenset(),
    many: int = MANY,
) -> Iterator[list[Raw]]:
    """Yield the rows of a table in the order of its primary key, at most `many` at a time."""
    keys = list(metadata.tables[name].primary_key.columns)
    query = _select_all(name, without).limit(many)
    after, more = query, True
    while more and (batch := [_plain(row) for row in connection.execute(after).mappings()]):
        after, more = query.where(_after(keys, batch[-1])), len(batch) == many
        yield batch


@cache
def _select_all(name: str, without: frozenset[str]) -> Select[Any]:
    table = metadata.tables[name]
    columns = [raw(table.c[column]) for column in TABLES[name].columns if column not in without]
    return select(*columns).order_by(*table.primary_key.columns)


def _plain(row: Mapping[Any, Any]) -> Raw:
    return {str(column): plain(value) for column, value in row.items()}


def _after(keys: list[Column[Any]], row: Raw) -> ColumnElement[bool]:
    """Return the condition of the rows after this one: the first key that differs is greater."""
    values = [type_coerce(row[key.name], NullType()) for key in keys]
    return or_(
        *(
            and_(*(keys[before] == values[before] for before in range(n)), keys[n] > values[n])
            for n in range(len(keys))
        )
    )


def rows(
    connection: Connection,
    name: str,
    *,
    without: frozenset[str] = frozenset(),
    many: int = MANY,
) -> Iterator[Raw]:
    """Yield the rows of a table in the order of its primary key."""
    for batch in chunks(connection, name, without=without, many=many):
        yield from batch


class Named:
    """The natural keys of rows, by their numbers. Small tables are read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._texts: OrderedDict[tuple[str, Any], Any] = OrderedDict()
        self._bodies: OrderedDict[Any, Any] = OrderedDict()
        self.bodies = 0  # that a check names
        self._last_body: Any = None
        self.used: dict[str, set[Any]] = {"subject": set(), "judgement": set(), "config": set()}
        self._known: dict[str, dict[Any, Any]] = {}
        self.twice: list[tuple[str, Any]] = []  # rows that say what another says
        read: Mapping[str, Callable[[Raw], Any]] = {
            "subject": lambda row: (row["target"], row["point"]),
            "judgement": lambda row: (row["ruleset"], row["verdict"], row["reason"], row["rule"]),
            "config": lambda row: row["sha256"],
            "page_text": lambda row: row["sha256"],
            "outage": lambda row: (self.of("subject", row["subject_id"]), row["first_fail_at"]),
            "incident": lambda row: (row["platform"], row["point"], row["opened_at"]),
            "page_version": lambda row: (self.of("subject", row["subject_id"]), row["first_at"]),
            "page_change": lambda row: row["leaf"],
        }
        for name, natural in read.items():
            self._known[name] = self._read(name, natural)

    def of(self, table: str, number: Any) -> Any:
        """Return the natural key of the row of this number; None for no number."""
        if number is None:
            return None
        if table in self.used:
            self.used[table].add(number)
        return self._known[table].get(
            number, UnreadableRow(f"renvoie à {_DANGLING} de la table {table}")
        )

    def unused(self, table: str) -> Iterator[Any]:
        """Yield the natural keys of the rows that nothing refers to."""
        for number, natural in self._known[table].items():
            if number not in self.used[table]:
                yield natural

    def whole(self, table: str, row: Raw) -> Raw:
        """Replace the foreign keys of a row by natural keys or contents."""
        for column, column_info in TABLES[table].columns.items():
            if column_info.of == "content":
                row[column] = self._text(column, row[column])
            elif column_info.of == "body":
                row[column] = self._body(row[column])
            elif column_info.of:
                row[column] = self.of(column_info.of, row[column])
        return row

    def _read(self, name: str, natural: Callable[[Raw], Any]) -> dict[Any, Any]:
        by_number: dict[Any, Any] = {}
        natural_keys: set[Any] = set()
        for row in rows(self._connection, name, without=frozenset({"page"})):
            key = natural(row)
            if key in natural_keys and name != "page_change":
                self.twice.append((name, key))
            natural_keys.add(key)
            by_number[row["id"]] = key
        return by_number

    def rows(self, table: str) -> Iterator[Raw]:
        """Yield the rows of a table, with natural keys in place of foreign keys."""
        for batch in chunks(self._connection, table):
            self._prepare(table, batch)
            for row in batch:
                yield self.whole(table, row)

    def _prepare(self, table: str, batch: list[Raw]) -> None:
        """Read at once what these rows refer to in the large tables."""
        for column, column_info in TABLES[table].columns.items():
            numbers = {row[column] for row in batch} - {None}
            if column_info.of == "content":
                self._read_texts(column, {n for n in numbers if (column, n) not in self._texts})
            elif column_info.of == "body":
                self._read_bodies(numbers - self._bodies.keys())

    def _read_texts(self, column: str, numbers: set[Any]) -> None:
        table = metadata.tables["content"]
        for row in self._named(table, "sha256", "text", numbers=numbers):
            self._texts[column, row.id] = _parsed(column, row.id, plain(row.sha256), row.text)
        while len(self._texts) > _TEXTS + MANY:
            self._texts.popitem(last=False)

    def _read_bodies(self, numbers: set[Any]) -> None:
        table = metadata.tables["body"]
        for row in self._named(table, "sha256", "size", numbers=numbers):
            self._bodies[row.id] = plain(row.sha256), row.size
        while len(self._bodies) > _TEXTS + MANY:
            self._bodies.popitem(last=False)

    def _named(self, table: Table, *columns: str, numbers: set[Any]) -> Iterator[Any]:
        query = select(table.c.id, *(raw(table.c[column]) for column in columns))
        integers = [number for number in numbers if isinstance(number, int)]
        for start in range(0, len(integers), _MOST_AT_ONCE):
            in_batch = table.c.id.in_(integers[start : start + _MOST_AT_ONCE])
            yield from self._connection.execute(query.where(in_batch))

    def _text(self, column: str, number: Any) -> Any:
        if number is None:
            return None
        key = column, number
        if key not in self._texts:
            return UnreadableRow(f"renvoie à {_DANGLING} de la table content")
        self._texts.move_to_end(key)
        return self._texts[key]

    def _body(self, number: Any) -> Any:
        if number is None:
            return None
        if number not in self._bodies:
            return UnreadableRow(f"renvoie à {_DANGLING} de la table body")
        # Checks name bodies in the order in which they were written.
        if self._last_body is None or number > self._last_body:
            self._last_body = number
            self.bodies += 1
        self._bodies.move_to_end(number)
        return self._bodies[number]


def _parsed(column: str, number: Any, sha256: Any, text: Any) -> Any:
    fault = text_fault(sha256, text)
    if fault:
        return UnreadableRow(f"content {number} : {fault}")
    try:
        if column == "controls_id":
            return Controls(at=DAWN, **controls_from(text))
        return conditions_from(text)
    except (ValueError, TypeError, RecursionError) as error:
        return UnreadableRow(f"content {number} : {type(error).__name__}")


def text_fault(sha256: Any, text: Any) -> str:
    """Return, in French, what is wrong with a text of the table `content`; "" when nothing is."""
    if not isinstance(text, str):
        return "ce n’est pas un texte"
    if hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest() != plain(sha256):
        return "l’empreinte n’est pas celle du texte"
    return ""


def apart(expected: Any, actual: Any) -> tuple[Any, Any]:
    """Return the first fields that differ of two dataclasses of one type; else both values."""
    if type(expected) is type(actual) and is_dataclass(expected):
        for field in fields(expected):
            if getattr(expected, field.name) != getattr(actual, field.name):
                return apart(getattr(expected, field.name), getattr(actual, field.name))
    return expected, actual


def who(table: str, row: Raw) -> str:
    """Return the name of a row for a person."""
    return " ".join(show(row.get(column)) for column in TABLES[table].key)


def show(value: Any) -> str:
    """Format a value for a person, at most one line."""
    match value:
        case None:
            text = "rien"
        case bytes():
            text = value[:_LONGEST].hex()
        case tuple():
            text = " ".join(show(part) for part in value if part != "")
        case int() if _EARLY < value < _LATE:
            text = from_us(value).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case _:
            text = str(value)
    text = "".join(char if char.isprintable() else "?" for char in text[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
