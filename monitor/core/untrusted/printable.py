r"""Escape text so that a terminal or a log shows it and does not interpret it.

What is not a visible sign or a space is written as `\u001b`: control characters (terminals take
U+0080 to U+009F for escape sequences too), marks that turn the direction of writing, separators
of lines that are none of ours, halves of pairs, private and unassigned characters. The form is
that of JSON, so that a JSON text with such characters means the same after as before.
"""

import unicodedata

_LINES = frozenset("\n\t")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # general categories


def printable(text: str) -> str:
    """Return a text with its invisible characters escaped; line feeds and tabs stay."""
    if (
        text.replace("\n", "").replace("\t", "").isprintable()
    ):  # Python's word is stricter than ours
        return text
    return "".join(char if _is_shown(char) else _escaped(char) for char in text)


def is_control(char: str) -> bool:
    """Return whether a character is a control, a mark of direction or a separator of lines."""
    return unicodedata.category(char) in {"Cc", "Zl", "Zp"} or char in _DIRECTIONS


_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _is_shown(char: str) -> bool:
    return char in _LINES or unicodedata.category(char) not in _HIDDEN


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
