"""French excerpts of an edit: whole words, with a few of their neighbours."""

from collections.abc import Iterator, Sequence

from monitor.core.changes.change import Edit, Op, Piece

MOST_EXCERPT_CHARACTERS = 160
CONTEXT_WORDS = 3
LONG_WORDS = 6  # a text of more words needs no neighbours


def excerpts(edit: Edit, *, facts: Sequence[str] = ()) -> Iterator[str]:
    """Yield what became of what. `facts` are texts to show where an excerpt must be cut."""
    pieces = edit.pieces
    number = 0
    while number < len(pieces):
        piece = pieces[number]
        if piece.op == Op.SAME:
            number += 1
            continue
        following = pieces[number + 1] if number + 1 < len(pieces) else None
        paired = piece.op == Op.REMOVED and following is not None and following.op == Op.ADDED
        end = number + 2 if paired else number + 1
        left = _last_words(pieces[number - 1]) if number else ""
        right = _first_words(pieces[end]) if end < len(pieces) else ""
        if paired and following is not None:
            yield _became(piece.text, following.text, left=left, right=right, facts=facts)
        else:
            verb = "retiré" if piece.op == Op.REMOVED else "ajouté"
            yield _alone(piece.text, verb, left=left, right=right, facts=facts)
        number = end


def shorten(text: str, most: int = MOST_EXCERPT_CHARACTERS, *, around: Sequence[str] = ()) -> str:
    """Cut a text between two words, around what it holds first of some texts, in whatever order.

    They come from a set, and a summary is signed: it must be the same each time that it is made.
    """
    if len(text) <= most:
        return text
    place = min((text.find(fact) for fact in around if fact in text), default=0)
    start = max(0, place - most // 3) if place > most // 2 else 0
    if start:
        start = text.find(" ", start) + 1 or start
    part = text[start : start + most - 2]
    if start + most - 2 < len(text) and " " in part:
        part = part.rsplit(" ", 1)[0]
    before = "… " if start else ""
    after = "…" if start + len(part) < len(text) else ""
    return f"{before}{part.rstrip(' ,;:')}{after}"


def _became(old: str, new: str, *, left: str, right: str, facts: Sequence[str]) -> str:
    if max(len(old.split()), len(new.split())) > LONG_WORDS:
        left = right = ""
    one, other = (
        shorten(" ".join(filter(None, (left, text, right))), around=facts) for text in (old, new)
    )
    return f"« {one} » devient « {other} »"


def _alone(text: str, verb: str, *, left: str, right: str, facts: Sequence[str]) -> str:
    shown = f"« {shorten(text, around=facts)} » {verb}"
    if len(text.split()) > LONG_WORDS or not (left or right):
        return shown
    return f"{shown} après « {left} »" if left else f"{shown} avant « {right} »"


def _last_words(piece: Piece) -> str:
    return " ".join(_words(piece)[-CONTEXT_WORDS:])


def _first_words(piece: Piece) -> str:
    return " ".join(_words(piece)[:CONTEXT_WORDS])


def _words(piece: Piece) -> list[str]:
    """Return the words around an edit; what only separates the cells of a table is none."""
    words = piece.text.split() if piece.op == Op.SAME else []
    return [word for word in words if any(map(str.isalnum, word))]
