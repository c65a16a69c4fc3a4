"""What every channel is given, and what it makes of it: one request."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from monitor.core.notices.letter import Letter
from monitor.core.notices.notice import NoticeKind

JSON = "application/json"
EVENT_TYPES: Mapping[NoticeKind, str] = {
    NoticeKind.OPENED: "incident.opened",
    NoticeKind.WIDENED: "incident.widened",
    NoticeKind.STILL_OPEN: "incident.still_open",
    NoticeKind.CLOSED: "incident.closed",
    NoticeKind.PAGE: "page.changed",
    NoticeKind.STANDS_STILL: "service.stands_still",
    NoticeKind.RUNS_AGAIN: "service.runs_again",
}
LINES = 12  # of a message in a conversation; the rest is on the page it leads to


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMessage:
    """One notice for one channel.

    Attributes:
        name: The same at each attempt, another for each message and channel.
        kind: "incident.opened" and so on, for programs.
        at: When the notice was planned.
        page: The address on our site; "" for none.
        details: What programs are told besides the letter.

    """

    name: str
    kind: str
    at: datetime
    letter: Letter
    page: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAddress:
    """Where a channel leads. `secret` is a key, a token or, without `url`, the address itself."""

    url: str = ""
    room: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRequest:
    method: str
    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelForm:
    """A kind of channel.

    Attributes:
        request: Makes the request of a message, at the instant of an attempt. Raises ValueError
            for a secret or an address that cannot be used.
        repeatable: The other side knows a message that it has already: one whose answer was lost
            is sent again for as long as any other.
        needs: The keys, besides its secret, that the configuration must have.

    """

    request: Callable[[ChannelMessage, ChannelAddress, datetime], ChannelRequest]
    repeatable: bool = False
    needs: tuple[str, ...] = ()


def parts_of(url: str) -> SplitResult:
    """Return the parts of an address, its port readable. Raises ValueError, which names none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("une adresse lisible") from None  # it may be a secret
    return parts


def encoded(content: object) -> bytes:
    """Return a value as compact JSON; halves of pairs become question marks."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def conversation_lines(message: ChannelMessage) -> list[tuple[str, str]]:
    """Return the lines for a conversation, each with where it leads ("" for nowhere)."""
    letter = message.letter
    lines = [(letter.lead, ""), *((one.text, one.url) for one in letter.actions)]
    return lines[:LINES]
