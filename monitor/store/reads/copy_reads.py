"""Questions about the copies of one target whose bytes were kept."""

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

MOST_COPIES = 5  # of one body, or of one stay, in which a text is looked for

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
    """Which bodies were kept, and until when they were seen."""

    def copies_of(self, target: str, body_sha256: str, *, limit: int) -> tuple[KeptCopy, ...]:
        """Return the copies that hold a body, the oldest first: later ones may be thinned."""
        wanted = _B.c.sha256 == bytes.fromhex(body_sha256)
        return self._copies(target, [wanted], _C.c.at.asc(), limit)

    def copies_between(
        self, target: str, since: datetime, until: datetime, *, limit: int
    ) -> tuple[KeptCopy, ...]:
        """Return the copies with `since <= at <= until`, the newest first."""
        return self._copies(target, [_C.c.at.between(since, until)], _C.c.at.desc(), limit)

    def last_seen(
        self, target: str, body_sha256: str, since: datetime, until: datetime
    ) -> datetime | None:
        """Return the last check with `since <= at <= until` that got exactly this body."""
        wanted = (
            select(func.max(_O.c.at))
            .select_from(_S.join(_O, _O.c.subject_id == _S.c.id).join(_B, _B.c.id == _O.c.body_id))
            .where(_S.c.target == target, _S.c.point == self.point)
            .where(_O.c.at.between(since, until), _B.c.sha256 == bytes.fromhex(body_sha256))
        )
        with self._reading() as session:
            found: datetime | None = session.connection().scalar(wanted)
        return found

    def _copies(
        self,
        target: str,
        some: Sequence[ColumnElement[bool]],
        order: UnaryExpression[Any],
        limit: int,
    ) -> tuple[KeptCopy, ...]:
        wanted = _COPIES.where(_S.c.target == target, _S.c.point == self.point, *some)
        with self._reading() as session:
            return _kept(session.connection(), wanted.order_by(order).limit(limit))


def copies_of_stay(
    connection: Connection, place: FirstReading, *, until: datetime, newest: bool = False
) -> Iterator[KeptCopy]:
    """Yield copies in which a text may stand: of its body, then of its stay; few of each.

    Args:
        connection: Of a store.
        place: Of the text.
        until: Later copies are left aside.
        newest: Begin with the last copies, not with the first.

    """
    target, point = place.subject
    mine = _COPIES.where(_S.c.target == target, _S.c.point == point, _C.c.at <= until)
    same = _B.c.sha256 == bytes.fromhex(place.body_sha256)
    order = _C.c.at.desc() if newest else _C.c.at
    for some in (same, and_(~same, _C.c.at >= place.first_at)):
        yield from _kept(connection, mine.where(some).order_by(order).limit(MOST_COPIES))


def _kept(connection: Connection, wanted: Select[Any]) -> tuple[KeptCopy, ...]:
    return tuple(
        KeptCopy(
            at=row.at,
            file=row.file,
            sha256=row.sha256.hex(),
            body_sha256=row.body.hex(),
        )
        for row in connection.execute(wanted)
    )
