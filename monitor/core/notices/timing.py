"""When: milestones of an incident, hours of rest, digests, retries."""

from datetime import datetime, time, timedelta

from monitor.core.french.formatting import PARIS
from monitor.core.notices.notice import Pace

MORNING = time(8)  # of Paris: when digests are sent
REST_FROM, REST_TO = time(22), time(7)  # of Paris: for those who ask not to be written to at night
MONDAY = 0
FIRST_HOURS = 2  # the first time that we say that an incident lasts
DAY_HOURS = 24
PATIENCE = timedelta(days=2)  # after which a message that no server took is given up
RETRY_S = (60, 300, 900, 1_800, 3_600, 7_200, 14_400)


def milestone(opened_at: datetime, now: datetime) -> int:
    """Return the last milestone that an incident has reached: 0, 2, 24, 48… hours."""
    hours = int((now - opened_at).total_seconds() // 3_600)
    if hours < FIRST_HOURS:
        return 0
    return FIRST_HOURS if hours < DAY_HOURS else hours // DAY_HOURS * DAY_HOURS


def is_rest(at: datetime) -> bool:
    """Return whether it is night in Paris."""
    local = at.astimezone(PARIS).time()
    return local >= REST_FROM or local < REST_TO


def next_at(after: datetime, hour: time, *, monday: bool = False) -> datetime:
    """Return the next instant, after `after`, at which Paris has this hour."""
    local = after.astimezone(PARIS)
    day = local.date()
    while True:
        at = datetime.combine(day, hour, PARIS)
        if at > local and not (monday and at.weekday() != MONDAY):
            return at.astimezone(after.tzinfo)
        day += timedelta(days=1)


def held_until(pace: Pace, now: datetime, *, rests: bool) -> datetime | None:
    """Return when a notice goes into a digest; None when it is sent by itself, at once."""
    if pace is Pace.WEEKLY:
        return next_at(now, MORNING, monday=True)
    if pace is Pace.DAILY:
        return next_at(now, MORNING)
    return next_at(now, REST_TO) if rests and is_rest(now) else None


def day_began(now: datetime) -> datetime:
    """Return when the present day of Paris began."""
    local = now.astimezone(PARIS)
    return datetime.combine(local.date(), time(), PARIS).astimezone(now.tzinfo)


def retry_at(attempts: int, now: datetime, created_at: datetime) -> datetime | None:
    """Return when to try a message again after so many attempts (from 1); None: never more."""
    wait = timedelta(seconds=RETRY_S[min(max(attempts, 1), len(RETRY_S)) - 1])
    return now + wait if now + wait - created_at <= PATIENCE else None
