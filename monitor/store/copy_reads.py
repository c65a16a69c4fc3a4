"""Questions about the copies of one target whose bytes were kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, func, select

from monitor.core.changes.log import KeptCopy
from monitor.store.journal_tables import CaptureRow
from monitor.store.reads import Reads
from monitor.store.tables import BodyRow, ObservationRow, SubjectRow, table_of

_S = table_of(SubjectRow)
_C = table_of(CaptureRow)
_O = table_of(ObservationRow)
_B = table_of(BodyRow)

_COPIES: Select[Any] = (
    select(_C.c.at, _C.c.file, _C.c.sha256, _B.c.sha256.label("body"))
    .select_from(_S)
    .join(_C, _C.c.subject_id == _S.c.id)
    .join(_O, and_(_O.c.subject_id == _S.c.id, _O.c.at == _C.c.at))
    .join(_B, _B.c.id == _O.c.body_id)
)


class CopyReads(Reads):
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
            rows = session.connection().execute(wanted.order_by(order).limit(limit))
            return tuple(
                KeptCopy(
                    at=row.at,
                    file=row.file,
                    sha256=row.sha256.hex(),
                    body_sha256=row.body.hex(),
                )
                for row in rows
            )
