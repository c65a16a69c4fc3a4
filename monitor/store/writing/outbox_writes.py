"""What the one writer does to the outbox: plan, hold, claim, end.

1. `write_plan`: notices, their messages and the cursor, in one transaction. A stop before it plans
   the same again; after it, there is nothing to do.
2. `claim`: a message is one worker's only when its row is as that worker read it.
3. `give`: the server takes the recipient, and is given the message next. `unsure` counts it.
4. `end`, or `put_back`: what the server answered. A stop before 3 costs nothing. One between 3 and
   4 leaves a claim that lapses, and `unsure` says that the server may have the message: it is sent
   once more, and once only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)

from monitor.core.notices.notice import (
    OPEN_STATES,
    MessageState,
    Notice,
    NoticeKind,
    Pace,
    SubscriberState,
)
from monitor.core.notices.threads import Thread, to_text
from monitor.core.notices.timing import MORNING, day_began, held_until, next_at
from monitor.store.reads.alert_reads import PERSONAL_RANK, DueMessage
from monitor.store.tables.alert_tables import (
    AlertCursorRow,
    AlertThreadRow,
    NoticeRow,
    OutboxRow,
    SubscriberRow,
    SubscriptionRow,
)
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.columns import Instant

_CURSOR = table_of(AlertCursorRow)
_THREAD = table_of(AlertThreadRow)
_SUBSCRIBER = table_of(SubscriberRow)
_TOPIC = table_of(SubscriptionRow)
_NOTICE = table_of(NoticeRow)
_OUTBOX = table_of(OutboxRow)
_OTHER = _OUTBOX.alias()

EDGE_RANK, OTHER_RANK, DIGEST_RANK = range(PERSONAL_RANK + 1, PERSONAL_RANK + 4)
_RANKS = {
    NoticeKind.CONFIRM: PERSONAL_RANK,
    NoticeKind.MANAGE: PERSONAL_RANK,
    NoticeKind.OPENED: EDGE_RANK,
    NoticeKind.CLOSED: EDGE_RANK,
    NoticeKind.DIGEST: DIGEST_RANK,
}
_BY_ITSELF = (*OPEN_STATES, MessageState.SENT, MessageState.UNSURE)
CURSOR = 1  # the one row
MOST_DIGESTS = 500  # of one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePlan:
    """What one reading of the record leads to.

    Attributes:
        before: The cursor that was read; None before the first plan.
        cursor: The last leaf that was read.
        daily: Messages that one person may get a day by themselves; later ones are held.

    """

    before: int | None
    cursor: int
    threads: tuple[Thread, ...]
    notices: tuple[Notice, ...]
    now: datetime
    daily: int


def write_plan(connection: Connection, plan: NoticePlan) -> bool:
    """Write a plan, all of it; False when another was written since it was read."""
    if connection.scalar(select(_CURSOR.c.leaf)) != plan.before:
        return False
    if plan.before is None:
        connection.execute(insert(_CURSOR), {"id": CURSOR, "leaf": plan.cursor})
    else:
        connection.execute(update(_CURSOR).values(leaf=plan.cursor))
    connection.execute(delete(_THREAD))
    rows = [{"number": thread.number, "state": to_text(thread)} for thread in plan.threads]
    if rows:
        connection.execute(insert(_THREAD), rows)
    write_notices(connection, plan.notices, now=plan.now, daily=plan.daily)
    return True


def write_notices(
    connection: Connection, notices: Sequence[Notice], *, now: datetime, daily: int
) -> None:
    """Write notices, and a message for each who receives one."""
    for notice in notices:
        number = write_notice(connection, notice)
        _fan_out(connection, notice, number, now=now, daily=daily)


def write_notice(connection: Connection, notice: Notice) -> int:
    """Write a notice, once for all who receive it; return its number."""
    number: int | None = connection.scalar(select(_NOTICE.c.id).where(_NOTICE.c.key == notice.key))
    if number is not None:
        return number
    row = {
        "key": notice.key,
        "kind": notice.kind,
        "thread": notice.thread,
        "at": notice.at,
        "numbers": " ".join(map(str, notice.numbers)),
        "hours": notice.hours,
        "again": notice.again,
    }
    written: int = connection.execute(insert(_NOTICE).returning(_NOTICE.c.id), row).scalar_one()
    return written


def _fan_out(
    connection: Connection, notice: Notice, number: int, *, now: datetime, daily: int
) -> None:
    """Write the message of every recipient, in one statement that reads them in the database."""

    def chose(topics: Sequence[str]) -> ColumnElement[bool]:
        same = _TOPIC.c.subscriber_id == _SUBSCRIBER.c.id
        return select(_TOPIC.c.topic).where(same, _TOPIC.c.topic.in_(topics)).exists()

    conditions = [
        _SUBSCRIBER.c.standing == SubscriberState.CONFIRMED,
        chose(notice.to),
        chose(notice.interests),
        ~select(_OTHER.c.id)
        .where(_OTHER.c.notice_id == number, _OTHER.c.subscriber_id == _SUBSCRIBER.c.id)
        .exists(),
    ]
    if notice.also:
        conditions.append(chose(notice.also))
    if notice.without:
        conditions.append(~chose(notice.without))
    today = (
        select(func.count())
        .where(
            _OTHER.c.subscriber_id == _SUBSCRIBER.c.id,
            _OTHER.c.created_at >= day_began(now),
            _OTHER.c.state.in_(_BY_ITSELF),
            _OTHER.c.rank != PERSONAL_RANK,
        )
        .scalar_subquery()
    )
    until_digest = [
        (and_(_SUBSCRIBER.c.pace == pace, _SUBSCRIBER.c.rests == rests), until)
        for pace in Pace
        for rests in (False, True)
        if (until := held_until(pace, now, rests=rests)) is not None
    ]
    capped = (and_(_SUBSCRIBER.c.channel == "", today >= daily), next_at(now, MORNING))
    due = case(
        *((condition, literal(until, Instant)) for condition, until in (*until_digest, capped)),
        else_=literal(now, Instant),
    )
    state = case(
        *((condition, MessageState.HELD.value) for condition, _ in (*until_digest, capped)),
        else_=MessageState.WAITING.value,
    )
    chosen = select(
        literal(number),
        _SUBSCRIBER.c.id,
        literal(notice.thread),
        state,
        literal(_RANKS.get(notice.kind, OTHER_RANK)),
        literal(now, Instant),
        due,
        literal(0),
        literal(0),
    ).where(*conditions)
    columns = ["notice_id", "subscriber_id", "thread", "state", "rank", "created_at", "due_at"]
    connection.execute(
        insert(_OUTBOX).from_select(
            [*columns, "attempts", "unsure"], chosen.order_by(_SUBSCRIBER.c.id)
        )
    )


def write_personal(connection: Connection, notice: Notice, subscriber: int, now: datetime) -> None:
    """Write a notice for one person, and its message; once, however often it is called."""
    number = write_notice(connection, notice)
    same = and_(_OUTBOX.c.notice_id == number, _OUTBOX.c.subscriber_id == subscriber)
    if connection.scalar(select(_OUTBOX.c.id).where(same)) is None:
        _write_message(connection, number, notice, subscriber, now)


def _write_message(
    connection: Connection, number: int, notice: Notice, subscriber: int, now: datetime
) -> int:
    row = {
        "notice_id": number,
        "subscriber_id": subscriber,
        "thread": notice.thread,
        "state": MessageState.WAITING,
        "rank": _RANKS.get(notice.kind, OTHER_RANK),
        "created_at": now,
        "due_at": now,
    }
    written: int = connection.execute(insert(_OUTBOX).returning(_OUTBOX.c.id), row).scalar_one()
    return written


def gather_digests(connection: Connection, now: datetime) -> int:
    """Make one message of all that is held for each person and due; return how many people."""
    due = and_(_OUTBOX.c.state == MessageState.HELD, _OUTBOX.c.due_at <= now)
    people = connection.scalars(
        select(_OUTBOX.c.subscriber_id).where(due).distinct().limit(MOST_DIGESTS)
    ).all()
    if not people:
        return 0
    notice = Notice(
        key=f"digest/{now.isoformat()}", kind=NoticeKind.DIGEST, thread="digest", at=now
    )
    number = write_notice(connection, notice)
    for person in people:
        message = _write_message(connection, number, notice, person, now)
        connection.execute(
            update(_OUTBOX)
            .where(due, _OUTBOX.c.subscriber_id == person)
            .values(state=MessageState.DIGESTED, digest_id=message, ended_at=now)
        )
    return len(people)


def claim(
    connection: Connection, message: DueMessage, until: datetime, now: datetime
) -> DueMessage | None:
    """Claim a message until an instant; None when its row is not as it was read.

    A claim that lapsed was of a worker that ended.
    """
    same = and_(
        _OUTBOX.c.id == message.number,
        _OUTBOX.c.state == message.state,
        _OUTBOX.c.attempts == message.attempts,
        _OUTBOX.c.due_at <= now,
    )
    values = {
        "state": MessageState.CLAIMED,
        "attempts": message.attempts + 1,
        "due_at": until,
    }
    if not connection.execute(update(_OUTBOX).where(same).values(values)).rowcount:
        return None
    return replace(message, state=MessageState.CLAIMED, attempts=message.attempts + 1)


def give(connection: Connection, message: DueMessage) -> bool:
    """Count that a message is given to the server; False when our claim is another's by now."""
    return _settle(connection, message, {"unsure": message.unsure + 1})


def release(connection: Connection, messages: Sequence[DueMessage]) -> None:
    """Undo claims of messages that were not offered."""
    for message in messages:
        values = {"state": MessageState.WAITING, "attempts": message.attempts - 1}
        _settle(connection, message, values)


def lapse_claims(connection: Connection, now: datetime) -> None:
    """Have the claims of a service that ended lapse now: whoever writes is alone."""
    claimed = _OUTBOX.c.state == MessageState.CLAIMED
    connection.execute(update(_OUTBOX).where(claimed).values(due_at=now))


def end(connection: Connection, message: DueMessage, state: MessageState, now: datetime) -> bool:
    """End a message that we claimed; False when the claim had lapsed and it is another's."""
    values = {"state": state, "ended_at": now}
    return _settle(connection, message, values)


def took_since(connection: Connection, message: DueMessage) -> bool:
    """Return whether its recipient was sent another message since a message was written."""
    sent = and_(
        _OUTBOX.c.subscriber_id == message.subscriber,
        _OUTBOX.c.state == MessageState.SENT,
        _OUTBOX.c.ended_at > message.created_at,
    )
    return connection.scalar(select(_OUTBOX.c.id).where(sent).limit(1)) is not None


def put_back(
    connection: Connection, message: DueMessage, due_at: datetime, *, unsure: bool = False
) -> bool:
    """Have a message that we claimed sent later."""
    values = {
        "state": MessageState.WAITING,
        "due_at": due_at,
        "unsure": message.unsure + int(unsure),
    }
    return _settle(connection, message, values)


def _settle(connection: Connection, message: DueMessage, values: dict[str, object]) -> bool:
    same = and_(
        _OUTBOX.c.id == message.number,
        _OUTBOX.c.state == MessageState.CLAIMED,
        _OUTBOX.c.attempts == message.attempts,
    )
    return bool(connection.execute(update(_OUTBOX).where(same).values(values)).rowcount)


def drop_open(connection: Connection, now: datetime, number: int | None = None) -> int:
    """Give up messages that wait or are held: one, or all; return how many."""
    waiting = _OUTBOX.c.state.in_((*OPEN_STATES, MessageState.HELD))
    query = update(_OUTBOX).where(waiting).values(state=MessageState.DROPPED, ended_at=now)
    return connection.execute(
        query if number is None else query.where(_OUTBOX.c.id == number)
    ).rowcount


def retry_open(connection: Connection, now: datetime) -> int:
    """Have all that waits sent now, whatever its back-off; return how many messages."""
    waiting = _OUTBOX.c.state == MessageState.WAITING
    return connection.execute(update(_OUTBOX).where(waiting).values(due_at=now)).rowcount


def expire(connection: Connection, created_before: datetime, now: datetime) -> int:
    """Give up what no server took for so long; return how many messages."""
    late = and_(_OUTBOX.c.state.in_(OPEN_STATES), _OUTBOX.c.created_at < created_before)
    values = {"state": MessageState.EXPIRED, "ended_at": now}
    return connection.execute(update(_OUTBOX).where(late).values(values)).rowcount


def forget_old(connection: Connection, before: datetime) -> None:
    """Delete the messages that ended before an instant, and the notices that have none left."""
    connection.execute(delete(_OUTBOX).where(_OUTBOX.c.ended_at < before))
    some = select(_OTHER.c.id).where(_OTHER.c.notice_id == _NOTICE.c.id).exists()
    connection.execute(delete(_NOTICE).where(_NOTICE.c.at < before, ~some))
