"""What a platform's budget does when the site refuses us, or an operator pauses it.

A refusal closes the lane for an hour, the next for six, then for a day at a time; any answer
that is not a refusal starts the count again. Nothing here tries to get round a refusal.

A page may go on refusing us while the rest of its platform answers, and must not stop the checks
of the other pages. Once others have answered since it refused, its refusals count for this page
alone, and only this page is not asked.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from monitor.core.model import GapCause, LaneState, Reason, State, Verdict
from monitor.core.untrusted.library_errors import Unreadable, reading

BACK_OFF = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
# The same for one page. It is longer than the platform's, so that other pages are asked first when
# the lane opens again: whether they are refused too shows whose refusal it was.
PAGE_BACK_OFF = (timedelta(minutes=90), *BACK_OFF[1:])


def refused(state: LaneState, now: datetime, *, at_least: timedelta = timedelta(0)) -> LaneState:
    """Close the lane for a while, longer at each refusal in a row; never less than `at_least`.

    A refusal while the lane is already closed answers a request made before: it counts once.
    """
    if state.blocked_until is not None and now < state.blocked_until:
        return state
    wait = max(at_least, BACK_OFF[min(state.strikes, len(BACK_OFF) - 1)])
    return replace(state, strikes=state.strikes + 1, blocked_until=now + wait)


def asked_wait(retry_after: str | None, now: datetime) -> timedelta:
    """Read Retry-After (RFC 9110, 10.2.3): from nothing to a day, whatever it says."""
    wait = timedelta(0)
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=int(text.lstrip("0")[:6] or 0))  # six digits: more than a day
    elif text:
        try:
            with reading("date"):
                wait = parsedate_to_datetime(text).replace(tzinfo=UTC) - now  # always GMT
        except Unreadable:
            return wait
    return min(max(wait, timedelta(0)), BACK_OFF[-1])


def is_page_specific_refusal(
    before: State, lane: LaneState, reason: Reason, retry_after: timedelta
) -> bool:
    """Return whether a refusal comes from the page that was requested, not from its platform.

    True when this page had refused us before and the platform has answered others since, which
    set `lane.strikes` back to 0. A rate limit is always the platform's.
    """
    alone = before.verdict is Verdict.BLOCKED and lane.strikes == 0
    return alone and not retry_after and reason is not Reason.RATE_LIMITED


def in_page_backoff(state: State, now: datetime) -> bool:
    """Return whether it is too early to request again a page that refused us."""
    if state.verdict is not Verdict.BLOCKED or state.since is None or state.last_at is None:
        return False
    refused_for, wait = state.last_at - state.since, PAGE_BACK_OFF[-1]
    for step in PAGE_BACK_OFF:
        if refused_for < step:
            wait = step
            break
        refused_for -= step
    return state.last_at <= now < state.last_at + wait


def answered(state: LaneState) -> LaneState:
    """Forget the refusals: the platform answered one of our requests."""
    return replace(state, strikes=0, blocked_until=None)


def paused(state: LaneState, why: str) -> LaneState:
    """Close the lane until `resumed`. `why` is shown to readers."""
    return replace(state, paused=True, paused_why=why)


def resumed(state: LaneState) -> LaneState:
    """End an operator's pause. A back-off continues: the site asked for it, we did not."""
    return replace(state, paused=False, paused_why="")


def closed_because(state: LaneState, now: datetime) -> GapCause | None:
    """Return why no request may be made now; None when the lane is open."""
    if state.paused:
        return GapCause.PAUSED
    if state.blocked_until is not None and now < state.blocked_until:
        return GapCause.REFUSED
    return None
