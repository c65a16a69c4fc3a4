"""Queries about what became notices, who is written to, and what waits to be sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select, true

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.model import Transition
from monitor.core.notices.notice import (
    OPEN_STATES,
    MessageState,
    Notice,
    NoticeKind,
    Pace,
    SubscriberState,
)
from monitor.core.notices.threads import Thread, from_text
from monitor.core.notices.topics import OPERATOR
from monitor.store.reads.question import StoreReads
from monitor.store.tables.alert_tables import (
    AlertCursorRow,
    AlertThreadRow,
    NoticeRow,
    OutboxRow,
    SubscriberRow,
    SubscriptionRow,
    metadata,
)
from monitor.store.tables.check_tables import EventRow, SubjectRow, table_of

_CURSOR = table_of(AlertCursorRow)
_THREAD = table_of(AlertThreadRow)
_SUBSCRIBER = table_of(SubscriberRow)
_TOPIC = table_of(SubscriptionRow)
_NOTICE = table_of(NoticeRow)
_OUTBOX = table_of(OutboxRow)
_EVENT = table_of(EventRow)
_SUBJECT = table_of(SubjectRow)
_CHANGE = metadata.tables["page_change"]
_OPENING = _EVENT.alias()
_EARLIER = _OUTBOX.alias()
PERSONAL_RANK = 0  # of what one person asked for
MOST_EVENTS = 500  # of one plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEdge:
    """An edge of an outage. `number` is the leaf of the edge that opened the outage."""

    leaf: int
    number: int
    target: str
    at: datetime
    first_fail_at: datetime
    ends: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedChange:
    """A change of a page that is announced; `number` is its leaf."""

    number: int
    target: str
    at: datetime
    kinds: tuple[ChangeKind, ...]
    weight: Weight | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A subscriber, the address still encrypted."""

    number: int
    address: bytes
    nonce: bytes
    standing: SubscriberState
    pace: Pace
    rests: bool
    language: str
    topics: frozenset[str]
    channel: str
    asked_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueMessage:
    """A message that may be claimed now."""

    number: int
    notice: Notice
    subscriber: int
    state: MessageState
    attempts: int
    unsure: int
    created_at: datetime


class AlertReads(StoreReads):
    """What is planned and sent. Addresses are returned as they are stored: encrypted."""

    def alert_cursor(self) -> int | None:
        """Return the leaf up to which events became notices; None before the first plan."""
        with self.reading() as connection:
            return connection.scalar(select(_CURSOR.c.leaf))

    def newest_event(self) -> int:
        """Return the leaf of the newest edge or change; -1 when there is none."""
        with self.reading() as connection:
            newest = [
                connection.scalar(select(func.max(table.c.leaf))) for table in (_EVENT, _CHANGE)
            ]
        return max((leaf for leaf in newest if leaf is not None), default=-1)

    def edges_after(self, leaf: int) -> tuple[RecordedEdge, ...]:
        """Return the first edges of outages after a leaf, in their order."""
        query = (
            select(
                *(_EVENT.c.leaf, _EVENT.c.edge, _EVENT.c.at, _SUBJECT.c.target),
                _OPENING.c.leaf.label("number"),
                metadata.tables["outage"].c.first_fail_at,
            )
            .join(_SUBJECT, _SUBJECT.c.id == _EVENT.c.subject_id)
            .join(metadata.tables["outage"], metadata.tables["outage"].c.id == _EVENT.c.outage_id)
            .join(
                _OPENING,
                and_(
                    _OPENING.c.subject_id == _EVENT.c.subject_id,
                    _OPENING.c.at == metadata.tables["outage"].c.confirmed_at,
                    _OPENING.c.edge == Transition.OUTAGE_OPENED,
                ),
            )
            .where(_EVENT.c.leaf > leaf, _SUBJECT.c.point == self.point)
            .order_by(_EVENT.c.leaf)
            .limit(MOST_EVENTS)
        )
        with self.reading() as connection:
            return tuple(
                RecordedEdge(
                    leaf=row.leaf,
                    number=row.number,
                    target=row.target,
                    at=row.at,
                    first_fail_at=row.first_fail_at,
                    ends=row.edge is Transition.OUTAGE_CLOSED,
                )
                for row in connection.execute(query)
            )

    def announced_after(self, leaf: int) -> tuple[AnnouncedChange, ...]:
        """Return the first announced changes of pages after a leaf, in their order."""
        query = (
            select(_CHANGE, _SUBJECT.c.target)
            .join(_SUBJECT, _SUBJECT.c.id == _CHANGE.c.subject_id)
            .where(_CHANGE.c.leaf > leaf, _CHANGE.c.announced, _SUBJECT.c.point == self.point)
            .order_by(_CHANGE.c.leaf)
            .limit(MOST_EVENTS)
        )
        with self.reading() as connection:
            return tuple(
                AnnouncedChange(
                    number=row.leaf,
                    target=row.target,
                    at=row.at,
                    kinds=tuple(map(ChangeKind, row.kinds.split())),
                    weight=row.weight,
                )
                for row in connection.execute(query)
            )

    def alert_threads(self) -> tuple[Thread, ...]:
        """Return the threads that are not over, by number."""
        with self.reading() as connection:
            texts = connection.scalars(select(_THREAD.c.state).order_by(_THREAD.c.number))
            return tuple(map(from_text, texts))

    def due_messages(
        self,
        now: datetime,
        *,
        limit: int,
        channel: str | None = None,
        personal: bool | None = None,
    ) -> tuple[DueMessage, ...]:
        """Return messages that may be sent now, the most pressing first: mail, or of one channel.

        `personal`: only those that one person asked for, or only the others.
        A message waits while an earlier one of its thread for the same person is not over.
        """
        earlier = (
            select(_EARLIER.c.id)
            .where(
                _EARLIER.c.subscriber_id == _OUTBOX.c.subscriber_id,
                _EARLIER.c.thread == _OUTBOX.c.thread,
                _EARLIER.c.id < _OUTBOX.c.id,
                _EARLIER.c.state.in_(OPEN_STATES),
            )
            .exists()
        )
        query = (
            select(_OUTBOX, *_notice_columns())
            .join(_NOTICE, _NOTICE.c.id == _OUTBOX.c.notice_id)
            .join(_SUBSCRIBER, _SUBSCRIBER.c.id == _OUTBOX.c.subscriber_id)
            .where(_OUTBOX.c.state.in_(OPEN_STATES), _OUTBOX.c.due_at <= now, ~earlier)
            .where(_is_mail() if channel is None else _SUBSCRIBER.c.channel == channel)
            .where(_asked_for(personal))
            .order_by(_OUTBOX.c.rank, _OUTBOX.c.id)
            .limit(limit)
        )
        with self.reading() as connection:
            return tuple(_message(row) for row in connection.execute(query))

    def recipient(self, number: int) -> Recipient | None:
        """Return one subscriber; None when there is none of that number."""
        with self.reading() as connection:
            return _recipient(connection, _SUBSCRIBER.c.id == number)

    def recipient_of(self, lookup: bytes) -> Recipient | None:
        """Return the subscriber of a hash of an address."""
        with self.reading() as connection:
            return _recipient(connection, _SUBSCRIBER.c.lookup == lookup)

    def subscriber_of(self, message: int) -> int | None:
        """Return the person to whom a mail is; None for no mail, or one to no person."""
        both = _OUTBOX.join(_SUBSCRIBER, _SUBSCRIBER.c.id == _OUTBOX.c.subscriber_id)
        same = and_(_OUTBOX.c.id == message, _SUBSCRIBER.c.channel == "")
        with self.reading() as connection:
            number: int | None = connection.scalar(
                select(_SUBSCRIBER.c.id).select_from(both).where(same)
            )
            return number

    def channel_standings(self) -> Mapping[str, SubscriberState]:
        """Return the standing of each channel that the service has taken up, by its slug."""
        query = select(_SUBSCRIBER.c.channel, _SUBSCRIBER.c.standing).where(
            _SUBSCRIBER.c.channel != ""
        )
        with self.reading() as connection:
            return {row.channel: row.standing for row in connection.execute(query)}

    def digested(self, message: int) -> tuple[Notice, ...]:
        """Return the notices that a digest has, in the order in which they were planned."""
        query = (
            select(*_notice_columns())
            .join(_OUTBOX, _OUTBOX.c.notice_id == _NOTICE.c.id)
            .where(_OUTBOX.c.digest_id == message)
            .order_by(_OUTBOX.c.id)
        )
        with self.reading() as connection:
            return tuple(_notice(row) for row in connection.execute(query))

    def sent_since(self, since: datetime, *, personal: bool | None = None) -> int:
        """Return how many mails ended as sent, or perhaps sent, since an instant.

        `personal`: as for `due_messages`.
        """
        over = _OUTBOX.c.state.in_((MessageState.SENT, MessageState.UNSURE))
        query = (
            select(func.count())
            .select_from(_OUTBOX.join(_SUBSCRIBER, _SUBSCRIBER.c.id == _OUTBOX.c.subscriber_id))
            .where(over, _OUTBOX.c.ended_at >= since, _is_mail(), _asked_for(personal))
        )
        with self.reading() as connection:
            return connection.execute(query).scalar_one()

    def outbox_counts(self) -> Mapping[MessageState, int]:
        """Return how many messages there are in each state."""
        query = select(_OUTBOX.c.state, func.count()).group_by(_OUTBOX.c.state)
        with self.reading() as connection:
            counts = {row[0]: int(row[1]) for row in connection.execute(query)}
        return {state: counts.get(state, 0) for state in MessageState}

    def oldest_due(self, now: datetime) -> datetime | None:
        """Return since when the mail that waits longest should have been sent."""
        waiting = and_(_OUTBOX.c.state.in_(OPEN_STATES), _OUTBOX.c.due_at <= now, _is_mail())
        # Since it was written, not since the last retry: that is what a reader waits for.
        both = _OUTBOX.join(_SUBSCRIBER, _SUBSCRIBER.c.id == _OUTBOX.c.subscriber_id)
        query = select(func.min(_OUTBOX.c.created_at)).select_from(both).where(waiting)
        with self.reading() as connection:
            since: datetime | None = connection.scalar(query)
            return since

    def subscriber_counts(self) -> Mapping[SubscriberState, int]:
        """Return how many people there are in each standing."""
        people = _SUBSCRIBER.c.channel == ""
        query = (
            select(_SUBSCRIBER.c.standing, func.count())
            .where(people)
            .group_by(_SUBSCRIBER.c.standing)
        )
        with self.reading() as connection:
            counts = {row[0]: int(row[1]) for row in connection.execute(query)}
        return {standing: counts.get(standing, 0) for standing in SubscriberState}


def _asked_for(personal: bool | None) -> ColumnElement[bool]:  # noqa: FBT001 -- passed on
    if personal is None:
        return true()
    return _OUTBOX.c.rank == PERSONAL_RANK if personal else _OUTBOX.c.rank != PERSONAL_RANK


def _is_mail() -> ColumnElement[bool]:
    """Return the condition that a subscriber is written to by mail."""
    return _SUBSCRIBER.c.channel.in_(("", OPERATOR))


def find_recipients(connection: Connection, numbers: Iterable[int]) -> Mapping[int, Recipient]:
    """Return subscribers by number."""
    chosen = tuple(numbers)
    topics: dict[int, set[str]] = {}
    for row in connection.execute(select(_TOPIC).where(_TOPIC.c.subscriber_id.in_(chosen))):
        topics.setdefault(row.subscriber_id, set()).add(row.topic)
    rows = connection.execute(select(_SUBSCRIBER).where(_SUBSCRIBER.c.id.in_(chosen)))
    return {row.id: _recipient_from(row, topics.get(row.id, set())) for row in rows}


def _recipient(connection: Connection, same: ColumnElement[bool]) -> Recipient | None:
    number = connection.scalar(select(_SUBSCRIBER.c.id).where(same))
    return None if number is None else find_recipients(connection, [number]).get(number)


def _recipient_from(row: Row[Any], topics: Iterable[str]) -> Recipient:
    return Recipient(
        number=row.id,
        address=row.address,
        nonce=row.nonce,
        standing=row.standing,
        pace=row.pace,
        rests=row.rests,
        language=row.language,
        topics=frozenset(topics),
        channel=row.channel,
        asked_at=row.asked_at,
        confirmed_at=row.confirmed_at,
    )


def _notice_columns() -> Sequence[ColumnElement[Any]]:
    names = ("key", "kind", "thread", "at", "numbers", "hours", "again")
    return [_NOTICE.c[name].label(f"notice_{name}") for name in names]


def _notice(row: Row[Any]) -> Notice:
    """Return a notice as it is sent: whom it was for is in the outbox."""
    kind: NoticeKind = row.notice_kind
    return Notice(
        key=row.notice_key,
        kind=kind,
        thread=row.notice_thread,
        at=row.notice_at,
        numbers=tuple(map(int, row.notice_numbers.split())),
        hours=row.notice_hours,
        again=row.notice_again,
    )


def _message(row: Row[Any]) -> DueMessage:
    return DueMessage(
        number=row.id,
        notice=_notice(row),
        subscriber=row.subscriber_id,
        state=row.state,
        attempts=row.attempts,
        unsure=row.unsure,
        created_at=row.created_at,
    )
