"""Links of a page whose address, watched for itself, is confirmed not to exist any more.

No request is made for them: the checks of the target that a link leads to decide. A temporary
failure, a refusal or an unknown result does not make a link dead, and a link to an address that
is no target is not judged at all.
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
    slug_of: dict[str, str] = {}
    for target in targets:
        slug_of.setdefault(
            request_of(link_normalisation.target(target.url, base=None)), target.slug
        )
    return slug_of


def leads(page: Page, slugs: Mapping[str, str]) -> dict[str, WatchedLink]:
    """Return by address the links of the main part that lead to a target (`slugs`).

    Written as they are kept: after a restart the same link must have the same name.
    """
    by_address: dict[str, WatchedLink] = {}
    for link in (link for block in page.main() for link in block.links):
        slug = slugs.get(request_of(link.target))
        if slug and len(by_address) < MOST_LEADS:
            lead = WatchedLink(text=clean(link.text, MOST_CHARACTERS), target=slug)
            by_address.setdefault(clean(link.target, MAX_URL), lead)
    return by_address


def says_gone(state: State | None) -> Outage | None:
    """Return the open outage that shows that an address does not exist; None without one.

    It began with that answer, and the last check still had it: an outage of another kind with one
    such answer in it proves nothing.
    """
    if state is None or state.outage is None or state.verdict is not Verdict.DOWN:
        return None
    return state.outage if {state.reason, state.outage.reason} <= GONE else None


_KINDS = {
    PageEdge.LINK_BROKEN: ChangeKind.LINK_BROKEN,
    PageEdge.LINK_RESTORED: ChangeKind.LINK_RESTORED,
}


def announced_change(edge: PageEdge, links: Iterable[DeadLink]) -> Change | None:
    """Return the change to announce for some links; None for links that left the page.

    The change of the page's text already shows that they left.
    """
    kind = _KINDS.get(edge)
    if kind is None:
        return None
    edits = tuple(
        LinkEdit(kind=kind, text=link.text, before=link.address, after=link.address)
        for link in links
    )
    summary = change_sentences.summary((kind,), edits=(), links=edits)
    return Change(kinds=(kind,), weight=Weight.MAJOR, summary=summary, links=edits)
