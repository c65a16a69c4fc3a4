"""From bytes to a short, bounded HTML text: the first and cheapest masking.

What no reader sees and no later rule needs is dropped in one pass over the tags, without
building a tree: scripts, styles, comments, every attribute that is not in `KEPT`. Two bodies
whose clean texts are equal are the same page, so that equal digests of the clean text spare the
parse; and the parser only gets tags with few attributes, hence no quadratic cost.
"""

import hashlib
import re
from functools import lru_cache
from itertools import islice

from monitor.core.text.charset import decode

MOST_BYTES = 5_000_000  # the fetch's own bound; a saved file may be larger
MOST_CHARACTERS = 1_500_000  # of the clean text; the longest real pages hold a tenth of it
MOST_TAGS = 60_000  # of the clean text; the longest real pages hold a tenth of it
MOST_TAG_CHARACTERS = 20_000  # of one tag; the longest legitimate ones hold data: addresses
MOST_ATTRIBUTES = 64  # read in one tag
MOST_PLAIN_TAGS = 1_000  # passed over at once
MOST_REMEMBERED_CHARACTERS = 200  # of one tag: a page repeats most of its short ones

KEPT = frozenset(
    {"class", "id", "role", "href", "hidden", "aria-hidden", "type", "value", "data-cfemail"}
)

_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]+")
_CONTROLS = (*map(chr, range(9)), "\x0b", "\x0c", *map(chr, range(14, 32)), *"\x7f\ufffe\uffff")

# Every alternative succeeds at the latest at the end of the text: no start is scanned twice,
# so the whole stays linear whatever the input. A tag without attributes stays as it is, and so
# does a "<" that begins nothing: many of them are one token, but not all, since the interpreter
# is held from one token to the next, and a page may consist of them.
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|noscript|textarea|iframe|xmp|noembed|noframes)\b.*?(?:</\1\s{0,1000}>|\Z)"
    r"|(?P<plain>(?:<(?!(?:script|style|noscript|textarea|iframe|xmp|noembed|noframes)\b)"
    rf"(?:/?[a-z][a-z0-9]*+>|(?!/?[a-z]|[!?]))[^<]*+){{1,{MOST_PLAIN_TAGS}}}+)"
    r"|<(?P<close>/)?(?P<name>[a-z][a-z0-9:_-]*+)"
    r"(?P<attributes>(?>[^\"'>]+|\"[^\"]*(?:\"|\Z)|'[^']*(?:'|\Z))*+)(?:>|\Z)"
    r"|<[!?][^>]*+(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_TAG_START = re.compile("<")
_ATTRIBUTE = re.compile(
    r"([^\s\"'>/=]+)(?:\s{0,100}=\s{0,100}(?:\"([^\"]*)\"?|'([^']*)'?|([^\s\"'>]+)))?", re.DOTALL
)
_HIDING_STYLE = re.compile(
    r"(?:display\s{0,20}:\s{0,20}none|visibility\s{0,20}:\s{0,20}hidden)", re.IGNORECASE
)
_DROPPED = frozenset({"meta", "link", "img", "source", "path", "use", "rect", "circle", "param"})


def clean(body: bytes, *, charset: str | None = None) -> str:
    """Return the body's text and the tags that matter.

    At most `MOST_BYTES` are read; `MOST_CHARACTERS` and `MOST_TAGS` returned. `charset` may be an
    encoding's name or a whole Content-Type value. Never raises: a wrong or unknown charset
    gives replacement characters.
    """
    text = decode(body[:MOST_BYTES], charset=charset)
    cleaned = _TOKEN.sub(_keep, _readable(text))[:MOST_CHARACTERS]
    if cleaned.count("<") <= MOST_TAGS:
        return cleaned
    tags = (match.start() for match in _TAG_START.finditer(cleaned))
    return cleaned[: next(islice(tags, MOST_TAGS, None))]


def is_cut(body: bytes, cleaned: str) -> bool:
    """Return whether the bounds of `clean` left something out."""
    if len(body) > MOST_BYTES or len(cleaned) >= MOST_CHARACTERS:
        return True
    return cleaned.count("<") >= MOST_TAGS


def digest(cleaned: str) -> str:
    """Return the digest of a clean text, lower-case hex SHA-256: equal for the same page."""
    return hashlib.sha256(cleaned.encode("utf-8", "replace")).hexdigest()


def _readable(text: str) -> str:
    """Remove what XML forbids. Most pages have none of it: to search first is six times cheaper."""
    try:
        text.encode()  # fails for half a surrogate pair
    except UnicodeEncodeError:
        return _UNREADABLE.sub("", text)
    return _UNREADABLE.sub("", text) if any(odd in text for odd in _CONTROLS) else text


def _keep(token: re.Match[str]) -> str:
    if token["plain"]:
        return token[0]
    name = token["name"]
    if not name:
        return " " if token[1] else ""
    name = name.lower()
    if name in _DROPPED:
        return ""
    if token["close"]:
        return f"</{name}>"
    attributes = token["attributes"]
    if not attributes or attributes.isspace():
        return f"<{name}>"
    long = len(attributes) > MOST_REMEMBERED_CHARACTERS
    attributes_kept = (_kept_attributes if long else _remembered_attributes)(
        attributes[:MOST_TAG_CHARACTERS], name
    )
    return "" if attributes_kept is None else f"<{name}{attributes_kept}>"


def _kept_attributes(attributes: str, name: str) -> str | None:
    """Return the attributes that matter, or None for a field that no reader sees."""
    parts = []
    for match in islice(_ATTRIBUTE.finditer(attributes), MOST_ATTRIBUTES):
        key = match[1].lower()
        value = match[2] or match[3] or match[4] or ""
        if key == "style":
            if _HIDING_STYLE.search(value):
                parts.append(' hidden=""')
            continue
        if key not in KEPT or (key == "value" and name != "input"):
            continue
        if key == "type" and name == "input" and value.lower() == "hidden":
            return None
        value = value.replace('"', "&quot;")
        parts.append(f' {key}="{value}"')
    return "".join(parts)


_remembered_attributes = lru_cache(2048)(_kept_attributes)
