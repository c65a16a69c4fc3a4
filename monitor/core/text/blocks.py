"""From clean HTML to runs of text: one walk over the tree, without recursion.

Every element that breaks a line, or that a mask names, is a *node*; a run of text belongs to
the node in which it stands. Nodes are numbered in the order of the page, parents first, so
that sums over subtrees and inherited masks are single loops.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from lxml import etree

from monitor.core.text import link_normalisation
from monitor.core.text.masks import element_masks
from monitor.core.text.page import BlockKind, Link
from monitor.core.text.typography import MOST_CHARACTERS as MOST_TIDY
from monitor.core.text.typography import tidy

MOST_RUNS = 5_000
MOST_NODES = 30_000
MOST_CHARACTERS = 1_500_000  # of the runs and of the links in them
MOST_LINKS = 200  # of one run
MOST_RUN_CHARACTERS = 20_000  # what is longer makes several runs
MOST_ROW_CHARACTERS = 2_000  # a longer table row is a layout, not a row

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
_NO_ROW = etree.XPath("boolean(.//table|.//ul|.//ol|.//h1|.//h2|.//h3|.//h4|.//form)")
_BUTTONS = frozenset({"submit", "button", "reset"})


@dataclass(slots=True)
class Node:
    tag: str
    parent: int  # its number; the root is its own parent
    rule: str  # id of the mask that names it, "" when none does
    kind: BlockKind
    names: str  # class and id
    role: str


@dataclass(slots=True)
class TextRun:
    """Text without a line break, before it is known whether it belongs to what is compared."""

    node: int
    text: str
    links: tuple[Link, ...]
    linked: int  # characters that stand inside links


@dataclass(slots=True)
class Outline:
    nodes: list[Node] = field(default_factory=list)
    runs: list[TextRun] = field(default_factory=list)
    title: str = ""
    cut: bool = False  # over a bound: something was left out


def outline(cleaned: str, *, base: str | None) -> Outline | None:
    """Return the nodes and runs of a page; None when it nests deeper than the parser holds."""
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(cleaned.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        root = None
    if root is None:  # nothing in it
        return Outline(nodes=[_ROOT])
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        return None
    _open_body(root)
    walk = _Walk(base=base)
    events = etree.iterwalk(root, events=("start", "end"))
    for event, element in events:
        if event == "end":
            walk.leave(element)
        elif walk.is_full():
            break
        elif walk.enter(element):
            events.skip_subtree()
    walk.flush()
    walk.is_full()
    title = root.find(".//title")
    walk.outline.title = tidy((title.text or "")[:5_000])[:500] if title is not None else ""
    return walk.outline


_IN_HEAD = frozenset({"title", "meta", "link", "style", "script", "base", "noscript", "template"})


def _open_body(root: etree._Element) -> None:
    """Move out of the head what cannot be in it: the parser does not know HTML5's elements.

    `</head>` and `<body>` may be left out (HTML standard, "optional tags").
    """
    head = root.find("head")
    if head is None:
        return
    children = list(head)
    first = next((n for n, child in enumerate(children) if child.tag not in _IN_HEAD), None)
    if first is None:
        return
    body = root.find("body")
    if body is None:
        body = etree.SubElement(root, "body")
    body[:0] = children[first:]


_ROOT = Node("html", 0, "", BlockKind.PARAGRAPH, "", "")


class _Walk:
    """What is open at one point of the walk."""

    def __init__(self, *, base: str | None) -> None:
        self.outline = Outline(nodes=[_ROOT])
        self._base = base
        self._nodes = [0]  # those open, the root first
        self._entered: list[bool] = []  # for each open element: did it open a node
        self._kept = 0  # characters of the runs and of their links
        self._row_depth = 0  # inside a table row: elements open since it began
        self._pieces: list[str] = []
        self._links: list[Link] = []
        self._linked = 0
        self._href: str | None = None
        self._link_start = 0

    def enter(self, element: etree._Element) -> bool:
        """Handle the start of an element; return True when its content must not be walked."""
        tag, attributes = str(element.tag), _attributes(element)
        rule = element_masks.element_rule(tag, attributes)
        in_row = self._row_depth > 0
        self._entered.append(not in_row and (tag in _BREAKING or bool(rule)))
        self._row_depth += in_row
        if encoded := attributes.get("data-cfemail"):
            self._pieces.append(link_normalisation.cloudflare_email(encoded))
            return True
        if in_row and rule:
            return True
        if self._entered[-1]:
            self._open_node(element, attributes, tag=tag, rule=rule)
        elif tag == "br" and not in_row:
            self.flush()
        elif in_row and tag in _BREAKING:
            self._pieces.append(" | " if tag in {"td", "th"} and self._pieces else " ")
        if tag == "a" and "href" in attributes:
            self._close_link()
            self._href, self._link_start = attributes["href"], len(self._pieces)
        elif tag == "input" and attributes.get("type", "").lower() in _BUTTONS:
            self._pieces.append(f" {attributes.get('value', '')} ")
        if element.text:
            self._pieces.append(element.text)
        return False

    def is_full(self) -> bool:
        """Return whether a bound is reached; the rest of the page is then left out."""
        page = self.outline
        full = len(page.nodes) >= MOST_NODES or len(page.runs) >= MOST_RUNS
        page.cut = full or self._kept >= MOST_CHARACTERS
        return page.cut

    def leave(self, element: etree._Element) -> None:
        if element.tag == "a":
            self._close_link()
        self._row_depth -= self._row_depth > 0
        if self._entered.pop():
            self.flush()
            self._nodes.pop()
        if element.tail:
            self._pieces.append(element.tail)

    def flush(self) -> None:
        """End the current run."""
        if not self._pieces:
            return
        self._note_link()
        text = tidy("".join(self._pieces))
        if len(text) >= MOST_TIDY:
            self._kept = MOST_CHARACTERS  # the rest of the page is left out
        links, linked = tuple(self._links[:MOST_LINKS]), self._linked
        for start in range(0, len(text), MOST_RUN_CHARACTERS):
            part = text[start : start + MOST_RUN_CHARACTERS].strip()
            self.outline.runs.append(TextRun(self._nodes[-1], part, links, linked))
            links, linked = (), 0
        self._kept += len(text) + self._linked
        self._pieces, self._links, self._linked, self._link_start = [], [], 0, 0

    def _open_node(
        self, element: etree._Element, attributes: Mapping[str, str], *, tag: str, rule: str
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
        if tag == "tr" and not _NO_ROW(element) and _length(element) <= MOST_ROW_CHARACTERS:
            self._row_depth = 1

    def _note_link(self) -> None:
        """Record what the open link holds so far: a link may span several runs."""
        if self._href is None:
            return
        text = tidy("".join(self._pieces[self._link_start :]))
        if not text:
            return
        target = link_normalisation.target(self._href, base=self._base)
        if text == link_normalisation.PROTECTED_EMAIL and target.startswith("mailto:"):
            text = target.removeprefix("mailto:")
            self._pieces[self._link_start :] = [text]
        self._linked += len(text)
        self._links.append(Link(text=text, target=target))

    def _close_link(self) -> None:
        self._note_link()
        self._href = None


def _attributes(element: etree._Element) -> Mapping[str, str]:
    """Copy the attributes, which are read several times. The stubs allow bytes; there are none."""
    return cast("Mapping[str, str]", dict(element.items()))


def _length(element: etree._Element) -> int:
    return sum(len(text) for text in element.itertext())
