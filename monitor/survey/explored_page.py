"""An unknown page, explored for a person: its title, its menus, what it says.

BeautifulSoup reads it: a page that nobody knows is asked many questions once, where readable
queries matter more than speed. What the record compares is read elsewhere (`core/text`).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from bs4 import BeautifulSoup

from monitor.core.model import Exchange, Target
from monitor.core.text.page_candidates import slug_of
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.core.untrusted.printable import printable
from monitor.core.verdict.page_summary import fold

MAX_BYTES = 1_000_000
MAX_TAGS = 20_000  # of a larger page nothing is explored: those of sites have some 2,000
MAX_LINKS = 1_000
MAX_PHRASES = 60
MAX_CHARACTERS = 200  # of a phrase, a title, the text of a link
LIKE = 0.6  # share of the words of a name that a link must have to be taken for the same page
_LITTLE = frozenset(
    {"accueil", "avec", "dans", "demarches", "essai", "html", "index", "page", "pages", "pour"}
    | {"prefecture", "public", "services", "site", "vos"}
)
_IN_ADDRESSES = "!#$%&'()*+,/:;=?@[]~"  # RFC 3986; browsers encode all others
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_UNSEEN = ("script", "style", "template", "svg", "noscript", "head")
# Of a maintenance, an announced one included.
UPKEEP = re.compile(
    r"maintenance|momentane|temporaire|indisponib|interromp|interrup|mise a jour|retabli"
    r"|de retour|reven(?:ir|ons|ez)|reviendr|revient|travaux|intervention technique|patient"
    r"|bientot|ameliorons|fait peau neuve|nos equipes"
)
# Of a guard that wants to know whether a visitor is a person.
GUARD = re.compile(
    r"robot|captcha|humain|human|automati|verifi|javascript|cookies|bloqu|block|denied|refus"
    r"|security|securite|suspect|trafic inhabituel|unusual|checking|firewall|pare-feu"
)


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link as a visitor has it: where it leads, and its words."""

    url: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploredPage:
    """What a page offers to who explores it.

    Attributes:
        headings: Those that are visible, in order.
        phrases: Its sentences outside menus, in order.
        links: Every link of the page, menus included.

    """

    title: str = ""
    headings: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    links: tuple[PageLink, ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        """All that it says, the most prominent first, each once."""
        return tuple(dict.fromkeys(filter(None, (*self.headings, self.title, *self.phrases))))

    def saying(self, words: re.Pattern[str]) -> list[str]:
        """Return the statements with one of some words, which are matched folded."""
        return [text for text in self.statements if words.search(fold(text))]

    def headed(self, words: re.Pattern[str]) -> bool:
        """Return whether its title or a heading has one of some words."""
        return any(words.search(fold(text)) for text in (self.title, *self.headings))


def explore(exchange: Exchange) -> ExploredPage:
    """Explore the body of an answer; an empty page when it cannot be read."""
    if exchange.body[:MAX_BYTES].count(b"<") > MAX_TAGS:
        return ExploredPage()
    try:
        with reading("page"):
            return _explored(exchange)
    except Unreadable:
        return ExploredPage()


def _explored(exchange: Exchange) -> ExploredPage:
    soup = BeautifulSoup(exchange.body[:MAX_BYTES], "lxml", from_encoding=exchange.charset or None)
    title = _clean(soup.title.get_text(" ")) if soup.title else ""
    links = tuple(_links(soup, exchange.final_url))
    for hidden in soup.find_all(_UNSEEN):
        hidden.decompose()
    headings = tuple(
        filter(None, (_clean(one.get_text(" ")) for one in soup.find_all(["h1", "h2"])))
    )
    for menu in soup.find_all(["nav", "header", "footer", "aside", "a"]):
        menu.decompose()
    phrases = dict.fromkeys(
        phrase
        for block in soup.stripped_strings
        for phrase in map(_clean, _SENTENCE_END.split(str(block)[: 10 * MAX_CHARACTERS]))
        if len(phrase.split()) > 1
    )
    return ExploredPage(
        title=title,
        headings=headings[:MAX_PHRASES],
        phrases=tuple(phrases)[:MAX_PHRASES],
        links=links,
    )


def _links(soup: BeautifulSoup, base: str) -> Iterator[PageLink]:
    for anchor in soup.find_all("a", href=True, limit=MAX_LINKS):
        try:
            url = urldefrag(urljoin(base, str(anchor["href"]).strip()[:2_000])).url
            if urlsplit(url).scheme in {"http", "https"}:
                yield PageLink(quote(url, safe=_IN_ADDRESSES), _clean(anchor.get_text(" ")))
        except ValueError:
            continue


def _clean(text: str) -> str:
    return printable(" ".join(text.split()))[:MAX_CHARACTERS].strip()


def alike(target: Target, links: Iterable[PageLink]) -> PageLink | None:
    """Return the link that looks most like a target, on its own host; None when none does.

    By its words, which are those of the target's name, or by the end of its address.
    """
    host, _, _ = _parts(target.url)
    by_name = _words(target.name.rpartition(" – ")[2])
    by_path = _words(_parts(target.url)[2])
    best, best_score = None, 0.0
    for link in links:
        if _parts(link.url)[0] != host or _parts(link.url)[1] == _parts(target.url)[1]:
            continue
        score = max(
            _share(by_name, _words(link.text)), _share(by_path, _words(_parts(link.url)[2]))
        )
        if score > best_score:
            best, best_score = link, score
    return best if best_score >= LIKE else None


def _parts(url: str) -> tuple[str, str, str]:
    """Return host and port, path, and the last segment of the path."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    return parts.netloc.lower(), path, path.rsplit("/", 1)[-1]


def _words(text: str) -> frozenset[str]:
    words = slug_of(text, most=MAX_CHARACTERS).split("-")
    return frozenset(word for word in words if len(word) > 2) - _LITTLE  # noqa: PLR2004 -- « de », « le »


def _share(wanted: frozenset[str], there: frozenset[str]) -> float:
    return len(wanted & there) / len(wanted) if wanted else 0.0
