"""Cache functions of short texts: the pages of a site share most of theirs."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

SHORT = 2000  # characters; longer texts are seldom the same
REMEMBERED = 2048  # texts by each function: 2 MB of words as pages go, 34 MB if all were longest

Read = TypeVar("Read")


def remembering(read: Callable[[str], Read]) -> Callable[[str], Read]:
    """Cache a pure function of a text, for the last `REMEMBERED` texts of at most `SHORT`."""
    cached = lru_cache(REMEMBERED)(read)

    @wraps(read)
    def cached_read(text: str) -> Read:
        return cached(text) if len(text) <= SHORT else read(text)

    return cached_read
