"""Which links of the main part came, went, or lead elsewhere."""

from collections import Counter, defaultdict

from monitor.core.changes.change import ChangeKind, LinkEdit
from monitor.core.text.page import Page
from monitor.core.text.typography import words

Key = tuple[tuple[str, ...], str]  # the link's words and its target


def link_edits(before: Page, after: Page) -> tuple[LinkEdit, ...]:
    """Return what differs between the links.

    A link whose words changed and whose target did not is a change of text, not of links; so
    is one that was cut in two.
    """
    each_old, each_new = _each(before), _each(after)
    if each_old == each_new:
        return ()
    # Words are found only where a target has another number of links, or others.
    differing = {target for _, target in (each_old - each_new) + (each_new - each_old)}
    old, old_texts = _links(each_old, differing)
    new, new_texts = _links(each_new, differing)
    removed_counts, added_counts = old - new, new - old
    edits = []
    arrivals: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for (text, target), count in added_counts.items():
        arrivals[text] += [target] * count
    for (text, target), count in removed_counts.items():
        for _ in range(min(count, len(arrivals[text]))):
            new_target = arrivals[text].pop(0)
            removed_counts[text, target] -= 1
            added_counts[text, new_target] -= 1
            edits.append(_edit(ChangeKind.LINK_TARGET, old_texts[text, target], target, new_target))
    # What is still on the page, in a part that is not compared, did not leave: as with blocks.
    old_targets = {link.target for block in before.blocks for link in block.links}
    new_targets = {link.target for block in after.blocks for link in block.links}
    removed = [key for key in +removed_counts if key[1] not in new_targets]
    added = [key for key in +added_counts if key[1] not in old_targets]
    edits += [_edit(ChangeKind.LINK_REMOVED, old_texts[key], key[1], "") for key in removed]
    edits += [_edit(ChangeKind.LINK_ADDED, new_texts[key], "", key[1]) for key in added]
    return tuple(edits)


def _each(page: Page) -> Counter[tuple[str, str]]:
    """Count the links of the main part by text and target."""
    return Counter((link.text, link.target) for block in page.main() for link in block.links)


def _links(
    each: Counter[tuple[str, str]], targets: set[str]
) -> tuple[Counter[Key], dict[Key, str]]:
    """Count the links that lead to some targets by their words; keep a text of each."""
    counts: Counter[Key] = Counter()
    texts: dict[Key, str] = {}
    for (text, target), count in each.items():
        if target and target in targets and not _says_itself(text, target):
            key = (words(text), target)
            counts[key] += count
            texts.setdefault(key, text)
    return counts, texts


def _says_itself(text: str, target: str) -> bool:
    """Return whether a link is an address that stands in the text: its change is one of text."""
    scheme, _, address = target.partition(":")
    return scheme == "mailto" and address.partition("?")[0].lower() == text.strip().lower()


def _edit(kind: ChangeKind, text: str, before: str, after: str) -> LinkEdit:
    return LinkEdit(kind=kind, text=text, before=before, after=after)
