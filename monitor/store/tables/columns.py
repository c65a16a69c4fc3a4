"""The column types that SQLite and PostgreSQL share."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Enum, Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# As a primary key: SQLite's own rowid, which must be called INTEGER, and 2^63 elsewhere.
BIG_KEY: Any = BigInteger().with_variant(Integer(), "sqlite")


def to_us(at: datetime) -> int:
    """Return microseconds since 1970, UTC. Raises ValueError for a naive instant."""
    if at.tzinfo is None:
        raise ValueError(f"naive instant: {at}")
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """Return the aware UTC instant that many microseconds after 1970."""
    return _EPOCH + us * _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as microseconds since 1970: exact, sortable, 8 bytes on both."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        del dialect
        return None if value is None else to_us(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else from_us(value)


def enum_column(kind: type[StrEnum], *, nullable: bool = False, check: str | None = None) -> Any:
    """Declare a column for an enumeration, with a CHECK constraint if `check` names it."""
    values = Enum(
        kind,
        name=check,
        native_enum=False,
        create_constraint=check is not None,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )
    column: Column[Any] = Column(values, nullable=nullable)
    return Field(default=None, sa_column=column)
