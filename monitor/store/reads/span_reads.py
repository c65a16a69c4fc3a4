"""Spans of one verdict, for the timelines of web pages. The database merges checks, not Python."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, func, or_, select, type_coerce

from monitor.core.model import Verdict
from monitor.core.outages.availability import Span
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import JudgementRow, ObservationRow, SubjectRow, table_of
from monitor.store.tables.columns import from_us

_O = table_of(ObservationRow)
_S = table_of(SubjectRow)
_J = table_of(JudgementRow)
_MANY = 500  # names in one IN


class SpanReads(StoreReads):
    """The history of many targets, with one row per change of verdict."""

    def spans(
        self, holds_s: Mapping[str, float], since: datetime, until: datetime
    ) -> dict[str, tuple[Span, ...]]:
        """Partition [since, until) of each target as `core.availability.spans` does.

        Args:
            holds_s: For each target, how long one check can stand for, in seconds.
            since: Start of the span.
            until: Its end, not in the future: the last check would hold beyond what is known.

        """
        by_hold: dict[float, list[str]] = defaultdict(list)
        for target, hold_s in holds_s.items():
            by_hold[hold_s].append(target)
        by_target: dict[str, tuple[Span, ...]] = {}
        with self._reading() as session:
            for hold_s, targets in by_hold.items():
                hold = timedelta(seconds=hold_s)
                for start in range(0, len(targets), _MANY):
                    batch = targets[start : start + _MANY]
                    runs: dict[str, list[Span]] = defaultdict(list)
                    query = _runs(batch, self.point, hold, (since - hold, until))
                    for target, verdict, first, last in session.connection().execute(query):
                        end = from_us(last) + hold
                        runs[target].append(
                            Span(from_at=from_us(first), to_at=end, verdict=verdict)
                        )
                    for target in batch:
                        by_target[target] = tuple(_filled(runs[target], since, until))
        return by_target


def _runs(
    targets: list[str], point: str, hold: timedelta, span: tuple[datetime, datetime]
) -> Select[Any]:
    """Select each run of checks of one verdict, none more than `hold` after the previous one."""
    since, until = span
    at = type_coerce(_O.c.at, BigInteger)

    def before(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.lag(column).over(partition_by=_O.c.subject_id, order_by=at)

    checks = (
        select(
            _O.c.subject_id,
            _S.c.target,
            _J.c.verdict,
            at.label("at"),
            before(at).label("at_before"),
            before(_J.c.verdict).label("before"),
        )
        .join(_S, _S.c.id == _O.c.subject_id)
        .join(_J, _J.c.id == _O.c.judgement_id)
        .where(_S.c.point == point, _S.c.target.in_(targets))
        .where(_O.c.at >= since, _O.c.at < until)
        .subquery()
    )
    hold_us = hold // timedelta(microseconds=1)
    begins = or_(
        checks.c.at_before.is_(None),
        checks.c.verdict != checks.c.before,
        checks.c.at - checks.c.at_before > hold_us,
    )
    numbered = select(
        checks,
        func.sum(case((begins, 1), else_=0))
        .over(partition_by=checks.c.subject_id, order_by=checks.c.at)
        .label("run"),
    ).subquery()
    return (
        select(
            numbered.c.target,
            numbered.c.verdict,
            func.min(numbered.c.at).label("first"),
            func.max(numbered.c.at).label("last"),
        )
        .group_by(numbered.c.target, numbered.c.run, numbered.c.verdict)
        .order_by(numbered.c.target, func.min(numbered.c.at))
    )


def _filled(runs: list[Span], since: datetime, until: datetime) -> Iterator[Span]:
    """End each run where the next begins, and fill the rest with unknown."""
    pieces: list[Span] = []
    reached = since
    for index, run in enumerate(runs):
        following = runs[index + 1].from_at if index + 1 < len(runs) else until
        from_at, to_at = max(run.from_at, since), min(run.to_at, following, until)
        if from_at >= to_at:
            continue
        if from_at > reached:
            pieces.append(Span(from_at=reached, to_at=from_at, verdict=Verdict.UNKNOWN))
        pieces.append(Span(from_at=from_at, to_at=to_at, verdict=run.verdict))
        reached = to_at
    if reached < until:
        pieces.append(Span(from_at=reached, to_at=until, verdict=Verdict.UNKNOWN))
    yield from _merged(pieces)


def _merged(pieces: list[Span]) -> Iterator[Span]:
    last: Span | None = None
    for piece in pieces:
        if last is not None and last.verdict is piece.verdict:
            last = Span(from_at=last.from_at, to_at=piece.to_at, verdict=piece.verdict)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last
