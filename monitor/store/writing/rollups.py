"""Sums of each day, by target and state: made from the checks, and made again at any time.

A day has its sums once it is over and nothing that is recorded later can change them: a check
after it has settled what was doubtful at its end. A clock alone does not end a day: it may have
been wrong, and checks of that day may follow. Any check after it has them taken for out of order.
"""

from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import BigInteger, Connection, delete, func, insert, select, type_coerce

from monitor.core.outages.calendar import day_of, day_starts, midnight
from monitor.core.outages.time_accounts import Account, microseconds
from monitor.store.reads.account_reader import AccountReader
from monitor.store.tables.check_tables import ObservationRow, RollupRow, SubjectRow, table_of

SETTLED = timedelta(hours=1)  # after its end, the checks of a day are recorded
AT_ONCE = 31  # days of one target that one transaction sums up

_O, _R, _S = table_of(ObservationRow), table_of(RollupRow), table_of(SubjectRow)
_AT = type_coerce(_O.c.at, BigInteger)


def subjects(connection: Connection, point: str) -> list[tuple[int, str]]:
    """Return the number and the name of every target that was seen from a point."""
    wanted = select(_S.c.id, _S.c.target).where(_S.c.point == point, _S.c.target != "")
    return [(row.id, row.target) for row in connection.execute(wanted.order_by(_S.c.target))]


def roll_up(connection: Connection, point: str, subject: int, now: datetime) -> int:
    """Sum up the days of one target that have no sums yet, the oldest first.

    At most `AT_ONCE` days; returns how many were summed up.
    """
    days = missing_days(connection, point, subject, now)[:AT_ONCE]
    reader = AccountReader(connection, point)
    for start, end in days:
        (account,) = reader.tallied(subject, [start, end], microseconds(now))
        connection.execute(insert(_R), rollup_rows(subject, start, account))
    return len(days)


def rollup_rows(subject: int, day: int, account: Account) -> list[dict[str, object]]:
    """Return the rows of one day."""
    return [
        {
            "subject_id": subject,
            "day": day,
            "verdict": verdict.value,
            "reason": reason.value if reason else "",
            "held_us": cell.held_us,
            "doubt_us": cell.doubt_us,
            "checks": cell.checks,
        }
        for (verdict, reason), cell in account.cells.items()
    ]


def missing_days(
    connection: Connection, point: str, subject: int, now: datetime
) -> list[tuple[int, int]]:
    """Return the days that are over, from the first check on, that can be summed up and are not."""
    first, last = connection.execute(
        select(func.min(_AT), func.max(_AT)).where(_O.c.subject_id == subject)
    ).one()
    if first is None:
        return []
    there = set(connection.scalars(select(_R.c.day).where(_R.c.subject_id == subject).distinct()))
    over = microseconds(now - SETTLED)
    telling, holds_until = AccountReader(connection, point).last_telling(subject) or (0, 0)
    starts = day_starts(midnight(day_of(first)), last)
    return [
        (start, end)
        for start, end in pairwise(starts)
        if end <= over and start not in there and (end <= telling or holds_until <= start)
    ]


def forget_from(connection: Connection, subject: int, at: datetime) -> None:
    """Forget the sums that a check changes which is older than the last one.

    It ends what the check before it held, and may settle what was doubtful then.
    """
    us = microseconds(at)
    before = select(func.max(_AT)).where(_O.c.subject_id == subject, us > _AT)
    since = connection.scalar(before)
    telling = AccountReader(connection, "").last_telling(subject, us)
    oldest = min(one for one in (us, since, telling and telling[0]) if one is not None)
    day = midnight(day_of(oldest))
    connection.execute(delete(_R).where(_R.c.subject_id == subject, _R.c.day >= day))
