"""Unicode's normal forms in time linear in the length of the text.

Marks that follow one another are put in order by insertion: one call for 500,000 of them, a
megabyte, would hold the interpreter for minutes, in whatever thread.
"""

import unicodedata
from collections.abc import Iterator
from typing import Literal

_PIECE = 512  # characters normalised in one call, up to twice that


def normalised(form: Literal["NFKC", "NFKD"], text: str, *, limit: int | None = None) -> str:
    """Return a normal form of a text, piece by piece; at most `limit` characters of it.

    A piece ends before an ASCII character, which composes with nothing before it. Where none
    comes in `2 * _PIECE` characters, a mark may stay apart from what it would compose with.
    """
    if len(text) <= _PIECE:
        return unicodedata.normalize(form, text)[:limit]
    pieces: list[str] = []
    size = 0
    for piece in _pieces(text):
        pieces.append(unicodedata.normalize(form, piece))
        size += len(pieces[-1])
        if limit is not None and size >= limit:
            break
    return "".join(pieces)[:limit]


def _pieces(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = at + _PIECE
        while end < len(text) and end < at + 2 * _PIECE and not text[end].isascii():
            end += 1
        yield text[at:end]
        at = end
