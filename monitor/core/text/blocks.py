"""From a tree to runs of text: one walk, without recursion."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from monitor.core.text import link_normalisation
from monitor.core.text.controls import PageControls
from monitor.core.text.markup import Markup
from monitor.core.text.masks import element_masks
from monitor.core.text.open_links import OpenLink, embedded
from monitor.core.text.outline import Node, Outline, TextRun
from monitor.core.text.page import BlockKind, Link
from monitor.core.text.struck import STRUCK_END, STRUCK_START, is_struck, shown_struck
from monitor.core.text.typography import MOST_CHARACTERS as MOST_TIDY
from monitor.core.text.typography import tidy

MOST_RUNS = 5_000
MOST_CHARACTERS = 1_500_000  # of the runs and of the links in them
MOST_LINKS = 200  # of one run
MOST_RUN_CHARACTERS = 20_000  # what is longer makes several runs
MOST_ROW_CHARACTERS = 2_000  # a longer table row is a layout, not a row
MOST_ATTRIBUTE_CHARACTERS = 2_000  # read of each

_BREAKING_TAGS = """
    address article aside blockquote body button caption center dd details dialog dir div dl dt
    fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html label legend
    li main menu nav ol optgroup option p pre search section select summary table tbody td tfoot
    th thead tr ul
"""
_BREAKING = frozenset(_BREAKING_TAGS.split())
_KINDS = {f"h{level}": BlockKind.HEADING for level in range(1, 7)} | {
    "li": BlockKind.LIST_ITEM,
    "dd": BlockKind.LIST_ITEM,
    "dt": BlockKind.LIST_ITEM,
    "tr": BlockKind.TABLE_ROW,
    "label": BlockKind.FORM_FIELD,
    "legend": BlockKind.FORM_FIELD,
    "button": BlockKind.FORM_FIELD,
    "option": BlockKind.FORM_FIELD,
}
_NO_ROW = "table, ul, ol, h1, h2, h3, h4, form"
# Nobody reads their content, nor does it break a line.
_NOT_TEXT_TAGS = """
    head script style template noscript svg math canvas video audio textarea iframe noembed
    noframes datalist
"""
_NOT_TEXT = frozenset(_NOT_TEXT_TAGS.split())
_EMBEDDING = frozenset({"iframe", "object", "embed", "area"})
_DISABLED = " [désactivé] "


def outline(markup: Markup, *, url: str | None) -> Outline:
    """Return the nodes and runs of a page. `url` is its address."""
    walk = _Walk(markup, url=url)
    for entering, node in _events(markup.root, walk):
        if not entering:
            walk.leave()
        elif walk.is_full():
            break
        elif node.is_text_node:
            walk.add(node.text_content or "")
    walk.flush()
    walk.outline.cut |= walk.is_full() or markup.cut
    title = markup.parser.css_first("title")
    text = title.text()[:5_000] if title else ""
    walk.outline.title = tidy(text)[:500]
    return walk.outline


class _Open(NamedTuple):
    """An element that is open: what to do at its end."""

    node: bool = False  # it opened one
    row: bool = False  # it stands in a table row
    link: OpenLink | None = None
    struck: bool = False
    disabled: bool = False
    fieldset: bool = False


def _events(root: LexborNode | None, walk: "_Walk") -> Iterator[tuple[bool, LexborNode]]:
    """Yield each text on entering, and each element on leaving, in order."""
    above: list[LexborNode] = []
    node = root
    while node is not None:
        below = None
        if node.is_element_node:
            below = node.first_child if walk.enter(node) else None
            if below is not None:
                above.append(node)
                node = below
                continue
            yield False, node
        elif node.is_text_node:
            yield True, node
        following = node.next if node is not root else None
        while following is None and above:
            node = above.pop()
            yield False, node
            following = node.next if node is not root else None
        node = following


class _Walk:
    """What is open at one point of the walk."""

    def __init__(self, markup: Markup, *, url: str | None) -> None:
        self.outline = Outline()
        self._base = markup.base(url)
        self._itself = link_normalisation.target(url, base=None) if url else ""
        self._controls = PageControls(markup)
        self._nodes = [0]  # those open, the root first
        self._open: list[_Open] = []
        self._kept = 0  # characters of the runs and of their links
        self._in_row = 0  # elements open since a table row began, itself included
        self._struck = False
        self._off = 0  # disabled sets of fields that are open
        self._forms: list[tuple[int, str]] = []  # depth and address of each that is open
        self._pieces: list[str] = []
        self._links: list[Link] = []
        self._linked = 0
        self._link: OpenLink | None = None
        self._link_start = 0

    def enter(self, element: LexborNode) -> bool:
        """Handle the start of an element; return whether its content must be walked."""
        tag = element.tag or ""
        attributes = _attributes(element)
        rule = element_masks.element_rule(tag, attributes)
        if rule == element_masks.HIDDEN and self._controls.can_show(element, attributes):
            rule = ""
        if tag == "form" and not rule and self._controls.is_sign_up(element):
            rule = element_masks.SIGN_UP
        if encoded := attributes.get("data-cfemail"):
            self._pieces.append(link_normalisation.cloudflare_email(encoded))
        skipped = bool(encoded) or tag in _NOT_TEXT or (self._in_row > 0 and bool(rule))
        if tag in _EMBEDDING and not rule:
            self._embed(tag, attributes)
        if skipped:
            self._open.append(_Open())
            return False
        self._enter(element, tag, attributes, rule)
        return True

    def _enter(
        self, element: LexborNode, tag: str, attributes: Mapping[str, str], rule: str
    ) -> None:
        in_row = self._in_row > 0
        opens_node = not in_row and (tag in _BREAKING or bool(rule))
        self._in_row += in_row
        if opens_node:
            self._open_node(element, attributes, tag=tag, rule=rule)
        elif tag == "br" and not in_row:
            self.flush()
        elif in_row and tag in _BREAKING:
            self._pieces.append(" | " if tag in {"td", "th"} and self._pieces else " ")
        if tag == "form":
            self._forms.append((len(self._open), attributes.get("action", "")))
        if tag == "img" and self._link is not None:
            self._link.alternatives.append(attributes.get("alt", ""))
        link = self._opened_link(tag, attributes)
        struck = not self._struck and is_struck(tag, attributes)
        if struck:
            self._struck = True
            self._pieces.append(STRUCK_START)
        value = self._controls.value(tag, attributes)
        if value:
            self._pieces.append(f" {value} ")
        disabled = self._controls.is_disabled(tag, attributes, within=self._off > 0)
        self._off += disabled and tag == "fieldset"
        self._open.append(
            _Open(
                node=opens_node,
                row=in_row,
                link=link,
                struck=struck,
                disabled=disabled,
                fieldset=tag == "fieldset",
            )
        )

    def add(self, text: str) -> None:
        """Add a text of the page."""
        if STRUCK_START in text or STRUCK_END in text:
            text = text.replace(STRUCK_START, "").replace(STRUCK_END, "")
        self._pieces.append(text)

    def is_full(self) -> bool:
        """Return whether a bound is reached; the rest of the page is then left out."""
        full = len(self.outline.runs) >= MOST_RUNS or self._kept >= MOST_CHARACTERS
        self.outline.cut |= full
        return full

    def leave(self) -> None:
        """Handle the end of the element that was opened last."""
        closed = self._open.pop()
        self._off -= closed.disabled and closed.fieldset
        if closed.disabled and any(piece.strip() for piece in self._pieces):
            self._pieces.append(_DISABLED)
        if closed.link is not None:
            self._close_link()
        if closed.struck:
            self._pieces.append(STRUCK_END)
            self._struck = False
        if self._in_row and (closed.row or closed.node):
            self._in_row -= 1
        if self._forms and self._forms[-1][0] == len(self._open):
            self._forms.pop()
        if closed.node:
            self.flush()
            self._nodes.pop()

    def flush(self) -> None:
        """End the current run."""
        if not self._pieces:
            return
        self._note_link()
        if self._struck:
            self._pieces.append(STRUCK_END)
        text = tidy(shown_struck("".join(self._pieces)))
        if len(text) >= MOST_TIDY:
            self._kept = MOST_CHARACTERS  # the rest of the page is left out
        self._emit(text, tuple(self._links[:MOST_LINKS]), self._linked)
        self._pieces, self._links, self._linked, self._link_start = [], [], 0, 0
        if self._struck:
            self._pieces.append(STRUCK_START)

    def _emit(self, text: str, links: tuple[Link, ...], linked: int) -> None:
        self._kept += len(text) + linked
        node = self._nodes[-1]
        if not text and links:
            self.outline.runs.append(TextRun(node, "", links, 0))
        for start in range(0, len(text), MOST_RUN_CHARACTERS):
            part = text[start : start + MOST_RUN_CHARACTERS].strip()
            self.outline.runs.append(TextRun(node, part, links, linked))
            links, linked = (), 0

    def _open_node(
        self, element: LexborNode, attributes: Mapping[str, str], *, tag: str, rule: str
    ) -> None:
        self.flush()
        parent = self._nodes[-1]
        inherited = self.outline.nodes[parent].kind
        names = f"{attributes.get('class', '')} {attributes.get('id', '')}"
        if inherited == BlockKind.ALERT or element_masks.is_alert(attributes):
            kind = BlockKind.ALERT
        else:
            kind = _KINDS.get(tag, inherited)
        self._nodes.append(len(self.outline.nodes))
        self.outline.nodes.append(Node(tag, parent, rule, kind, names, attributes.get("role", "")))
        if tag == "tr" and element.css_first(_NO_ROW) is None:
            self._in_row = int(len(element.text()) <= MOST_ROW_CHARACTERS)

    def _opened_link(self, tag: str, attributes: Mapping[str, str]) -> OpenLink | None:
        """Return the link that begins here: an `<a>`, or a button that sends a form elsewhere."""
        if tag == "a":
            href = attributes.get("href")
        else:
            action = self._forms[-1][1] if self._forms else ""
            href = self._controls.sends_to(tag, attributes, action=action)
        if href is None:
            return None
        target = link_normalisation.target(href, base=self._base)
        if tag != "a" and target in {"", self._itself}:
            return None
        self._close_link()
        label = attributes.get("aria-label") or attributes.get("title") or ""
        self._link, self._link_start = OpenLink(target, label), len(self._pieces)
        return self._link

    def _embed(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Note what the page shows of another address, or an area of a picture that leads there."""
        link = embedded(tag, attributes, base=self._base)
        if link is None or self._in_row:
            return
        self.flush()
        self._emit(link.text, (link,), len(link.text))

    def _note_link(self) -> None:
        """Record what the open link holds so far: a link may span several runs."""
        if self._link is None:
            return
        text = tidy(shown_struck("".join(self._pieces[self._link_start :])))
        if not text:
            return
        self._link.has_text = True
        target = self._link.target
        if text == link_normalisation.PROTECTED_EMAIL and target.startswith("mailto:"):
            text = target.removeprefix("mailto:")
            self._pieces[self._link_start :] = [text]
        self._linked += len(text)
        self._links.append(Link(text=text, target=target))
        self._link_start = len(self._pieces)

    def _close_link(self) -> None:
        link = self._link
        if link is None:
            return
        self._note_link()
        if not link.has_text and (label := link.label()):
            self._pieces.append(f" {label} ")
            self._note_link()
        self._link = None


def _attributes(element: LexborNode) -> Mapping[str, str]:
    """Copy the attributes, which are read several times; each is bounded."""
    attributes = element.attributes
    if not attributes:
        return {}
    return {name: (value or "")[:MOST_ATTRIBUTE_CHARACTERS] for name, value in attributes.items()}
