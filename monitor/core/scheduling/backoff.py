"""What a platform's budget does when the site refuses us, or an operator pauses it.

A refusal closes the lane for an hour, the next for six, then for a day at a time; any answer
that is not a refusal starts the count again. Nothing here tries to get round a refusal.

One page may refuse us for ever while its platform answers: it must not blind us to the others.
Once others have answered since it did, its refusals are its own, and only it is left alone.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.core.model import GapCause, LaneState, Reason, State, Verdict
from monitor.core.untrusted.library_errors import Unreadable, reading

BACK_OFF = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# The same for one page, which lets others go first when its platform opens again: whether they
# are refused too says whose refusal it was.
PAGE_BACK_OFF = (timedelta(minutes=90), *BACK_OFF[1:])


def refused(state: LaneState, now: datetime, *, asked: timedelta = timedelta(0)) -> LaneState:
    """Close the lane for a while, longer at each refusal in a row, and as long as `asked`.

    A refusal while the lane is already closed was asked for before: it counts once.
    """
    if state.blocked_until is not None and now < state.blocked_until:
        return state
    wait = max(asked, BACK_OFF[min(state.strikes, len(BACK_OFF) - 1)])
    return replace(state, strikes=state.strikes + 1, blocked_until=now + wait)


def asked_wait(retry_after: str | None, now: datetime) -> timedelta:
    """Read Retry-After (RFC 9110, 10.2.3): from nothing to a day, whatever it says."""
    wait = timedelta(0)
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=int(text[:6]) if len(text) <= 6 else 999_999)  # noqa: PLR2004 -- over a day
    elif text:
        try:
            with reading("date"):
                wait = parsedate_to_datetime(text).replace(tzinfo=UTC) - now  # always GMT
        except Unreadable:
            return wait
    return min(max(wait, timedelta(0)), BACK_OFF[-1])


def is_page_specific_refusal(
    before: State, lane: LaneState, reason: Reason, asked: timedelta
) -> bool:
    """Tell whether a refusal is of the page that was asked for, not of its platform.

    So it is when this page had refused us before, and the platform has answered others since:
    then the count of its refusals is back to none. A limit is always the platform's.
    """
    alone = before.verdict is Verdict.BLOCKED and lane.strikes == 0
    return alone and not asked and reason is not Reason.RATE_LIMITED


def in_page_backoff(state: State, now: datetime) -> bool:
    """Tell whether a page that refused us is not to be asked again yet."""
    if state.verdict is not Verdict.BLOCKED or state.since is None or state.last_at is None:
        return False
    known, wait = state.last_at - state.since, PAGE_BACK_OFF[-1]
    for step in PAGE_BACK_OFF:
        if known < step:
            wait = step
            break
        known -= step
    return state.last_at <= now < state.last_at + wait


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
