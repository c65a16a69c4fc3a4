"""The rows of a database as an audit reads them: raw values, and whom they name.

Nothing is taken for what its column promises: SQLite keeps any value in any column. A number
that names another row is replaced by what that row is known by, so that rows are compared
by what they say, whatever their numbers.
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
from monitor.store.tables.page_tables import metadata
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
    """What cannot be read; equal to nothing that a leaf says. `why` is French."""

    why: str

    def __str__(self) -> str:
        return f"illisible : {self.why}"


def plain(value: Any) -> Any:
    """Return a value as the database holds it."""
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
    """Return a column whose values come as the database holds them."""
    return type_coerce(column, NullType()).label(column.name)


def chunks(
    connection: Connection,
    name: str,
    *,
    without: frozenset[str] = frozenset(),
    many: int = MANY,
) -> Iterator[list[Raw]]:
    """Yield the rows of a table by its primary key, a few at a time."""
    keys = list(metadata.tables[name].primary_key.columns)
    wanted = _wanted(name, without).limit(many)
    after, more = wanted, True
    while more and (some := [_plain(row) for row in connection.execute(after).mappings()]):
        after, more = wanted.where(_after(keys, some[-1])), len(some) == many
        yield some


@cache
def _wanted(name: str, without: frozenset[str]) -> Select[Any]:
    table = metadata.tables[name]
    columns = [raw(table.c[column]) for column in TABLES[name].columns if column not in without]
    return select(*columns).order_by(*table.primary_key.columns)


def _plain(row: Mapping[Any, Any]) -> Raw:
    return {str(column): plain(value) for column, value in row.items()}


def _after(keys: list[Column[Any]], row: Raw) -> ColumnElement[bool]:
    """Tell the rows that come after this one: the first key that differs is greater."""
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
    """Yield the rows of a table by its primary key."""
    for some in chunks(connection, name, without=without, many=many):
        yield from some


class Named:
    """What rows are known by, from their numbers. Small tables are read once."""

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
        """Return what the row of this number is known by; None for no number."""
        if number is None:
            return None
        if table in self.used:
            self.used[table].add(number)
        return self._known[table].get(
            number, UnreadableRow(f"renvoie à {_DANGLING} de la table {table}")
        )

    def unused(self, table: str) -> Iterator[Any]:
        """Yield what the rows that nothing named are known by."""
        for number, natural in self._known[table].items():
            if number not in self.used[table]:
                yield natural

    def whole(self, table: str, row: Raw) -> Raw:
        """Replace the numbers of a row by what they name."""
        for column, one in TABLES[table].columns.items():
            if one.of == "content":
                row[column] = self._text(column, row[column])
            elif one.of == "body":
                row[column] = self._body(row[column])
            elif one.of:
                row[column] = self.of(one.of, row[column])
        return row

    def _read(self, name: str, natural: Callable[[Raw], Any]) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        seen: set[Any] = set()
        for row in rows(self._connection, name, without=frozenset({"page"})):
            known = natural(row)
            if known in seen and name != "page_change":
                self.twice.append((name, known))
            seen.add(known)
            found[row["id"]] = known
        return found

    def rows(self, table: str) -> Iterator[Raw]:
        """Yield the rows of a table, what they name in place of its numbers."""
        for some in chunks(self._connection, table):
            self._prepare(table, some)
            for row in some:
                yield self.whole(table, row)

    def _prepare(self, table: str, some: list[Raw]) -> None:
        """Read at once what these rows name of the large tables."""
        for column, one in TABLES[table].columns.items():
            numbers = {row[column] for row in some} - {None}
            if one.of == "content":
                self._read_texts(column, {n for n in numbers if (column, n) not in self._texts})
            elif one.of == "body":
                self._read_bodies(numbers - self._bodies.keys())

    def _read_texts(self, column: str, numbers: set[Any]) -> None:
        table = metadata.tables["content"]
        for found in self._named(table, "sha256", "text", numbers=numbers):
            self._texts[column, found.id] = _parsed(
                column, found.id, plain(found.sha256), found.text
            )
        while len(self._texts) > _TEXTS + MANY:
            self._texts.popitem(last=False)

    def _read_bodies(self, numbers: set[Any]) -> None:
        table = metadata.tables["body"]
        for found in self._named(table, "sha256", "size", numbers=numbers):
            self._bodies[found.id] = plain(found.sha256), found.size
        while len(self._bodies) > _TEXTS + MANY:
            self._bodies.popitem(last=False)

    def _named(self, table: Table, *columns: str, numbers: set[Any]) -> Iterator[Any]:
        wanted = select(table.c.id, *(raw(table.c[column]) for column in columns))
        every = [number for number in numbers if isinstance(number, int)]
        for start in range(0, len(every), _MOST_AT_ONCE):
            some = table.c.id.in_(every[start : start + _MOST_AT_ONCE])
            yield from self._connection.execute(wanted.where(some))

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
    """Say in French what is wrong with a kept text; "" when nothing is."""
    if not isinstance(text, str):
        return "ce n’est pas un texte"
    if hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest() != plain(sha256):
        return "l’empreinte n’est pas celle du texte"
    return ""


def apart(said: Any, found: Any) -> tuple[Any, Any]:
    """Return of two records of one kind the first fields that differ; else both, whole."""
    if type(said) is type(found) and is_dataclass(said):
        for one in fields(said):
            if getattr(said, one.name) != getattr(found, one.name):
                return apart(getattr(said, one.name), getattr(found, one.name))
    return said, found


def who(table: str, row: Raw) -> str:
    """Name a row as a person would."""
    return " ".join(show(row.get(column)) for column in TABLES[table].key)


def show(value: Any) -> str:
    """Write a value for a person, cut to a line."""
    match value:
        case None:
            text = "rien"
        case bytes():
            text = value[:_LONGEST].hex()
        case tuple():
            text = " ".join(show(one) for one in value if one != "")
        case int() if _EARLY < value < _LATE:
            text = from_us(value).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case _:
            text = str(value)
    text = "".join(char if char.isprintable() else "?" for char in text[: _LONGEST + 1])
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
