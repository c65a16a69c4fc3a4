"""What the one writer does to subscribers. Addresses come here encrypted."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from monitor.core.notices.notice import Pace, SubscriberState, Suppression
from monitor.store.tables.alert_tables import (
    OutboxRow,
    SubscriberRow,
    SubscriptionRow,
    SuppressionRow,
)
from monitor.store.tables.check_tables import table_of

_SUBSCRIBER = table_of(SubscriberRow)
_TOPIC = table_of(SubscriptionRow)
_SUPPRESSION = table_of(SuppressionRow)
_OUTBOX = table_of(OutboxRow)


def ask(  # noqa: PLR0913 -- keyword-only: the columns of a row
    connection: Connection,
    *,
    lookup: bytes,
    address: bytes,
    nonce: bytes,
    topics: Iterable[str],
    pace: Pace,
    rests: bool,
    now: datetime,
    language: str = "fr",
) -> tuple[int, SubscriberState]:
    """Write who asks to subscribe; return the number, and the standing from before.

    The choices of someone who confirmed are not changed: anyone can write any address in a form.
    """
    same = _SUBSCRIBER.c.lookup == lookup
    row = connection.execute(select(_SUBSCRIBER).where(same)).one_or_none()
    if row is not None and row.standing is SubscriberState.CONFIRMED:
        return row.id, SubscriberState.CONFIRMED
    values = {
        "address": address,
        "standing": SubscriberState.PENDING,
        "pace": pace,
        "rests": rests,
        "language": language,
        "asked_at": now,
    }
    if row is None:
        insertion = insert(_SUBSCRIBER).returning(_SUBSCRIBER.c.id)
        number: int = connection.execute(
            insertion, values | {"lookup": lookup, "nonce": nonce}
        ).scalar_one()
    else:
        number = row.id
        connection.execute(update(_SUBSCRIBER).where(same).values(values))
    _set_topics(connection, number, topics)
    return number, row.standing if row is not None else SubscriberState.PENDING


def confirm(connection: Connection, number: int, nonce: bytes, now: datetime) -> bool:
    """Confirm a subscription, or renew a consent; False when there is no such person."""
    same = (_SUBSCRIBER.c.id == number, _SUBSCRIBER.c.nonce == nonce)
    lookup = connection.scalar(select(_SUBSCRIBER.c.lookup).where(*same))
    if lookup is None:
        return False
    values = {"standing": SubscriberState.CONFIRMED, "confirmed_at": now}
    connection.execute(update(_SUBSCRIBER).where(*same).values(values))
    connection.execute(delete(_SUPPRESSION).where(_SUPPRESSION.c.lookup == lookup))
    return True


def choose(  # noqa: PLR0913 -- keyword-only: the columns of a row
    connection: Connection,
    number: int,
    nonce: bytes,
    *,
    topics: Iterable[str],
    pace: Pace,
    rests: bool,
    language: str,
) -> bool:
    """Replace the choices of a person; False when there is no such person."""
    same = (_SUBSCRIBER.c.id == number, _SUBSCRIBER.c.nonce == nonce)
    values = {"pace": pace, "rests": rests, "language": language}
    if not connection.execute(update(_SUBSCRIBER).where(*same).values(values)).rowcount:
        return False
    _set_topics(connection, number, topics)
    return True


def _set_topics(connection: Connection, number: int, topics: Iterable[str]) -> None:
    connection.execute(delete(_TOPIC).where(_TOPIC.c.subscriber_id == number))
    rows = [{"subscriber_id": number, "topic": topic} for topic in sorted(set(topics))]
    if rows:
        connection.execute(insert(_TOPIC), rows)


def refuse(connection: Connection, number: int, now: datetime) -> None:
    """Stop writing to a mailbox that a server said does not exist."""
    same = _SUBSCRIBER.c.id == number
    lookup = connection.scalar(select(_SUBSCRIBER.c.lookup).where(same))
    if lookup is not None:
        connection.execute(update(_SUBSCRIBER).where(same).values(standing=SubscriberState.REFUSED))
        _suppress(connection, lookup, Suppression.REFUSED, now)


def remove(connection: Connection, number: int, nonce: bytes, now: datetime) -> bool:
    """Delete a person and every message to them; False when there is no such person."""
    same = (_SUBSCRIBER.c.id == number, _SUBSCRIBER.c.nonce == nonce)
    lookup = connection.scalar(select(_SUBSCRIBER.c.lookup).where(*same))
    if lookup is None:
        return False
    _delete(connection, [number])
    _suppress(connection, lookup, Suppression.LEFT, now)
    return True


def purge(connection: Connection, *, asked_before: datetime, confirmed_before: datetime) -> int:
    """Delete those who never confirmed, and those who did not renew their consent."""
    people = _SUBSCRIBER.c.channel == ""
    pending = _SUBSCRIBER.c.standing != SubscriberState.CONFIRMED  # or the mailbox is gone
    numbers = [
        *connection.scalars(
            select(_SUBSCRIBER.c.id).where(people, pending, _SUBSCRIBER.c.asked_at < asked_before)
        ),
        *connection.scalars(
            select(_SUBSCRIBER.c.id).where(
                people, ~pending, _SUBSCRIBER.c.confirmed_at < confirmed_before
            )
        ),
    ]
    _delete(connection, numbers)
    return len(numbers)


def to_renew(connection: Connection, confirmed_before: datetime) -> list[tuple[int, datetime]]:
    """Return whose consent must be asked for again, by number, and when it was last given."""
    due = (
        _SUBSCRIBER.c.channel == "",
        _SUBSCRIBER.c.standing == SubscriberState.CONFIRMED,
        _SUBSCRIBER.c.confirmed_at < confirmed_before,
    )
    rows = connection.execute(select(_SUBSCRIBER.c.id, _SUBSCRIBER.c.confirmed_at).where(*due))
    return [(row.id, row.confirmed_at) for row in rows]


def set_up(  # noqa: PLR0913 -- keyword-only: the columns of a row
    connection: Connection,
    channel: str,
    *,
    lookup: bytes,
    address: bytes,
    nonce: bytes,
    topics: Iterable[str],
    now: datetime,
) -> None:
    """Write a channel of the configuration; one that was disabled stays so."""
    same = _SUBSCRIBER.c.channel == channel
    number = connection.scalar(select(_SUBSCRIBER.c.id).where(same))
    if number is None:
        values = {
            "channel": channel,
            "lookup": lookup,
            "address": address,
            "nonce": nonce,
            "standing": SubscriberState.CONFIRMED,
            "pace": Pace.AT_ONCE,
            "rests": False,
            "asked_at": now,
            "confirmed_at": now,
        }
        insertion = insert(_SUBSCRIBER).returning(_SUBSCRIBER.c.id)
        number = connection.execute(insertion, values).scalar_one()
    else:
        values = {"lookup": lookup, "address": address}
        connection.execute(update(_SUBSCRIBER).where(same).values(values))
    _set_topics(connection, number, topics)


def put_away(connection: Connection, channels: Iterable[str]) -> None:
    """Delete the channels that are not among these, with every message to them."""
    gone = (_SUBSCRIBER.c.channel != "", _SUBSCRIBER.c.channel.not_in(tuple(channels)))
    _delete(connection, [*connection.scalars(select(_SUBSCRIBER.c.id).where(*gone))])


def set_standing(connection: Connection, channel: str, standing: SubscriberState) -> None:
    """Disable a channel, or enable it again."""
    same = _SUBSCRIBER.c.channel == channel
    connection.execute(update(_SUBSCRIBER).where(same).values(standing=standing))


def is_refused(connection: Connection, lookup: bytes, since: datetime) -> bool:
    """Return whether a server said, since then, that an address does not exist."""
    same = (
        _SUPPRESSION.c.lookup == lookup,
        _SUPPRESSION.c.why == Suppression.REFUSED,
        _SUPPRESSION.c.at >= since,
    )
    return connection.scalar(select(_SUPPRESSION.c.lookup).where(*same)) is not None


def encrypt_again(connection: Connection, change: Callable[[bytes], bytes]) -> int:
    """Replace every encrypted address; return how many."""
    rows = connection.execute(select(_SUBSCRIBER.c.id, _SUBSCRIBER.c.address)).all()
    for row in rows:
        values = {"address": change(row.address)}
        connection.execute(update(_SUBSCRIBER).where(_SUBSCRIBER.c.id == row.id).values(values))
    return len(rows)


def _delete(connection: Connection, numbers: list[int]) -> None:
    for table, column in (
        (_OUTBOX, _OUTBOX.c.subscriber_id),
        (_TOPIC, _TOPIC.c.subscriber_id),
        (_SUBSCRIBER, _SUBSCRIBER.c.id),
    ):
        connection.execute(delete(table).where(column.in_(numbers)))


def _suppress(connection: Connection, lookup: bytes, why: Suppression, now: datetime) -> None:
    connection.execute(delete(_SUPPRESSION).where(_SUPPRESSION.c.lookup == lookup))
    connection.execute(insert(_SUPPRESSION), {"lookup": lookup, "at": now, "why": why})
