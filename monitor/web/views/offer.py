"""The facts of the pages of each department, side by side. Pure except for the queries."""

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
    """Whether a page offers one element."""

    YES = "oui"
    DENIED = "contraire"  # the page says that it is not offered
    BOTH = "les deux"
    NO = "non trouvé"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """One page.

    Attributes:
        version: The believed text, None when it was never read.
        links: Those of each element that is a link, by the state of their addresses.

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
    without_page: tuple[str, ...]  # departments without a followed page

    @property
    def read(self) -> int:
        """The number of pages that were ever read, which the totals refer to."""
        return sum(row.version is not None for row in self.rows)


def offer(reads: RecordReads, config: Config) -> Offer:
    """Read the current facts of every followed page."""
    followed = [target for target in config.targets if target.kind in FOLLOWED]
    facts: dict[str, list[FactRecord]] = {}
    for fact in reads.page_facts(stated_only=True):
        facts.setdefault(fact.target, []).append(fact)
    versions = reads.current_versions()
    links = _links(reads, config, facts)
    rows = tuple(
        OfferRow(
            target=target,
            version=versions.get(target.slug),
            stated=stated(facts.get(target.slug, ())),
            links=links.get(target.slug, {}),
        )
        for target in sorted(followed, key=lambda target: (target.department or "~", target.slug))
    )
    departments = {target.department for target in config.targets if target.department}
    return Offer(
        rows=rows,
        totals={
            element: sum(row.stated[element] in {Stated.YES, Stated.BOTH} for row in rows)
            for element in Element
        },
        without_page=tuple(sorted(departments - {target.department for target in followed})),
    )


def _links(
    reads: RecordReads, config: Config, facts: Mapping[str, Iterable[FactRecord]]
) -> dict[str, dict[Element, Mapping[LinkStatus, int]]]:
    """Return, by page and element, the states of the addresses in its facts."""
    slugs, states = watched(config.targets), {state.target: state for state in reads.states()}
    dead: dict[str, set[str]] = {}
    for record in reads.dead_links(dead_only=True):
        dead.setdefault(record.page, set()).add(request_of(record.link.address))
    return {
        page: {
            element: lives(
                (fact.value for fact in page_facts if fact.element is element and not fact.negated),
                dead=dead.get(page, set()),
                watched=slugs,
                states=states,
            )
            for element in (Element.ANEF_LINK, Element.APPOINTMENT_LINK)
        }
        for page, page_facts in facts.items()
    }


def stated(facts: Iterable[FactRecord]) -> dict[Element, Stated]:
    """Summarise the facts of one page: an offer, its denial, both, or nothing that we found."""
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
