"""A summary of an answer: all that the rules need of a page, read once, cheaply.

Everything here is bounded: the bytes read, the text kept, the elements listed. Bad markup gives
less, never an exception.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

from lxml import etree

from monitor.core.text.charset import decode
from monitor.core.untrusted.unicode_forms import normalised
from monitor.core.verdict.answer_form import Form, form_of

MAX_BYTES = 1_000_000  # an error page tells itself long before this
MAX_TAGS = 60_000  # of a tree; beyond, the tags are taken out and the text is read
MAX_TEXT = 12_000  # characters of visible text that fingerprints are matched against
LONG_PAGE_WORDS = 1500  # of a longer page only the beginning is kept as text
_LONG_PAGE_TEXT = 1000
MAX_OWN = 1_200  # characters of the page's own words: a notice is short
MAX_HEADINGS = 20
MAX_LINKS = 5_000  # whose words are counted
MAX_ITEMS = 200  # scripts, frames … kept of each
MAX_ADDRESS = 2_000  # characters of the address of each: some hold a whole file

_HIDDEN = ("script", "style", "template", "svg", "iframe", "object")
_EMBEDS = ("iframe", "object", "svg", "embed", "canvas")
_LAYOUT = ("nav", "header", "footer", "aside", "dialog")
_CHROME = (*_LAYOUT, "select", "button", "label", "legend")
_HEADINGS = ("h1", "h2", "h3", "h4")
_BOXES = frozenset({*_HEADINGS, "main", "div", "section", "article", "header", "p", "span", "br"})
_HIDING = frozenset(
    {"sr-only", "fr-sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "hidden"}
    | {"d-none", "hide", "is-hidden", "invisible", "element-invisible"}
)
_MOST_ANCESTORS = 15
_MOST_FIELDS = 1000
# What shows something without a word, or may be filled by an application.
_SHOWN = ("img", "iframe", "object", "form", "input", "button", "canvas", "video", "svg", "picture")
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "cite", "code", "em", "font", "i", "mark", "q", "s", "small", "span"}
    | {"strong", "sub", "sup", "time", "u", "var", "kbd", "samp", "del", "ins", "label"}
)
_FIELDS = frozenset(
    {"text", "email", "tel", "date", "number", "search", "password", "file", "radio"}
)
_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "–": "-", "—": "-"})
_CUT = frozenset({"ERR_RESOURCE_LIMIT", "ERR_INTERNAL_ERROR"})
_TITLE = re.compile(r"(?i)<title[^<>]{0,200}>([^<]{0,300})")
_ACCENTS = re.compile("[\u0300-\u036f\u0653-\u0655]+")
# Whatever the text, an alternative matches at the latest at its end: the time is linear.
_TAGS = re.compile(r"(?is)<script\b.*?(?:</script|\Z)|<style\b.*?(?:</style|\Z)|<[^<>]{0,2000}>?")
_REFRESH = re.compile(
    r"\s{0,9}(\d{1,6})[.\d]{0,9}\s{0,9}[;,]\s{0,9}(?:url\s{0,9}=\s{0,9})?(.+)",
    re.IGNORECASE | re.DOTALL,
)
_ROOT_IDS = ("root", "app", "__next", "__nuxt", "___gatsby", "svelte", "q-app", "main-app")
_CONTAINERS = "//body//*[contains(name(), '-') or {}]".format(
    " or ".join(f"@id='{name}'" for name in _ROOT_IDS)
)
_WAITING_WORDS = 5  # "Chargement en cours…"
_HIDDEN_WORDS = 100
_CONTENT_WORDS = 150
_NOTICE_WORDS = 40  # of a notice that stands in a page's header, and nothing beside it
_FRAME_WORDS = 30  # of a header and a footer with nothing between them
_DROPPED = "dropped"
# The way to a page ("Accueil > Démarches") is none of its content.
_TRAILS = (
    "//main//nav[contains(@class,'breadcrumb') or contains(@class,'ariane')]"
    " | //*[@role='main']//nav[contains(@class,'breadcrumb') or contains(@class,'ariane')]"
)
_UNSEEN = (
    "//*[@hidden or contains(@style,'display:none') or contains(@style,'display: none')"
    " or contains(concat(' ',normalize-space(@class),' '),' d-none ')"
    " or contains(concat(' ',normalize-space(@class),' '),' hidden ')]"
    "[not(self::body or self::html or self::main)]"
    "[not(contains(@class,':') or contains(@class,'d-md-') or contains(@class,'d-lg-'))]"
)


Tree = Any  # lxml's published types say "element, number, text or tuple" of each XPath


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSummary:
    """What one answer contains. Texts are folded (see `fold`).

    Attributes:
        headings: The visible `h1`, and the first visible heading of any kind.
        text: Visible text, at most `MAX_TEXT` characters.
        own_text: The page's own words: outside menus, header, footer, links, buttons and labels, at
            most `MAX_OWN` characters. "¦" stands between two blocks. Of a page with no others, the
            few that there are.
        hollow: Whether its main part has nothing in it, or headings only.
        noscript: Text for visitors without JavaScript.
        source: The markup, lower case, at most `MAX_BYTES`.
        words: Visible words.
        own_words: Words outside menus, header, footer and links: the page's own content.
        scripts: Addresses of external scripts. `inline_chars` counts the inline ones.
        frames: Addresses of frames.
        refresh: Where a meta refresh leads, after `refresh_s` seconds; empty when there is none.
        fields: Inputs, texts and choices that a visitor fills in, outside menus, header and footer.
        password: Whether there is a password field anywhere.
        root: Whether an empty container waits for an application to fill it.
        cut: Whether the answer was longer than what was read.

    """

    form: Form
    title: str = ""
    headings: tuple[str, ...] = ()
    text: str = ""
    own_text: str = ""
    hollow: bool = False
    noscript: str = ""
    source: str = ""
    words: int = 0
    own_words: int = 0
    scripts: tuple[str, ...] = ()
    inline_chars: int = 0
    frames: tuple[str, ...] = ()
    images: int = 0
    links: int = 0
    refresh: str = ""
    refresh_s: int = 0
    fields: int = 0
    password: bool = False
    root: bool = False
    cut: bool = False

    @property
    def weight(self) -> int:
        """Characters of all its texts, and some for the rest."""
        texts = (self.title, self.text, self.own_text, self.noscript, self.source)
        addresses = (self.refresh, *self.scripts, *self.frames)
        return 500 + sum(map(len, (*texts, *self.headings, *addresses)))


def fold(text: str) -> str:
    """Return text without accents, case, odd quotes or runs of spaces, for comparing."""
    plain = text.translate(_QUOTES) if not text.isascii() else text.replace("`", "'")
    if not plain.isascii():
        plain = _ACCENTS.sub("", normalised("NFKD", plain))
    return " ".join(plain.casefold().split())


def glance(body: bytes, *, content_type: str = "", charset: str = "") -> PageSummary:
    """Summarise an answer. Takes about 3 ms for 60 kB; reads at most `MAX_BYTES`. Never raises."""
    if len(body) <= MAX_BYTES:
        return _glance(body, content_type, charset)
    rest = _without_bulk(body)
    summary = _glance(rest[:MAX_BYTES], content_type, charset)
    return replace(summary, cut=len(rest) > MAX_BYTES)


def _glance(body: bytes, content_type: str, charset: str) -> PageSummary:
    form = form_of(body, content_type.lower())
    if form in {Form.EMPTY, Form.BINARY, Form.CODE}:
        return PageSummary(form=form)
    markup = decode(body, charset).replace("\x00", "")
    if form is not Form.HTML:
        text = fold(markup[:MAX_TEXT])
        words = len(markup.split())
        return PageSummary(
            form=form,
            text=text,
            own_text=_in_blocks(markup[: 4 * MAX_OWN].splitlines()),
            source=markup.lower(),
            words=words,
            own_words=words,
        )
    tree = _parse(markup) if markup.count("<") <= MAX_TAGS else None
    return _read_tree(tree, markup) if tree is not None else _read_text(markup)


class Summarize(Protocol):
    """A function that summarises a body, as `glance` does."""

    def __call__(
        self, body: bytes, *, content_type: str = "", charset: str = ""
    ) -> PageSummary: ...


def _without_bulk(body: bytes) -> bytes:
    """Cut out styles and inline scripts: some pages open with a megabyte of them."""
    lower = body.lower()
    for tag in (b"style", b"script"):
        parts: list[bytes] = []
        at = 0
        while (start := lower.find(b"<" + tag, at)) >= 0:
            end = lower.find(b"</" + tag, start)
            if end < 0:
                break
            parts.append(body[at:start])
            at = end + len(tag) + 3
        body = b" ".join([*parts, body[at:]])
        lower = body.lower()
    return body


def _parse(markup: str) -> Tree:
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = etree.fromstring(markup.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None
    if tree is None:
        return None
    for late in list(tree.itersiblings()):  # what stands after a first </html>
        tree.append(late)
    # A document that is nested beyond libxml2's bound is cut there: its text is lost.
    deep = any(entry.type_name in _CUT for entry in parser.error_log)
    return None if deep else tree


def _read_text(markup: str) -> PageSummary:
    """Summarise markup without a tree: only the tags are removed."""
    plain = _TAGS.sub(" ", markup)
    text = fold(plain[: 2 * MAX_TEXT])[:MAX_TEXT]
    words = len(plain.split())
    title = _TITLE.search(markup)
    return PageSummary(
        form=Form.HTML,
        title=fold(title[1]) if title else "",
        text=text,
        own_text=text[:MAX_OWN],
        source=markup.lower(),
        words=words,
        own_words=words,
    )


def _read_tree(tree: Tree, markup: str) -> PageSummary:
    """Summarise a tree; elements are removed from it, step by step, once they were counted."""
    title = " ".join("".join(tree.xpath("string(//title[1])")).split())[:300]
    scripts = [(s.get("src") or "")[:MAX_ADDRESS] for s in tree.iter("script")]
    inline = sum(len(s.text or "") for s in tree.iter("script") if _runs(s))
    noscript = fold(" ".join(_texts(tree, "noscript"))[:MAX_TEXT])
    if len(noscript.split()) <= _CONTENT_WORDS:  # else the page is written without scripts
        etree.strip_elements(tree, "noscript", with_tail=False)
    frames = _addresses(tree, "iframe") + _addresses(tree, "frame")
    refresh_s, refresh = _refresh(tree)
    images = sum(1 for _ in tree.iter("img"))
    links = sum(1 for _ in tree.iter("a"))
    password = any((i.get("type") or "").lower() == "password" for i in tree.iter("input"))
    embeds = next(tree.iter(*_EMBEDS), None) is not None
    etree.strip_elements(tree, "title", *_HIDDEN, with_tail=False)
    source = markup.lower()
    if "display:" in source or "d-none" in source or "hidden" in source.replace("aria-hidden", ""):
        embeds = _drop_unseen(tree) or embeds
    fields = _fields(tree)
    etree.strip_elements(tree, "textarea", with_tail=False)
    headings = _visible_headings(tree)
    hollow = _is_hollow(tree, embeds=embeds)
    visible_text = " ".join(tree.itertext())
    words = len(visible_text.split())
    root = words <= _CONTENT_WORDS and _has_root(tree)
    own, own_words = visible_text, words
    if next(tree.iter(*_CHROME), None) is not None:
        etree.strip_elements(tree, *_CHROME, with_tail=False)
        own = " ".join(tree.itertext())
        own_words = len(own.split())
        hollow = hollow or (
            not (embeds or own_words) and words <= _FRAME_WORDS and not _shows(tree)
        )
    linked = sum(len(text.split()) for text in _texts(tree, "a", limit=MAX_LINKS))
    own_text = _own_text(tree) if own_words - linked <= _CONTENT_WORDS else ""
    if not own_words and words <= _NOTICE_WORDS:
        own_text = fold(visible_text)[:MAX_OWN]
    limit = MAX_TEXT if words <= LONG_PAGE_WORDS else _LONG_PAGE_TEXT
    text = fold(visible_text[: 2 * limit])[:limit]
    return PageSummary(
        form=Form.HTML,
        title=fold(title),
        headings=headings,
        text=text,
        own_text=own_text,
        hollow=hollow,
        noscript=noscript,
        source=source,
        words=words,
        own_words=max(0, own_words - linked),
        scripts=tuple(s for s in scripts if s)[:MAX_ITEMS],
        inline_chars=inline,
        frames=tuple(frames),
        images=images,
        links=links,
        refresh=refresh,
        refresh_s=refresh_s,
        fields=fields,
        password=password,
        root=root,
    )


def _visible_headings(tree: Tree) -> tuple[str, ...]:
    """Return the visible `h1`, and the first visible heading of any kind."""
    headings = [h for h in islice(tree.iter(*_HEADINGS), MAX_HEADINGS) if not _is_hidden(h)]
    texts = [(h.tag, fold(" ".join(h.itertext())[:MAX_TEXT])) for h in headings]
    visible = [(tag, text) for tag, text in texts if text]
    return tuple(text for rank, (tag, text) in enumerate(visible) if tag == "h1" or not rank)


def _is_hidden(element: Tree) -> bool:
    """Return whether an element, or one that holds it, is hidden by its class or attributes."""
    return any(
        _HIDING & set((holder.get("class") or "").lower().split())
        or holder.get("aria-hidden") == "true"
        for holder in (element, *islice(element.iterancestors(), _MOST_ANCESTORS))
        if holder.tag not in {"body", "html", "main"}
    )


def _is_hollow(tree: Tree, *, embeds: bool) -> bool:
    """Return whether the page declares a main part, and has nothing in it.

    Headings count as nothing, unless the page had frames, drawings or hidden words, which were
    taken out: `embeds`.
    """
    mains = tree.xpath("//main | //*[@role='main']")[:MAX_ITEMS]
    for trail in tree.xpath(_TRAILS)[:MAX_ITEMS] if mains else ():
        trail.tag = _DROPPED
    etree.strip_elements(tree, _DROPPED, with_tail=False)
    return bool(mains) and not any(
        ("".join(main.itertext()).strip() if embeds else _words_besides_headings(main))
        or _shows(main)
        for main in mains
    )


def _shows(element: Tree) -> bool:
    return next(element.iter("a", *_SHOWN), None) is not None


def _words_besides_headings(element: Tree) -> bool:
    """Return whether an element has anything but headings, in boxes without any meaning."""
    if any(inner.tag not in _BOXES for inner in islice(element.iter(), MAX_ITEMS)):
        return True
    headings = " ".join(_texts(element, *_HEADINGS))
    return " ".join(element.itertext()).split() != headings.split()


def _own_text(tree: Tree) -> str:
    """Return the own words of a tree without menus; links are removed from it."""
    etree.strip_elements(tree, "a", with_tail=False)
    pieces: list[str] = [""]
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if element.tag not in _INLINE:
            pieces.append("")
        if text := element.text if event == "start" else element.tail:
            pieces[-1] += text
    return _in_blocks(pieces)


def _in_blocks(pieces: Iterable[str]) -> str:
    """Join the texts of blocks, folded, at most `MAX_OWN` characters."""
    folded = (fold(piece[: 4 * MAX_OWN]) for piece in pieces)
    return " ¦ ".join(text for text in folded if text)[:MAX_OWN]


def _texts(tree: Tree, *tags: str, limit: int = MAX_ITEMS) -> list[str]:
    texts = []
    for element in tree.iter(*tags):
        whole = " ".join(element.itertext()) if len(element) else element.text or ""
        texts.append(whole[:MAX_TEXT])
        if len(texts) == limit:
            break
    return texts


def _addresses(tree: Tree, tag: str) -> list[str]:
    return [(f.get("src") or "")[:MAX_ADDRESS] for f in islice(tree.iter(tag), MAX_ITEMS)]


def _refresh(tree: Tree) -> tuple[int, str]:
    for meta in tree.iter("meta"):
        if (meta.get("http-equiv") or "").lower() == "refresh":
            match = _REFRESH.fullmatch((meta.get("content") or "")[:MAX_ADDRESS])
            return (int(match[1]), match[2].strip(" '\"")) if match else (0, "")
    return 0, ""


def _has_root(tree: Tree) -> bool:
    """Return whether there is an application's container with hardly any text in it."""
    return any(
        len("".join(element.itertext())[:2000].split()) <= _WAITING_WORDS
        for element in tree.xpath(_CONTAINERS)[:MAX_ITEMS]
    )


def _drop_unseen(tree: Tree) -> bool:
    """Remove what inline styles hide, unless it is long: then scripts will show it.

    Return whether any of it has words.
    """
    dropped = False
    for element in tree.xpath(_UNSEEN)[:MAX_ITEMS]:
        words = len(" ".join(element.itertext()).split())
        if words <= _HIDDEN_WORDS:
            element.tag = _DROPPED
            dropped = dropped or words > 0
    etree.strip_elements(tree, _DROPPED, with_tail=False)
    return dropped


def _runs(script: Tree) -> bool:
    kind = (script.get("type") or "").lower()
    return not kind or "javascript" in kind or kind == "module"


def _fields(tree: Tree) -> int:
    """Count what a visitor fills in, outside the layout, among the first `_MOST_FIELDS`."""
    every = islice(tree.iter("input", "textarea", "select"), _MOST_FIELDS)
    return sum(
        1 for one in every if _is_field(one) and next(one.iterancestors(*_LAYOUT), None) is None
    )


def _is_field(element: Tree) -> bool:
    return element.tag != "input" or (element.get("type") or "text").lower() in _FIELDS
