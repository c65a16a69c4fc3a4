"""Remembers where the links of followed pages lead, and which were announced as dead."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from monitor.core.changes.change_log import DeadLinkRecord
from monitor.core.changes.dead_links import WatchedLink, announced_change, leads, says_gone, watched
from monitor.core.changes.page_events import DeadLink, PageEdge, PageEvent, ShownPage
from monitor.core.model import State, Target


class DeadLinkTracker:
    """The watched links of every followed page, and the dead links that were announced."""

    def __init__(
        self, targets: Iterable[Target], announced: Iterable[DeadLinkRecord], *, point: str
    ) -> None:
        """Take the targets, and the dead links that were announced and are still dead."""
        self._point = point
        self._watched = watched(targets)
        self._told: dict[str, dict[str, DeadLink]] = {}
        for record in announced:
            self._told.setdefault(record.page, {})[record.link.address] = record.link
        self._leads: dict[
            str, tuple[str, dict[str, WatchedLink]]
        ] = {}  # with the digest of the text

    def read(
        self, page: str, shown: ShownPage, at: datetime, states: Mapping[str, State]
    ) -> tuple[PageEvent, ...]:
        """Say which links of a text that was just read died, answer again, or are no more."""
        before, found = self._told.get(page, {}), self._leads_of(page, shown)
        dropped = [one for one in before.values() if one.address not in found]
        restored = [one for one in before.values() if one.address in found and _over(one, states)]
        kept = {one.address: one for one in before.values() if one not in [*dropped, *restored]}
        died = [one for one in _dead(found, states) if one.address not in kept]
        self._told[page] = kept | {one.address: one for one in died}
        return tuple(
            PageEvent(
                edge=edge,
                at=at,
                target=page,
                point=self._point,
                before=shown.version,
                change=announced_change(edge, some),
                links=tuple(some),
            )
            for edge, some in (
                (PageEdge.LINK_DROPPED, dropped),
                (PageEdge.LINK_RESTORED, restored),
                (PageEdge.LINK_BROKEN, died),
            )
            if some
        )

    def _leads_of(self, page: str, shown: ShownPage) -> dict[str, WatchedLink]:
        """Look for links once in each text: to unpack a page costs more than to read it again."""
        known = self._leads.get(page)
        if known is None or known[0] != shown.version.sha256:
            known = shown.version.sha256, leads(shown.page, self._watched)
            self._leads[page] = known
        return known[1]


def _over(link: DeadLink, states: Mapping[str, State]) -> bool:
    """Return whether the outage that made the link dead has ended, be it followed by another."""
    state = states.get(link.target)
    if state is None:
        return False
    return state.outage is None or state.outage.first_fail_at != link.gone_at


def _dead(found: Mapping[str, WatchedLink], states: Mapping[str, State]) -> Iterable[DeadLink]:
    for address, lead in found.items():
        if outage := says_gone(states.get(lead.target)):
            yield DeadLink(
                text=lead.text,
                address=address,
                target=lead.target,
                gone_at=outage.first_fail_at,
            )
