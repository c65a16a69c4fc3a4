"""The state of the metrics of a page's text, and how they are read."""

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
class PageMetrics:
    """The metrics of a page that was read at least once; replaced whole.

    Attributes:
        updated_on: The displayed update date, ISO 8601, "" when none is shown.
        offered: What the believed text offers; what it denies is not offered.
        changed_at: First reading of the newest announced change; None before the first.
        changes: Announced changes of each kind since this process started.
        dead_links: Links to watched addresses that are confirmed not to exist.
        compared_permille: How much of the page's prose is compared, None where it is not known.

    """

    updated_on: str = ""
    offered: frozenset[Element] = frozenset()
    changed_at: datetime | None = None
    changes: Mapping[ChangeKind, int] = field(default_factory=lambda: MappingProxyType({}))
    dead_links: int = 0
    compared_permille: int | None = None


def offered_after(events: Iterable[PageEvent]) -> frozenset[Element] | None:
    """Return what the new believed text offers after some events; None when it did not change.

    This may take seconds for a long text.
    """
    texts = [event.after for event in events if event.edge in TURNS and event.after]
    if not texts:
        return None
    facts = facts_of(texts[-1].page.main())
    return frozenset(fact.element for fact in facts if not fact.negated)


def after(
    page: PageMetrics | None, event: PageEvent, offered: frozenset[Element] | None
) -> PageMetrics:
    """Return the metrics of a page after one more event; `offered` is that of its last text."""
    page = page or PageMetrics()
    if event.edge in TURNS and event.after:
        updated_on = event.after.version.updated_on
        page = replace(
            page,
            updated_on=updated_on,
            offered=offered or frozenset(),
            compared_permille=event.after.packed.compared_permille,
        )
    if event.links:
        died = len(event.links) if event.edge is PageEdge.LINK_BROKEN else -len(event.links)
        page = replace(page, dead_links=page.dead_links + died)
    if event.announced:
        kinds = event.change.kinds if event.change else ()
        page = replace(
            page,
            changed_at=event.after.version.first_at if event.after else event.at,
            changes=Counter(page.changes) + Counter(kinds),
        )
    return page


def changes(page: PageMetrics) -> Iterator[tuple[str, float]]:
    """Yield each kind of change, and how often it occurred."""
    for kind, count in sorted(page.changes.items()):
        yield kind.value, float(count)


def last_change(page: PageMetrics) -> Iterator[float]:
    if page.changed_at is not None:
        yield page.changed_at.timestamp()


def displayed_update(page: PageMetrics) -> Iterator[float]:
    if page.updated_on:
        yield datetime.fromisoformat(page.updated_on).replace(tzinfo=UTC).timestamp()


def compared(page: PageMetrics) -> Iterator[float]:
    if page.compared_permille is not None:
        yield page.compared_permille / 1000


def dead_links(page: PageMetrics) -> Iterator[float]:
    yield float(page.dead_links)


def information(page: PageMetrics) -> Iterator[tuple[str, float]]:
    """Yield 1 or 0 for each element."""
    for element in Element:
        yield element.value, float(element in page.offered)
