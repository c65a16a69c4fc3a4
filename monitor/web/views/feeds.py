"""The content of the Atom feeds (RFC 4287). Pure except for the queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.config import Config
from monitor.core.notices.feed_entries import FeedEntry, change_entry, incident_entry
from monitor.core.untrusted.xml_text import xml_line
from monitor.figures.recorded_targets import recorded_targets
from monitor.web.record_reads import RecordReads
from monitor.web.views.incident_list import incident_lines

MOST = 40  # entries of a feed
MOST_READ = 200  # incidents that are searched: one that began long ago may end today
DAWN = datetime(1970, 1, 1, tzinfo=UTC)  # of a feed without any entry, on a record without any run


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedScope:
    """What a feed is about.

    Attributes:
        place: Where it is on our site, without a slash before.
        title: What readers call it.
        page: The page that shows the same.
        targets: Only these, None for all.

    """

    place: str
    title: str
    page: str
    targets: frozenset[str] | None = None
    incidents: bool = True
    changes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A whole feed, its entries from the newest to the oldest.

    Attributes:
        name: What identifiers begin with: the journal's name, which never changes.
        site: Address of our pages, with a slash at its end.

    """

    scope: FeedScope
    name: str
    site: str
    author: str
    updated: datetime
    entries: tuple[FeedEntry, ...]


def feed(reads: RecordReads, config: Config, scope: FeedScope) -> Feed:
    """Read the newest of what a feed is about."""
    entries: list[FeedEntry] = []
    if scope.incidents:
        entries += _incidents(reads, config, scope)
    if scope.changes:
        entries += _changes(reads, config, scope)
    entries.sort(key=lambda entry: (entry.updated, entry.place), reverse=True)
    runs = reads.runs()[:1]
    began = runs[0].started_at if runs else DAWN
    site = config.publisher.site.rstrip("/")
    origin = config.journaling.origin.removesuffix("/journal")
    return Feed(
        scope=scope,
        name=f"https://{origin}" if origin else site,
        site=f"{site}/",
        author=xml_line(config.publisher.association, 200),
        updated=max((entry.updated for entry in entries), default=began),
        entries=tuple(entries[:MOST]),
    )


def _incidents(reads: RecordReads, config: Config, scope: FeedScope) -> Iterable[FeedEntry]:
    known = recorded_targets(
        (state.target for state in reads.states()), reads.definitions(), config
    )
    newest = reads.incidents(newest=MOST_READ)
    matching = [
        one
        for one in reversed(newest)
        if scope.targets is None or any(target in scope.targets for target, _ in one.outages)
    ]
    for line in incident_lines(reads, known, matching):
        if line.outages and line.incident.number is not None:
            yield incident_entry(
                line.incident.number,
                [outage for outage, _ in line.outages],
                {target.slug: target.name for _, target in line.outages},
                is_open=line.incident.closed_at is None,
            )


def _changes(reads: RecordReads, config: Config, scope: FeedScope) -> Iterable[FeedEntry]:
    changes = reads.page_changes(targets=scope.targets, announced_only=True, limit=MOST)
    for change in changes:
        target = config.by_slug.get(change.target)
        yield change_entry(change, target.name if target else change.target)
