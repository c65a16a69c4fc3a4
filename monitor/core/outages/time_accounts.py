"""How long a target was in each state, and how sure that is: whole microseconds, added exactly.

An observation holds until the next one, and at most `HOLD` times the interval at which its target
was planned. What is left is unknown, and so is all that lies before the first observation.

Some of that time is ambiguous. Between a good check and the failing check after it, the site may
have failed at any moment; between a failing check and the good one after it, it may have come back
at any moment. Observations that say nothing of the site (refused, or spoiled by our own side)
change nothing of this. Three figures follow from one account:

- `central`: every observation holds as above;
- `low`: ambiguous time is down;
- `high`: ambiguous time is up.

Instants are microseconds since 1970, UTC, and spans are half open: `since` inside, `until` not.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from monitor.core.model import Reason, Verdict
from monitor.core.outages.fold import FAILING, GOOD

HOLD = 2
KNOWN = GOOD | FAILING
_TOGETHER = 4096  # observations of one state that are held at once

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# (at_us, verdict, reason, hold_us): an observation, and how long it may hold.
Observed = tuple[int, Verdict, Reason, int]
# A state and why. The reason is None where no observation holds.
StateKey = tuple[Verdict, Reason | None]
UNOBSERVED: StateKey = (Verdict.UNKNOWN, None)


class Stretch(NamedTuple):
    """A stretch of time in one state.

    `doubtful`: it ends at a check that says the contrary, or has one after it with nothing but
    ignorance between. `checks`: observations made in it.
    """

    from_us: int
    to_us: int
    key: StateKey
    doubtful: bool
    checks: int


def microseconds(at: datetime) -> int:
    """Return the microseconds from 1970 to an aware instant."""
    return (at - _EPOCH) // _MICROSECOND


def instant(us: int) -> datetime:
    """Return the aware UTC instant that many microseconds after 1970."""
    return _EPOCH + us * _MICROSECOND


def stretches(
    observations: Iterable[Observed], edges: Sequence[int], *, now: int | None = None
) -> Iterator[Stretch]:
    """Partition [edges[0], edges[-1]) by what was observed, in order, cut at every edge.

    Args:
        observations: In order of time. The last one before the span still holds in it, the first
            one after it ends what held, and the first good or failing one after it decides what
            is doubtful: whoever asks gives them too.
        edges: Two instants or more, in order, none twice.
        now: Nothing holds after it; None when the span is over.

    """
    since, until = edges[0], edges[-1]
    later = iter(edges[1:])
    edge = next(later)
    for piece in _with_doubt(_held(observations, since, until, until if now is None else now)):
        from_us, to_us = max(piece.from_us, since), min(piece.to_us, until)
        while from_us < to_us:
            while edge <= from_us:
                edge = next(later)
            end = min(edge, to_us)
            checks = bisect_left(piece.instants, end) - bisect_left(piece.instants, from_us)
            yield Stretch(from_us, end, piece.key, piece.doubtful, checks)
            from_us = end


class _Slice(NamedTuple):
    """What `Stretch` is, before it is cut; `instants` are those of its observations, in order."""

    from_us: int
    to_us: int
    key: StateKey = UNOBSERVED
    instants: Sequence[int] = ()
    doubtful: bool = False


def _held(observations: Iterable[Observed], since: int, until: int, now: int) -> Iterator[_Slice]:
    """Yield how long each observation holds, those of one state together but for the last.

    The last one stands apart, since only its time may be doubtful: it is marked so if it says
    something of the site. What lies before `since` or after `until` is yielded too.
    """
    key: StateKey = UNOBSERVED
    first = last = end = since  # of the observations of one state that follow each other
    instants: list[int] = []
    for at, verdict, reason, hold_us in observations:
        if at <= end and key[0] is verdict and key[1] is reason and len(instants) < _TOGETHER:
            instants.append(at)
            last, end = at, at + hold_us
            continue
        if instants:
            yield from _row(first, last, min(end, at), key, instants)
        if end < at:
            yield _Slice(end, at)
        key, instants = (verdict, reason), [at]
        first, last, end = at, at, at + hold_us
    if instants:
        # What is to come is unknown, but an observation that is later than `now` is a fact.
        end = max(last, min(end, max(now, since)))
        yield from _row(first, last, end, key, instants)
    if end < until:
        yield _Slice(end, until)


def _row(first: int, last: int, end: int, key: StateKey, instants: list[int]) -> Iterator[_Slice]:
    if key[0] not in KNOWN:
        yield _Slice(first, end, key, instants)
        return
    if first < last:
        yield _Slice(first, last, key, instants[:-1])
    yield _Slice(last, end, key, instants[-1:], doubtful=True)


def _with_doubt(pieces: Iterable[_Slice]) -> Iterator[_Slice]:
    """Settle what may be doubtful by the next observation that says something of the site."""
    waiting: deque[_Slice] = deque()
    for piece in pieces:
        if waiting and piece.key[0] in KNOWN:
            same = (piece.key[0] in GOOD) is (waiting[0].key[0] in GOOD)
            yield from _settled(waiting, doubtful=not same)
        if waiting or piece.doubtful:
            waiting.append(piece)
        else:
            yield piece
    if waiting:
        yield from _settled(waiting, doubtful=False)


def _settled(waiting: deque[_Slice], *, doubtful: bool) -> Iterator[_Slice]:
    yield waiting.popleft()._replace(doubtful=doubtful)
    yield from waiting
    waiting.clear()


def combined(members: Sequence[Iterable[Stretch]]) -> Iterator[Stretch]:
    """Yield the state of a whole that needs every one of its members.

    The members cover the same span, cut at the same edges. The whole is down while one member is
    down, else in maintenance while one is, else unknown while one is, else blocked while one is,
    else degraded while one is, else up. When it fails, that is doubtful while each member that
    fails is doubtful; when it is good, while one member is. Its own stretches count no checks:
    checks are those of its members.
    """
    rows = [iter(member) for member in members]
    now = [next(row) for row in rows]
    while True:
        from_us = now[0].from_us
        to_us = min(stretch.to_us for stretch in now)
        worst = min(now, key=lambda stretch: _GRAVITY[stretch.key[0]])
        bad = [stretch for stretch in now if stretch.key[0] in FAILING]
        if bad:
            doubtful = all(stretch.doubtful for stretch in bad)
        else:
            doubtful = worst.key[0] in GOOD and any(stretch.doubtful for stretch in now)
        yield Stretch(from_us, to_us, worst.key, doubtful, 0)
        for index, stretch in enumerate(now):
            if stretch.to_us > to_us:
                now[index] = stretch._replace(from_us=to_us)
                continue
            following = next(rows[index], None)
            if following is None:  # all of them end together
                return
            now[index] = following


_GRAVITY = {
    Verdict.DOWN: 0,
    Verdict.MAINTENANCE: 1,
    Verdict.UNKNOWN: 2,
    Verdict.BLOCKED: 3,
    Verdict.DEGRADED: 4,
    Verdict.UP: 5,
}


class Bound(StrEnum):
    """Which of the five figures of one account; each is at most the one after it."""

    EXTREME_LOW = "extreme_low"  # unknown time is down too, over the whole span
    LOW = "low"
    CENTRAL = "central"
    HIGH = "high"
    EXTREME_HIGH = "extreme_high"  # unknown time is up too, over the whole span


@dataclass(slots=True)
class Cell:
    """Time in one state: `doubt_us` is that part of `held_us` that may have been otherwise."""

    held_us: int = 0
    doubt_us: int = 0
    checks: int = 0

    def add(self, held_us: int, doubt_us: int, checks: int) -> None:
        self.held_us += held_us
        self.doubt_us += doubt_us
        self.checks += checks


@dataclass(slots=True)
class Account:
    """The time of a span, by state: the cells add up to `span_us` exactly.

    Of several targets, it is the sum of their accounts, and `span_us` that of their spans.
    """

    span_us: int = 0
    cells: dict[StateKey, Cell] = field(default_factory=dict)

    def add(self, key: StateKey, held_us: int, doubt_us: int = 0, checks: int = 0) -> None:
        """Add time in one state, and as much to the span."""
        self.span_us += held_us
        self.cells.setdefault(key, Cell()).add(held_us, doubt_us, checks)

    def merge(self, other: "Account") -> None:
        """Add all of another account."""
        for key, cell in other.cells.items():
            self.add(key, cell.held_us, cell.doubt_us, cell.checks)

    def us(self, verdict: Verdict) -> int:
        """Return the microseconds in one verdict."""
        return sum(cell.held_us for key, cell in self.cells.items() if key[0] is verdict)

    @property
    def by_verdict(self) -> Mapping[Verdict, int]:
        """Microseconds in each of the six verdicts; they add up to `span_us`."""
        return {verdict: self.us(verdict) for verdict in Verdict}

    @property
    def good_us(self) -> int:
        return sum(cell.held_us for key, cell in self.cells.items() if key[0] in GOOD)

    @property
    def bad_us(self) -> int:
        return sum(cell.held_us for key, cell in self.cells.items() if key[0] in FAILING)

    @property
    def known_us(self) -> int:
        return self.good_us + self.bad_us

    @property
    def unobserved_us(self) -> int:
        """Microseconds in which no observation holds; a part of the unknown time."""
        cell = self.cells.get(UNOBSERVED)
        return cell.held_us if cell else 0

    def available_us(self, bound: Bound) -> int:
        """Return the microseconds of availability under one bound."""
        good = self.good_us
        if bound in {Bound.EXTREME_LOW, Bound.LOW}:
            good -= sum(cell.doubt_us for key, cell in self.cells.items() if key[0] in GOOD)
        elif bound in {Bound.HIGH, Bound.EXTREME_HIGH}:
            good += sum(cell.doubt_us for key, cell in self.cells.items() if key[0] in FAILING)
        if bound is Bound.EXTREME_HIGH:
            good += self.span_us - self.known_us
        return good

    def unavailable_us(self, bound: Bound) -> int:
        """Return the microseconds of unavailability under one bound: least under a high one."""
        whole = self.span_us if bound in EXTREMES else self.known_us
        return whole - self.available_us(bound)

    def ratio(self, bound: Bound) -> Fraction | None:
        """Return the share of availability in [0, 1]; None where nothing is known."""
        if bound in EXTREMES:
            return Fraction(self.available_us(bound), self.span_us) if self.span_us else None
        return Fraction(self.available_us(bound), self.known_us) if self.known_us else None

    @property
    def coverage(self) -> Fraction:
        """The share of the span in which the state is known; 0 for an empty span."""
        return Fraction(self.known_us, self.span_us) if self.span_us else Fraction(0)

    @property
    def checks(self) -> int:
        return sum(cell.checks for cell in self.cells.values())

    @property
    def failures(self) -> int:
        """Checks that found the site down or in maintenance."""
        return sum(cell.checks for key, cell in self.cells.items() if key[0] in FAILING)


EXTREMES = frozenset({Bound.EXTREME_LOW, Bound.EXTREME_HIGH})


def tally(pieces: Iterable[Stretch], edges: Sequence[int]) -> list[Account]:
    """Return one account for each stretch of time between two edges, in order.

    `pieces` are cut at the edges, as `stretches` does; what lies outside is left out.
    """
    accounts = [Account() for _ in edges[1:]]
    for piece in pieces:
        index = bisect_right(edges, piece.from_us) - 1
        if 0 <= index < len(accounts):
            held_us = piece.to_us - piece.from_us
            accounts[index].add(piece.key, held_us, piece.doubtful * held_us, piece.checks)
    return accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time in one state, as it is drawn; `from_at` is inside, `to_at` is not."""

    from_at: datetime
    to_at: datetime
    verdict: Verdict

    @property
    def seconds(self) -> float:
        return (self.to_at - self.from_at).total_seconds()


def held(verdict: Verdict, *, at: datetime, until: datetime, interval_s: float) -> Iterator[Span]:
    """Yield how one observation holds from `at` until the next one: itself, then unknown."""
    end = min(until, at + timedelta(seconds=HOLD * interval_s))
    yield Span(from_at=at, to_at=end, verdict=verdict)
    yield Span(from_at=end, to_at=until, verdict=Verdict.UNKNOWN)


def seconds_by_verdict(pieces: Iterable[Span]) -> dict[Verdict, float]:
    """Add up the spans; every verdict has a figure, zero included."""
    total = dict.fromkeys(Verdict, 0.0)
    for piece in pieces:
        total[piece.verdict] += piece.seconds
    return total
