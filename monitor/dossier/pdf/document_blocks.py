"""What a piece is made of: blocks of text, tables and drawings, as plain data.

A piece says what; `templates/piece.typ` says how it looks. Every string is data: the template
never reads markup from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from monitor.core.french.typesetting import typeset

Block: TypeAlias = Mapping[str, Any]
# A part of a line: a text, or a text with what it is.
Inline: TypeAlias = str | Mapping[str, str]
Line: TypeAlias = Inline | Sequence[Inline]

MOST_QUOTED = 12_000  # characters of one quotation


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceDocument:
    """One file to be set.

    Attributes:
        label: What each page is called: "Pièce n° 3", "Inventaire".
        title, subtitle: French; the title is that of the file too.
        blocks: In order.

    """

    label: str
    title: str
    subtitle: str
    blocks: Sequence[Block]


def strong(text: str) -> Inline:
    return {"strong": typeset(text)}


def code(text: str) -> Inline:
    """Return what is shown as it is: an address, a digest, a word of a machine."""
    return {"code": text}


def heading(text: str, *, level: int = 1) -> Block:
    return {"kind": "heading", "level": level, "text": typeset(text)}


def paragraph(*line: Inline) -> Block:
    return {"kind": "paragraph", "line": _line(line)}


def note(*line: Inline) -> Block:
    """Return a paragraph in smaller letters."""
    return {"kind": "note", "line": _line(line)}


def bullets(lines: Iterable[Line]) -> Block:
    return {"kind": "bullets", "lines": [_line(line) for line in lines]}


def facts(rows: Iterable[tuple[str, Line]]) -> Block:
    """Return names with what each is, in two columns."""
    return {"kind": "facts", "rows": [[typeset(name), _line(line)] for name, line in rows]}


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Line]],
    *,
    widths: Sequence[float],
    about: str,
    small: bool = False,
) -> Block:
    """Return a table. `widths` are shares of the page; `about` names it to who cannot see it."""
    return {
        "kind": "table",
        "columns": [typeset(column) for column in columns],
        "rows": [[_line(cell) for cell in row] for row in rows],
        "widths": list(widths),
        "about": typeset(about),
        "small": small,
    }


def quotation(text: str) -> Block:
    """Return words of others, line by line, never read as ours."""
    return {"kind": "quotation", "lines": text[:MOST_QUOTED].split("\n")}


def framed(blocks: Iterable[Block]) -> Block:
    """Return blocks in a frame: what must be read first."""
    return {"kind": "framed", "blocks": list(blocks)}


def drawing(svg: str, *, words: str, caption: str) -> Block:
    """Return a drawing; `words` say the same to who cannot see it."""
    return {"kind": "drawing", "svg": svg, "words": typeset(words), "caption": typeset(caption)}


def form(columns: Sequence[str], number: int, *, widths: Sequence[float], about: str) -> Block:
    """Return a table of so many empty rows, high enough to be written in by hand."""
    return {
        "kind": "form",
        "columns": [typeset(column) for column in columns],
        "number": number,
        "widths": list(widths),
        "about": typeset(about),
    }


def blank_lines(number: int) -> Block:
    """Return lines to be filled in by hand."""
    return {"kind": "blank", "number": number}


def page_break() -> Block:
    return {"kind": "break"}


def _line(line: Line) -> list[Inline]:
    parts: Sequence[Inline] = [line] if isinstance(line, str | Mapping) else line
    return [typeset(part) if isinstance(part, str) else part for part in parts]
