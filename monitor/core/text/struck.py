"""Text that is struck through: a visitor sees that it no longer holds."""

import re
from collections.abc import Mapping

# Controls mark it while the text of a run is put together: no text that is shown holds them.
STRUCK_START, STRUCK_END = "\x02", "\x03"
_TAGS = frozenset({"s", "strike", "del"})
_STYLE = re.compile(r"text-decoration[\w-]{0,10}\s{0,9}:[^;]{0,60}line-through", re.IGNORECASE)
_EMPTY = re.compile(f"{STRUCK_START}(\\s{{0,1000}}){STRUCK_END}")
_START = "[barré : "
_SHOWN = re.compile(r"\[barré : [^\]]*\]?")


def is_struck(tag: str, attributes: Mapping[str, str]) -> bool:
    """Return whether an element strikes its text through."""
    return tag in _TAGS or ("style" in attributes and bool(_STYLE.search(attributes["style"])))


def shown_struck(text: str) -> str:
    """Return a text with words in place of the marks: "[barré : 50 €]"."""
    if STRUCK_START not in text and STRUCK_END not in text:
        return text
    return _EMPTY.sub(r"\1", text).replace(STRUCK_START, _START).replace(STRUCK_END, "]")


def without_struck(text: str) -> str:
    """Return what a tidy text still states."""
    return _SHOWN.sub(" ", text) if "[barré" in text else text
