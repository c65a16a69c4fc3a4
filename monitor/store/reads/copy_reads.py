"""Queries about the copies of one target whose bytes were kept."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, UnaryExpression, and_, func, select

from monitor.core.changes.change_log import KeptCopy
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import BodyRow, ObservationRow, SubjectRow, table_of
from monitor.store.tables.journal_tables import CaptureRow

_S = table_of(SubjectRow)
_C = table_of(CaptureRow)
_O = table_of(ObservationRow)
_B = table_of(BodyRow)

MOST_COPIES = 5  # of one body, or of one stay, that are searched for a text

_COPIES: Select[Any] = (
    select(_C.c.at, _C.c.file, _C.c.sha256, _B.c.sha256.label("body"))
    .select_from(_S)
    .join(_C, _C.c.subject_id == _S.c.id)
    .join(_O, and_(_O.c.subject_id == _S.c.id, _O.c.at == _C.c.at))
    .join(_B, _B.c.id == _O.c.body_id)
)


Subject = tuple[str, str]  # target, point


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstReading:
    """Where a text was first read, and in which body."""

    subject: Subject
    body_sha256: str
    first_at: datetime


class CopyReads(StoreReads):
    """Which bodies were kept, and until when they were received."""

    def copies_of(self, target: str, body_sha256: str, *, limit: int) -> tuple[KeptCopy, ...]:
        """Return the copies of a body, the oldest first: later ones may be deleted."""
        same_body = _B.c.sha256 == bytes.fromhex(body_sha256)
        return self._copies(target, [same_body], _C.c.at.asc(), limit)

    def copies_between(
        self, target: str, since: datetime, until: datetime, *, limit: int
    ) -> tuple[KeptCopy, ...]:
        """Return the copies with `since <= at <= until`, the newest first."""
        return self._copies(target, [_C.c.at.between(since, until)], _C.c.at.desc(), limit)

    def last_seen(
        self, target: str, body_sha256: str, since: datetime, until: datetime
    ) -> datetime | None:
        """Return the last check with `since <= at <= until` that got exactly this body."""
        query = (
            select(func.max(_O.c.at))
            .select_from(_S.join(_O, _O.c.subject_id == _S.c.id).join(_B, _B.c.id == _O.c.body_id))
            .where(_S.c.target == target, _S.c.point == self.point)
            .where(_O.c.at.between(since, until), _B.c.sha256 == bytes.fromhex(body_sha256))
        )
        with self._reading() as session:
            last_at: datetime | None = session.connection().scalar(query)
        return last_at

    def _copies(
        self,
        target: str,
        conditions: Sequence[ColumnElement[bool]],
        order: UnaryExpression[Any],
        limit: int,
    ) -> tuple[KeptCopy, ...]:
        query = _COPIES.where(_S.c.target == target, _S.c.point == self.point, *conditions)
        with self._reading() as session:
            return _kept(session.connection(), query.order_by(order).limit(limit))


def copies_of_stay(
    connection: Connection, place: FirstReading, *, until: datetime, newest: bool = False
) -> Iterator[KeptCopy]:
    """Yield copies that may have a text: of its body, then of its stay; few of each.

    Args:
        connection: Of a store.
        place: Of the text.
        until: Later copies are ignored.
        newest: Begin with the last copies, not with the first ones.

    """
    target, point = place.subject
    mine = _COPIES.where(_S.c.target == target, _S.c.point == point, _C.c.at <= until)
    same = _B.c.sha256 == bytes.fromhex(place.body_sha256)
    order = _C.c.at.desc() if newest else _C.c.at
    for condition in (same, and_(~same, _C.c.at >= place.first_at)):
        yield from _kept(connection, mine.where(condition).order_by(order).limit(MOST_COPIES))


def _kept(connection: Connection, query: Select[Any]) -> tuple[KeptCopy, ...]:
    return tuple(
        KeptCopy(
            at=row.at,
            file=row.file,
            sha256=row.sha256.hex(),
            body_sha256=row.body.hex(),
        )
        for row in connection.execute(query)
    )
