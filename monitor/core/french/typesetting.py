"""Set French text: spaces that do not break a line where French has them, one apostrophe. Pure."""

import re

_NBSP = "\N{NO-BREAK SPACE}"
_BEFORE = re.compile(r" (?=[:;?!»€]|%(?!\())")  # not before %(name)s, where a value will stand
_AFTER = re.compile(r"(?<=«) |(?<=n°) |(?<=\d) (?=(?:min|ms|kB|[hjs])\b)")
_HOUR = re.compile(r"(?<=\d\u00a0h) (?=\d)")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")


def typeset(text: str) -> str:
    """Return a French text with its no-break spaces and curly apostrophes; nothing else changes."""
    text = _BEFORE.sub(_NBSP, text)
    text = _AFTER.sub(_NBSP, text)
    text = _HOUR.sub(_NBSP, text)
    return _APOSTROPHE.sub("\N{RIGHT SINGLE QUOTATION MARK}", text)


def on_one_line(text: str) -> str:
    """Return a text that no line is broken in."""
    return text.replace(" ", _NBSP)


def typeset_markup(markup: str) -> str:
    """Return HTML whose texts are typeset and whose tags are untouched."""
    before, *parts = markup.split("<")
    return typeset(before) + "".join(_typeset_after_tag(part) for part in parts)


def _typeset_after_tag(part: str) -> str:
    tag, end, text = part.partition(">")
    return f"<{tag}{end}{typeset(text)}"
