"""Queries about the service itself: runs, rounds, gaps, lanes, robots.txt."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select

from monitor.core.model import Controls, Gap, LaneState, Run
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import (
    ContentRow,
    GapRow,
    LaneRow,
    PauseRow,
    RobotsRow,
    RoundRow,
    RunRow,
    SubjectRow,
)
from monitor.store.writing.intern_tables import controls_from


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotsCopy:
    """A robots.txt as it was received; `status` and `text` are None without an answer."""

    host: str
    fetched_at: datetime
    status: int | None
    text: str | None


class LifeReads(StoreReads):
    """Runs, rounds, gaps, lanes, pauses and robots.txt files."""

    def gaps(
        self,
        since: datetime,
        until: datetime,
        *,
        targets: Iterable[str] | None = None,
        newest: int | None = None,
        number: int | None = None,
    ) -> tuple[Gap, ...]:
        """Return the gaps that touch a span, by start, then target; or the one of a number.

        Only those of `targets` and of the whole point; only the `newest` of them, None for all.
        """
        query = (
            select(SubjectRow.target, GapRow)
            .join(GapRow, col(GapRow.subject_id) == SubjectRow.id)
            .where(SubjectRow.point == self.point)
            .where(col(GapRow.from_at) < until, col(GapRow.to_at) > since)
            .order_by(col(GapRow.from_at).desc(), col(SubjectRow.target).desc())
            .limit(newest)
        )
        if targets is not None:
            query = query.where(col(SubjectRow.target).in_(["", *targets]))
        if number is not None:
            query = query.where(GapRow.leaf == number)
        with self._reading() as session:
            newest_first = [
                Gap(
                    point=self.point,
                    target=target,
                    from_at=row.from_at,
                    to_at=row.to_at,
                    slots=row.slots,
                    cause=row.cause,
                    number=row.leaf,
                )
                for target, row in session.exec(query)
            ]
        return tuple(reversed(newest_first))

    def last_gaps(self, before: datetime) -> dict[str, datetime]:
        """Return the end of the last gap of each target that ended by `before`."""
        query = (
            select(SubjectRow.target, func.max(GapRow.to_at))
            .join(GapRow, col(GapRow.subject_id) == SubjectRow.id)
            .where(SubjectRow.point == self.point, col(GapRow.to_at) <= before)
            .group_by(SubjectRow.target)
        )
        with self._reading() as session:
            return dict(session.exec(query).all())

    def rounds(self, since: datetime, until: datetime) -> tuple[Controls, ...]:
        """Return the rounds of the control panel with `since <= at < until`, in order."""
        query = (
            select(RoundRow.at, ContentRow.text)
            .join(SubjectRow, col(SubjectRow.id) == RoundRow.subject_id)
            .join(ContentRow, col(ContentRow.id) == RoundRow.controls_id)
            .where(SubjectRow.point == self.point, SubjectRow.target == "")
            .where(col(RoundRow.at) >= since, col(RoundRow.at) < until)
            .order_by(col(RoundRow.at))
        )
        with self._reading() as session:
            return tuple(Controls(at=at, **controls_from(text)) for at, text in session.exec(query))

    def runs(self) -> tuple[Run, ...]:
        """Return every run of the service, in order."""
        query = select(RunRow).where(RunRow.point == self.point).order_by(col(RunRow.started_at))
        with self._reading() as session:
            return tuple(
                Run(
                    point=row.point,
                    started_at=row.started_at,
                    alive_at=row.alive_at,
                    stopped_at=row.stopped_at,
                    version=row.version,
                    config_sha256=row.config_sha256,
                    ruleset=row.ruleset,
                )
                for row in session.exec(query)
            )

    def lanes(self) -> tuple[LaneState, ...]:
        """Return the state of the lane of every platform, pauses included, by name."""
        with self._reading() as session:
            lanes = {row.platform: row for row in session.exec(select(LaneRow))}
            paused = {row.platform: row.why for row in session.exec(select(PauseRow))}
            return tuple(
                LaneState(
                    platform=platform,
                    blocked_until=lanes[platform].blocked_until if platform in lanes else None,
                    strikes=lanes[platform].strikes if platform in lanes else 0,
                    paused=platform in paused,
                    paused_why=paused.get(platform, ""),
                )
                for platform in sorted(lanes.keys() | paused.keys())
            )

    def pauses(self) -> dict[str, str]:
        """Return the platforms that an operator paused, and why."""
        with self._reading() as session:
            return {row.platform: row.why for row in session.exec(select(PauseRow))}

    def robots(self) -> tuple[RobotsCopy, ...]:
        """Return the last robots.txt of every host, by name."""
        newest = (
            select(RobotsRow.host, func.max(RobotsRow.fetched_at).label("fetched_at"))
            .group_by(RobotsRow.host)
            .subquery()
        )
        query = (
            select(RobotsRow, ContentRow.text)
            .join(newest, newest.c.host == RobotsRow.host)
            .where(newest.c.fetched_at == RobotsRow.fetched_at)
            .outerjoin(ContentRow, col(ContentRow.id) == RobotsRow.content_id)
            .order_by(RobotsRow.host)
        )
        with self._reading() as session:
            return tuple(
                RobotsCopy(host=row.host, fetched_at=row.fetched_at, status=row.status, text=text)
                for row, text in session.exec(query)
            )
