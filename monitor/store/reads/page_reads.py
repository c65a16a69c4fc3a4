"""Queries about the texts of pages, their changes and their facts."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlmodel import Session

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.change_log import ChangeRecord, FactRecord
from monitor.core.changes.page_events import TURNS, PageEdge, ShownPage, Version
from monitor.core.changes.text_history import MOST_REMEMBERED, TextHistory
from monitor.core.text.packed import PackedPage, unpacked
from monitor.core.text.page import Element, Page
from monitor.store.reads.copy_reads import CopyReads
from monitor.store.reads.question import DAWN, DUSK
from monitor.store.tables.check_tables import SubjectRow, table_of
from monitor.store.tables.page_tables import PageChangeRow, PageFactRow, PageTextRow, PageVersionRow

_S = table_of(SubjectRow)
_T = table_of(PageTextRow)
_V = table_of(PageVersionRow)
_C = table_of(PageChangeRow)
_F = table_of(PageFactRow)
_OLD, _OLD_TEXT = _V.alias(), _T.alias()

_FIELDS = ("body_sha256", "url", "before_at", "first_at", "last_at", "checks")
_OF_TEXT = ("sha256", "title", "updated_on", "extraction_version")


def _columns(version: Any, text: Any, prefix: str) -> list[Any]:
    return [
        *(version.c[name].label(f"{prefix}_{name}") for name in _FIELDS),
        *(text.c[name].label(f"{prefix}_{name}") for name in _OF_TEXT),
    ]


_VERSIONS: Select[Any] = (
    select(_S.c.target, _V.c.id.label("version_id"), *_columns(_V, _T, "new"))
    .join(_V, _V.c.subject_id == _S.c.id)
    .join(_T, _T.c.id == _V.c.text_id)
)
_CHANGES: Select[Any] = (
    select(_S.c.target, _C, *_columns(_OLD, _OLD_TEXT, "old"), *_columns(_V, _T, "new"))
    .join(_C, _C.c.subject_id == _S.c.id)
    .outerjoin(_OLD, _OLD.c.id == _C.c.before_id)
    .outerjoin(_OLD_TEXT, _OLD_TEXT.c.id == _OLD.c.text_id)
    .outerjoin(_V, _V.c.id == _C.c.after_id)
    .outerjoin(_T, _T.c.id == _V.c.text_id)
)


class PageReads(CopyReads):
    """Texts of pages, present and past."""

    def tracks(self) -> tuple[TextHistory, ...]:
        """Return what the fold of readings needs to continue, by target.

        Texts that were not yet believed are forgotten by a restart: two readings must agree again.
        """
        with self._reading() as session:
            connection = session.connection()
            subjects = connection.execute(
                select(_S.c.id, _S.c.target)
                .where(_S.c.point == self.point)
                .where(_S.c.id.in_(select(_V.c.subject_id)))
                .order_by(_S.c.target)
            )
            return tuple(_track(session, row.id, row.target, self.point) for row in subjects)

    def page_changes(  # noqa: PLR0913 -- keyword-only filters
        self,
        *,
        targets: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        kind: ChangeKind | None = None,
        weight: Weight | None = None,
        announced_only: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[ChangeRecord, ...]:
        """Return the changes with `since <= at < until`, the newest first."""
        query = _CHANGES.where(*self._some(targets, since, until, kind, weight, announced_only))
        query = query.order_by(_C.c.at.desc(), _C.c.id.desc()).limit(limit).offset(offset)
        with self._reading() as session:
            rows = session.connection().execute(query)
            return tuple(_change(row, self.point) for row in rows)

    def count_page_changes(
        self,
        *,
        targets: Iterable[str] | None = None,
        kind: ChangeKind | None = None,
        weight: Weight | None = None,
        announced_only: bool = False,
    ) -> int:
        """Return the number of changes that `page_changes` would return without bounds."""
        query = (
            select(func.count())
            .select_from(_C.join(_S, _S.c.id == _C.c.subject_id))
            .where(*self._some(targets, None, None, kind, weight, announced_only))
        )
        with self._reading() as session:
            return session.connection().execute(query).scalar_one()

    def page_change(self, number: int) -> tuple[ChangeRecord, Page | None, Page | None] | None:
        """Return one change and both texts; None when there is none of that number."""
        query = _CHANGES.add_columns(_OLD_TEXT.c.page.label("was"), _T.c.page.label("now"))
        query = query.where(_C.c.leaf == number, _S.c.point == self.point)
        with self._reading() as session:
            row = session.connection().execute(query).one_or_none()
        if row is None:
            return None
        was, now = (unpacked(data) if data else None for data in (row.was, row.now))
        return _change(row, self.point), was, now

    def page_versions(self, target: str, *, limit: int | None = None) -> tuple[Version, ...]:
        """Return the stays of every text that was read of a page, the newest first."""
        query = _VERSIONS.where(_S.c.target == target, _S.c.point == self.point)
        query = query.order_by(_V.c.first_at.desc()).limit(limit)
        with self._reading() as session:
            rows = session.connection().execute(query)
            return tuple(_version(row, "new") for row in rows)

    def current_versions(self) -> dict[str, Version]:
        """Return the text that we believe of every page that was ever read, by target."""
        turns = select(func.max(_C.c.id)).where(_C.c.edge.in_(TURNS)).group_by(_C.c.subject_id)
        query = _VERSIONS.join(_C, _C.c.after_id == _V.c.id)
        query = query.where(_C.c.id.in_(turns), _S.c.point == self.point).order_by(_S.c.target)
        with self._reading() as session:
            rows = session.connection().execute(query)
            return {row.target: _version(row, "new") for row in rows}

    def last_page_changes(self) -> dict[str, datetime]:
        """Return the first reading of the newest announced change of every page, by target."""
        newest = select(func.max(_C.c.id)).where(_C.c.announced.is_(True)).group_by(_C.c.subject_id)
        query = _CHANGES.where(_C.c.id.in_(newest), _S.c.point == self.point)
        with self._reading() as session:
            rows = session.connection().execute(query)
            return {row.target: _change(row, self.point).by_at for row in rows}

    def page_facts(
        self, targets: Iterable[str] | None = None, *, stated_only: bool = False
    ) -> tuple[FactRecord, ...]:
        """Return the facts that pages state, and stated, by target, element and instant."""
        query = (
            select(_S.c.target, _F)
            .join(_F, _F.c.subject_id == _S.c.id)
            .where(_S.c.point == self.point)
            .order_by(_S.c.target, _F.c.element, _F.c.since, _F.c.value)
        )
        if targets is not None:
            query = query.where(_S.c.target.in_(list(targets)))
        if stated_only:
            query = query.where(_F.c.until.is_(None))
        with self._reading() as session:
            return tuple(
                FactRecord(
                    target=row.target,
                    element=Element(row.element),
                    value=row.value,
                    negated=row.negated,
                    extraction_version=row.extraction_version,
                    since=row.since,
                    until=row.until,
                )
                for row in session.connection().execute(query)
            )

    def _some(  # noqa: PLR0913, PLR0917 -- passed on, at two calls
        self,
        targets: Iterable[str] | None,
        since: datetime | None,
        until: datetime | None,
        kind: ChangeKind | None,
        weight: Weight | None,
        announced_only: bool,  # noqa: FBT001 -- passed on, at two calls
    ) -> Sequence[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = [_S.c.point == self.point]
        conditions.append(_C.c.at >= (since or DAWN))
        conditions.append(_C.c.at < (until or DUSK))
        if targets is not None:
            conditions.append(_S.c.target.in_(list(targets)))
        if kind is not None:
            conditions.append((" " + _C.c.kinds + " ").contains(f" {kind.value} ", autoescape=True))
        if weight is not None:
            conditions.append(_C.c.weight == weight)
        if announced_only:
            conditions.append(_C.c.announced.is_(True))
        return conditions


def _track(session: Session, subject: int, target: str, point: str) -> TextHistory:
    """Rebuild the state of the fold from the events that it recorded."""
    connection = session.connection()
    turned = select(_C.c.after_id).where(_C.c.subject_id == subject, _C.c.edge.in_(TURNS))
    newest = turned.order_by(_C.c.id.desc()).limit(1).scalar_subquery()
    current_row = connection.execute(
        _VERSIONS.add_columns(_T.c.page).where(_V.c.id == newest)
    ).one_or_none()
    if current_row is None:
        return TextHistory(target=target, point=point)
    rows = connection.execute(
        select(_T.c.sha256, _V.c.id.in_(turned).label("believed"))
        .join(_V, _V.c.text_id == _T.c.id)
        .where(_V.c.subject_id == subject, _V.c.id != current_row.version_id)
        .order_by(_V.c.first_at)
    ).all()
    previous = dict.fromkeys(row.sha256.hex() for row in rows if row.believed)
    rejected = dict.fromkeys(row.sha256.hex() for row in rows if not row.believed)
    version = _version(current_row, "new")
    packed = PackedPage(
        extraction_version=version.extraction_version,
        title=version.title,
        updated_on=version.updated_on,
        data=current_row.page,
    )
    return TextHistory(
        target=target,
        point=point,
        current=ShownPage(version=version, packed=packed),
        previous=tuple(previous)[-MOST_REMEMBERED:],
        rejected=tuple(rejected)[-MOST_REMEMBERED:],
        flapping=_last_of(session, subject, PageEdge.FLAPPING, PageEdge.SETTLED),
        removed=_last_of(session, subject, PageEdge.REMOVED, PageEdge.RESTORED),
    )


def _last_of(session: Session, subject: int, begins: PageEdge, ends: PageEdge) -> bool:
    """Return whether the last of two edges is the one that begins a condition."""
    either = or_(_C.c.edge == begins, _C.c.edge == ends)
    last = (
        select(_C.c.edge)
        .where(and_(_C.c.subject_id == subject, either))
        .order_by(_C.c.id.desc())
        .limit(1)
    )
    return session.connection().scalar(last) == begins


def _change(row: Row[Any], point: str) -> ChangeRecord:
    return ChangeRecord(
        number=row.leaf,
        target=row.target,
        point=point,
        at=row.at,
        edge=row.edge,
        before=_version(row, "old", last_at=row.before_last_at) if row.before_id else None,
        after=_version(row, "new") if row.after_id else None,
        kinds=tuple(ChangeKind(word) for word in row.kinds.split()),
        weight=row.weight,
        summary=row.summary,
        silent=row.silent,
        announced=row.announced,
    )


def _version(row: Row[Any], prefix: str, *, last_at: datetime | None = None) -> Version:
    def of(name: str) -> Any:
        return getattr(row, f"{prefix}_{name}")

    return Version(
        sha256=of("sha256").hex(),
        body_sha256=of("body_sha256").hex(),
        url=of("url"),
        title=of("title"),
        updated_on=of("updated_on"),
        extraction_version=of("extraction_version"),
        before_at=of("before_at"),
        first_at=of("first_at"),
        last_at=last_at or of("last_at"),
        checks=of("checks"),
    )
