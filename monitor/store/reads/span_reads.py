"""Spans of one verdict, for the timelines of web pages. The database merges checks, not Python."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, func, or_, select, type_coerce

from monitor.core.model import Verdict
from monitor.core.outages.time_accounts import Span
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
        """Partition [since, until) of each target as `core.outages.time_accounts.stretches` does.

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
            connection = session.connection()
            verdicts: dict[int, Verdict] = {
                row.id: row.verdict for row in connection.execute(select(_J.c.id, _J.c.verdict))
            }
            for hold_s, targets in by_hold.items():
                hold = timedelta(seconds=hold_s)
                for start in range(0, len(targets), _MANY):
                    batch = targets[start : start + _MANY]
                    names = _S.c.point == self.point, _S.c.target.in_(batch)
                    rows = connection.execute(select(_S.c.id, _S.c.target).where(*names))
                    subjects = {row.id: row.target for row in rows}
                    runs: dict[str, list[Span]] = defaultdict(list)
                    for subject, judgement, first, last in _runs(
                        connection, list(subjects), hold, (since - hold, until)
                    ):
                        run = Span(
                            from_at=from_us(first),
                            to_at=from_us(last) + hold,
                            verdict=verdicts[judgement],
                        )
                        runs[subjects[subject]].append(run)
                    for target in batch:
                        by_target[target] = tuple(_filled(runs[target], since, until))
        return by_target


def _runs(
    connection: Connection, subjects: list[int], hold: timedelta, span: tuple[datetime, datetime]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield each run of checks of one judgement, none more than `hold` after the previous one.

    A run is its subject, its judgement, and its first and last check. The database gives only the
    checks that begin one, each with the check before it, which ended the run before.
    """
    since, until = span
    at = type_coerce(_O.c.at, BigInteger)

    def before(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return func.lag(column).over(partition_by=_O.c.subject_id, order_by=at)

    mine = _O.c.subject_id.in_(subjects), _O.c.at >= since, _O.c.at < until
    checks = (
        select(
            _O.c.subject_id,
            _O.c.judgement_id,
            at.label("at"),
            before(at).label("at_before"),
            before(_O.c.judgement_id).label("judgement_before"),
        )
        .where(*mine)
        .subquery()
    )
    begins = or_(
        checks.c.at_before.is_(None),
        checks.c.judgement_id != checks.c.judgement_before,
        checks.c.at - checks.c.at_before > hold // timedelta(microseconds=1),
    )
    columns = checks.c.subject_id, checks.c.judgement_id, checks.c.at, checks.c.at_before
    starts = select(*columns).where(begins).order_by(checks.c.subject_id, checks.c.at)
    lasts = select(_O.c.subject_id, func.max(at)).where(*mine).group_by(_O.c.subject_id)
    last_of: dict[int, int] = dict(connection.execute(lasts).tuples().all())
    run: tuple[int, int, int] | None = None
    for subject, judgement, first, before_it in connection.execute(starts):
        if run is not None:
            yield *run, before_it if run[0] == subject else last_of[run[0]]
        run = subject, judgement, first
    if run is not None:
        yield *run, last_of[run[0]]


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
