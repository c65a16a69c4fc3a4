"""From the record to the outbox: the edges and changes since the last plan become notices.

The record itself is the head of the outbox: an edge is in its table in the transaction of its
check, or not at all. A plan reads what came after the cursor and writes notices, messages and the
new cursor together, so that a stop at any point neither loses nor repeats one.
"""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from monitor.alerts.rows import write_rows
from monitor.config import Config, Relay
from monitor.core.notices.notice import Notice, NoticeKind
from monitor.core.notices.threads import OutageEdge, Thread, absorb, plan
from monitor.core.notices.timing import PATIENCE
from monitor.core.notices.topics import interests_of, topics_of
from monitor.runtime.clock import Clock
from monitor.store import Store
from monitor.store.reads.alert_reads import MOST_EVENTS, AnnouncedChange, RecordedEdge
from monitor.store.writing import outbox_writes, subscriber_writes
from monitor.store.writing.outbox_writes import NoticePlan

PLAN_S = 1.0
DIGEST_S = 30.0
TIDY_S = 3_600.0
NEVER_CONFIRMED = timedelta(hours=48)
CONSENT = timedelta(days=365)
ASKED_AGAIN = CONSENT - timedelta(days=31)
HISTORY = timedelta(days=40)  # of messages that ended; longer than a consent is asked for again

log = structlog.get_logger(__name__)


class Planning:
    """Decides what is sent. One at a time on a database."""

    def __init__(self, *, store: Store, config: Config, relay: Relay | None, clock: Clock) -> None:
        self._store = store
        self._relay = relay
        self._clock = clock
        self._targets = config.by_slug
        self._components = config.figures.components

    async def plan(self) -> int:
        """Plan what the record has since the last time; return how many notices."""
        before = await asyncio.to_thread(self._store.alert_cursor)
        if before is None:  # what happened before alerts were set up is not news
            newest = await asyncio.to_thread(self._store.newest_event)
            await self._write(None, newest, (), ())
            return 0
        edges, changes, threads = await asyncio.to_thread(self._read, before)
        cursor = _horizon(before, edges, changes)
        following = threads
        for edge in edges:
            outage_edge = self._edge(edge)
            if edge.leaf <= cursor and outage_edge is not None:
                following = absorb(following, outage_edge)
        following, of_incidents = plan(following, self._clock.now())
        of_pages = [self._page(change) for change in changes if change.number <= cursor]
        notices = (*of_incidents, *filter(None, of_pages))
        if cursor != before or following != threads or notices:
            await self._write(before, cursor, following, notices)
        for notice in notices:
            log.info("notice", key=notice.key, kind=notice.kind.value)
        return len(notices)

    def _read(
        self, cursor: int
    ) -> tuple[tuple[RecordedEdge, ...], tuple[AnnouncedChange, ...], tuple[Thread, ...]]:
        store = self._store
        return store.edges_after(cursor), store.announced_after(cursor), store.alert_threads()

    async def _write(
        self,
        before: int | None,
        cursor: int,
        threads: tuple[Thread, ...],
        notices: tuple[Notice, ...],
    ) -> None:
        made = NoticePlan(
            before=before,
            cursor=cursor,
            threads=threads,
            notices=notices,
            now=self._clock.now(),
            daily=self._relay.person_cap if self._relay else 0,  # without mail, nobody has one
        )
        await write_rows(self._store, lambda c: outbox_writes.write_plan(c, made))

    def _edge(self, edge: RecordedEdge) -> OutageEdge | None:
        target = self._targets.get(edge.target)
        if target is None:  # no longer checked: nobody follows it
            return None
        return OutageEdge(
            number=edge.number,
            platform=target.platform,
            topics=topics_of(target, self._components),
            first_fail_at=edge.first_fail_at,
            at=edge.at,
            ends=edge.ends,
        )

    def _page(self, change: AnnouncedChange) -> Notice | None:
        target = self._targets.get(change.target)
        if target is None:
            return None
        return Notice(
            key=f"change/{change.number}",
            kind=NoticeKind.PAGE,
            thread=f"change/{change.number}",
            at=self._clock.now(),
            to=topics_of(target, self._components),
            interests=interests_of(change.kinds, change.weight),
            numbers=(change.number,),
        )

    async def digests(self) -> None:
        """Make the digests that are due."""
        now = self._clock.now()
        await write_rows(self._store, lambda c: outbox_writes.gather_digests(c, now))

    async def tidy(self) -> None:
        """Delete who did not confirm and what is old; ask again for old consents."""
        now = self._clock.now()

        def work(connection: Connection) -> None:
            subscriber_writes.purge(
                connection, asked_before=now - NEVER_CONFIRMED, confirmed_before=now - CONSENT
            )
            for number, given_at in subscriber_writes.to_renew(connection, now - ASKED_AGAIN):
                notice = Notice(
                    key=f"consent/{number}/{given_at.isoformat()}",
                    kind=NoticeKind.CONFIRM,
                    thread=f"consent/{number}",
                    at=now,
                )
                outbox_writes.write_personal(connection, notice, number, now)
            outbox_writes.expire(connection, now - PATIENCE, now)
            outbox_writes.forget_old(connection, now - HISTORY)

        await write_rows(self._store, work)


def _horizon(
    before: int, edges: tuple[RecordedEdge, ...], changes: tuple[AnnouncedChange, ...]
) -> int:
    """Return the leaf up to which both readings are complete."""
    leaves = ([edge.leaf for edge in edges], [change.number for change in changes])
    cut = [numbers[-1] for numbers in leaves if len(numbers) == MOST_EVENTS]
    return min(cut) if cut else max((before, *leaves[0], *leaves[1]))
