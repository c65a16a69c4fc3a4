"""Reads the pages whose text is followed, and remembers what each of them says."""

import hashlib
from asyncio import Semaphore, to_thread
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from monitor.core.changes.events import PageEvent, Reading, Shown, Version, text_digest
from monitor.core.changes.versions import Track, advance, gone, in_doubt
from monitor.core.checks import MAX_URL, without_tokens
from monitor.core.checks import clean as clean_text
from monitor.core.pages.clean import clean, digest, is_cut
from monitor.core.pages.packed import PackedPage
from monitor.core.pages.page import Element
from monitor.core.pages.read import read_clean
from monitor.core.types import (
    Edge,
    Event,
    Exchange,
    Judgement,
    Kind,
    Observation,
    Reason,
    Target,
    Verdict,
)
from monitor.metrics import PageSeen
from monitor.store import Store

# Homes of prefectures turn over their news every day: their availability is followed, not
# their text (docs/decisions/0013).
FOLLOWED = frozenset({Kind.PAGE})
# Degraded for these, the page is whole all the same. For any other reason (an error text, an
# empty shell, a missing marker, another site) it is not the page, and makes no version.
WHOLE = frozenset({Reason.SLOW, Reason.TLS_CHAIN_INCOMPLETE})


def pages_seen(store: Store) -> dict[str, PageSeen]:
    """Return what metrics must know of every page that was read before this process."""
    offered: dict[str, set[Element]] = defaultdict(set)
    for fact in store.page_facts(stated_only=True):
        if not fact.negated:
            offered[fact.target].add(fact.element)
    changed_at = store.last_page_changes()
    dead = Counter(one.page for one in store.dead_links(dead_only=True))
    return {
        slug: PageSeen(
            updated_on=version.updated_on,
            offered=frozenset(offered[slug]),
            changed_at=changed_at.get(slug),
            dead_links=dead[slug],
        )
        for slug, version in store.current_versions().items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What was read of a page last: the same bytes, or the same but for noise, say the same."""

    body_sha256: str
    cleaned: str  # digest of what is left without the noise
    text_sha256: str
    packed: PackedPage


class PageBook:
    """What every followed page said last. For one event loop, one check of a target at a time."""

    def __init__(self, tracks: Iterable[Track], *, point: str) -> None:
        self._point = point
        self._tracks = {track.target: track for track in tracks}
        # Threads that parse share one interpreter with the probes: one at a time, or after a
        # start on a long list the probes would be starved by their own answers.
        self._one = Semaphore(1)
        self._last: dict[str, _Read] = {}

    async def read(
        self, target: Target, observation: Observation, events: Iterable[Event]
    ) -> tuple[Version | None, tuple[PageEvent, ...]]:
        """Fold one check: the text that we believe if it was read, and what happened to it.

        `events` are the edges of outages that the same check made.
        """
        if target.kind not in FOLLOWED:
            return None, ()
        track = self._track(target.slug)
        if _says_gone(events):
            self._tracks[target.slug], found = gone(track, observation.at)
            return None, found
        if not _is_the_page(observation.judgement):
            return None, ()
        reading = await self._reading(target.slug, observation)
        if reading is None:
            return None, ()
        before = track.current
        track, found = advance(track, reading)
        self._tracks[target.slug] = track
        current = track.current
        return (current.version if current and current != before else None), found

    def shown(self, slug: str) -> Shown | None:
        """Return the text that we believe of a page."""
        return self._tracks[slug].current if slug in self._tracks else None

    def in_doubt(self, slug: str) -> bool:
        """Tell whether another reading soon would settle whether a page changed."""
        return slug in self._tracks and in_doubt(self._tracks[slug])

    def _track(self, slug: str) -> Track:
        return self._tracks.get(slug) or Track(target=slug, point=self._point)

    async def _reading(self, slug: str, observation: Observation) -> Reading | None:
        """Read the body, but parse it only when it differs from the last by more than noise."""
        exchange = observation.exchange
        body = hashlib.sha256(exchange.body).hexdigest()
        known = self._last.get(slug)
        if known is None or known.body_sha256 != body:
            async with self._one:
                known = await to_thread(_read, exchange, body, known)
            if known is None:
                return None
            self._last[slug] = known
        return Reading(
            at=observation.at,
            sha256=known.text_sha256,
            body_sha256=body,
            url=without_tokens(clean_text(exchange.final_url, MAX_URL)),
            packed=known.packed,
        )


def _read(exchange: Exchange, body_sha256: str, last: _Read | None) -> _Read | None:
    """Read a body that is not the last one; None when it is no page to compare."""
    cleaned = clean(exchange.body, charset=exchange.charset or None)
    name = digest(cleaned)
    if last is not None and last.cleaned == name:
        return replace(last, body_sha256=body_sha256)
    cut = is_cut(exchange.body, cleaned)
    page = read_clean(cleaned, url=exchange.final_url, cut=cut)
    if page.obstacle:
        return None
    return _Read(
        body_sha256=body_sha256,
        cleaned=name,
        text_sha256=text_digest(page),
        packed=PackedPage.of(page),
    )


def _is_the_page(judgement: Judgement) -> bool:
    degraded = judgement.verdict is Verdict.DEGRADED and judgement.reason in WHOLE
    return judgement.verdict is Verdict.UP or degraded


def _says_gone(events: Iterable[Event]) -> bool:
    return any(
        event.edge is Edge.OUTAGE_OPENED and event.outage and event.outage.reason is Reason.GONE
        for event in events
    )
