"""The tables of alerts: who is written to, what is planned, what was sent.

Nothing vouches for them, and the journal holds none of it: addresses are encrypted with a key that
is not in the database, and rows are deleted with the person they are about.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from monitor.core.notices.notice import MessageState, NoticeKind, Pace, SubscriberState, Suppression
from monitor.store.tables.check_tables import TableRow
from monitor.store.tables.columns import BIG_KEY, Instant, enum_column
from monitor.store.tables.page_tables import metadata

__all__ = [  # `metadata` is whole only once this module is read
    "AlertCursorRow",
    "AlertThreadRow",
    "NoticeRow",
    "OutboxRow",
    "SubscriberRow",
    "SubscriptionRow",
    "SuppressionRow",
    "metadata",
]


class AlertCursorRow(TableRow, table=True):
    """The leaf up to which events became notices. One row."""

    __tablename__ = "alert_cursor"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    leaf: int = Field(sa_type=BigInteger)


class AlertThreadRow(TableRow, table=True):
    """`Thread`: what was told of an incident that is open, or ended a moment ago."""

    __tablename__ = "alert_thread"
    number: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    state: str = Field(sa_type=Text)


class SubscriberRow(TableRow, table=True):
    """A person who asked to be written to, or a channel that the operator set up.

    `channel` is the slug of a channel, `topics.OPERATOR` for the operator's own mailbox, "" for a
    person.
    `lookup` is a keyed hash of the address, `address` the encrypted address, `nonce` a random
    text that every link of this person is signed with: another person's row never honours it.
    """

    __tablename__ = "subscriber"
    __table_args__ = (UniqueConstraint("lookup"), Index("ix_subscriber_standing", "standing"))
    id: int | None = Field(default=None, primary_key=True)
    lookup: bytes = Field(sa_type=LargeBinary)
    address: bytes = Field(sa_type=LargeBinary)
    nonce: bytes = Field(sa_type=LargeBinary)
    standing: SubscriberState = enum_column(SubscriberState)
    pace: Pace = enum_column(Pace)
    rests: bool  # at night
    language: str = Field(default="fr", sa_type=Text)  # of the mails
    channel: str = Field(default="", sa_type=Text)
    asked_at: datetime = Field(sa_type=Instant)
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)


class SubscriptionRow(TableRow, table=True):
    """One topic that a subscriber chose."""

    __tablename__ = "subscription"
    subscriber_id: int = Field(primary_key=True, foreign_key="subscriber.id")
    topic: str = Field(primary_key=True, sa_type=Text)


class SuppressionRow(TableRow, table=True):
    """All that remains of an address that was removed: its keyed hash."""

    __tablename__ = "suppression"
    lookup: bytes = Field(primary_key=True, sa_type=LargeBinary)
    at: datetime = Field(sa_type=Instant)
    why: Suppression = enum_column(Suppression)


class NoticeRow(TableRow, table=True):
    """`Notice`, once for all its recipients. `numbers` are decimal, with spaces between."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("key"),)
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(sa_type=Text)
    kind: NoticeKind = enum_column(NoticeKind)
    thread: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Instant)
    numbers: str = Field(sa_type=Text)
    hours: int
    again: bool


class OutboxRow(TableRow, table=True):
    """One message: a notice for one recipient.

    `rank` orders what is due: what one person asked for first, digests last. `attempts` counts the
    claims; `unsure` how often the server was given the message and its answer was lost. `digest_id`
    is the row of the digest that has it.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("notice_id", "subscriber_id"),
        Index("ix_outbox_due", "state", "rank", "id"),
        Index("ix_outbox_order", "subscriber_id", "thread"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    notice_id: int = Field(foreign_key="notice.id")
    subscriber_id: int = Field(foreign_key="subscriber.id")
    thread: str = Field(sa_type=Text)
    state: MessageState = enum_column(MessageState)
    rank: int
    created_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    attempts: int = 0
    unsure: int = 0
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    digest_id: int | None = Field(default=None, sa_type=BigInteger, index=True)
