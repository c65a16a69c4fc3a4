"""Every second of a target is in one state: how long each observation holds.

An observation holds until the next, and at most `HOLD` times its interval; what is left
over is unknown. Nothing holds before the first one (PEERS R13, R15).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, pairwise

from monitor.core.model import Verdict

HOLD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time in one state; `from_at` is inside, `to_at` is not."""

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


def spans(
    checks: Iterable[tuple[datetime, Verdict]],
    *,
    since: datetime,
    until: datetime,
    interval_s: float,
) -> list[Span]:
    """Partition [since, until) by the verdicts of `checks`, given in order of time.

    `checks` may begin before `since`: the last of those still holds. Neighbours of one
    verdict are joined. The spans are contiguous and cover the whole interval.
    """
    known = chain([(since, Verdict.UNKNOWN)], checks, [(until, Verdict.UNKNOWN)])
    joined: list[Span] = []
    for (at, verdict), (next_at, _) in pairwise(known):
        for piece in held(verdict, at=at, until=next_at, interval_s=interval_s):
            from_at, to_at = max(piece.from_at, since), min(piece.to_at, until)
            if from_at >= to_at:
                continue
            if joined and joined[-1].verdict is piece.verdict:
                from_at = joined.pop().from_at
            joined.append(Span(from_at=from_at, to_at=to_at, verdict=piece.verdict))
    return joined


def seconds_by_verdict(pieces: Iterable[Span]) -> dict[Verdict, float]:
    """Add up the spans; every verdict has a figure, zero included."""
    total = dict.fromkeys(Verdict, 0.0)
    for piece in pieces:
        total[piece.verdict] += piece.seconds
    return total
