"""From a tree to runs of text: one walk, without recursion."""

from collections.abc import Mapping
from typing import cast

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
# Without attributes, these do nothing but hold text, or nothing but break a line around it.
_OWN_WAYS = frozenset(
    {"a", "br", "button", "del", "fieldset", "form", "img", "input", "s", "strike", "tr"}
)
_PLAIN_BREAKING = _BREAKING - _OWN_WAYS - element_masks.BY_TAG.keys()
_DISABLING = frozenset({"disabled", "aria-disabled"})
_NEVER_PLAIN = _BREAKING | _NOT_TEXT | _EMBEDDING | _OWN_WAYS | element_masks.BY_TAG.keys()

# What is due at the end of an element, as bits: most elements have nothing to do.
_SKIPPED = -1  # its content is not walked
_NODE, _ROW, _LINK, _STRUCK, _OFF, _OFF_SET, _FORM = (1 << bit for bit in range(7))


def outline(markup: Markup, *, url: str | None) -> Outline:
    """Return the nodes and runs of a page. `url` is its address."""
    walk = _Walk(markup, url=url)
    walk.read(markup.root)
    walk.flush()
    walk.outline.cut |= walk.full or markup.cut
    title = markup.parser.css_first("title")
    text = title.text()[:5_000] if title else ""
    walk.outline.title = tidy(text)[:500]
    return walk.outline


class _Walk:
    """What is open at one point of the walk.

    `full`: a bound is reached; the rest of the page is left out.
    """

    def __init__(self, markup: Markup, *, url: str | None) -> None:
        self.outline = Outline()
        self.full = False
        self._base = markup.base(url)
        self._itself = link_normalisation.target(url, base=None) if url else ""
        self._controls = PageControls(markup)
        self._nodes = [0]  # those open, the root first
        self._kept = 0  # characters of the runs and of their links
        self._in_row = False
        self._struck = False
        self._off = 0  # disabled sets of fields that are open
        self._actions: list[str] = []  # address of each form that is open
        self._pieces: list[str] = []
        self._links: list[Link] = []
        self._linked = 0
        self._link: OpenLink | None = None
        self._link_start = 0

    def read(self, root: LexborNode | None) -> None:
        """Walk the tree below a node, without recursion: a page may be as deep as it is long."""
        above: list[tuple[LexborNode, int]] = []  # the elements open, and what their end is due
        node = root
        while node is not None:
            if node.is_text_node:
                if self.full:
                    return
                text = node.text_content or ""
                if self._pieces or self._in_row or not text.isspace():
                    self._add(text)
            elif node.is_element_node:
                due = self._enter(node)
                below = node.first_child if due != _SKIPPED else None
                if below is not None:
                    above.append((node, due))
                    node = below
                    continue
                if due > 0:
                    self._leave(due)
            following = node.next if above else None
            while following is None and above:
                node, due = above.pop()
                if due:
                    self._leave(due)
                following = node.next if above else None
            node = following

    def _add(self, text: str) -> None:
        """Add a text of the page. In a row, a space tells the cell before from the next."""
        if STRUCK_START in text or STRUCK_END in text:
            text = text.replace(STRUCK_START, "").replace(STRUCK_END, "")
        self._pieces.append(text)

    def _enter(self, element: LexborNode) -> int:
        """Handle the start of an element; return what is due at its end."""
        tag = element.tag or ""
        attributes = _attributes(element)
        if not attributes:
            if tag not in _NEVER_PLAIN:
                return 0
            if tag in _PLAIN_BREAKING:
                return self._break(element, attributes, tag=tag, rule="")
        elif tag == "a" and len(attributes) == 1 and "href" in attributes:  # most links
            return self._open_link(attributes["href"])
        rule = self._rule(element, tag, attributes)
        encoded = attributes.get("data-cfemail")
        if encoded:
            self._pieces.append(link_normalisation.cloudflare_email(encoded))
        if tag in _EMBEDDING and not rule:
            self._embed(tag, attributes)
        if encoded or tag in _NOT_TEXT or (self._in_row and rule):
            return _SKIPPED
        due = 0
        if tag in _BREAKING or (rule and not self._in_row):
            due = self._break(element, attributes, tag=tag, rule=rule)
        elif tag == "br" and not self._in_row:
            self.flush()
        return due | self._begin(tag, attributes)

    def _rule(self, element: LexborNode, tag: str, attributes: Mapping[str, str]) -> str:
        """Return the id of the mask that names an element, "" for none."""
        rule = element_masks.element_rule(tag, attributes)
        if rule == element_masks.HIDDEN and self._controls.can_show(element, attributes):
            rule = ""
        if tag == "form" and not rule and self._controls.is_sign_up(element):
            rule = element_masks.SIGN_UP
        return rule

    def _break(
        self, element: LexborNode, attributes: Mapping[str, str], *, tag: str, rule: str
    ) -> int:
        """Handle the start of an element that breaks a line; inside a table row, none does."""
        if self._in_row:
            self._pieces.append(" | " if tag in {"td", "th"} and self._pieces else " ")
            return 0
        self._open_node(attributes, tag=tag, rule=rule)
        if tag != "tr" or element.css_first(_NO_ROW) is not None:
            return _NODE
        self._in_row = len(element.text()) <= MOST_ROW_CHARACTERS
        return _NODE | _ROW if self._in_row else _NODE

    def _begin(self, tag: str, attributes: Mapping[str, str]) -> int:
        """Begin what an element does besides breaking lines; return what is due at its end."""
        due = 0
        if tag == "form":
            self._actions.append(attributes.get("action", ""))
            due |= _FORM
        elif tag == "img" and self._link is not None:
            self._link.alternatives.append(attributes.get("alt", ""))
        due |= self._begin_link(tag, attributes)
        if not self._struck and is_struck(tag, attributes):
            self._struck = True
            self._pieces.append(STRUCK_START)
            due |= _STRUCK
        if tag == "input" and (value := self._controls.value(tag, attributes)):
            self._pieces.append(f" {value} ")
        if self._off or not _DISABLING.isdisjoint(attributes):
            due |= self._disable(tag, attributes)
        return due

    def _disable(self, tag: str, attributes: Mapping[str, str]) -> int:
        """Begin a control, or a set of them, that may be out of use."""
        if not self._controls.is_disabled(tag, attributes, within=self._off > 0):
            return 0
        if tag != "fieldset":
            return _OFF
        self._off += 1
        return _OFF | _OFF_SET

    def _leave(self, due: int) -> None:
        """Do what is due at the end of the element that was opened last."""
        if due == _LINK:
            self._close_link()
            return
        if due & _OFF_SET:
            self._off -= 1
        if due & _OFF and any(piece.strip() for piece in self._pieces):
            self._pieces.append(_DISABLED)
        if due & _LINK:
            self._close_link()
        if due & _STRUCK:
            self._pieces.append(STRUCK_END)
            self._struck = False
        if due & _ROW:
            self._in_row = False
        if due & _FORM:
            self._actions.pop()
        if due & _NODE:
            self.flush()
            self._nodes.pop()

    def flush(self) -> None:
        """End the current run."""
        if not self._pieces:
            return
        if self._link is not None:
            self._note_link()
        if self._struck:
            self._pieces.append(STRUCK_END)
        text = tidy(shown_struck("".join(self._pieces)))
        if len(text) >= MOST_TIDY:
            self._kept = MOST_CHARACTERS  # the rest of the page is left out
        if text or self._links:
            self._emit(text, tuple(self._links[:MOST_LINKS]), self._linked)
            self._links, self._linked = [], 0
        self._pieces, self._link_start = [], 0
        if self._struck:
            self._pieces.append(STRUCK_START)

    def _emit(self, text: str, links: tuple[Link, ...], linked: int) -> None:
        self._kept += len(text) + linked
        node = self._nodes[-1]
        runs = self.outline.runs
        if len(text) <= MOST_RUN_CHARACTERS:
            runs.append(TextRun(node, text, links, linked))
            self.full = len(runs) >= MOST_RUNS or self._kept >= MOST_CHARACTERS
            return
        for start in range(0, len(text), MOST_RUN_CHARACTERS):
            part = text[start : start + MOST_RUN_CHARACTERS].strip()
            runs.append(TextRun(node, part, links, linked))
            links, linked = (), 0
        self.full = len(runs) >= MOST_RUNS or self._kept >= MOST_CHARACTERS

    def _open_node(self, attributes: Mapping[str, str], *, tag: str, rule: str) -> None:
        if self._pieces:
            self.flush()
        parent = self._nodes[-1]
        inherited = self.outline.nodes[parent].kind
        kind = inherited if inherited is BlockKind.ALERT else _KINDS.get(tag, inherited)
        names = role = ""
        if attributes:
            names = f"{attributes.get('class', '')} {attributes.get('id', '')}"
            role = attributes.get("role", "")
            kind = BlockKind.ALERT if element_masks.is_alert(attributes) else kind
        self._nodes.append(len(self.outline.nodes))
        self.outline.nodes.append(Node(tag, parent, rule, kind, names, role))

    def _begin_link(self, tag: str, attributes: Mapping[str, str]) -> int:
        """Open the link that begins here: an `<a>`, or a button that sends a form elsewhere."""
        if tag == "a":
            href = attributes.get("href")
        elif tag in {"button", "input"}:
            action = self._actions[-1] if self._actions else ""
            href = self._controls.sends_to(tag, attributes, action=action)
        else:
            return 0
        if href is None:
            return 0
        if tag != "a" and link_normalisation.target(href, base=self._base) in {"", self._itself}:
            return 0
        return self._open_link(href, attributes.get("aria-label") or attributes.get("title") or "")

    def _open_link(self, href: str, label: str = "") -> int:
        if self._link is not None:
            self._close_link()
        target = link_normalisation.target(href, base=self._base)
        self._link, self._link_start = OpenLink(target, label), len(self._pieces)
        return _LINK

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
    """Return the attributes, each bounded."""
    attributes = element.attributes
    for value in attributes.values():
        if value is None or len(value) > MOST_ATTRIBUTE_CHARACTERS:
            break
    else:
        return cast("dict[str, str]", attributes)
    return {name: (value or "")[:MOST_ATTRIBUTE_CHARACTERS] for name, value in attributes.items()}
