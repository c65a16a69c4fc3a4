"""What the pages of each department state, side by side. Pure but for the reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitor.config import Config
from monitor.core.changes.change_log import FactRecord
from monitor.core.changes.dead_links import request_of, watched
from monitor.core.changes.page_events import Version
from monitor.core.model import FOLLOWED, Target
from monitor.core.text.page import Element
from monitor.web.record_reads import RecordReads
from monitor.web.views.dead_link_views import LinkStatus, lives


class Stated(StrEnum):
    """What a page says of one element."""

    YES = "oui"
    DENIED = "contraire"  # the page says that it is not offered
    BOTH = "les deux"
    NO = "non trouvé"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """One page.

    Attributes:
        version: The text that we believe, None when it was never read.
        links: Those of each element that is a link, by what is known of where they lead.

    """

    target: Target
    version: Version | None
    stated: Mapping[Element, Stated]
    links: Mapping[Element, Mapping[LinkStatus, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Every followed page, by department."""

    rows: tuple[OfferRow, ...]
    totals: Mapping[Element, int]  # pages that state it
    without_page: tuple[str, ...]  # departments of which no page is followed

    @property
    def read(self) -> int:
        """How many were ever read: what the totals are out of."""
        return sum(row.version is not None for row in self.rows)


def offer(reads: RecordReads, config: Config) -> Offer:
    """Read what every followed page states now."""
    followed = [one for one in config.targets if one.kind in FOLLOWED]
    facts: dict[str, list[FactRecord]] = {}
    for fact in reads.page_facts(stated_only=True):
        facts.setdefault(fact.target, []).append(fact)
    versions = reads.current_versions()
    links = _links(reads, config, facts)
    rows = tuple(
        OfferRow(
            target=one,
            version=versions.get(one.slug),
            stated=stated(facts.get(one.slug, ())),
            links=links.get(one.slug, {}),
        )
        for one in sorted(followed, key=lambda one: (one.department or "~", one.slug))
    )
    every = {one.department for one in config.targets if one.department}
    return Offer(
        rows=rows,
        totals={
            element: sum(row.stated[element] in {Stated.YES, Stated.BOTH} for row in rows)
            for element in Element
        },
        without_page=tuple(sorted(every - {one.department for one in followed})),
    )


def _links(
    reads: RecordReads, config: Config, facts: Mapping[str, Iterable[FactRecord]]
) -> dict[str, dict[Element, Mapping[LinkStatus, int]]]:
    """Tell, by page, what is known of the addresses that it gives."""
    known, states = watched(config.targets), {one.target: one for one in reads.states()}
    dead: dict[str, set[str]] = {}
    for record in reads.dead_links(dead_only=True):
        dead.setdefault(record.page, set()).add(request_of(record.link.address))
    return {
        page: {
            element: lives(
                (one.value for one in stated if one.element is element and not one.negated),
                dead=dead.get(page, set()),
                watched=known,
                states=states,
            )
            for element in (Element.ANEF_LINK, Element.APPOINTMENT_LINK)
        }
        for page, stated in facts.items()
    }


def stated(facts: Iterable[FactRecord]) -> dict[Element, Stated]:
    """Sum up the facts of one page: an offer, its contrary, both, or nothing that we found."""
    offered: set[Element] = set()
    denied: set[Element] = set()
    for fact in facts:
        (denied if fact.negated else offered).add(fact.element)
    words = {
        (True, True): Stated.BOTH,
        (True, False): Stated.YES,
        (False, True): Stated.DENIED,
        (False, False): Stated.NO,
    }
    return {element: words[element in offered, element in denied] for element in Element}
