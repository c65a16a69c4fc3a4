"""What readers are told of the links of pages that lead nowhere. Pure but for the reads."""

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
        target: What is watched there; None when it no longer is.
        outage: None when it is not in the record, rebuilt from a journal without it.

    """

    record: DeadLinkRecord
    target: Target | None
    outage: Outage | None

    @property
    def name(self) -> str:
        return self.target.name if self.target else self.record.link.target


class LinkStatus(StrEnum):
    """What is known of the address that a link leads to, in the order of what to tell first."""

    DEAD = "mort"
    ANSWERS = "vivant"
    UNSURE = "incertain"  # it fails otherwise, is not confirmed, or was not checked
    UNWATCHED = "non suivi"


def stories(
    reads: RecordReads, config: Config, records: Iterable[DeadLinkRecord]
) -> tuple[DeadLinkView, ...]:
    """Find the outage that each dead link names."""
    told = tuple(records)
    wanted = {record.link.target for record in told}
    gone = [record.link.gone_at for record in told]
    span = (min(gone), max(gone) + timedelta(microseconds=1)) if gone else (None, None)
    outages = {
        (outage.target, outage.first_fail_at): outage
        for outage in (reads.outages(sorted(wanted), *span) if wanted else ())
    }
    return tuple(
        DeadLinkView(
            record=record,
            target=config.by_slug.get(record.link.target),
            outage=outages.get((record.link.target, record.link.gone_at)),
        )
        for record in told
    )


def lives(
    addresses: Iterable[str],
    *,
    dead: set[str],
    watched: Mapping[str, str],
    states: Mapping[str, State],
) -> Counter[LinkStatus]:
    """Count links by what is known of where they lead.

    Args:
        addresses: Where the links lead, one each.
        dead: Addresses, without their routes, that readers were told are dead.
        watched: Slugs by address: `core.changes.dead_links.watched`.
        states: By slug.

    """
    found = Counter[LinkStatus]()
    for asked in map(request_of, addresses):
        state = states.get(watched.get(asked, ""))
        if asked in dead:
            found[LinkStatus.DEAD] += 1
        elif asked not in watched:
            found[LinkStatus.UNWATCHED] += 1
        elif state and state.outage is None and state.verdict in GOOD:
            found[LinkStatus.ANSWERS] += 1
        else:
            found[LinkStatus.UNSURE] += 1
    return found
