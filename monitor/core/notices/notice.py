"""What is sent to subscribers: one notice, many recipients."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice is about."""

    OPENED = "opened"  # an outage is confirmed on what the recipient follows
    WIDENED = "widened"  # the incident reaches more of what the recipient follows
    STILL_OPEN = "still_open"  # at two hours, then every day
    CLOSED = "closed"  # nothing that the recipient follows is in an outage any more
    PAGE = "page"  # the text of a page changed
    DIGEST = "digest"  # several notices in one message
    CONFIRM = "confirm"  # asks whether the recipient really subscribed
    MANAGE = "manage"  # the link to the recipient's own choices
    STANDS_STILL = "stands_still"  # our own service: probing, sealing or delivery
    RUNS_AGAIN = "runs_again"


OF_INCIDENTS = frozenset(
    {NoticeKind.OPENED, NoticeKind.WIDENED, NoticeKind.STILL_OPEN, NoticeKind.CLOSED}
)
OF_SERVICE = frozenset({NoticeKind.STANDS_STILL, NoticeKind.RUNS_AGAIN})  # for its operator
PERSONAL = frozenset({NoticeKind.CONFIRM, NoticeKind.MANAGE})  # asked for by one person


class Pace(StrEnum):
    """How soon a subscriber is written to."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    WEEKLY = "weekly"


class SubscriberState(StrEnum):
    """Where a subscriber is in the life of a subscription."""

    PENDING = "pending"  # has not confirmed
    CONFIRMED = "confirmed"
    REFUSED = "refused"  # the mailbox does not exist any more: nothing is sent


class MessageState(StrEnum):
    """Where a message is, from the transaction that plans it to the answer of the server."""

    WAITING = "waiting"
    HELD = "held"  # for the next digest
    CLAIMED = "claimed"  # being sent
    SENT = "sent"  # the server answered that it has it
    DIGESTED = "digested"  # in a digest that has a row of its own
    REFUSED = "refused"  # the server answered that it will never take it
    EXPIRED = "expired"  # no server took it for two days
    UNSURE = "unsure"  # given up: twice the connection ended before the server's last answer
    DROPPED = "dropped"  # the recipient left, or an operator dropped it


OPEN_STATES = (MessageState.WAITING, MessageState.CLAIMED)


class Suppression(StrEnum):
    """Why an address was removed."""

    LEFT = "left"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to say, and to whom.

    A subscriber receives it who chose at least one topic of `to`, one of `also` (when there are
    any), one of `interests`, and none of `without`.

    Attributes:
        key: Its identity: the same notice planned twice is written once.
        thread: Notices of one thread reach a recipient in order; one conversation in a mailbox.
        at: When it was planned.
        numbers: Of the outages or of the change that it is about, in the order of their leaves.
        hours: How long the incident had lasted, at a milestone.
        again: The incident had ended, and began again soon after.

    """

    key: str
    kind: NoticeKind
    thread: str
    at: datetime
    to: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    interests: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    hours: int = 0
    again: bool = False


def concerns(notice: Notice, topics: frozenset[str]) -> bool:
    """Return whether a subscriber who chose these topics receives a notice."""
    return (
        not topics.isdisjoint(notice.to)
        and (not notice.also or not topics.isdisjoint(notice.also))
        and topics.isdisjoint(notice.without)
        and not topics.isdisjoint(notice.interests)
    )
