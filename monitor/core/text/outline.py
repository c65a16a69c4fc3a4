"""The nodes and runs of a page, as one walk over its tree finds them.

Every element that breaks a line, or that a mask names, is a *node*; a run of text belongs to
the node in which it stands. Nodes are numbered in the order of the page, parents first, so
that sums over subtrees and inherited masks are single loops.
"""

from dataclasses import dataclass, field

from monitor.core.text.page import BlockKind, Link


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


ROOT = Node("html", 0, "", BlockKind.PARAGRAPH, "", "")


@dataclass(slots=True)
class Outline:
    nodes: list[Node] = field(default_factory=lambda: [ROOT])
    runs: list[TextRun] = field(default_factory=list)
    title: str = ""
    cut: bool = False  # over a bound: something was left out
