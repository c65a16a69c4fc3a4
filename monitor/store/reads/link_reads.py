"""Queries about the dead links of pages."""

from collections.abc import Iterable

from sqlalchemy import or_, select

from monitor.core.changes.change_log import DeadLinkRecord
from monitor.core.changes.page_events import DeadLink
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import SubjectRow, table_of
from monitor.store.tables.page_tables import DeadLinkRow, PageChangeRow

_S = table_of(SubjectRow)
_L = table_of(DeadLinkRow)
_BROKEN, _ENDED = table_of(PageChangeRow).alias(), table_of(PageChangeRow).alias()
_LINKS = (
    select(_S.c.target.label("page"), _L, _BROKEN.c.at.label("since"), _ENDED.c.at.label("until"))
    .join(_L, _L.c.subject_id == _S.c.id)
    .join(_BROKEN, _BROKEN.c.id == _L.c.broken_id)
    .outerjoin(_ENDED, _ENDED.c.id == _L.c.ended_id)
    .order_by(_S.c.target, _L.c.id)
)


class LinkReads(StoreReads):
    """Links that lead, or led, to addresses that do not exist."""

    def dead_links(
        self,
        pages: Iterable[str] | None = None,
        *,
        change: int | None = None,
        dead_only: bool = False,
    ) -> tuple[DeadLinkRecord, ...]:
        """Return dead links by page, as they were announced.

        Args:
            pages: Only those of these pages; None for all.
            change: Only those of the change of that number.
            dead_only: Only those that are dead now.

        """
        query = _LINKS.where(_S.c.point == self.point)
        if pages is not None:
            query = query.where(_S.c.target.in_(list(pages)))
        if change is not None:
            query = query.where(or_(_BROKEN.c.leaf == change, _ENDED.c.leaf == change))
        if dead_only:
            query = query.where(_L.c.ended_id.is_(None))
        with self._reading() as session:
            return tuple(
                DeadLinkRecord(
                    page=row.page,
                    link=DeadLink(
                        text=row.text, address=row.address, target=row.target, gone_at=row.gone_at
                    ),
                    since=row.since,
                    until=row.until,
                )
                for row in session.connection().execute(query)
            )
