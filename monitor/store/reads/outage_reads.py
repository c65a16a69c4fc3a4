"""Queries about what follows from the checks: states, outages, incidents."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, or_
from sqlalchemy import select as plain_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from monitor.core.model import Event, Incident, Outage, Reason, State, Streak, Transition
from monitor.store.reads.question import DAWN, DUSK, StoreReads
from monitor.store.tables.check_tables import (
    EventRow,
    IncidentOutageRow,
    IncidentRow,
    OutageRow,
    StateRow,
    SubjectRow,
    table_of,
)

_SUBJECT, _STATE = table_of(SubjectRow), table_of(StateRow)
_STREAK = ("first_at", "last_at", "count", "reason", "downs")
# The columns of a state, in the order in which `states` unpacks them.
_FOLD = (
    *("verdict", "reason", "since", "last_at", "last_ok_at"),
    *(f"{name}_{part}" for name in ("failing", "recovering") for part in _STREAK),
)

# The event that opened an outage: its leaf is the number of the outage. The instants are equal
# and lead to the one row by its unique index.
_OPENED = aliased(EventRow)
_IS_OPENING = and_(
    col(_OPENED.subject_id) == OutageRow.subject_id,
    col(_OPENED.at) == OutageRow.confirmed_at,
    col(_OPENED.edge) == Transition.OUTAGE_OPENED,
)


class LogReads(StoreReads):
    """States, outages, incidents and events."""

    def states(self, targets: Iterable[str] | None = None) -> tuple[State, ...]:
        """Return the state of the fold of every target, by name; only of `targets` when given."""
        # Plain columns: a page reads all targets, of which rows as objects cost four times as much.
        query = (
            plain_select(_SUBJECT.c.target, *(_STATE.c[name] for name in _FOLD))
            .join(_STATE, _STATE.c.subject_id == _SUBJECT.c.id)
            .where(_SUBJECT.c.point == self.point)
            .order_by(_SUBJECT.c.target)
        )
        if targets is not None:
            targets = list(targets)
            query = query.where(_SUBJECT.c.target.in_(targets))
        with self._reading() as session:
            rows = session.connection().execute(query).all()
            open_outages = {
                one.target: one for one in self._outages(session, targets, open_only=True)
            }
        # Unpacked by place: to look columns up by name takes as long as to read them.
        return tuple(
            State(
                target=target,
                point=self.point,
                verdict=verdict,
                reason=reason,
                since=since,
                last_at=last_at,
                last_ok_at=last_ok_at,
                failing=_streak(*streaks[: len(_STREAK)]),
                recovering=_streak(*streaks[len(_STREAK) :]),
                outage=open_outages.get(target),
            )
            for target, verdict, reason, since, last_at, last_ok_at, *streaks in rows
        )

    def outages(  # noqa: PLR0913 -- keyword-only filters
        self,
        targets: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        open_only: bool = False,
        newest: int | None = None,
        number: int | None = None,
    ) -> tuple[Outage, ...]:
        """Return the outages that touch a span, by first failing check, then target.

        An outage lasts from its first failing check to the first good one of its end. Only the
        `newest` of them, None for all; only the one of that `number`.
        """
        with self._reading() as session:
            return self._outages(
                session,
                targets,
                since,
                until,
                open_only=open_only,
                newest=newest,
                number=number,
            )

    def _outages(  # noqa: PLR0913 -- keyword-only filters
        self,
        session: Session,
        targets: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        open_only: bool = False,
        newest: int | None = None,
        number: int | None = None,
    ) -> tuple[Outage, ...]:
        query = (
            select(SubjectRow.target, OutageRow, _OPENED.leaf)
            .join(OutageRow, col(OutageRow.subject_id) == SubjectRow.id)
            .outerjoin(_OPENED, _IS_OPENING)
            .where(SubjectRow.point == self.point)
            .where(col(OutageRow.first_fail_at) < (until or DUSK))
            .where(
                or_(
                    col(OutageRow.first_ok_at).is_(None),
                    col(OutageRow.first_ok_at) > (since or DAWN),
                )
            )
            .order_by(col(OutageRow.first_fail_at).desc(), col(SubjectRow.target).desc())
            .limit(newest)
        )
        if targets is not None:
            query = query.where(col(SubjectRow.target).in_(list(targets)))
        if open_only:
            query = query.where(col(OutageRow.recovered_at).is_(None))
        if number is not None:
            query = query.where(col(_OPENED.leaf) == number)
        newest_first = [outage_of(target, self.point, *row) for target, *row in session.exec(query)]
        return tuple(reversed(newest_first))

    def incidents(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        open_only: bool = False,
        newest: int | None = None,
        number: int | None = None,
    ) -> tuple[Incident, ...]:
        """Return the incidents that touch a span, by opening, then platform.

        Only the `newest` of them, None for all; only the one that has the outage of that `number`.
        """
        conditions = and_(
            col(IncidentRow.point) == self.point,
            col(IncidentRow.opened_at) < (until or DUSK),
            or_(
                col(IncidentRow.closed_at).is_(None),
                col(IncidentRow.closed_at) > (since or DAWN),
            ),
        )
        if open_only:
            conditions = and_(conditions, col(IncidentRow.closed_at).is_(None))
        if number is not None:
            named = (
                select(IncidentOutageRow.incident_id)
                .join(EventRow, col(EventRow.outage_id) == IncidentOutageRow.outage_id)
                .where(EventRow.edge == Transition.OUTAGE_OPENED, EventRow.leaf == number)
            )
            conditions = and_(conditions, col(IncidentRow.id).in_(named))
        if newest is not None:
            last = select(IncidentRow.id).where(conditions).limit(newest)
            last = last.order_by(
                col(IncidentRow.opened_at).desc(), col(IncidentRow.platform).desc()
            )
            conditions = col(IncidentRow.id).in_(last)
        members = (
            select(
                IncidentOutageRow.incident_id,
                SubjectRow.target,
                OutageRow.first_fail_at,
                _OPENED.leaf,
            )
            .join(OutageRow, col(OutageRow.id) == IncidentOutageRow.outage_id)
            .outerjoin(_OPENED, _IS_OPENING)
            .join(SubjectRow, col(SubjectRow.id) == OutageRow.subject_id)
            .join(IncidentRow, col(IncidentRow.id) == IncidentOutageRow.incident_id)
            .where(conditions)
            .order_by(col(OutageRow.first_fail_at), SubjectRow.target)
        )
        query = select(IncidentRow).where(conditions)
        query = query.order_by(col(IncidentRow.opened_at), IncidentRow.platform)
        with self._reading() as session:
            outages: dict[int | None, list[tuple[str, datetime]]] = defaultdict(list)
            numbers: dict[int | None, list[int]] = defaultdict(list)
            for incident, target, first_fail_at, leaf in session.exec(members):
                outages[incident].append((target, first_fail_at))
                numbers[incident].extend([] if leaf is None else [leaf])
            return tuple(
                Incident(
                    platform=row.platform,
                    point=row.point,
                    opened_at=row.opened_at,
                    closed_at=row.closed_at,
                    outages=tuple(outages[row.id]),
                    number=min(numbers[row.id], default=None),
                )
                for row in session.exec(query)
            )

    def events(self, since: datetime, until: datetime) -> tuple[Event, ...]:
        """Return the edges and blips of a span, in order, each with its outage as it is now."""
        query = (
            select(SubjectRow.target, EventRow, OutageRow, _OPENED.leaf)
            .join(EventRow, col(EventRow.subject_id) == SubjectRow.id)
            .outerjoin(OutageRow, col(OutageRow.id) == EventRow.outage_id)
            .outerjoin(_OPENED, _IS_OPENING)
            .where(SubjectRow.point == self.point)
            .where(col(EventRow.at) >= since, col(EventRow.at) < until)
            .order_by(col(EventRow.at), SubjectRow.target)
        )
        with self._reading() as session:
            return tuple(
                Event(
                    edge=row.edge,
                    at=row.at,
                    target=target,
                    point=self.point,
                    outage=_any_outage(target, self.point, outage, number),
                    blip=streak_of(row, "blip"),
                )
                for target, row, outage, number in session.exec(query)
            )


def streak_of(row: EventRow | Row[Any], name: str) -> Streak | None:
    """Read the columns of a streak; None when there is none."""
    return _streak(*(getattr(row, f"{name}_{part}") for part in _STREAK))


def _streak(
    first_at: datetime | None, last_at: datetime, count: int, reason: Reason, downs: int
) -> Streak | None:
    if first_at is None:
        return None
    return Streak(first_at=first_at, last_at=last_at, count=count, reason=reason, downs=downs)


def _any_outage(
    target: str, point: str, row: OutageRow | None, number: int | None
) -> Outage | None:
    return None if row is None else outage_of(target, point, row, number)


def outage_of(target: str, point: str, row: OutageRow | Row[Any], number: int | None) -> Outage:
    """Return the outage of a row, which has the columns of `OutageRow`."""
    return Outage(
        target=target,
        point=point,
        nature=row.nature,
        reason=row.reason,
        last_ok_at=row.last_ok_at,
        first_fail_at=row.first_fail_at,
        last_fail_at=row.last_fail_at,
        confirmed_at=row.confirmed_at,
        first_ok_at=row.first_ok_at,
        recovered_at=row.recovered_at,
        checks=row.checks,
        relapses=row.relapses,
        number=number,
    )
