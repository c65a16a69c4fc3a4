"""Figures counted second by second: the slow way, written apart from the product's.

Instants are whole seconds here. For each second it asks what an expert would ask with the list of
checks before him: which check holds, and do the checks around it disagree?
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.model import Reason, Verdict

GOOD = {Verdict.UP, Verdict.DEGRADED}
BAD = {Verdict.DOWN, Verdict.MAINTENANCE}


@dataclass(frozen=True)
class SlowCheck:
    at: int
    verdict: Verdict
    reason: Reason
    hold: int


def state_at(second: int, checks: Sequence[SlowCheck]) -> tuple[Verdict, Reason | None, bool]:
    """Return the verdict, its reason, and whether it may have been otherwise."""
    before = [check for check in checks if check.at <= second]
    if not before:
        return Verdict.UNKNOWN, None, False
    holds = before[-1]
    if second >= holds.at + holds.hold:
        return Verdict.UNKNOWN, None, False
    doubtful = False
    if holds.verdict in GOOD | BAD:
        for check in checks:
            if check.at > second and check.verdict in GOOD | BAD:
                doubtful = (check.verdict in GOOD) != (holds.verdict in GOOD)
                break
    return holds.verdict, holds.reason, doubtful


@dataclass
class SlowFigures:
    by_verdict: Counter[Verdict]
    by_reason: Counter[tuple[Verdict, Reason | None]]
    good: int = 0
    bad: int = 0
    might_be_bad: int = 0  # of the good ones
    might_be_good: int = 0  # of the bad ones
    checks: int = 0


def figures(checks: Sequence[SlowCheck], since: int, until: int) -> SlowFigures:
    """Count the seconds of [since, until)."""
    found = SlowFigures(by_verdict=Counter(), by_reason=Counter())
    for second in range(since, until):
        verdict, reason, doubtful = state_at(second, checks)
        found.by_verdict[verdict] += 1
        found.by_reason[verdict, reason] += 1
        found.good += verdict in GOOD
        found.bad += verdict in BAD
        found.might_be_bad += doubtful and verdict in GOOD
        found.might_be_good += doubtful and verdict in BAD
    found.checks = sum(since <= check.at < until for check in checks)
    return found


def whole(members: Sequence[Sequence[SlowCheck]], since: int, until: int) -> SlowFigures:
    """Count the seconds of a whole that needs all of its members."""
    figures = SlowFigures(by_verdict=Counter(), by_reason=Counter())
    order = (
        Verdict.DOWN,
        Verdict.MAINTENANCE,
        Verdict.UNKNOWN,
        Verdict.BLOCKED,
        Verdict.DEGRADED,
        Verdict.UP,
    )
    for second in range(since, until):
        states = [state_at(second, checks) for checks in members]
        verdict = next(one for one in order if any(state[0] is one for state in states))
        figures.by_verdict[verdict] += 1
        if verdict in BAD:
            figures.bad += 1
            figures.might_be_good += all(state[2] for state in states if state[0] in BAD)
        if verdict in GOOD:
            figures.good += 1
            figures.might_be_bad += any(state[2] for state in states)
    return figures


def outside(
    members: Sequence[Sequence[SlowCheck]],
    announced: Sequence[Sequence[tuple[int, int]]],
    span: tuple[int, int],
    *,
    needs_all: bool,
) -> tuple[SlowFigures, int]:
    """Count the seconds without announced maintenance, then those of it.

    `announced` are the windows of each member, in any order. Of a whole, a second is announced
    when it is for any member; else each member counts for itself, and they are added up.
    """
    found, inside = SlowFigures(by_verdict=Counter(), by_reason=Counter()), 0
    for second in range(*span):
        hidden = [any(start <= second < end for start, end in some) for some in announced]
        if needs_all:
            if any(hidden):
                inside += 1
                continue
            one = whole(members, second, second + 1)
            _add(found, one)
            continue
        inside += sum(hidden)
        for checks, gone in zip(members, hidden, strict=True):
            if not gone:
                _add(found, figures(checks, second, second + 1))
    return found, inside


def _add(total: SlowFigures, one: SlowFigures) -> None:
    total.by_verdict += one.by_verdict
    total.good += one.good
    total.bad += one.bad
    total.might_be_bad += one.might_be_bad
    total.might_be_good += one.might_be_good
    total.checks += one.checks
