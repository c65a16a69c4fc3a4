"""Compare two readings of one page."""

from collections import Counter
from collections.abc import Iterable

from monitor.core.changes.boundary_menus import trim_boundary_menus
from monitor.core.changes.change import Change, ChangeKind, Edit, Weight
from monitor.core.changes.edits import EditedRegion, regions
from monitor.core.changes.kinds import kinds_of, of_facts, weigh
from monitor.core.changes.link_changes import link_edits
from monitor.core.french import change_sentences
from monitor.core.text.facts.page_facts import facts_of, may_state
from monitor.core.text.page import (
    LEAST_SENTENCE_WORDS,
    Block,
    Element,
    Fact,
    Link,
    Obstacle,
    Page,
)

MOST_STRAY_WORDS = 100  # of a page that could be an unknown error page
LEAST_LOST_WORDS = 400  # of the page that stood there before, or stands there after
LEAST_SHARED_WORDS = 200  # in sentences that both pages say
LEAST_RELATED = 0.75  # of the sentences of the shorter page
LEAST_SENTENCES = 3  # of each side of a replacement
LEAST_REPLACED_WORDS = 40  # of each side
MOST_LEFT = 0.1  # of the sentences of the shorter side
LEAST_SIMILAR = 0.6  # of the words of the shorter side
LEAST_SHARED = 0.5  # of the sentences of the page that has more

_NONE: frozenset[Fact] = frozenset()
_ORDER = {kind: number for number, kind in enumerate(ChangeKind)}


def obstacle(before: Page, after: Page) -> Obstacle | None:
    """Return why the two cannot be compared, None when they can.

    A few words with neither the title nor the sentences of the long page that stood there are
    another page: an error, a refusal or a shell that no fingerprint matches yet.
    """
    if existing := before.obstacle or after.obstacle:
        return existing
    if before.title == after.title:
        return None
    small, large = sorted((_size(before), _size(after)))
    if small >= MOST_STRAY_WORDS or large < LEAST_LOST_WORDS:
        return None
    old, new = _sentences(before), _sentences(after)
    shared = len(old & new)  # an error page may say a sentence of its site's pages
    related = shared and shared >= LEAST_RELATED * min(len(old), len(new))
    return None if related else Obstacle.ANOTHER_PAGE


def is_same_page(before: Page, after: Page) -> bool:
    """Return whether two readings share so many sentences that neither can be an error page.

    Measured on the longer: an error page may hold all the boilerplate of its site.
    """
    old, new = _texts_of_sentences(before), _texts_of_sentences(after)
    shared = old & new
    words_shared = sum(text.count(" ") + 1 for text in shared)
    most = max(len(old), len(new))
    return words_shared >= LEAST_SHARED_WORDS and len(shared) >= LEAST_SHARED * most


def compare(before: Page, after: Page) -> Change | None:
    """Return what changed; None when nothing did. Both pages must be free of obstacles.

    A change that is only of form (blocks moved, displayed date, our own rules) is returned
    with the weight `cosmetic`: it is recorded, and never announced.

    Raises:
        ValueError: One of the pages cannot be compared.

    """
    if why := obstacle(before, after):
        raise ValueError(f"not comparable: {why}")
    if before.extraction_version != after.extraction_version:
        return _technical(before, after)
    if _is_replaced(before, after):
        return _replaced(before, after)
    if before.structure == after.structure:
        old, new = before, after
    else:
        old, new = trim_boundary_menus(before), trim_boundary_menus(after)
    differing, moved = regions(old, new)
    links = link_edits(old, new)
    facts_lost, facts_gained = (
        _facts_that_differ(old, new) if differing or links else (_NONE, _NONE)
    )
    edits = tuple(_edit(region, lost=facts_lost, gained=facts_gained) for region in differing)
    kinds = {kind for edit in edits for kind in edit.kinds} | {link.kind for link in links}
    kinds |= of_facts(_of_links(facts_lost), _of_links(facts_gained))
    if before.updated_on != after.updated_on:
        kinds.add(ChangeKind.DISPLAYED_DATE)
    if moved:
        kinds.add(ChangeKind.MOVED)
    if before.structure != after.structure and not kinds:
        kinds.add(ChangeKind.STRUCTURE)  # a reader sees nothing of it
    if not kinds:
        return None
    pieces = [piece for edit in edits for piece in edit.pieces]
    ordered = _ordered(kinds)
    return Change(
        kinds=ordered,
        weight=weigh(ordered, pieces=pieces),
        summary=change_sentences.summary(
            ordered, edits=edits, links=links, facts=facts_lost | facts_gained
        ),
        edits=edits,
        links=links,
        facts_lost=facts_lost,
        facts_gained=facts_gained,
        updated_before=before.updated_on,
        updated_after=after.updated_on,
    )


def _is_replaced(before: Page, after: Page) -> bool:
    """Return whether another page stands in the place of this one: nearly no sentence is left."""
    if before.title == after.title:
        return False
    old, new = _sentences(before), _sentences(after)
    if min(len(old), len(new)) < LEAST_SENTENCES:
        return False
    if min(_size(before), _size(after)) < LEAST_REPLACED_WORDS:
        return False
    return len(old & new) <= MOST_LEFT * min(len(old), len(new)) and not _is_similar(before, after)


def _is_similar(before: Page, after: Page) -> bool:
    """Return whether most words of one page stand in the other: its sentences were edited."""
    old, new = (Counter(w for b in page.main() for w in b.words) for page in (before, after))
    return (old & new).total() >= LEAST_SIMILAR * min(old.total(), new.total())


def _replaced(before: Page, after: Page) -> Change:
    return Change(
        kinds=(ChangeKind.REPLACED,),
        weight=Weight.MAJOR,
        summary=change_sentences.replaced(before.title, after.title),
        edits=tuple(
            _edit(region, lost=_NONE, gained=_NONE) for region in regions(before, after)[0]
        ),
        updated_before=before.updated_on,
        updated_after=after.updated_on,
    )


def compared(before: Page | None, after: Page | None) -> Change | None:
    """As `compare`, but None also where a side is missing or the two cannot be compared."""
    if before is None or after is None or obstacle(before, after):
        return None
    return compare(before, after)


def _size(page: Page) -> int:
    return sum(len(block.words) for block in page.main())


def _sentences(page: Page) -> set[tuple[str, ...]]:
    return {block.words for block in page.main() if block.is_sentence}


def _texts_of_sentences(page: Page) -> set[str]:
    """Return what is compared of each sentence, told by its spaces: to find words costs more."""
    return {
        block.compared
        for block in page.main()
        if block.compared.count(" ") >= LEAST_SENTENCE_WORDS - 1 and not block.is_link
    }


def _edit(region: EditedRegion, *, lost: frozenset[Fact], gained: frozenset[Fact]) -> Edit:
    """Only facts that the whole page lost or gained count: a phone said twice is still there."""
    kinds = kinds_of(
        region, lost=facts_of(region.before) & lost, gained=facts_of(region.after) & gained
    )
    return Edit(
        kinds=_ordered(kinds), before=region.before, after=region.after, pieces=region.pieces
    )


def _facts_that_differ(before: Page, after: Page) -> tuple[frozenset[Fact], frozenset[Fact]]:
    """Return the facts that only one side states. Blocks of both sides are read once, if at all."""
    old, new = _by_content(before), _by_content(after)
    lost = facts_of(block for key, block in old.items() if key not in new)
    gained = facts_of(block for key, block in new.items() if key not in old)
    if not lost and not gained:
        return _NONE, _NONE
    differing = lost ^ gained
    still = facts_of(b for key, b in old.items() if key in new and may_state(differing, b))
    return lost - gained - still, gained - lost - still


def _by_content(page: Page) -> dict[tuple[str, tuple[Link, ...]], Block]:
    return {(block.compared, block.links): block for block in page.main()}


def _of_links(facts: Iterable[Fact]) -> list[Fact]:
    """Keep the facts that a link may state: they need no edit of the text."""
    elements = {Element.APPOINTMENT_LINK, Element.EMAIL, Element.PHONE}
    return [fact for fact in facts if fact.element in elements]


def _technical(before: Page, after: Page) -> Change | None:
    if before.text == after.text:
        return None
    kinds = (ChangeKind.TECHNICAL,)
    return Change(
        kinds=kinds,
        weight=weigh(kinds, pieces=()),
        summary=change_sentences.summary(kinds, edits=(), links=()),
        updated_before=before.updated_on,
        updated_after=after.updated_on,
    )


def _ordered(kinds: Iterable[ChangeKind]) -> tuple[ChangeKind, ...]:
    return tuple(sorted(kinds, key=_ORDER.__getitem__))
