"""What metrics know of a page's text, and the families that tell it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType

from monitor.core.changes.change import ChangeKind
from monitor.core.changes.page_events import TURNS, PageEdge, PageEvent
from monitor.core.text.facts.page_facts import facts_of
from monitor.core.text.page import Element


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSeen:
    """A page that was read at least once; replaced whole.

    Attributes:
        updated_on: The displayed update date, ISO 8601, "" when none is shown.
        offered: What the text that we believe states; what it denies is not offered.
        changed_at: First reading of the newest announced change; None before the first.
        changes: Announced changes of each kind since this process started.
        dead_links: Links to watched addresses that are confirmed not to exist.

    """

    updated_on: str = ""
    offered: frozenset[Element] = frozenset()
    changed_at: datetime | None = None
    changes: Mapping[ChangeKind, int] = field(default_factory=lambda: MappingProxyType({}))
    dead_links: int = 0


def offered_after(events: Iterable[PageEvent]) -> frozenset[Element] | None:
    """Return what the text offers that we believe since some events; None when they kept it.

    To look for that in a long text may take seconds.
    """
    texts = [event.after for event in events if event.edge in TURNS and event.after]
    if not texts:
        return None
    stated = facts_of(texts[-1].page.main())
    return frozenset(fact.element for fact in stated if not fact.negated)


def after(seen: PageSeen | None, event: PageEvent, offered: frozenset[Element] | None) -> PageSeen:
    """Return what is known of a page after one more event; `offered` is of its last text."""
    seen = seen or PageSeen()
    if event.edge in TURNS and event.after:
        updated_on = event.after.version.updated_on
        seen = replace(seen, updated_on=updated_on, offered=offered or frozenset())
    if event.links:
        died = len(event.links) if event.edge is PageEdge.LINK_BROKEN else -len(event.links)
        seen = replace(seen, dead_links=seen.dead_links + died)
    if event.announced:
        kinds = event.change.kinds if event.change else ()
        seen = replace(
            seen,
            changed_at=event.after.version.first_at if event.after else event.at,
            changes=Counter(seen.changes) + Counter(kinds),
        )
    return seen


def changes(seen: PageSeen) -> Iterator[tuple[str, float]]:
    """Yield each kind that was seen, and how often."""
    for kind, count in sorted(seen.changes.items()):
        yield kind.value, float(count)


def last_change(seen: PageSeen) -> Iterator[float]:
    if seen.changed_at is not None:
        yield seen.changed_at.timestamp()


def displayed_update(seen: PageSeen) -> Iterator[float]:
    if seen.updated_on:
        yield datetime.fromisoformat(seen.updated_on).replace(tzinfo=UTC).timestamp()


def dead_links(seen: PageSeen) -> Iterator[float]:
    yield float(seen.dead_links)


def information(seen: PageSeen) -> Iterator[tuple[str, float]]:
    """Yield 1 or 0 for each element."""
    for element in Element:
        yield element.value, float(element in seen.offered)
