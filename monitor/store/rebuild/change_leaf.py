"""One `change` leaf, its links and its summary, as they were when it was recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from monitor.core.changes.change import ChangeKind
from monitor.core.changes.compare import compare
from monitor.core.changes.dead_links import WatchedLink, announced_change, leads, request_of
from monitor.core.changes.page_events import (
    OF_LINKS,
    DeadLink,
    PageEdge,
    ShownPage,
)
from monitor.core.changes.text_history import NO_COPY, REMOVED, REPLACED, RETAKEN
from monitor.core.french import change_sentences
from monitor.core.text import link_normalisation
from monitor.core.text.packed import PackedPage
from monitor.store.reads.copy_reads import Subject
from monitor.store.tables.check_tables import (
    table_of,
)
from monitor.store.tables.page_tables import DeadLinkRow

_LINK = table_of(DeadLinkRow)

Leaf = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLeaf:
    """A change, and what was known when it was recorded.

    Attributes:
        urls: Of the targets that its links lead to.
        gone: Of each of them, the first failing check of the outage that was open.

    """

    idx: int
    leaf: Leaf
    urls: Mapping[str, str]
    gone: Mapping[str, datetime]

    @property
    def subject(self) -> Subject:
        return self.leaf["target"], self.leaf["point"]

    @property
    def edge(self) -> PageEdge:
        return PageEdge(self.leaf["edge"])


def is_reread(change: ChangeLeaf) -> bool:
    before, after = change.leaf["before"], change.leaf["after"]
    same: bool = before["body_sha256"] == after["body_sha256"]
    return change.edge is PageEdge.TECHNICAL and same


def links_of(
    connection: Connection, subject: int, change: ChangeLeaf, shown: PackedPage | None
) -> tuple[DeadLink, ...]:
    """Return the links that a change is about: those of the page that lead to its targets."""
    rows = connection.execute(
        select(_LINK).where(_LINK.c.subject_id == subject, _LINK.c.ended_id.is_(None))
    )
    dead = {
        row.address: DeadLink(
            text=row.text, address=row.address, target=row.target, gone_at=row.gone_at
        )
        for row in rows
    }
    slugs = {
        request_of(link_normalisation.target(url, base=None)): slug
        for slug, url in change.urls.items()
    }
    page = shown.page if shown and shown.known else None
    current_links = leads(page, slugs) if page else {}
    if change.edge is PageEdge.LINK_BROKEN:
        # For a missing text, the address of the target itself: how the page wrote it is unknown.
        new = (
            current_links
            if page
            else {address: WatchedLink(text="", target=of) for address, of in slugs.items()}
        )
        return tuple(
            DeadLink(
                text=lead.text,
                address=address,
                target=lead.target,
                gone_at=change.gone[lead.target],
            )
            for address, lead in new.items()
            if address not in dead and lead.target in change.gone
        )
    dead_links = [link for link in dead.values() if link.target in change.leaf.get("leads_to", ())]
    if change.edge is PageEdge.LINK_DROPPED and page is not None:
        dropped = [link for link in dead_links if link.address not in current_links]
        dropped_targets = {link.target for link in dropped}
        dead_links = [
            *dropped,
            *(link for link in dead_links if link.target not in dropped_targets),
        ]
    return tuple(dead_links)


def summary_of_change(
    change: ChangeLeaf, old: PackedPage | None, shown: ShownPage | None, dead: tuple[DeadLink, ...]
) -> str:
    """Return the summary of a change; without excerpts when a text is missing."""
    kinds = tuple(map(ChangeKind, change.leaf.get("kinds", ())))
    if not kinds:
        return ""
    if change.edge in OF_LINKS:
        of_links = announced_change(change.edge, dead)
        return of_links.summary if of_links else ""
    fixed = {PageEdge.REPLACED: REPLACED, PageEdge.REMOVED: REMOVED}
    if change.edge in fixed:
        return fixed[change.edge]
    if change.edge is PageEdge.TECHNICAL:
        return RETAKEN if is_reread(change) else NO_COPY
    if old and shown and old.known and shown.packed.known:
        difference = compare(old.page, shown.page)
        if difference is not None and difference.kinds == kinds:
            return difference.summary
    return change_sentences.summary(kinds, edits=(), links=())
