"""The content of pages on dead links. Pure except for the queries."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from monitor.config import Config
from monitor.core.changes.change_log import DeadLinkRecord
from monitor.core.changes.dead_links import request_of
from monitor.core.model import Outage, State, Target
from monitor.core.outages.fold import GOOD
from monitor.web.record_reads import RecordReads


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLinkView:
    """A dead link, and the outage of the address that it leads to.

    Attributes:
        target: The target at that address; None when it no longer is one.
        outage: None when it is not in the record, which may be rebuilt from a journal without it.

    """

    record: DeadLinkRecord
    target: Target | None
    outage: Outage | None

    @property
    def name(self) -> str:
        return self.target.name if self.target else self.record.link.target


class LinkStatus(StrEnum):
    """The state of the address that a link leads to, the most important first."""

    DEAD = "mort"
    ANSWERS = "vivant"
    UNSURE = "incertain"  # it fails otherwise, is not confirmed, or was not checked
    UNWATCHED = "non suivi"


def stories(
    reads: RecordReads, config: Config, records: Iterable[DeadLinkRecord]
) -> tuple[DeadLinkView, ...]:
    """Return the dead links with the outages that they name."""
    dead_links = tuple(records)
    slugs = {record.link.target for record in dead_links}
    gone_at = [record.link.gone_at for record in dead_links]
    span = (min(gone_at), max(gone_at) + timedelta(microseconds=1)) if gone_at else (None, None)
    outages = {
        (outage.target, outage.first_fail_at): outage
        for outage in (reads.outages(sorted(slugs), *span) if slugs else ())
    }
    return tuple(
        DeadLinkView(
            record=record,
            target=config.by_slug.get(record.link.target),
            outage=outages.get((record.link.target, record.link.gone_at)),
        )
        for record in dead_links
    )


def lives(
    addresses: Iterable[str],
    *,
    dead: set[str],
    watched: Mapping[str, str],
    states: Mapping[str, State],
) -> Counter[LinkStatus]:
    """Count links by the state of the addresses that they lead to.

    Args:
        addresses: The address of each link.
        dead: Addresses, without their routes, that were announced as dead.
        watched: Slugs by address: `core.changes.dead_links.watched`.
        states: By slug.

    """
    counts = Counter[LinkStatus]()
    for address in map(request_of, addresses):
        state = states.get(watched.get(address, ""))
        if address in dead:
            counts[LinkStatus.DEAD] += 1
        elif address not in watched:
            counts[LinkStatus.UNWATCHED] += 1
        elif state and state.outage is None and state.verdict in GOOD:
            counts[LinkStatus.ANSWERS] += 1
        else:
            counts[LinkStatus.UNSURE] += 1
    return counts
