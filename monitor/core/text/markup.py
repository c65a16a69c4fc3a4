"""From bytes to a tree, as browsers read it, within bounds.

The parser is lexbor, which follows the HTML standard: what a stray quote or an odd comment does
in a browser, it does here. It has no bounds of its own: some pages of a few hundred kilobytes
would take it minutes, or gigabytes. What could is cut out or cut off before it sees them; the
bounds are several times what the longest real pages hold.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from monitor.core.text.charset import decode, is_xml

MOST_BYTES = 5_000_000  # the fetch's own bound; a saved file may be larger
MOST_CHARACTERS = 2_500_000  # without styles and scripts, where there are many
MOST_TAGS = 15_000  # of one page; some steps of the parser take time as its square
MOST_OPTIONS = 8_000  # of its lists of choices: the time for a list grows as their square
MOST_SEPARATORS = 250_000  # runs of spaces, quotes and slashes: no page has more attributes
MOST_ATTRIBUTES = 500  # of one tag
MOST_REOPENED = 300_000  # elements of format that a parser may have to open again: see below

_TAG_START = re.compile(r"<[a-zA-Z]")
_OPTION = re.compile(r"<option", re.IGNORECASE)
_SEPARATOR = re.compile(r"[\s/\"']+")
# A scan from each "<", whatever stands before it: no start of a tag is missed, and a false one
# seldom has as many attributes as this.
_MANY_ATTRIBUTES = re.compile(
    r"<[a-zA-Z][^\s/>]{0,200}+(?>[\s/]++(?:=?[^\s/>=]++(?:\s*+=\s*+(?:\"[^\"]*+\"?|'[^']*+'?"
    rf"|[^\s>\"'][^\s>]*+)?)?)?+|(?<=[\"'])=?[^\s/>=]++(?:=(?:\"[^\"]*+\"?|'[^']*+'?)?)?){{{MOST_ATTRIBUTES}}}"
)
# Elements of format that are still open are opened again in each paragraph below them: their
# number multiplies that of the tags. Three of each name and attributes at most (HTML standard).
_FORMAT = "b|big|code|em|font|i|small|strong|tt|u"
_FORMAT_START = re.compile(r"<[bcefistuBCEFISTU]")
_FORMAT_TAG = re.compile(rf"<(?:{_FORMAT}|s|strike)(?=[\s/>])[^>]{{0,1000}}", re.IGNORECASE)
_ANY_FORMAT_TAG = re.compile(rf"</?(?:{_FORMAT})(?=[\s/>])[^>]*+>?", re.IGNORECASE)
_STRUCK_TAG = re.compile(r"<(s|strike)(?=[\s/])[^>]*+>?", re.IGNORECASE)
_SAME_OPEN = 3
_BULK = re.compile(r"(<(script|style)\b[^>]*+>).*?(?=</\2|\Z)", re.IGNORECASE | re.DOTALL)
# In XML, what ends with a slash has no content; HTML reads on to an end tag that never comes.
_EMPTY_ELEMENT = re.compile(
    r"<(script|style|title|textarea|iframe|noscript|template|a|div|span|p|i|b|object|canvas)"
    r"((?:\s[^<>]{0,2000}?)?)/>",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Markup:
    """A parsed page. `cut`: a bound left something out."""

    parser: LexborHTMLParser
    cut: bool

    @property
    def root(self) -> LexborNode | None:
        return self.parser.root

    def base(self, url: str | None) -> str | None:
        """Return the address to which links are relative: that of `<base>`, or the page's."""
        element = self.parser.css_first("base[href]")
        href = (element.attributes.get("href") or "").strip() if element else ""
        return resolved(url, href) if href else url


def resolved(base: str | None, href: str) -> str | None:
    """Return an address relative to `base`; `base` where it cannot be read as one."""
    try:
        return urljoin(base or "", href)
    except ValueError:
        return base


def parse(body: bytes, *, charset: str | None = None) -> Markup:
    """Parse a body; at most `MOST_BYTES` are read. Never raises.

    `charset` is an encoding's name or a whole Content-Type value.
    """
    text = decode(body[:MOST_BYTES], charset=charset)
    if is_xml(charset or ""):
        text = _EMPTY_ELEMENT.sub(r"<\1\2></\1>", text)
    text, cut = _bounded(text)
    return Markup(LexborHTMLParser(text), cut or len(body) > MOST_BYTES)


def _bounded(text: str) -> tuple[str, bool]:
    """Return a text that the parser reads in bounded time and memory, and whether it was cut."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    size = len(text)
    if _is_large(text) or _MANY_ATTRIBUTES.search(text):
        text = _BULK.sub(r"\1", text)  # a script may look like a tag without end
        size = len(text)
        text = text[:MOST_CHARACTERS]
        for pattern, most in (
            (_TAG_START, MOST_TAGS),
            (_OPTION, MOST_OPTIONS),
            (_SEPARATOR, MOST_SEPARATORS),
        ):
            if pattern is _OPTION and text.lower().count("<option") <= most:
                continue
            beyond = next(islice(pattern.finditer(text), most, None), None)
            text = text[: beyond.start()] if beyond else text
        if crowded := _MANY_ATTRIBUTES.search(text):
            text = text[: crowded.start()]
    cut = len(text) < size
    return _without_reopening(text), cut


def _is_large(text: str) -> bool:
    """Return whether a bound may be passed: counting characters is a hundred times cheaper."""
    if text.count("<") > min(MOST_TAGS, MOST_OPTIONS) or len(text) > MOST_CHARACTERS:
        return True
    if len(text) <= MOST_SEPARATORS:
        return False
    return sum(map(text.count, " \t\n\r\f/\"'")) > MOST_SEPARATORS


def _without_reopening(text: str) -> str:
    """Remove the tags of format where the parser would have to open them again too often."""
    tags = text.count("<")
    if len(_FORMAT_START.findall(text)) * tags <= MOST_REOPENED:
        return text  # far cheaper than the pattern, and most pages end here
    counts = Counter(_FORMAT_TAG.findall(text))
    most_open = sum(min(count, _SAME_OPEN) for count in counts.values())
    if most_open * tags <= MOST_REOPENED:
        return text
    return _STRUCK_TAG.sub(r"<\1>", _ANY_FORMAT_TAG.sub("", text))
