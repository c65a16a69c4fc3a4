"""Which runs of a page are its content.

1. A window that asks for consent is never content.
2. A mask that would take a large part of the page's prose is wrong about it: it is not applied.
   Nor are the largest of several that would take half of it together, nor that of an `<aside>`
   with sentences inside the main part, which is a call-out.
3. The main part is what the page itself declares (`<main>`, `role="main"`).
4. Else the search starts from an element named like a main part, or from the whole page, and
   goes down while one container holds most of the prose; then up again while that brings
   more prose than labels and links, or the page's title and little else.
5. Without enough prose, or when less than half of it would be compared: everything that no mask
   names.
"""

import re
from dataclasses import dataclass

from monitor.core.text import consent
from monitor.core.text.masks.element_masks import ASIDE
from monitor.core.text.outline import Node, Outline
from monitor.core.text.page import LEAST_SENTENCE_WORDS, Structure

LARGEST_MASKED_SHARE = 0.4  # of the page's prose, for one mask
MOST_MASKED_SHARE = 0.5  # of it, for all masks together
LEAST_COMPARED_SHARE = 0.5  # of it; below, a page cannot be compared
LEAST_MAIN_SHARE = 0.5  # of the unmasked prose, for a declared or named main part
MOST_RIVAL_SHARE = 0.15  # of that prose, in other parts that are named the same way
LEAST_DENSE_SHARE = 0.8  # of the prose one step up, for a container to be entered
LEAST_PROSE = 200  # characters; below it shares mean nothing
LEAST_LONG_PROSE = 1_500  # of a page that is read whole rather than not at all
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


# What every page of a site shows around its own text, where the page itself says so.
_FRAME_TAGS = frozenset({"nav", "footer", "aside"})
_FRAME_ROLES = frozenset({"navigation", "contentinfo", "banner", "search", "complementary"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRegion:
    """For each node: the mask that applies, "" for none, and whether it is in the main part.

    `share` is that of the page's prose which is compared, from 0 to 1, which it is as well where
    there is too little to measure; neither the frame that a site shows around each page nor a
    window for consent counts as prose of the page.
    """

    structure: Structure
    masks: list[str]
    inside: list[bool]
    share: float


def settle(page: Outline) -> ContentRegion:
    windows = consent.windows(page)
    outside = _frame(page.nodes, windows)
    runs = _weights(page)
    own, _ = _sums(page.nodes, runs, outside)
    masks = _masks(page.nodes, runs, windows, own=own)
    out = [window or bool(mask) for window, mask in zip(windows, masks, strict=True)]
    prose, text = _sums(page.nodes, runs, out)
    structure, root = _main(page.nodes, masks, prose=prose, text=text)
    if prose[root] < LEAST_COMPARED_SHARE * own[0] and own[0] >= LEAST_LONG_PROSE:
        structure, root = Structure.WHOLE, 0
    inside = [False] * len(page.nodes)
    for number, node in enumerate(page.nodes):
        inside[number] = number == root or (number > 0 and inside[node.parent])
    return ContentRegion(
        structure=structure,
        masks=masks,
        inside=inside,
        share=min(1.0, prose[root] / own[0]) if own[0] >= LEAST_PROSE else 1.0,
    )


def _frame(nodes: list[Node], windows: list[bool]) -> list[bool]:
    """Return for each node whether its text is none of the page's own."""
    outside = list(windows)
    for number, node in enumerate(nodes):
        framing = node.tag in _FRAME_TAGS or node.role in _FRAME_ROLES
        outside[number] = outside[number] or outside[node.parent] or framing
    return outside


def _weights(page: Outline) -> list[tuple[int, int, int]]:
    """Return for each run its node, and its characters: of sentences outside links, and all."""
    return [
        (
            run.node,
            max(0, len(run.text) - run.linked)
            if run.text.count(" ") >= LEAST_SENTENCE_WORDS - 1
            else 0,
            len(run.text),
        )
        for run in page.runs
    ]


def _sums(
    nodes: list[Node], runs: list[tuple[int, int, int]], out: list[bool]
) -> tuple[list[int], list[int]]:
    """Sum over each subtree the characters of sentences outside links, and of all text.

    Nodes that are `out` weigh nothing.
    """
    prose = [0] * len(nodes)
    text = [0] * len(nodes)
    for number, of_sentences, of_all in runs:
        if not out[number]:
            prose[number] += of_sentences
            text[number] += of_all
    for number in range(len(nodes) - 1, 0, -1):
        if text[number]:
            parent = nodes[number].parent
            prose[parent] += prose[number]
            text[parent] += text[number]
    return prose, text


def _masks(
    nodes: list[Node], runs: list[tuple[int, int, int]], windows: list[bool], *, own: list[int]
) -> list[str]:
    """Return the mask of each node. `own` is the prose of the page's own text."""
    if not any(windows) and not any(node.rule for node in nodes):
        return [""] * len(nodes)
    whole, text = _sums(nodes, runs, windows)
    most = max(LEAST_PROSE, LARGEST_MASKED_SHARE * whole[0])
    refused = _too_many(nodes, windows, own=own, most=most)
    masks = [""] * len(nodes)
    in_main = [False] * len(nodes)
    for number, node in enumerate(nodes):
        in_main[number] = in_main[node.parent] or _is_declared_main(node)
        call_out = node.rule == ASIDE and in_main[number] and whole[number] * 3 > text[number]
        named = "" if node.rule == consent.RULE else node.rule
        applies = whole[number] <= most and not call_out and number not in refused
        mask = consent.RULE if windows[number] else (named if applies else "")
        masks[number] = masks[node.parent] or mask
    return masks


def _too_many(
    nodes: list[Node], windows: list[bool], *, own: list[int], most: float
) -> frozenset[int]:
    """Return the masked nodes that must be read, for half of the prose to be: the largest."""
    if own[0] < LEAST_PROSE:
        return frozenset()
    covered = list(windows)
    masked: list[int] = []
    for number, node in enumerate(nodes):
        covered[number] = covered[number] or (number > 0 and covered[node.parent])
        if not covered[number] and node.rule and node.rule != consent.RULE and own[number] <= most:
            covered[number] = True
            masked.append(number)
    masked.sort(key=own.__getitem__, reverse=True)
    total = sum(own[number] for number in masked)
    refused = set[int]()
    for number in masked:
        if total <= MOST_MASKED_SHARE * own[0]:
            break
        refused.add(number)
        total -= own[number]
    return frozenset(refused)


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
