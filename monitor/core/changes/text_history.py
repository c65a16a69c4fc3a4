"""From readings to versions: a fold over what one page shows to one point.

A text is believed at its second reading. Until then, and when it disappears again, it is
recorded but not announced. Texts that alternate are announced once, and then need many readings
to be believed; a text never read before is believed at its second reading as always, so that a
flapping banner hides no change.

When our own rules of reading change, the text that we believe is first read again, by the new
rules, from its archived bytes (`retake`). The next reading is then like any other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.changes.change import Change, ChangeKind, Weight
from monitor.core.changes.compare import compare, obstacle
from monitor.core.changes.page_events import PageEdge, PageEvent, PageReading, ShownPage, Version

CONFIRMING = 2  # readings of a text that make it the page's
SETTLING = 12  # the same for a text that alternates with others, or has nothing in common
ALTERNATING = 2  # returns to the earlier text, within SETTLING readings, of alternating texts
MOST_CANDIDATES = 6  # other texts in a row, no two of which agree: they alternate too
MOST_REMEMBERED = 500  # digests remembered of one page, the newest

REPLACED = "Page remplacée : le nouveau texte n’a rien en commun avec le précédent."
REMOVED = "Page retirée : le site répond qu’elle n’existe plus."
RETAKEN = (
    "Nos règles de lecture ont changé. La copie exacte de la page a été relue avec les "
    "nouvelles : ce qui diffère vient d’elles."
)
NO_COPY = (
    "Nos règles de lecture ont changé, et aucune copie exacte de l’ancien texte, lisible et assez "
    "récente, ne permet de distinguer ce qui vient d’elles de ce qui vient de la page : une "
    "modification entre ces deux relevés n’est pas annoncée."
)


LOST = (
    "La base a été refaite depuis le journal, et aucune copie n’a rendu l’ancien texte : une "
    "modification entre ces deux relevés n’est pas annoncée."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextHistory:
    """All that the fold remembers of one page.

    Attributes:
        current: The text that we believe the page to have.
        candidates: Other texts read since `current` last was, oldest first.
        previous: Digests of the texts that we believed before, oldest first.
        rejected: Digests of those that we never believed, oldest first.
        stable_count: Readings of `current` in a row.
        flips: Times that another text came and went, since `stable_count` last reached `SETTLING`.
        removed: The site said that the page is gone.

    """

    target: str
    point: str
    current: ShownPage | None = None
    candidates: tuple[ShownPage, ...] = ()
    previous: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    stable_count: int = 0
    flips: int = 0
    flapping: bool = False
    removed: bool = False


HistoryStep = tuple[TextHistory, tuple[PageEvent, ...]]


def advance(history: TextHistory, reading: PageReading) -> HistoryStep:
    """Fold one more reading; return the new history and its events.

    Whatever the input, the texts that were believed do not overlap in time, and
    `before.last_at < after.first_at`. A reading that is not later than the last one is left
    out: our clock stepped back.
    """
    current = history.current
    if current is None:
        first = _shown(reading, before_at=None)
        event = _event(history, PageEdge.FIRST, reading.at, None, first)
        return replace(history, current=first, stable_count=1), (event,)
    if reading.at <= _last_at(history, current):
        return history, ()
    events: tuple[PageEvent, ...] = ()
    if history.removed:
        history = replace(history, removed=False)
        events = (_event(history, PageEdge.RESTORED, reading.at, current, None),)
    if reading.packed.extraction_version != current.packed.extraction_version:
        step, more = _reread(history, current, reading, NO_COPY)
    elif not current.packed.known:
        step, more = _find_again(history, current, reading)
    elif _same(current, reading):
        step, more = _confirm(history, current, reading)
    else:
        step, more = _doubt(history, current, reading)
    return step, (*events, *more)


def gone(history: TextHistory, at: datetime) -> HistoryStep:
    """Record that a confirmed outage shows that the page does not exist any more."""
    if history.current is None or history.removed:
        return history, ()
    change = Change(kinds=(ChangeKind.PAGE_REMOVED,), weight=Weight.MAJOR, summary=REMOVED)
    event = _event(history, PageEdge.REMOVED, at, history.current, None, change)
    return replace(history, removed=True), (event,)


def retake(history: TextHistory, copy: PageReading, at: datetime) -> HistoryStep:
    """Adopt a new version of our own rules, by the same bytes read by them.

    Args:
        history: Its `current` was read by other rules.
        copy: What the new rules read in its bytes; `copy.at` is the last instant at which the
        page is known to have shown that. A stay is named by its start: unless this instant
        is later than the start of the old one, nothing changes.
        at: The instant of the event.

    """
    current = history.current
    if current is None or copy.at <= current.version.first_at:
        return history, ()
    after = _shown(copy, before_at=current.version.before_at)
    return _technical(history, current, after, at, RETAKEN)


def renamed(history: TextHistory, names: Mapping[str, str]) -> TextHistory:
    """Replace the digests of earlier texts: `names` gives the new ones by the old."""

    def new(digests: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names.get(name, name) for name in digests))

    return replace(history, previous=new(history.previous), rejected=new(history.rejected))


def in_doubt(history: TextHistory) -> bool:
    """Return whether another reading soon would settle whether the text changed."""
    alone = all(candidate.version.checks < CONFIRMING for candidate in history.candidates)
    return bool(history.candidates) and alone and not history.flapping


def _same(current: ShownPage, reading: PageReading) -> bool:
    if reading.sha256 == current.version.sha256:
        return True
    if obstacle(current.page, reading.page):
        return False
    return compare(current.page, reading.page) is None


def _confirm(history: TextHistory, current: ShownPage, reading: PageReading) -> HistoryStep:
    """Fold a reading of the text that we believe."""
    if history.candidates:
        history, events = _dismiss(history, current, reading.at)
    else:
        history, events = replace(history, stable_count=history.stable_count + 1), ()
    history = replace(history, current=_again(current, reading.at))
    if history.stable_count < SETTLING:
        return history, events
    if history.flapping:
        events = (*events, _event(history, PageEdge.SETTLED, reading.at, current, None))
    return replace(history, flips=0, flapping=False), events


def _dismiss(history: TextHistory, current: ShownPage, at: datetime) -> HistoryStep:
    """Reject the candidates; record that the texts alternate when this happens too often."""
    unsure = () if history.flapping else _unconfirmed(history, current, history.candidates, at)
    history = replace(
        history,
        candidates=(),
        rejected=_knowing(history.rejected, *history.candidates),
        stable_count=1,
        flips=history.flips + 1,
    )
    return _flapping(history, current, unsure, at)


def _flapping(
    history: TextHistory, current: ShownPage, events: tuple[PageEvent, ...], at: datetime
) -> HistoryStep:
    """Add, the first time only, the event that the texts of these events alternate."""
    if history.flips < ALTERNATING or history.flapping or not events:
        return history, events
    flapping = _event(history, PageEdge.FLAPPING, at, current, events[-1].after)
    return replace(history, flapping=True), (*events, flapping)


def _doubt(history: TextHistory, current: ShownPage, reading: PageReading) -> HistoryStep:
    """Fold a reading of another text: one more candidate, or the new text when readings agree."""
    earlier = next(
        (text for text in history.candidates if text.version.sha256 == reading.sha256),
        None,
    )
    candidate = (
        _again(earlier, reading.at)
        if earlier
        else _shown(reading, before_at=current.version.last_at)
    )
    # The one just read goes last; when there are too many, the oldest is forgotten.
    rest = [text for text in history.candidates if text is not earlier]
    history = replace(history, candidates=(*rest, candidate)[-MOST_CANDIDATES:], stable_count=0)
    if candidate.version.checks >= _needed(history, current, candidate):
        return _turn(history, current, candidate, reading.at)
    if len(history.candidates) < MOST_CANDIDATES or history.flapping:
        return history, ()
    flapping = _event(history, PageEdge.FLAPPING, reading.at, current, candidate)
    return replace(history, flapping=True), (flapping,)


def _needed(history: TextHistory, current: ShownPage, candidate: ShownPage) -> int:
    if obstacle(current.page, candidate.page):
        return SETTLING
    known_texts = {*history.previous, *history.rejected}
    since = [
        text for text in history.candidates if text.version.last_at >= candidate.version.first_at
    ]
    old = any(text.version.sha256 in known_texts for text in since)
    return SETTLING if history.flapping and old else CONFIRMING


def _turn(
    history: TextHistory, current: ShownPage, candidate: ShownPage, at: datetime
) -> HistoryStep:
    """Believe another text from now on."""
    back = candidate.version.sha256 in history.previous
    edge = PageEdge.RETURNED if back else PageEdge.CHANGED
    if obstacle(current.page, candidate.page):
        edge = PageEdge.REPLACED
        change: Change | None = Change(
            kinds=(ChangeKind.REPLACED,), weight=Weight.MAJOR, summary=REPLACED
        )
    else:
        change = compare(current.page, candidate.page)
    rest = [text for text in history.candidates if text is not candidate]
    unsure = () if history.flapping else _unconfirmed(history, current, rest, at)
    turned = _event(history, edge, at, current, candidate, change)
    history = replace(
        history,
        current=candidate,
        candidates=(),
        previous=_knowing(history.previous, current),
        rejected=_knowing(history.rejected, *rest),
        stable_count=candidate.version.checks,
        flips=history.flips + back,
    )
    return _flapping(history, current, (*unsure, turned), at)


def _find_again(history: TextHistory, current: ShownPage, reading: PageReading) -> HistoryStep:
    """Fold a reading when only the digest of the believed text is left."""
    if reading.sha256 != current.version.sha256:
        return _reread(history, current, reading, LOST)
    return _confirm(history, replace(current, packed=reading.packed), reading)


def _reread(
    history: TextHistory, current: ShownPage, reading: PageReading, summary: str
) -> HistoryStep:
    """Take the next reading as the page's text, since no copy of the previous text can be read.

    A difference may come from the page or from our rules: it is not announced as a change.
    """
    after = _shown(reading, before_at=current.version.last_at)
    return _technical(history, current, after, reading.at, summary)


def _technical(
    history: TextHistory, current: ShownPage, after: ShownPage, at: datetime, summary: str
) -> HistoryStep:
    change = Change(kinds=(ChangeKind.TECHNICAL,), weight=Weight.COSMETIC, summary=summary)
    event = _event(history, PageEdge.TECHNICAL, at, current, after, change)
    previous = _knowing(history.previous, current)
    return replace(history, current=after, candidates=(), previous=previous, stable_count=1), (
        event,
    )


def _unconfirmed(
    history: TextHistory, current: ShownPage, candidates: Iterable[ShownPage], at: datetime
) -> tuple[PageEvent, ...]:
    return tuple(
        _event(history, PageEdge.UNCONFIRMED, at, current, candidate) for candidate in candidates
    )


def _knowing(digests: tuple[str, ...], *texts: ShownPage) -> tuple[str, ...]:
    """Add the digests of some texts, each once; the oldest beyond `MOST_REMEMBERED` are dropped."""
    distinct = dict.fromkeys((*digests, *(text.version.sha256 for text in texts)))
    return tuple(distinct)[-MOST_REMEMBERED:]


def _again(shown: ShownPage, at: datetime) -> ShownPage:
    version = replace(shown.version, last_at=at, checks=shown.version.checks + 1)
    return replace(shown, version=version)


def _last_at(history: TextHistory, current: ShownPage) -> datetime:
    return max(text.version.last_at for text in (current, *history.candidates))


def _shown(reading: PageReading, *, before_at: datetime | None) -> ShownPage:
    version = Version(
        sha256=reading.sha256,
        body_sha256=reading.body_sha256,
        url=reading.url,
        title=reading.packed.title,
        updated_on=reading.packed.updated_on,
        extraction_version=reading.packed.extraction_version,
        before_at=before_at,
        first_at=reading.at,
        last_at=reading.at,
    )
    return ShownPage(version=version, packed=reading.packed)


def _event(  # noqa: PLR0913, PLR0917 -- the fields of an event, in the order of their story
    history: TextHistory,
    edge: PageEdge,
    at: datetime,
    before: ShownPage | None,
    after: ShownPage | None,
    change: Change | None = None,
) -> PageEvent:
    return PageEvent(
        edge=edge,
        at=at,
        target=history.target,
        point=history.point,
        before=before.version if before else None,
        after=after,
        change=change,
    )
