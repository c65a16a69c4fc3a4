"""Links of a page whose address, watched for itself, is confirmed not to exist any more.

Nothing is asked for them: a link is dead by what the checks of the target that it leads to
say. A failure that may pass, a refusal or our own ignorance is no death, and a link to an
address that nothing watches is not judged at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.core.changes.change import Change, ChangeKind, LinkEdit, Weight
from monitor.core.changes.page_events import DeadLink, PageEdge
from monitor.core.french import change_sentences
from monitor.core.model import Outage, Reason, State, Target, Verdict
from monitor.core.model.check import MAX_URL, clean
from monitor.core.text import link_normalisation
from monitor.core.text.page import Page

MOST_LEADS = 50  # links of one page that lead to watched addresses: the first ones
MOST_CHARACTERS = 300  # of a link's text
GONE = frozenset({Reason.GONE, Reason.DNS_NXDOMAIN})  # of the address, not of an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedLink:
    """A link to a watched address: its text, and the slug of that target."""

    text: str
    target: str


def request_of(address: str) -> str:
    """Return what a link asks a server for: a route of a single-page app is its shell's."""
    return address.partition("#")[0]


def watched(targets: Iterable[Target]) -> dict[str, str]:
    """Return the slug of what is watched by its address, written as `Link.target` is."""
    found: dict[str, str] = {}
    for target in targets:
        found.setdefault(request_of(link_normalisation.target(target.url, base=None)), target.slug)
    return found


def leads(page: Page, known: Mapping[str, str]) -> dict[str, WatchedLink]:
    """Return by address the links of the main part that lead to what is watched (`known`).

    Written as they are kept: after a restart the same link must have the same name.
    """
    found: dict[str, WatchedLink] = {}
    for link in (link for block in page.main() for link in block.links):
        slug = known.get(request_of(link.target))
        if slug and len(found) < MOST_LEADS:
            lead = WatchedLink(text=clean(link.text, MOST_CHARACTERS), target=slug)
            found.setdefault(clean(link.target, MAX_URL), lead)
    return found


def says_gone(state: State | None) -> Outage | None:
    """Return the open outage that says of an address that it does not exist, None without one.

    It began with that answer, and the last check still had it: an outage of another nature in
    which one such answer strayed says nothing of the kind.
    """
    if state is None or state.outage is None or state.verdict is not Verdict.DOWN:
        return None
    return state.outage if {state.reason, state.outage.reason} <= GONE else None


_KINDS = {
    PageEdge.LINK_BROKEN: ChangeKind.LINK_BROKEN,
    PageEdge.LINK_RESTORED: ChangeKind.LINK_RESTORED,
}


def told(edge: PageEdge, some: Iterable[DeadLink]) -> Change | None:
    """Return what is told of links; nothing of one that left: its text's change tells it."""
    kind = _KINDS.get(edge)
    if kind is None:
        return None
    edits = tuple(
        LinkEdit(kind=kind, text=one.text, before=one.address, after=one.address) for one in some
    )
    summary = change_sentences.summary((kind,), pieces=(), links=edits)
    return Change(kinds=(kind,), weight=Weight.MAJOR, summary=summary, links=edits)
