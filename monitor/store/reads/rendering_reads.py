"""Questions about what a browser showed."""

import json
from typing import Any

from sqlalchemy import Select, and_, select

from monitor.core.journal.decode import rendering_from
from monitor.core.model.rendering import JournaledRendering
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import SubjectRow, table_of
from monitor.store.tables.journal_tables import CaptureRow, RenderingRow

_S, _R, _C = table_of(SubjectRow), table_of(RenderingRow), table_of(CaptureRow)
_SHOWN: Select[Any] = (
    select(_R.c.text, _R.c.leaf, _C.c.file, _C.c.sha256)
    .select_from(_S)
    .join(_R, _R.c.subject_id == _S.c.id)
    .outerjoin(_C, and_(_C.c.subject_id == _S.c.id, _C.c.at == _R.c.at))
)


class RenderingReads(StoreReads):
    """What a browser showed of each target, and where its files are."""

    def last_rendering(self, target: str, *, kept_only: bool = False) -> JournaledRendering | None:
        """Return the latest of a target, or the latest whose files are kept."""
        query = _SHOWN.where(_S.c.target == target, _S.c.point == self.point)
        if kept_only:
            query = query.where(_C.c.file.is_not(None))
        return next(iter(self._renderings(query.order_by(_R.c.at.desc()).limit(1))), None)

    def rendering(self, number: int) -> JournaledRendering | None:
        """Return the one of a leaf."""
        return next(iter(self._renderings(_SHOWN.where(_R.c.leaf == number).limit(1))), None)

    def _renderings(self, query: Select[Any]) -> tuple[JournaledRendering, ...]:
        with self._reading() as session:
            rows = session.connection().execute(query).all()
        return tuple(
            JournaledRendering(
                number=row.leaf,
                record=rendering_from(json.loads(row.text)),
                file=row.file or "",
                sha256=row.sha256.hex() if row.sha256 else "",
            )
            for row in rows
        )
