"""From readings to versions: a fold over what one page shows to one point.

A text is believed at its second reading. Until then, and when it goes away again, it is only
noted. Texts that take turns are told once, and then need a long stay to be believed; a text
never seen before is believed as quickly as ever, so that a flapping banner hides no change.

When our own rules of reading changed, the text that we believe is first read again, by the new
rules, in bytes that were kept of it (`retake`). The next reading is then like any other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.changes.change import Change, ChangeKind, Weight
from monitor.core.changes.compare import compare, obstacle
from monitor.core.changes.page_events import PageEdge, PageEvent, PageReading, ShownPage, Version

AGREEING = 2  # readings of a text that make it the page's
SETTLING = 12  # the same for a text that takes turns with others, or has nothing in common
WAVERS = 2  # returns to what was there, within SETTLING readings: the texts take turns
MOST_RIVALS = 6  # other texts in a row of which no two agree: they take turns too
MOST_KNOWN = 500  # texts remembered of one page, the newest

REPLACED = "Page remplacée : le nouveau texte n’a rien en commun avec le précédent."
REMOVED = "Page retirée : le site répond qu’elle n’existe plus."
RETAKEN = (
    "Nos règles de lecture ont changé. La copie exacte de la page a été relue avec les "
    "nouvelles : ce qui diffère vient d’elles."
)
NOT_RETAKEN = (
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
        current: What the page shows, as far as we believe it.
        rivals: Other texts read since `current` last was, oldest first.
        left: Digests of the texts that we believed before, oldest first.
        glimpsed: Digests of those that we never believed, oldest first.
        calm: Readings of `current` in a row.
        wavers: Times that another text came and went, since it was last calm.
        removed: The site said that the page is gone.

    """

    target: str
    point: str
    current: ShownPage | None = None
    rivals: tuple[ShownPage, ...] = ()
    left: tuple[str, ...] = ()
    glimpsed: tuple[str, ...] = ()
    calm: int = 0
    wavers: int = 0
    flapping: bool = False
    removed: bool = False


HistoryStep = tuple[TextHistory, tuple[PageEvent, ...]]


def advance(track: TextHistory, reading: PageReading) -> HistoryStep:
    """Fold one more reading, and say which edges it makes.

    Whatever the input, the texts that were believed do not overlap in time, and
    `before.last_at < after.first_at`. A reading that is not later than the last one is left
    out: our clock stepped back.
    """
    current = track.current
    if current is None:
        first = _shown(reading, before_at=None)
        event = _event(track, PageEdge.FIRST, reading.at, None, first)
        return replace(track, current=first, calm=1), (event,)
    if reading.at <= _last_at(track, current):
        return track, ()
    events: tuple[PageEvent, ...] = ()
    if track.removed:
        track = replace(track, removed=False)
        events = (_event(track, PageEdge.RESTORED, reading.at, current, None),)
    if reading.packed.extraction_version != current.packed.extraction_version:
        step, more = _reread(track, current, reading, NOT_RETAKEN)
    elif not current.packed.known:
        step, more = _find_again(track, current, reading)
    elif _same(current, reading):
        step, more = _confirm(track, current, reading)
    else:
        step, more = _doubt(track, current, reading)
    return step, (*events, *more)


def gone(track: TextHistory, at: datetime) -> HistoryStep:
    """Note that a confirmed outage says that the page does not exist any more."""
    if track.current is None or track.removed:
        return track, ()
    change = Change(kinds=(ChangeKind.PAGE_REMOVED,), weight=Weight.MAJOR, summary=REMOVED)
    event = _event(track, PageEdge.REMOVED, at, track.current, None, change)
    return replace(track, removed=True), (event,)


def retake(track: TextHistory, copy: PageReading, at: datetime) -> HistoryStep:
    """Take up a new version of our own rules: the same bytes, read by them.

    Args:
        track: Its `current` was read by other rules.
        copy: What the new rules read in its bytes; `copy.at` is the last instant at which the
            page is known to have shown that. A stay is named by its start: unless this instant
            is later than the old one's, nothing is taken up.
        at: Of the event.

    """
    current = track.current
    if current is None or copy.at <= current.version.first_at:
        return track, ()
    after = _shown(copy, before_at=current.version.before_at)
    return _technical(track, current, after, at, RETAKEN)


def renamed(track: TextHistory, names: Mapping[str, str]) -> TextHistory:
    """Know the texts of before by the digests that the new rules give: old to new."""

    def new(known: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names.get(name, name) for name in known))

    return replace(track, left=new(track.left), glimpsed=new(track.glimpsed))


def in_doubt(track: TextHistory) -> bool:
    """Tell whether another reading soon would settle whether the text changed."""
    alone = all(rival.version.checks < AGREEING for rival in track.rivals)
    return bool(track.rivals) and alone and not track.flapping


def _same(current: ShownPage, reading: PageReading) -> bool:
    if reading.sha256 == current.version.sha256:
        return True
    if obstacle(current.page, reading.page):
        return False
    return compare(current.page, reading.page) is None


def _confirm(track: TextHistory, current: ShownPage, reading: PageReading) -> HistoryStep:
    """Fold a reading of the text that we believe."""
    if track.rivals:
        track, events = _dismiss(track, current, reading.at)
    else:
        track, events = replace(track, calm=track.calm + 1), ()
    track = replace(track, current=_again(current, reading.at))
    if track.calm < SETTLING:
        return track, events
    if track.flapping:
        events = (*events, _event(track, PageEdge.SETTLED, reading.at, current, None))
    return replace(track, wavers=0, flapping=False), events


def _dismiss(track: TextHistory, current: ShownPage, at: datetime) -> HistoryStep:
    """Note that other texts came and went; the first time too often, that they take turns."""
    unsure = () if track.flapping else _unconfirmed(track, current, track.rivals, at)
    track = replace(
        track,
        rivals=(),
        glimpsed=_knowing(track.glimpsed, *track.rivals),
        calm=1,
        wavers=track.wavers + 1,
    )
    return _flapping(track, current, unsure, at)


def _flapping(
    track: TextHistory, current: ShownPage, events: tuple[PageEvent, ...], at: datetime
) -> HistoryStep:
    """Add, the first time, that the texts of these events take turns."""
    if track.wavers < WAVERS or track.flapping or not events:
        return track, events
    told = _event(track, PageEdge.FLAPPING, at, current, events[-1].after)
    return replace(track, flapping=True), (*events, told)


def _doubt(track: TextHistory, current: ShownPage, reading: PageReading) -> HistoryStep:
    """Fold a reading of another text: one more rival, or the new text when readings agree."""
    known = next((one for one in track.rivals if one.version.sha256 == reading.sha256), None)
    rival = (
        _again(known, reading.at) if known else _shown(reading, before_at=current.version.last_at)
    )
    # The one just read goes last; of too many, the oldest is forgotten.
    others = [one for one in track.rivals if one is not known]
    track = replace(track, rivals=(*others, rival)[-MOST_RIVALS:], calm=0)
    if rival.version.checks >= _needed(track, current, rival):
        return _turn(track, current, rival, reading.at)
    if len(track.rivals) < MOST_RIVALS or track.flapping:
        return track, ()
    told = _event(track, PageEdge.FLAPPING, reading.at, current, rival)
    return replace(track, flapping=True), (told,)


def _needed(track: TextHistory, current: ShownPage, rival: ShownPage) -> int:
    if obstacle(current.page, rival.page):
        return SETTLING
    seen = {*track.left, *track.glimpsed}
    since = [one for one in track.rivals if one.version.last_at >= rival.version.first_at]
    old = any(one.version.sha256 in seen for one in since)
    return SETTLING if track.flapping and old else AGREEING


def _turn(track: TextHistory, current: ShownPage, rival: ShownPage, at: datetime) -> HistoryStep:
    """Believe another text from now on."""
    back = rival.version.sha256 in track.left
    edge = PageEdge.RETURNED if back else PageEdge.CHANGED
    if obstacle(current.page, rival.page):
        edge = PageEdge.REPLACED
        change: Change | None = Change(
            kinds=(ChangeKind.PROCEDURE_TEXT,), weight=Weight.MAJOR, summary=REPLACED
        )
    else:
        change = compare(current.page, rival.page)
    others = [one for one in track.rivals if one is not rival]
    unsure = () if track.flapping else _unconfirmed(track, current, others, at)
    turned = _event(track, edge, at, current, rival, change)
    track = replace(
        track,
        current=rival,
        rivals=(),
        left=_knowing(track.left, current),
        glimpsed=_knowing(track.glimpsed, *others),
        calm=rival.version.checks,
        wavers=track.wavers + back,
    )
    return _flapping(track, current, (*unsure, turned), at)


def _find_again(track: TextHistory, current: ShownPage, reading: PageReading) -> HistoryStep:
    """Fold a reading beside a text of which only the digest is left."""
    if reading.sha256 != current.version.sha256:
        return _reread(track, current, reading, LOST)
    return _confirm(track, replace(current, packed=reading.packed), reading)


def _reread(
    track: TextHistory, current: ShownPage, reading: PageReading, summary: str
) -> HistoryStep:
    """Take the next reading for the page's text, for want of a copy of what it said before.

    What differs may be the page's as well as ours: it is not told as a change.
    """
    after = _shown(reading, before_at=current.version.last_at)
    return _technical(track, current, after, reading.at, summary)


def _technical(
    track: TextHistory, current: ShownPage, after: ShownPage, at: datetime, summary: str
) -> HistoryStep:
    change = Change(kinds=(ChangeKind.TECHNICAL,), weight=Weight.COSMETIC, summary=summary)
    event = _event(track, PageEdge.TECHNICAL, at, current, after, change)
    left = _knowing(track.left, current)
    return replace(track, current=after, rivals=(), left=left, calm=1), (event,)


def _unconfirmed(
    track: TextHistory, current: ShownPage, rivals: Iterable[ShownPage], at: datetime
) -> tuple[PageEvent, ...]:
    return tuple(_event(track, PageEdge.UNCONFIRMED, at, current, rival) for rival in rivals)


def _knowing(known: tuple[str, ...], *shown: ShownPage) -> tuple[str, ...]:
    """Remember the texts too, once each."""
    every = dict.fromkeys((*known, *(one.version.sha256 for one in shown)))
    return tuple(every)[-MOST_KNOWN:]


def _again(shown: ShownPage, at: datetime) -> ShownPage:
    version = replace(shown.version, last_at=at, checks=shown.version.checks + 1)
    return replace(shown, version=version)


def _last_at(track: TextHistory, current: ShownPage) -> datetime:
    return max(one.version.last_at for one in (current, *track.rivals))


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
    track: TextHistory,
    edge: PageEdge,
    at: datetime,
    before: ShownPage | None,
    after: ShownPage | None,
    change: Change | None = None,
) -> PageEvent:
    return PageEvent(
        edge=edge,
        at=at,
        target=track.target,
        point=track.point,
        before=before.version if before else None,
        after=after,
        change=change,
    )
