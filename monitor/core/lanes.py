"""What a platform's budget does when the site refuses us, or an operator pauses it.

A refusal closes the lane for an hour, the next for six, then for a day at a time; any answer
that is not a refusal starts the count again. Nothing here tries to get round a refusal.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from monitor.core.types import GapCause, LaneState

BACK_OFF = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))


def refused(state: LaneState, now: datetime) -> LaneState:
    """Close the lane for a while, longer at each refusal in a row.

    A refusal while the lane is already closed was asked for before: it counts once.
    """
    if state.blocked_until is not None and now < state.blocked_until:
        return state
    wait = BACK_OFF[min(state.strikes, len(BACK_OFF) - 1)]
    return replace(state, strikes=state.strikes + 1, blocked_until=now + wait)


def answered(state: LaneState) -> LaneState:
    """Forget the refusals: the platform answered one of our requests."""
    return replace(state, strikes=0, blocked_until=None)


def paused(state: LaneState, why: str) -> LaneState:
    """Close the lane until `resumed`. `why` is shown to readers."""
    return replace(state, paused=True, paused_why=why)


def resumed(state: LaneState) -> LaneState:
    """End an operator's pause. A back-off goes on: it is the site's word, not ours."""
    return replace(state, paused=False, paused_why="")


def closed_because(state: LaneState, now: datetime) -> GapCause | None:
    """Say why no request may be made now; None when the lane is open."""
    if state.paused:
        return GapCause.PAUSED
    if state.blocked_until is not None and now < state.blocked_until:
        return GapCause.REFUSED
    return None
