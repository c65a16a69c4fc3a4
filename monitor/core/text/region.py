"""Which runs of a page are its content.

1. A mask that would take a large part of the page's prose is wrong about it: it is not applied.
   Nor is that of an `<aside>` with sentences inside the main part, which is a call-out.
2. The main part is what the page itself declares (`<main>`, `role="main"`).
3. Else the search starts from an element named like a main part, or from the whole page, and
   goes down while one container holds most of the prose; then up again while that brings
   more prose than labels and links, or the page's title and little else.
4. Without enough prose, everything that no mask names.
"""

import re
from dataclasses import dataclass

from monitor.core.text.masks.element_masks import ASIDE
from monitor.core.text.outline import Node, Outline
from monitor.core.text.page import LEAST_SENTENCE_WORDS, Structure

LARGEST_MASKED_SHARE = 0.4  # of the page's prose, for one mask
LEAST_MAIN_SHARE = 0.5  # of the unmasked prose, for a declared or named main part
MOST_RIVAL_SHARE = 0.15  # of that prose, in other parts that are named the same way
LEAST_DENSE_SHARE = 0.8  # of the prose one step up, for a container to be entered
LEAST_PROSE = 200  # characters; below it shares mean nothing
MOST_TITLE_CHARACTERS = 150  # of what comes along with the page's title

_CONTAINERS = frozenset(
    {"html", "body", "div", "section", "article", "main", "form", "td", "center"}
)
_MAIN_NAME = re.compile(
    r"(?:^|\s)(?:(?:page|main|site|entry|post|article|legal|node|corps|zone|bloc)[-_]?)?"
    r"(?:content|contenu|main|principal|article)"
    r"(?:[-_]?(?:wrapper|container|area|inner|body|main|principale?|page|content))?(?=\s|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRegion:
    """For each node: the mask that applies, "" for none, and whether it is in the main part."""

    structure: Structure
    masks: list[str]
    inside: list[bool]


def settle(page: Outline) -> ContentRegion:
    masks = _masks(page)
    prose, text = _weigh(page, masks)
    structure, root = _main(page.nodes, masks, prose=prose, text=text)
    inside = [False] * len(page.nodes)
    for number, node in enumerate(page.nodes):
        inside[number] = number == root or (number > 0 and inside[node.parent])
    return ContentRegion(structure=structure, masks=masks, inside=inside)


def _weigh(page: Outline, masks: list[str] | None = None) -> tuple[list[int], list[int]]:
    """Sum over each subtree the characters of sentences outside links, and of all text."""
    prose = [0] * len(page.nodes)
    text = [0] * len(page.nodes)
    for run in page.runs:
        if masks and masks[run.node]:
            continue
        text[run.node] += len(run.text)
        if run.text.count(" ") >= LEAST_SENTENCE_WORDS - 1:
            prose[run.node] += max(0, len(run.text) - run.linked)
    for number in range(len(page.nodes) - 1, 0, -1):
        parent = page.nodes[number].parent
        prose[parent] += prose[number]
        text[parent] += text[number]
    return prose, text


def _masks(page: Outline) -> list[str]:
    prose, text = _weigh(page)
    most = max(LEAST_PROSE, LARGEST_MASKED_SHARE * prose[0])
    masks = [""] * len(page.nodes)
    in_main = [False] * len(page.nodes)
    for number, node in enumerate(page.nodes):
        in_main[number] = in_main[node.parent] or _is_declared_main(node)
        call_out = node.rule == ASIDE and in_main[number] and prose[number] * 3 > text[number]
        applies = prose[number] <= most and not call_out
        masks[number] = masks[node.parent] or (node.rule if applies else "")
    return masks


def _is_declared_main(node: Node) -> bool:
    return node.tag in {"main", "article"} or node.role == "main"


def _main(
    nodes: list[Node], masks: list[str], *, prose: list[int], text: list[int]
) -> tuple[Structure, int]:
    least = LEAST_MAIN_SHARE * prose[0]
    for number, node in enumerate(nodes):
        declared = node.tag == "main" or node.role == "main"
        if declared and not masks[number] and prose[number] >= least:
            return Structure.MAIN, number
    if prose[0] < LEAST_PROSE:
        return Structure.WHOLE, 0
    named = _named_main(nodes, masks, prose=prose)
    start = named or 0
    root = _climb(nodes, _descend(nodes, start, prose=prose), start, prose=prose, text=text)
    if root == 0:
        return Structure.WHOLE, 0
    return (Structure.NAMED if named else Structure.DENSEST), root


def _named_main(nodes: list[Node], masks: list[str], *, prose: list[int]) -> int:
    """Return the one element named like a main part, 0 when none or several hold the prose."""
    covered = [False] * len(nodes)
    outermost = []
    for number, node in enumerate(nodes):
        covered[number] = covered[node.parent]
        if not covered[number] and not masks[number] and _is_named_main(node):
            covered[number] = True
            outermost.append(number)
    heaviest = max(outermost, key=prose.__getitem__, default=0)
    rivals = sum(prose[number] for number in outermost) - prose[heaviest]
    if prose[heaviest] < LEAST_MAIN_SHARE * prose[0] or rivals > MOST_RIVAL_SHARE * prose[0]:
        return 0
    return heaviest


def _is_named_main(node: Node) -> bool:
    return node.tag in _CONTAINERS and node.tag != "body" and bool(_MAIN_NAME.search(node.names))


def _descend(nodes: list[Node], root: int, *, prose: list[int]) -> int:
    for number in range(root + 1, len(nodes)):
        node = nodes[number]
        if (
            node.parent == root
            and node.tag in _CONTAINERS
            and prose[number] >= LEAST_DENSE_SHARE * prose[root]
        ):
            root = number
    return root


def _climb(nodes: list[Node], root: int, start: int, *, prose: list[int], text: list[int]) -> int:
    titled = _holding_title(nodes)
    best = number = root
    while number != start and nodes[nodes[number].parent].tag not in {"body", "html"}:
        number = nodes[number].parent
        more_prose, more_text = prose[number] - prose[best], text[number] - text[best]
        title = titled[number] and not titled[best] and more_text <= MOST_TITLE_CHARACTERS
        if title or more_prose * 2 > more_text:
            best = number
    return best


def _holding_title(nodes: list[Node]) -> list[bool]:
    """Return for each node whether it contains an `h1`."""
    has_title = [node.tag == "h1" for node in nodes]
    for number in range(len(nodes) - 1, 0, -1):
        has_title[nodes[number].parent] |= has_title[number]
    return has_title
