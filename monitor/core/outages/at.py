"""Whether a target was reachable at one instant: what was seen on both sides of it, and no more.

A check holds until the next one, and at most `HOLD` intervals of its plan. Between a good check
and a failing one, either way round, nothing is known of what lay between; nor is it where no check
holds, or where the one that holds says nothing of the site.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.model import Gap, Outage, Run, Verdict
from monitor.core.model.check import Check
from monitor.core.outages.fold import GOOD
from monitor.core.outages.time_accounts import KNOWN

# A run renews its sign of life every minute: one that is this late is not alive.
_SIGN_EVERY = timedelta(minutes=3)


class Silence(StrEnum):
    """Why nothing can be said of an instant."""

    FUTURE = "future"
    NEVER_CHECKED = "never_checked"
    BEFORE_FIRST_CHECK = "before_first_check"
    GAP = "gap"  # recorded, with its cause
    NOT_RUNNING = "not_running"  # the service gave no sign of life; its gap is not yet recorded
    NO_CHECK_HOLDS = "no_check_holds"
    BLOCKED = "blocked"  # our robot was refused
    OWN_SIDE = "own_side"  # our line, clock or process was in doubt
    BETWEEN = "between"  # good on one side, failing on the other


class Relation(StrEnum):
    """Where an instant lies in an outage."""

    WITHIN = "within"  # from its first failing check to its last
    MAY_HAVE_BEGUN = "may_have_begun"  # between the last good check and the first failing one
    MAY_HAVE_ENDED = "may_have_ended"  # between the last failing check and the first good one


@dataclass(frozen=True, slots=True, kw_only=True)
class CitedCheck:
    """A check and the index of its leaf; None for one of before there was a journal."""

    check: Check
    number: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The checks on both sides of an instant; None where there is none.

    Attributes:
        before: The last one at the instant or before it.
        after: The first one after it.
        telling_before, telling_after: The same, of those that say something of the site.

    """

    before: CitedCheck | None = None
    after: CitedCheck | None = None
    telling_before: CitedCheck | None = None
    telling_after: CitedCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstantAnswer:
    """What can be said of a target at one instant.

    Attributes:
        holds: Whether the check before holds at the instant; `hold` is for how long it may.
        verdict: Of the check before; None when nothing can be said, and `why` says why.
        gap: Ours, in which the instant lies.
        silent_since: Last sign of life of the service before the instant, if it did not run then.
        outage: In which the instant lies or may lie, as `relation` says.

    """

    at: datetime
    around: Around
    hold: timedelta
    holds: bool
    verdict: Verdict | None
    why: Silence | None
    gap: Gap | None = None
    silent_since: datetime | None = None
    outage: Outage | None = None
    relation: Relation | None = None


def answer(  # noqa: PLR0913 -- keyword-only
    at: datetime,
    *,
    now: datetime,
    around: Around,
    hold: timedelta,
    gaps: Iterable[Gap],
    runs: Sequence[Run],
    outages: Iterable[Outage],
) -> InstantAnswer:
    """Return what the record has of one instant.

    Args:
        at: The instant.
        now: Nothing is known of what comes after.
        around: The checks on both sides.
        hold: For how long the check before may hold.
        gaps: Of the target and of the whole point.
        runs: Of the point, in order.
        outages: Of the target, those that touch the time from `at` to the next telling check.

    """
    before = around.before
    holds = before is not None and before.check.at <= at <= before.check.at + hold and at <= now
    gap = next((one for one in gaps if one.from_at <= at < one.to_at), None)
    silent_since = _silent_since(at, runs)
    if before is not None and holds:
        why = _doubt(at, before.check, around.telling_after)
    else:
        why = _absence(at, now, around, gap=gap, silent_since=silent_since)
    outage, relation = _outage(at, outages, around.telling_after)
    return InstantAnswer(
        at=at,
        around=around,
        hold=hold,
        holds=holds,
        verdict=before.check.verdict if before is not None and why is None else None,
        why=why,
        gap=gap,
        silent_since=silent_since,
        outage=outage,
        relation=relation,
    )


def _doubt(at: datetime, check: Check, after: CitedCheck | None) -> Silence | None:
    """Return why a check that holds does not tell, if so."""
    if check.verdict is Verdict.BLOCKED:
        return Silence.BLOCKED
    if check.verdict not in KNOWN:
        return Silence.OWN_SIDE
    if at == check.at or after is None:
        return None
    same = (check.verdict in GOOD) is (after.check.verdict in GOOD)
    return None if same else Silence.BETWEEN


def _absence(
    at: datetime,
    now: datetime,
    around: Around,
    *,
    gap: Gap | None,
    silent_since: datetime | None,
) -> Silence:
    """Return why no check holds."""
    if at > now:
        return Silence.FUTURE
    if around.before is None and around.after is None:
        return Silence.NEVER_CHECKED
    if gap is not None:
        return Silence.GAP
    if around.before is None:
        return Silence.BEFORE_FIRST_CHECK
    return Silence.NOT_RUNNING if silent_since else Silence.NO_CHECK_HOLDS


def _silent_since(at: datetime, runs: Sequence[Run]) -> datetime | None:
    """Return the last sign of life before an instant at which no run was alive."""
    ends = [(run.started_at, run.stopped_at or run.alive_at + _SIGN_EVERY) for run in runs]
    if any(start <= at <= end for start, end in ends):
        return None
    return max((r.stopped_at or r.alive_at for r in runs if r.started_at <= at), default=None)


def _outage(
    at: datetime, outages: Iterable[Outage], after: CitedCheck | None
) -> tuple[Outage | None, Relation | None]:
    for one in outages:
        if one.first_fail_at <= at <= one.last_fail_at:
            return one, Relation.WITHIN
        if one.last_fail_at < at and (one.first_ok_at is None or at < one.first_ok_at):
            return one, Relation.MAY_HAVE_ENDED
        next_fails = after is not None and after.check.at == one.first_fail_at
        if at < one.first_fail_at and at != one.last_ok_at and next_fails:
            return one, Relation.MAY_HAVE_BEGUN
    return None, None
