"""Reads the pages whose text is followed, and keeps the history of each."""

import hashlib
from asyncio import Semaphore, to_thread
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from monitor.core.changes.page_events import PageEvent, PageReading, ShownPage, Version, text_digest
from monitor.core.changes.text_history import (
    HistoryStep,
    TextHistory,
    advance,
    gone,
    in_doubt,
    renamed,
    retake,
)
from monitor.core.model import (
    FOLLOWED,
    Event,
    Exchange,
    Judgement,
    Observation,
    Reason,
    Target,
    Transition,
    Verdict,
)
from monitor.core.model.check import MAX_URL, without_tokens
from monitor.core.model.check import clean as clean_text
from monitor.core.text.packed import PackedPage
from monitor.core.text.page import Element
from monitor.core.text.read import read_page
from monitor.metrics import PageMetrics
from monitor.probe.page_archive import Archive
from monitor.store import Store

P = ParamSpec("P")
T = TypeVar("T")

# A page that is degraded for these reasons is complete all the same. For any other reason (an
# error text, an empty shell, a missing marker, another site) it makes no version.
WHOLE = frozenset({Reason.SLOW, Reason.TLS_CHAIN_INCOMPLETE})
# How many earlier texts of a page are read again when our own rules have changed.
MOST_RENAMED = 20  # texts, the newest
RENAMING_US = 5_000_000  # no other is begun after that
# A page that took long to read or to compare is not read for a while: a few such pages must not
# take all of the interpreter's time, nor delay the others. Its checks go on.
LONG_US = 250_000
RESTS = 20  # times as long as that took


def metrics_of_pages(store: Store, tracks: Iterable[TextHistory]) -> dict[str, PageMetrics]:
    """Return the metrics of every page that was read before this process started, by slug."""
    offered: dict[str, set[Element]] = defaultdict(set)
    for fact in store.page_facts(stated_only=True):
        if not fact.negated:
            offered[fact.target].add(fact.element)
    changed_at = store.last_page_changes()
    dead = Counter(link.page for link in store.dead_links(dead_only=True))
    shown = {track.target: track.current.packed for track in tracks if track.current}
    return {
        slug: PageMetrics(
            updated_on=version.updated_on,
            offered=frozenset(offered[slug]),
            changed_at=changed_at.get(slug),
            dead_links=dead[slug],
            compared_permille=shown[slug].compared_permille if slug in shown else None,
        )
        for slug, version in store.current_versions().items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The last reading of a page: equal bytes are the same text."""

    body_sha256: str
    text_sha256: str
    packed: PackedPage


class PageTracker:
    """The history of every followed page. For one event loop, one check of a target at a time.

    `archive` has the bytes to read again when our own rules have changed.
    """

    def __init__(
        self, tracks: Iterable[TextHistory], *, point: str, archive: Archive | None = None
    ) -> None:
        self._point = point
        self._archive = archive
        self._renamed: set[str] = set()  # pages whose earlier texts go by their new names
        self._tracks = {track.target: track for track in tracks}
        # Threads that parse share one interpreter with the probes: one at a time, or after a
        # start with a long list the probes would be starved by their own answers.
        self._one = Semaphore(1)
        self._one_long = Semaphore(1)
        self._unread_until_us: dict[str, int] = {}  # of the pages that took long
        self._last: dict[str, _Read] = {}

    async def read(
        self, target: Target, observation: Observation, events: Iterable[Event]
    ) -> tuple[Version | None, tuple[PageEvent, ...]]:
        """Fold one check; return the believed text if it was read or changed, and the events.

        `events` are the edges of outages that the same check made.
        """
        if target.kind not in FOLLOWED:
            return None, ()
        track = self._track(target.slug)
        if _confirm_removal(events):
            self._tracks[target.slug], events_of_page = gone(track, observation.at)
            return None, events_of_page
        if not _is_the_page(observation.judgement):
            return None, ()
        if self._rests(target.slug) and not self._is_known(track, observation):
            return None, ()
        reading = await self._reading(target.slug, observation)
        if reading is None:
            return None, ()
        track, events_of_rules = await self._reread_if_rules_changed(track, reading)
        before = track.current
        track, events_of_page = await self._folded(track, reading)
        self._tracks[target.slug] = track
        current = track.current
        version = current.version if current and current != before else None
        return version, (*events_of_rules, *events_of_page)

    def text_of(self, target: Target, exchange: Exchange) -> bytes:
        """Return the digest of the text of an exchange, if it was read last; else of its body."""
        body = hashlib.sha256(exchange.body)
        last = self._last.get(target.slug)
        same = last is not None and last.body_sha256 == body.hexdigest()
        return bytes.fromhex(last.text_sha256) if last and same else body.digest()

    def shown(self, slug: str) -> ShownPage | None:
        """Return the believed text of a page, None before the first."""
        return self._tracks[slug].current if slug in self._tracks else None

    def in_doubt(self, slug: str) -> bool:
        """Return whether another reading soon would settle whether a page changed."""
        return slug in self._tracks and in_doubt(self._tracks[slug])

    def _is_known(self, track: TextHistory, observation: Observation) -> bool:
        """Return whether an answer has exactly the bytes of the believed text."""
        current, last = track.current, self._last.get(track.target)
        if current is None or last is None:
            return False
        body = hashlib.sha256(observation.exchange.body).hexdigest()
        return (last.body_sha256, last.text_sha256) == (body, current.version.sha256)

    def _track(self, slug: str) -> TextHistory:
        return self._tracks.get(slug) or TextHistory(target=slug, point=self._point)

    async def _folded(self, track: TextHistory, reading: PageReading) -> HistoryStep:
        """Fold a reading, in a thread when texts must be compared, which may take seconds."""
        current = track.current
        if current is None or current.version.sha256 == reading.sha256:
            return advance(track, reading)
        return await self._timed(track.target, advance, track, reading)

    async def _timed(self, slug: str, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Run work in a thread, one page at a time; pages that took long before queue apart.

        Without an archive there is no clock, and no page counts as long.
        """
        if self._archive is None:
            async with self._one:
                return await to_thread(work, *args, **more)
        clock, until_us = self._archive.clock, self._unread_until_us
        async with self._one_long if slug in until_us else nullcontext(), self._one:
            begun_us = clock.monotonic_us()
            result = await to_thread(work, *args, **more)
            now_us = clock.monotonic_us()
        if now_us - begun_us > LONG_US:
            until_us[slug] = max(until_us.get(slug, 0), now_us) + RESTS * (now_us - begun_us)
        return result

    def _rests(self, slug: str) -> bool:
        """Return whether a page that took long must not be read yet."""
        if self._archive is None or slug not in self._unread_until_us:
            return False
        return self._archive.clock.monotonic_us() < self._unread_until_us[slug]

    async def _reread_if_rules_changed(
        self, track: TextHistory, reading: PageReading
    ) -> HistoryStep:
        """Read the believed text again if other rules read it, to compare this reading to it."""
        current, archive = track.current, self._archive
        events: tuple[PageEvent, ...] = ()
        if current is None or archive is None:
            return track, ()
        rules = reading.packed.extraction_version
        if current.packed.extraction_version != rules:
            copy = await self._alone(_retaken, archive, track.target, current.version)
            if copy and copy.at == current.version.first_at and copy.sha256 == reading.sha256:
                copy = replace(copy, at=reading.at)  # the only later bytes, and they agree
            track, events = retake(track, copy, reading.at) if copy else (track, ())
            current = track.current or current
        another = current.version.sha256 != reading.sha256
        if another and current.packed.extraction_version == rules:
            track = await self._rehash_previous_texts(track, archive, rules)
        return track, events

    async def _rehash_previous_texts(
        self, track: TextHistory, archive: Archive, rules: str
    ) -> TextHistory:
        """Compute the digests of earlier texts again, at the first reading of another text.

        They are not recorded: texts that other rules read are marked by their version.
        """
        if track.target in self._renamed:
            return track
        self._renamed.add(track.target)
        old_digests, names = {*track.previous, *track.rejected}, dict[str, str]()
        due_us = archive.clock.monotonic_us() + RENAMING_US
        for version in await to_thread(archive.versions, track.target):
            if (
                version.extraction_version == rules
                or version.sha256 not in old_digests - names.keys()
            ):
                continue
            if len(names) == MOST_RENAMED or archive.clock.monotonic_us() > due_us:
                break
            again = await self._alone(_read_again, archive, track.target, version)
            names[version.sha256] = again.text_sha256 if again else version.sha256
        return renamed(track, names)

    async def _alone(
        self, work: Callable[[Archive, str, Version], T], archive: Archive, slug: str, of: Version
    ) -> T:
        async with self._one:
            return await to_thread(work, archive, slug, of)

    async def _reading(self, slug: str, observation: Observation) -> PageReading | None:
        """Read the body; it is parsed only when it differs from the last."""
        exchange = observation.exchange
        body = hashlib.sha256(exchange.body).hexdigest()
        last = self._last.get(slug)
        if last is None or last.body_sha256 != body:
            last = await self._timed(slug, _read, exchange, body)
            if last is None:
                return None
            self._last[slug] = last
        return PageReading(
            at=observation.at,
            sha256=last.text_sha256,
            body_sha256=body,
            url=without_tokens(clean_text(exchange.final_url, MAX_URL)),
            packed=last.packed,
        )


def _read(exchange: Exchange, body_sha256: str) -> _Read | None:
    """Read a body other than the last one; None when it has an obstacle."""
    page = read_page(exchange.body, url=exchange.final_url, charset=exchange.charset or None)
    if page.obstacle:
        return None
    return _Read(body_sha256=body_sha256, text_sha256=text_digest(page), packed=PackedPage.of(page))


def _read_again(archive: Archive, target: str, version: Version) -> _Read | None:
    """Read the body of a version by the current rules; None when there is no copy of it."""
    exchange = archive.body(target, version.body_sha256)
    return _read(exchange, version.body_sha256) if exchange else None


def _retaken(archive: Archive, target: str, version: Version) -> PageReading | None:
    """Read a stay again; None when no copy of its text can be read."""
    reread = _read_again(archive, target, version)
    if reread is None:
        return None

    def same(exchange: Exchange) -> bool:
        read = _read(exchange, "")
        return read is not None and read.text_sha256 == reread.text_sha256

    return PageReading(
        at=archive.shown_until(target, version, same),
        sha256=reread.text_sha256,
        body_sha256=version.body_sha256,
        url=version.url,
        packed=reread.packed,
    )


def _is_the_page(judgement: Judgement) -> bool:
    degraded = judgement.verdict is Verdict.DEGRADED and judgement.reason in WHOLE
    return judgement.verdict is Verdict.UP or degraded


def _confirm_removal(events: Iterable[Event]) -> bool:
    """Return whether an outage was confirmed that began with the answer that the page is gone."""
    return any(
        event.edge is Transition.OUTAGE_OPENED
        and event.outage
        and event.outage.reason is Reason.GONE
        for event in events
    )
