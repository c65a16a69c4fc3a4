"""Cache functions of short texts: the pages of a site share most of theirs."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Generic, TypeVar

SHORT = 2000  # characters; longer texts are seldom the same
REMEMBERED = 2048  # texts by each function: 2 MB of words as pages go, 34 MB if all were longest
MOST_WORDS = 16_384  # of a table of words: 2 MB as languages go, 4 MB if all were longest
MOST_WORD_CHARACTERS = 40
MOST_DIGITS = 4  # of a number: with more, it seldom comes again

Read = TypeVar("Read")


def remembering(read: Callable[[str], Read]) -> Callable[[str], Read]:
    """Cache a pure function of a text, for the last `REMEMBERED` texts of at most `SHORT`."""
    cached = lru_cache(REMEMBERED)(read)

    @wraps(read)
    def cached_read(text: str) -> Read:
        return cached(text) if len(text) <= SHORT else read(text)

    return cached_read


class WordTable(dict[str, Read], Generic[Read]):
    """A pure function of a word, as a table that is filled as words are looked up.

    A look-up costs a tenth of a call. Long numbers, which seldom repeat, and long words are
    computed each time; when it is full the table begins anew.
    """

    def __init__(self, read: Callable[[str], Read]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, word: str) -> Read:
        value = self._read(word)
        if len(word) <= (MOST_DIGITS if word.isdigit() else MOST_WORD_CHARACTERS):
            if len(self) >= MOST_WORDS:
                self.clear()
            self[word] = value
        return value
