"""Where a page of an answer ended. A reader gives it back as it is; we believe none of it."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from monitor.core.outages.time_accounts import instant, microseconds

T = TypeVar("T")

CURSOR_MAX = 200  # characters; the longest that we make is under 180
NAME_MAX = 100  # characters of a target or a platform
_WITHIN_US = 1 << 53  # from 1970, either way
_TIES = 8  # items of one instant that are mostly read at once


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Place of an item: its instant, then what tells items of one instant apart."""

    at_us: int
    name: str = ""

    @property
    def at(self) -> datetime:
        return instant(self.at_us)


def place(at: datetime, name: str = "") -> Place:
    return Place(microseconds(at), name)


def written(where: Place, question: str) -> str:
    """Return the cursor of a place in the answer to a question."""
    text = json.dumps([where.at_us, where.name, _digest(question)], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str, question: str) -> Place:
    """Return the place that a cursor names. Raises ValueError for none of ours, or of another."""
    if len(text) > CURSOR_MAX:
        raise ValueError("too long")
    try:
        value = json.loads(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (ValueError, RecursionError) as error:
        raise ValueError("not a cursor") from error
    match value:
        case [int(at_us), str(name), str()] if abs(at_us) < _WITHIN_US and len(name) <= NAME_MAX:
            where = Place(int(at_us), name)
        case _:
            raise ValueError("not a cursor")
    if written(where, question) != text:
        raise ValueError("the cursor of another question")
    return where


def newest_first(
    fetch: Callable[[datetime | None, int], Sequence[T]],
    place_of: Callable[[T], Place],
    *,
    after: Place | None,
    limit: int,
    chosen: Callable[[T], bool] = lambda _: True,
) -> tuple[list[T], Place | None]:
    """Return one page of a log, the newest first, and its place when more follows.

    What is recorded meanwhile comes before the first page, and moves none of the others.

    Args:
        fetch: Returns the last so many items whose instant is before the one given.
        place_of: Of an item; no two have the same.
        after: Where the page before ended.
        limit: Items of a page.
        chosen: Whether an item belongs to the log.

    """
    until = after.at + timedelta(microseconds=1) if after else None
    wanted = limit + 1 + _TIES
    while True:
        items = sorted(fetch(until, wanted), key=place_of, reverse=True)
        whole = len(items) < wanted
        if not whole:  # the items of the last instant may not all be there
            last = place_of(items[-1]).at_us
            items = [one for one in items if place_of(one).at_us > last]
        left = [one for one in items if chosen(one) and (after is None or place_of(one) < after)]
        if whole or len(left) > limit:
            page = left[:limit]
            return page, place_of(page[-1]) if len(left) > limit else None
        wanted *= 2


def _digest(question: str) -> str:
    return sha256(question.encode()).hexdigest()[:16]
