"""Compare two readings of one page."""

from collections.abc import Iterable

from monitor.core.changes import words
from monitor.core.changes.change import Change, ChangeKind, Edit
from monitor.core.changes.edits import Region, regions
from monitor.core.changes.kinds import kinds_of, of_facts, weigh
from monitor.core.changes.links import link_edits
from monitor.core.pages.facts import facts_of
from monitor.core.pages.page import Element, Fact, Page

_ORDER = {kind: number for number, kind in enumerate(ChangeKind)}


def compare(before: Page, after: Page) -> Change | None:
    """Return what changed; None when nothing did. Both pages must be free of obstacles.

    A change that is only of form (blocks moved, displayed date, our own rules) is returned
    with the weight `cosmetic`: it is recorded, and never announced.

    Raises:
        ValueError: one of the pages cannot be compared.

    """
    if before.obstacle or after.obstacle:
        raise ValueError(f"not comparable: {before.obstacle or after.obstacle}")
    if before.extraction_version != after.extraction_version:
        return _technical(before, after)
    found, moved = regions(before, after)
    links = link_edits(before, after)
    lost, gained = before.facts - after.facts, after.facts - before.facts
    edits = tuple(_edit(region, lost=lost, gained=gained) for region in found)
    kinds = {kind for edit in edits for kind in edit.kinds} | {link.kind for link in links}
    if edits or links:
        kinds |= of_facts(_certain(lost), _certain(gained))
    if before.updated_on != after.updated_on:
        kinds.add(ChangeKind.DISPLAYED_DATE)
    if moved:
        kinds.add(ChangeKind.MOVED)
    if before.structure != after.structure:
        kinds.add(ChangeKind.STRUCTURE)
    if not kinds:
        return None
    pieces = [piece for edit in edits for piece in edit.pieces]
    ordered = _ordered(kinds)
    return Change(
        kinds=ordered,
        weight=weigh(ordered, pieces=pieces),
        summary=words.summary(ordered, pieces=pieces, links=links),
        edits=edits,
        links=links,
        facts_lost=lost,
        facts_gained=gained,
        updated_before=before.updated_on,
        updated_after=after.updated_on,
    )


def _edit(region: Region, *, lost: frozenset[Fact], gained: frozenset[Fact]) -> Edit:
    """Only facts that the whole page lost or gained count: a phone said twice is still there."""
    kinds = kinds_of(
        region, lost=facts_of(region.before) & lost, gained=facts_of(region.after) & gained
    )
    return Edit(
        kinds=_ordered(kinds), before=region.before, after=region.after, pieces=region.pieces
    )


def _certain(facts: Iterable[Fact]) -> list[Fact]:
    """Facts that come from links: they belong to no edit of the text."""
    return [
        fact
        for fact in facts
        if fact.element in {Element.APPOINTMENT_LINK, Element.EMAIL, Element.PHONE}
    ]


def _technical(before: Page, after: Page) -> Change | None:
    if before.text == after.text:
        return None
    kinds = (ChangeKind.TECHNICAL,)
    return Change(
        kinds=kinds,
        weight=weigh(kinds, pieces=()),
        summary=words.summary(kinds, pieces=(), links=()),
        updated_before=before.updated_on,
        updated_after=after.updated_on,
    )


def _ordered(kinds: Iterable[ChangeKind]) -> tuple[ChangeKind, ...]:
    return tuple(sorted(kinds, key=_ORDER.__getitem__))
