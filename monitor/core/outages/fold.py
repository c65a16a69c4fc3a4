"""From checks to outages: a fold over what one point sees of one target.

Failing checks make a streak; a streak long enough is an outage, a shorter one a blip. An outage
ends when good checks have lasted long enough in their turn. `Policy` says how long that is.

A check that was refused, or that a fault on our own side spoiled, is inconclusive: it changes
neither streaks nor outages. The clock may step back: a check that is not later than the last
conclusive one could only give negative durations, so it counts as `unknown: clock`.
"""

from dataclasses import replace
from datetime import datetime

from monitor.core.model import (
    Event,
    Nature,
    Outage,
    Policy,
    Reason,
    Sighting,
    State,
    Streak,
    Transition,
    Verdict,
)

GOOD = frozenset({Verdict.UP, Verdict.DEGRADED})
FAILING = frozenset({Verdict.DOWN, Verdict.MAINTENANCE})

FoldStep = tuple[State, tuple[Event, ...]]


def advance(state: State, sighting: Sighting, policy: Policy) -> FoldStep:
    """Fold one more check into the state of a target; return the new state and its events.

    Whatever the input, at most one outage is open, openings and closings alternate, and
    last_ok_at < first_fail_at <= last_fail_at < first_ok_at <= recovered_at.
    """
    conclusive_at = _conclusive_at(state)
    if sighting.verdict not in GOOD | FAILING:
        return _with_last_check(state, sighting), ()
    if conclusive_at is not None and sighting.at <= conclusive_at:
        return _with_last_check(
            state, replace(sighting, verdict=Verdict.UNKNOWN, reason=Reason.CLOCK)
        ), ()
    updated = _with_last_check(state, sighting)
    if updated.outage is None:
        return _watch(updated, sighting, policy)
    return _follow(updated, updated.outage, sighting, policy)


def in_outage(state: State, events: tuple[Event, ...]) -> bool:
    """Return whether an outage is open after a check that made these edges, or ended with it."""
    closed = any(event.edge is Transition.OUTAGE_CLOSED for event in events)
    return closed or state.outage is not None


def needs_recheck(state: State) -> bool:
    """Return whether the target is in doubt and should be checked before its next slot."""
    return state.failing is not None or state.recovering is not None


def recheck_wait_s(policy: Policy, began: datetime, now: datetime) -> float:
    """Return how many seconds from `now` a target in doubt is checked again: 0 to `recheck_s`.

    They count from when its last check `began`: a silent server takes its whole deadline to
    fail, and its outage is not confirmed later for that than one of error pages. The clock may
    have stepped since, either way.
    """
    since_s = (now - began).total_seconds()
    return min(max(0.0, policy.recheck_s - since_s), float(policy.recheck_s))


def success(state: State) -> bool | None:
    """Return the value of `probe_success`: true, false, or None for no sample at all.

    False only when the last check failed within a confirmed outage that is not maintenance.
    """
    if state.verdict in GOOD:
        return True
    confirmed = state.outage is not None and state.outage.nature is Nature.DOWN
    return False if confirmed and state.verdict is Verdict.DOWN else None


def _conclusive_at(state: State) -> datetime | None:
    """Return the instant of the last check that was neither refused nor unknown, if any."""
    instants = (
        state.last_ok_at,
        state.failing.last_at if state.failing else None,
        state.recovering.last_at if state.recovering else None,
        state.outage.last_fail_at if state.outage else None,
    )
    return max((at for at in instants if at is not None), default=None)


def _with_last_check(state: State, sighting: Sighting) -> State:
    """Record the last check. `since` is never after `last_at`, even when the clock steps back."""
    since = sighting.at
    if state.since is not None and state.verdict is sighting.verdict:
        since = min(state.since, sighting.at)
    return replace(
        state, verdict=sighting.verdict, reason=sighting.reason, since=since, last_at=sighting.at
    )


def _watch(state: State, sighting: Sighting, policy: Policy) -> FoldStep:
    """Fold a conclusive check while no outage is open."""
    failing = state.failing
    if sighting.verdict in GOOD:
        good = replace(state, last_ok_at=sighting.at, failing=None)
        return good, (_blip(state, failing, sighting.at),) if failing else ()
    blips: tuple[Event, ...] = ()
    if failing and _seconds(failing.last_at, sighting.at) > policy.silence_s:
        # Nobody saw what lay between: two lone failures, not one long outage.
        blips = (_blip(state, failing, sighting.at),)
        failing = None
    failing = _longer(failing, sighting)
    if not lasted(failing, policy.failures, policy.failing_s):
        return replace(state, failing=failing), blips
    outage = Outage(
        target=state.target,
        point=state.point,
        nature=Nature.DOWN if failing.downs else Nature.MAINTENANCE,
        reason=failing.reason,
        last_ok_at=state.last_ok_at,
        first_fail_at=failing.first_at,
        last_fail_at=failing.last_at,
        confirmed_at=sighting.at,
        checks=failing.count,
    )
    opened = _edge(Transition.OUTAGE_OPENED, outage, sighting.at)
    return replace(state, failing=None, outage=outage), (*blips, opened)


def _follow(state: State, outage: Outage, sighting: Sighting, policy: Policy) -> FoldStep:
    """Fold a conclusive check while `outage` is open."""
    if sighting.verdict in FAILING:
        outage = replace(
            outage,
            nature=Nature.DOWN if sighting.verdict is Verdict.DOWN else outage.nature,
            last_fail_at=sighting.at,
            checks=outage.checks + 1,
            relapses=outage.relapses + (state.recovering is not None),
        )
        return replace(state, recovering=None, outage=outage), ()
    recovering = _longer(state.recovering, sighting)
    if not lasted(recovering, policy.successes, policy.recovering_s):
        return replace(state, recovering=recovering), ()
    outage = replace(outage, first_ok_at=recovering.first_at, recovered_at=sighting.at)
    closed = _edge(Transition.OUTAGE_CLOSED, outage, sighting.at)
    return replace(state, last_ok_at=sighting.at, recovering=None, outage=None), (closed,)


def _longer(streak: Streak | None, sighting: Sighting) -> Streak:
    downs = int(sighting.verdict is Verdict.DOWN)
    if streak is None:
        at = sighting.at
        return Streak(first_at=at, last_at=at, count=1, reason=sighting.reason, downs=downs)
    return replace(streak, last_at=sighting.at, count=streak.count + 1, downs=streak.downs + downs)


def lasted(streak: Streak, count: int, seconds: int) -> bool:
    """Return whether a streak has at least `count` checks over at least `seconds`."""
    return streak.count >= count and _seconds(streak.first_at, streak.last_at) >= seconds


def _seconds(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds()


def _edge(edge: Transition, outage: Outage, at: datetime) -> Event:
    return Event(edge=edge, at=at, target=outage.target, point=outage.point, outage=outage)


def _blip(state: State, streak: Streak, at: datetime) -> Event:
    return Event(edge=Transition.BLIP, at=at, target=state.target, point=state.point, blip=streak)
