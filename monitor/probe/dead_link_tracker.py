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
        """Return the events of the links of a text just read: broken, restored or dropped."""
        before, current_links = self._told.get(page, {}), self._leads_of(page, shown)
        dropped = [link for link in before.values() if link.address not in current_links]
        restored = [
            link
            for link in before.values()
            if link.address in current_links and _over(link, states)
        ]
        still_dead = {
            link.address: link for link in before.values() if link not in [*dropped, *restored]
        }
        died = [link for link in _dead(current_links, states) if link.address not in still_dead]
        self._told[page] = still_dead | {link.address: link for link in died}
        return tuple(
            PageEvent(
                edge=edge,
                at=at,
                target=page,
                point=self._point,
                before=shown.version,
                change=announced_change(edge, links),
                links=tuple(links),
            )
            for edge, links in (
                (PageEdge.LINK_DROPPED, dropped),
                (PageEdge.LINK_RESTORED, restored),
                (PageEdge.LINK_BROKEN, died),
            )
            if links
        )

    def _leads_of(self, page: str, shown: ShownPage) -> dict[str, WatchedLink]:
        """Extract the links of each text only once: to decompress a page is expensive."""
        cached = self._leads.get(page)
        if cached is None or cached[0] != shown.version.sha256:
            cached = shown.version.sha256, leads(shown.page, self._watched)
            self._leads[page] = cached
        return cached[1]


def _over(link: DeadLink, states: Mapping[str, State]) -> bool:
    """Return whether the outage that made the link dead has ended."""
    state = states.get(link.target)
    if state is None:
        return False
    return state.outage is None or state.outage.first_fail_at != link.gone_at


def _dead(links: Mapping[str, WatchedLink], states: Mapping[str, State]) -> Iterable[DeadLink]:
    for address, lead in links.items():
        if outage := says_gone(states.get(lead.target)):
            yield DeadLink(
                text=lead.text,
                address=address,
                target=lead.target,
                gone_at=outage.first_fail_at,
            )
