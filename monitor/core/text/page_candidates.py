"""Which links of a prefecture's site may lead to its pages for foreigners. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urljoin, urlsplit, urlunsplit

from monitor.core.text.markup import Markup

MOST_LINKS = 2_000  # read in one page
MOST_URL = 500  # characters; no page of a prefecture is named at more length
MOST_TEXT = 200

# Words of the menus of prefectures (docs/pages.md), in the text of a link or its address.
_FOREIGNERS = re.compile(
    r"etranger|sejour|immigration|integration|naturalisation|nationalite|asile|refugie"
    r"|ressortissant|rendez-vous|accueil numerique|\bpan\b|regroupement familial|titre de voyage"
)
# Menus that lead there without saying so.
_MENUS = re.compile(
    r"demarches|services en ligne|accueil du public|horaires|plan du site|foire aux questions"
    r"|questions reponses|\bfaq\b"
)
_OTHER = re.compile(r"\.(?:pdf|docx?|odt|xlsx?|zip|jpe?g|png|gif|mp4|ics|xml|rss)$")
_SLASHES = re.compile(r"/+")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_SEPARATORS = re.compile(r"[-_/]+")
_VARIANTS = re.compile(r"/(?:index\.php|layout/set/print)(?=/|$)")
_SUFFIX = re.compile(r"(?<=[a-z])[23]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateLink:
    """An address to read, and the words that led to it.

    Attributes:
        depth: Links followed from the home page, which has 0.
        about: Whether the words speak of foreigners; else it is a menu.

    """

    url: str
    text: str
    depth: int
    about: bool


def hosts_of(home: str) -> frozenset[str]:
    """Return the hosts of a prefecture: its own, with and without www, and that for bookings.

    A port follows where it is not that of HTTP.
    """
    bare = _authority(home).removeprefix("www.")
    return frozenset({bare, f"www.{bare}", f"rdv.{bare}", f"www.rdv.{bare}"})


def is_of(url: str, hosts: frozenset[str]) -> bool:
    """Return whether an address is one of these hosts', exactly: copies and look-alikes are not."""
    try:
        parts, authority = urlsplit(url), _authority(url)
    except ValueError:
        return False
    plain = parts.scheme in {"http", "https"} and "@" not in parts.netloc
    return plain and authority in hosts and len(url) <= MOST_URL


def folded(url: str) -> str:
    """Return a name of a page that is the same for all variants of its address; it is no address.

    Scheme, www, letter case, "//", `/index.php`, the print layout, a last segment that is
    repeated or bears a suffix 2 or 3, and a final slash make no other page.
    """
    parts = urlsplit(url)
    path = _VARIANTS.sub("", _SLASHES.sub("/", parts.path.lower())).rstrip("/")
    segments = path.split("/")
    segments[-1] = _SUFFIX.sub("", segments[-1])
    if len(segments) > 1 and segments[-1] == _SUFFIX.sub("", segments[-2]):
        segments.pop()
    host = (parts.hostname or "").lower().removeprefix("www.")
    query = f"?{parts.query.lower()}" if parts.query else ""
    return f"{host}{'/'.join(segments)}{query}"


def leads(
    markup: Markup, *, base: str, depth: int, hosts: frozenset[str]
) -> Iterator[CandidateLink]:
    """Yield the links worth reading of a page."""
    for href, inside in _links(markup):
        text = " ".join(inside.split())[:MOST_TEXT]
        url = _resolved(markup.base(base) or base, href)
        if not is_of(url, hosts) or _OTHER.search(urlsplit(url).path.lower()):
            continue
        about = speaks_of_foreigners(text, url)
        if about or (depth == 0 and _MENUS.search(_plain(text))):
            yield CandidateLink(url=url, text=text, depth=depth + 1, about=about)


def _links(markup: Markup) -> Iterator[tuple[str, str]]:
    """Yield the address and the text of each link."""
    for link in islice(markup.parser.css("a[href]"), MOST_LINKS):
        href = (link.attributes.get("href") or "")[: 2 * MOST_URL]
        yield href, link.text(separator=" ")[: 2 * MOST_TEXT]


def speaks_of_foreigners(text: str, url: str) -> bool:
    """Return whether a title or an address contains a word of the pages for foreigners."""
    return bool(_FOREIGNERS.search(_plain(f"{text} {urlsplit(url).path}")))


def slug_of(text: str, *, most: int = 50) -> str:
    """Return a text as lower-case words with hyphens, at most `most` characters."""
    plain = _NO_WORD.sub("-", _bare(text)).strip("-")
    return plain[:most].rsplit("-", 1)[0] if len(plain) > most else plain


def _authority(url: str) -> str:
    """Return host and port. Raises ValueError for an invalid port."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    return host if parts.port in {None, 80, 443} else f"{host}:{parts.port}"


def _resolved(base: str, href: str) -> str:
    try:
        parts = urlsplit(urljoin(base, href.strip()))
        return urlunsplit(parts._replace(fragment=""))
    except ValueError:
        return ""


def _plain(text: str) -> str:
    """Return a text without accents, then the same with address separators as spaces."""
    letters = _bare(text)
    return f"{letters} {_SEPARATORS.sub(' ', letters)}"


def _bare(text: str) -> str:
    """Lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text[: MOST_URL + MOST_TEXT])
    return "".join(char for char in decomposed if not unicodedata.combining(char)).lower()
