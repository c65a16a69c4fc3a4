"""From the edges of outages to notices: one thread an incident, flapping folded.

A thread is what a mailbox shows as one conversation: the outages of one platform that overlap, and
those that begin within `FOLDED` of the end of the last. Places are told of separately: a thread
knows which topics were told that an outage is open. What it knows is stored with the notices that
follow, in one transaction: a stop, at any point, neither loses nor repeats a notice.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from monitor.core.notices.notice import Notice, NoticeKind
from monitor.core.notices.timing import milestone
from monitor.core.notices.topics import INCIDENT, MILESTONE

WINDOW = timedelta(seconds=2)  # outages that are confirmed together are one message
FOLDED = timedelta(minutes=30)  # an incident that begins again so soon is the same
WIDENED_EVERY = timedelta(minutes=15)  # what joins meanwhile is told then; each time twice as long
WIDENED_EVERY_MAX = timedelta(hours=4)
SETTLING = timedelta(minutes=10)  # after a relapse, an end is announced when it has lasted so long
SETTLING_MAX = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageEdge:
    """An outage begins, or ends.

    Attributes:
        number: Leaf of the edge that opened it.
        ends: False when it begins.
        at: The check that confirmed this edge.

    """

    number: int
    platform: str
    topics: tuple[str, ...]
    first_fail_at: datetime
    at: datetime
    ends: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadOutage:
    """One outage of a thread. `topics` are those of its target."""

    number: int
    topics: tuple[str, ...]
    first_fail_at: datetime
    is_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What was told of one incident.

    Attributes:
        number: Of its first outage: what it is cited by.
        announced: Topics that were told that an outage is open.
        told: Numbers of the outages that a notice was on.
        audience: Topics that had been told when the first of the other outages joined: those that
            the next notice of widening is for.
        written: How many notices it has; part of their keys.
        changed_at: The last edge of one of its outages.
        widened_at: The last notice that it reaches more; `widenings`: how many there were.
        hours: The last milestone that was told.
        relapses: How often it began again soon after its end.

    """

    number: int
    platform: str
    outages: tuple[ThreadOutage, ...]
    changed_at: datetime
    announced: frozenset[str] = frozenset()
    told: frozenset[int] = frozenset()
    audience: frozenset[str] = frozenset()
    written: int = 0
    widened_at: datetime | None = None
    widenings: int = 0
    hours: int = 0
    relapses: int = 0

    @property
    def is_open(self) -> bool:
        return any(outage.is_open for outage in self.outages)

    @property
    def open_topics(self) -> frozenset[str]:
        return frozenset(
            topic for outage in self.outages if outage.is_open for topic in outage.topics
        )

    @property
    def joined(self) -> frozenset[str]:
        """The topics of open outages that no notice was on, beside one that lasts and was told.

        One that is back before its end was announced is no other.
        """
        lasting = [outage for outage in self.outages if outage.is_open]
        if not any(outage.number in self.told for outage in lasting):
            return frozenset()
        new = [outage for outage in lasting if outage.number not in self.told]
        return frozenset(topic for outage in new for topic in outage.topics)


def absorb(threads: Iterable[Thread], edge: OutageEdge) -> tuple[Thread, ...]:
    """Return the threads with one more edge; a new one when it belongs to none."""
    known = tuple(threads)
    if edge.ends:
        return tuple(_ended(thread, edge) for thread in known)
    outage = ThreadOutage(number=edge.number, topics=edge.topics, first_fail_at=edge.first_fail_at)
    for place, thread in enumerate(known):
        near = thread.is_open or edge.first_fail_at - thread.changed_at <= FOLDED
        if thread.platform == edge.platform and near:
            grown = replace(
                thread,
                outages=(*thread.outages, outage),
                changed_at=max(thread.changed_at, edge.at),
                relapses=thread.relapses + (not thread.is_open),
                hours=thread.hours if thread.is_open else 0,
            )
            return (*known[:place], grown, *known[place + 1 :])
    fresh = Thread(
        number=edge.number, platform=edge.platform, outages=(outage,), changed_at=edge.at
    )
    return (*known, fresh)


def _ended(thread: Thread, edge: OutageEdge) -> Thread:
    if not any(outage.number == edge.number and outage.is_open for outage in thread.outages):
        return thread
    outages = tuple(
        replace(outage, is_open=False) if outage.number == edge.number else outage
        for outage in thread.outages
    )
    return replace(thread, outages=outages, changed_at=max(thread.changed_at, edge.at))


def plan(threads: Iterable[Thread], now: datetime) -> tuple[tuple[Thread, ...], tuple[Notice, ...]]:
    """Return the threads that remain, and the notices that are due."""
    remaining: list[Thread] = []
    notices: list[Notice] = []
    for thread in threads:
        after, due = _plan_one(thread, now)
        notices += due
        over = not after.is_open and not after.announced
        if not over or now - after.changed_at <= FOLDED:
            remaining.append(after)
    return tuple(remaining), tuple(notices)


def settling(relapses: int) -> timedelta:
    """Return how long an end must have lasted before it is announced."""
    if not relapses:
        return WINDOW
    doublings: int = min(relapses - 1, 10)
    return min(SETTLING * (1 << doublings), SETTLING_MAX)


def _plan_one(thread: Thread, now: datetime) -> tuple[Thread, list[Notice]]:
    due: list[Notice] = []
    calm = now - thread.changed_at
    current, announced = thread.open_topics, thread.announced
    fresh, gone = current - announced, announced - current
    # A clock that was set back must not silence us: a change in the future counts as old.
    if not timedelta() <= calm < WINDOW:
        thread, due = _beginnings(thread, now, fresh=fresh, lasting=announced - gone)
    if gone and not timedelta() <= calm < settling(thread.relapses):
        due.append(_notice(thread, NoticeKind.CLOSED, now, to=gone, without=current))
        thread = replace(thread, announced=thread.announced - gone, written=thread.written + 1)
    return _milestone(thread, now, due)


def _beginnings(
    thread: Thread, now: datetime, *, fresh: frozenset[str], lasting: frozenset[str]
) -> tuple[Thread, list[Notice]]:
    """Announce what is open to those who were told of nothing, and what joined to the others."""
    due: list[Notice] = []
    more, last = thread.joined, thread.widened_at
    audience = (thread.audience or lasting) & lasting if more else frozenset()
    every = min(WIDENED_EVERY * (1 << min(thread.widenings, 10)) / 2, WIDENED_EVERY_MAX)
    widens = bool(audience) and (last is None or abs(now - last) >= every)
    thread = replace(thread, audience=frozenset() if widens else audience)
    if fresh:
        again = thread.relapses > 0 and not thread.announced
        due.append(_notice(thread, NoticeKind.OPENED, now, to=fresh, without=lasting, again=again))
        thread = replace(thread, announced=thread.announced | fresh, written=thread.written + 1)
    if widens:
        due.append(_notice(thread, NoticeKind.WIDENED, now, to=more, also=audience))
        thread = replace(
            thread, widened_at=now, widenings=thread.widenings + 1, written=thread.written + 1
        )
    if widens or not more:
        thread = replace(thread, told=frozenset(outage.number for outage in thread.outages))
    return thread, due


def _milestone(thread: Thread, now: datetime, due: list[Notice]) -> tuple[Thread, list[Notice]]:
    begun = min((o.first_fail_at for o in thread.outages if o.is_open), default=now)
    hours = milestone(begun, now)
    current = thread.announced & thread.open_topics
    if hours > thread.hours and current and not due:
        due = [_notice(thread, NoticeKind.STILL_OPEN, now, to=current, hours=hours)]
        numbers = frozenset(outage.number for outage in thread.outages)
        thread = replace(thread, hours=hours, told=numbers, written=thread.written + 1)
    return thread, due


def _notice(  # noqa: PLR0913 -- keyword-only: what a notice has
    thread: Thread,
    kind: NoticeKind,
    now: datetime,
    *,
    to: frozenset[str],
    also: frozenset[str] = frozenset(),
    without: frozenset[str] = frozenset(),
    hours: int = 0,
    again: bool = False,
) -> Notice:
    return Notice(
        key=f"incident/{thread.number}/{thread.written}",
        kind=kind,
        thread=f"incident/{thread.number}",
        at=now,
        to=tuple(sorted(to)),
        also=tuple(sorted(also)),
        without=tuple(sorted(without)),
        interests=(MILESTONE,) if kind is NoticeKind.STILL_OPEN else (INCIDENT,),
        numbers=tuple(outage.number for outage in thread.outages),
        hours=hours,
        again=again,
    )


def to_text(thread: Thread) -> str:
    """Encode a thread for `from_text`."""
    content = asdict(thread)
    for name in ("announced", "told", "audience"):
        content[name] = sorted(content[name])
    return json.dumps(content, default=datetime.isoformat, sort_keys=True)


def from_text(text: str) -> Thread:
    """Decode what `to_text` encoded."""
    content = json.loads(text)
    outages = tuple(_outage(item) for item in content.pop("outages"))
    widened_at = content.pop("widened_at")
    return Thread(
        outages=outages,
        changed_at=datetime.fromisoformat(content.pop("changed_at")),
        announced=frozenset(content.pop("announced")),
        audience=frozenset(content.pop("audience", [])),
        told=frozenset(content.pop("told", [outage.number for outage in outages])),
        widened_at=datetime.fromisoformat(widened_at) if widened_at else None,
        **content,
    )


def _outage(item: dict[str, str]) -> ThreadOutage:
    topics: Sequence[str] = item["topics"]
    return ThreadOutage(
        number=int(item["number"]),
        topics=tuple(topics),
        first_fail_at=datetime.fromisoformat(item["first_fail_at"]),
        is_open=bool(item["is_open"]),
    )
