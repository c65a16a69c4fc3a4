"""The tables of pages: distinct texts, their stays, changes, facts, dead links.

A text is stored once, by its digest. Rows of `page_change` are never changed; those of
`page_version` and `page_fact` have an end that moves while they last.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field

from monitor.core.changes.change import Weight
from monitor.core.changes.page_events import PageEdge
from monitor.core.text.page import Element
from monitor.store.tables.check_tables import TableRow
from monitor.store.tables.columns import Instant, enum_column
from monitor.store.tables.journal_tables import metadata

__all__ = [  # `metadata` is whole only once this module is read
    "APPEND_ONLY",
    "DeadLinkRow",
    "PageChangeRow",
    "PageFactRow",
    "PageTextRow",
    "PageVersionRow",
    "metadata",
]


class PageTextRow(TableRow, table=True):
    """A distinct text as one version of our rules read it. `page` is compressed JSON."""

    __tablename__ = "page_text"
    __table_args__ = (UniqueConstraint("sha256"),)
    id: int | None = Field(default=None, primary_key=True)
    sha256: bytes = Field(sa_type=LargeBinary)
    extraction_version: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    updated_on: str = Field(sa_type=Text)
    page: bytes = Field(sa_type=LargeBinary)


class PageVersionRow(TableRow, table=True):
    """`Version`: one stay of a text, believed or not."""

    __tablename__ = "page_version"
    __table_args__ = (UniqueConstraint("subject_id", "first_at"),)
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id")
    text_id: int = Field(foreign_key="page_text.id")
    body_sha256: bytes = Field(sa_type=LargeBinary)
    url: str = Field(sa_type=Text)
    before_at: datetime | None = Field(default=None, sa_type=Instant)
    first_at: datetime = Field(sa_type=Instant)
    last_at: datetime = Field(sa_type=Instant)
    checks: int


class PageChangeRow(TableRow, table=True):
    """`PageEvent`, with a summary: both texts are stored, to compute the difference again.

    `before_last_at` is the end of the old text's stay, as it was known then.
    """

    __tablename__ = "page_change"
    __table_args__ = (
        UniqueConstraint("subject_id", "at", "edge", "after_id"),
        Index("ix_page_change_announced_at", "announced", "at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id")
    at: datetime = Field(sa_type=Instant)
    edge: PageEdge = enum_column(PageEdge, check="edge")
    before_id: int | None = Field(default=None, foreign_key="page_version.id")
    before_last_at: datetime | None = Field(default=None, sa_type=Instant)
    after_id: int | None = Field(default=None, foreign_key="page_version.id")
    weight: Weight | None = enum_column(Weight, nullable=True)
    kinds: str = Field(sa_type=Text)  # words of `ChangeKind`, with spaces between
    summary: str = Field(sa_type=Text)
    silent: bool
    announced: bool
    leaf: int | None = Field(default=None, sa_type=BigInteger, index=True)


_STATED = text("until IS NULL")


class PageFactRow(TableRow, table=True):
    """A fact of a page, from the first reading that had it to the first that did not.

    Facts are compared under one version of our rules only: a new version begins new rows.
    """

    __tablename__ = "page_fact"
    __table_args__ = (
        Index("ix_page_fact_stated", "subject_id", sqlite_where=_STATED, postgresql_where=_STATED),
    )
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id", index=True)
    element: Element = enum_column(Element, check="element")
    value: str = Field(sa_type=Text)
    negated: bool
    extraction_version: str = Field(sa_type=Text)
    since: datetime = Field(sa_type=Instant)
    until: datetime | None = Field(default=None, sa_type=Instant)


_DEAD = text("ended_id IS NULL")


class DeadLinkRow(TableRow, table=True):
    """A dead link of a page, between the change that announced it and the one that ended it."""

    __tablename__ = "dead_link"
    __table_args__ = (
        UniqueConstraint("broken_id", "address"),
        Index("ix_dead_link_dead", "subject_id", sqlite_where=_DEAD, postgresql_where=_DEAD),
    )
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id", index=True)
    broken_id: int = Field(foreign_key="page_change.id")
    ended_id: int | None = Field(default=None, foreign_key="page_change.id")
    text: str = Field(sa_type=Text)
    address: str = Field(sa_type=Text)
    target: str = Field(sa_type=Text)
    gone_at: datetime = Field(sa_type=Instant)


# Refused to UPDATE and DELETE, beside those of `tables` and `journal_tables`.
APPEND_ONLY = ("page_text", "page_change")
