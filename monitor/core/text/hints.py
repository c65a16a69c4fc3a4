"""What a text may hold, from one look at each of its words: cheaper than any pattern.

A pattern module registers the stems without one of which its pattern cannot match; the pattern is
then tried only on texts that have the hint. The words of pages repeat: what each of them hints at
is remembered, so that a text costs one look-up a word for all patterns together.
"""

import re
from collections.abc import Sequence
from functools import reduce
from operator import or_

from monitor.core.text.memo import WordTable

LONG_WORD = 24  # characters: no word of a language, perhaps a token
DIGIT, LONG = 1, 2

_DIGIT = re.compile(r"\d")
_STEMS: list[tuple[str, int]] = []
_PATTERNS: list[tuple[re.Pattern[str], int]] = []


def hint(*stems: str) -> int:
    """Return a hint of its own: a bit that a text has when one of its words has a stem.

    Stems are in lower case. One that begins or ends with a space begins or ends the word.
    """
    bit = _next_bit()
    _STEMS.extend((stem, bit) for stem in stems)
    return bit


def hint_of(pattern: re.Pattern[str]) -> int:
    """Return a hint of its own: that a pattern is in one of its words, other than a number."""
    bit = _next_bit()
    _PATTERNS.append((pattern, bit))
    return bit


def _next_bit() -> int:
    _OF_WORDS.clear()
    return 4 << len({bit for _, bit in (*_STEMS, *_PATTERNS)})


def hints(text: str) -> int:
    """Return the hints of a text on one line."""
    return hints_of(text.casefold().split(" "))


def hints_of(words: Sequence[str]) -> int:
    """Return the hints of words without capitals."""
    return reduce(or_, set(map(_OF_WORDS.__getitem__, words)), 0)


def _hints_of_word(word: str) -> int:
    if word.isdigit():
        return DIGIT
    spaced = f" {word} "
    hinted = DIGIT if _DIGIT.search(word) else 0
    if len(word) >= LONG_WORD:
        hinted |= LONG
    for stem, bit in _STEMS:
        if stem in spaced:
            hinted |= bit
    for pattern, bit in _PATTERNS:
        if pattern.search(word):
            hinted |= bit
    return hinted


_OF_WORDS = WordTable(_hints_of_word)
