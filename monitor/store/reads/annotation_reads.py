"""Questions about the register of announced maintenance."""

from sqlalchemy import select

from monitor.core.model import Annotation
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.journal_tables import AnnotationRequestRow, AnnouncementRow

_A, _R = table_of(AnnouncementRow), table_of(AnnotationRequestRow)


class AnnotationReads(StoreReads):
    """What was announced, and what the service is asked to record of it."""

    def annotations(self) -> tuple[Annotation, ...]:
        """Return every annotation, in the order in which they were recorded."""
        with self._reading() as session:
            rows = session.connection().execute(select(_A).order_by(_A.c.leaf))
            return tuple(
                Annotation(
                    kind=row.kind,
                    at=row.at,
                    targets=tuple(row.targets.split()),
                    from_at=row.from_at,
                    to_at=row.to_at,
                    sha256=row.sha256.hex() if row.sha256 else None,
                    url=row.url,
                    change=row.change,
                    withdraws=row.withdraws,
                    text=row.text,
                    number=row.leaf,
                )
                for row in rows
            )

    def annotation_requests(self) -> tuple[tuple[int, str], ...]:
        """Return what waits to be recorded: a number and a text each, the oldest first."""
        with self._reading() as session:
            rows = session.connection().execute(select(_R.c.id, _R.c.text).order_by(_R.c.id))
            return tuple((row.id, row.text) for row in rows)
