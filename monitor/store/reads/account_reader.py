"""Accounts of time through one connection: sums by day where there are, else the checks."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter

from sqlalchemy import BigInteger, Connection, and_, case, cast, func, select

from monitor.core.model import Reason, Verdict
from monitor.core.outages.calendar import day_starts
from monitor.core.outages.time_accounts import (
    HOLD,
    KNOWN,
    Account,
    Observed,
    StateKey,
    Stretch,
    combined,
    stretches,
    tally,
)
from monitor.store.reads.plan_reads import AT, hold_at, plans_of
from monitor.store.tables.check_tables import (
    JudgementRow,
    ObservationRow,
    RollupRow,
    SubjectRow,
    table_of,
)

_O, _S, _J = table_of(ObservationRow), table_of(SubjectRow), table_of(JudgementRow)
_R = table_of(RollupRow)
_TELLING = [verdict.value for verdict in KNOWN]
BATCH = 10_000
_MANY = 1_000  # subjects in one IN


@dataclass(slots=True)
class RolledDay:
    """The sums of one day: for each state the time, what of it is doubtful, and the checks."""

    rows: list[tuple[StateKey, int, int, int]]

    @property
    def is_plain(self) -> bool:
        """Whether all of the day was in one state, without a doubt."""
        return len(self.rows) == 1 and not self.rows[0][2]


class AccountReader:
    """Reads accounts through one connection, which sees one instant."""

    def __init__(self, connection: Connection, point: str) -> None:
        self._connection = connection
        self._point = point
        self._subjects: dict[str, int | None] = {}
        self._plans: dict[int, list[tuple[int, int]]] = {}
        self._judgements = self._read_judgements()

    def _read_judgements(self) -> Mapping[int, tuple[Verdict, Reason]]:
        rows = self._connection.execute(select(_J.c.id, _J.c.verdict, _J.c.reason))
        return {row.id: (row.verdict, row.reason) for row in rows}

    def accounts(
        self, target: str, edges: Sequence[int], now: int, *, exact: bool = False
    ) -> list[Account]:
        """Return the account of each stretch of time between two edges."""
        accounts = [Account() for _ in edges[1:]]
        subject = self.subject(target)
        counted: list[tuple[int, int]] = []
        for start, end, day in self._days(subject, edges):
            first = bisect_right(edges, start) - 1
            if end <= edges[first + 1]:
                for key, held_us, doubt_us, checks in day.rows:
                    accounts[first].add(key, held_us, doubt_us, checks)
            elif day.is_plain and not exact:
                _spread(accounts, edges, start, end, day)
            else:
                continue
            counted.append((start, end))
        for since, until in _others(counted, edges):
            raw = self.tallied(subject, cut_at(edges, since, until), now)
            first = bisect_right(edges, since) - 1
            for index, account in enumerate(raw, start=first):
                accounts[index].merge(account)
        return accounts

    def summed(self, targets: Sequence[str], edges: Sequence[int], now: int) -> list[Account]:
        """Return the sums of the accounts of several targets.

        The database adds up the days that all of them have sums of, the rest is read one by one.
        """
        accounts = [Account() for _ in edges[1:]]
        subjects = [self.subject(target) for target in targets]
        counted: list[tuple[int, int]] = []
        for start, end, day in self._summed_days(subjects, edges):
            first = bisect_right(edges, start) - 1
            if end <= edges[first + 1]:
                for key, held_us, doubt_us, checks in day.rows:
                    accounts[first].add(key, held_us, doubt_us, checks)
                counted.append((start, end))
        for since, until in _others(counted, edges):
            cuts = cut_at(edges, since, until)
            first = bisect_right(edges, since) - 1
            for target in targets:
                for index, one in enumerate(self.accounts(target, cuts, now), start=first):
                    accounts[index].merge(one)
        return accounts

    def known_times(
        self, groups: Mapping[str, Sequence[str]], days: Sequence[int], now: int
    ) -> dict[str, tuple[int, int]]:
        """Return of each group of targets how long their state was known, and of how long.

        `days` are the starts of whole days, and the end of the last. One question serves all
        groups whose targets have sums of each of these days since their first check; the others
        are read one by one.
        """
        known: dict[str, int] = {}
        for target, first, held_us, rolled in self._known_by_target(days):
            before = bisect_right(days, first) - 1 if first > days[0] else 0
            if rolled == len(days) - 1 - before:
                known[target] = held_us
        span_us = days[-1] - days[0]
        times: dict[str, tuple[int, int]] = {}
        for name, targets in groups.items():
            if all(target in known for target in targets):
                known_us = sum(known[target] for target in targets)
                times[name] = known_us, span_us * len(targets)
            else:
                (account,) = self.summed(targets, [days[0], days[-1]], now)
                times[name] = account.known_us, account.span_us
        return times

    def _known_by_target(self, days: Sequence[int]) -> Iterator[tuple[str, int, int, int]]:
        """Yield each target, its first check, its known time, and how many days have sums."""
        first = select(AT).where(_O.c.subject_id == _S.c.id).order_by(AT).limit(1)
        known_us = func.sum(case((_R.c.verdict.in_(_TELLING), _R.c.held_us), else_=0))
        there = and_(_R.c.subject_id == _S.c.id, _R.c.day >= days[0], _R.c.day < days[-1])
        wanted = (
            select(
                _S.c.target,
                first.scalar_subquery(),
                cast(func.coalesce(known_us, 0), BigInteger),
                func.count(_R.c.day.distinct()),
            )
            .join(_R, there, isouter=True)
            .where(_S.c.point == self._point, _S.c.target != "")
            .group_by(_S.c.id, _S.c.target)
        )
        for target, first_at, held_us, rolled in self._connection.execute(wanted):
            if first_at is not None:
                yield target, first_at, held_us, rolled

    def whole(self, targets: Sequence[str], edges: Sequence[int], now: int) -> list[Account]:
        """Return the accounts of a whole that needs all of the targets.

        A day that was plain for each of them is read from its sums, any other from the checks.
        """
        accounts = [Account() for _ in edges[1:]]
        subjects = [self.subject(target) for target in targets]
        plain: dict[tuple[int, int], list[RolledDay]] = defaultdict(list)
        for subject in subjects:
            for start, end, day in self._days(subject, edges):
                if day.is_plain:
                    plain[start, end].append(day)
        counted = sorted(span for span, days in plain.items() if len(days) == len(subjects))
        for start, end in counted:
            members = [
                [Stretch(start, end, day.rows[0][0], doubtful=False, checks=0)]
                for day in plain[start, end]
            ]
            (piece,) = combined(members)
            _spread(accounts, edges, start, end, RolledDay([(piece.key, end - start, 0, 0)]))
        for since, until in _others(counted, edges):
            cuts = cut_at(edges, since, until)
            rows = [
                stretches(self._observed(subject, since, until), cuts, now=now)
                for subject in subjects
            ]
            first = bisect_right(edges, since) - 1
            for index, account in enumerate(tally(combined(rows), cuts), start=first):
                accounts[index].merge(account)
        return accounts

    def subject(self, target: str) -> int | None:
        """Return the number of a target; None for one that was never seen from this point."""
        same = _S.c.target == target, _S.c.point == self._point
        if target not in self._subjects:
            self._subjects[target] = self._connection.scalar(select(_S.c.id).where(*same))
        return self._subjects[target]

    def tallied(self, subject: int | None, edges: Sequence[int], now: int) -> list[Account]:
        """Return accounts from the checks alone, whatever sums there are."""
        return tally(stretches(self._observed(subject, edges[0], edges[-1]), edges, now=now), edges)

    def last_telling(self, subject: int, before: int | None = None) -> tuple[int, int] | None:
        """Return the last check that says something of the site, and until when it may hold.

        The last one of all, or of those earlier than `before`.
        """
        wanted = (
            select(AT)
            .join(_J, _J.c.id == _O.c.judgement_id)
            .where(_O.c.subject_id == subject, _J.c.verdict.in_(_TELLING))
            .order_by(AT.desc())
            .limit(1)
        )
        if before is not None:
            wanted = wanted.where(before > AT)
        at: int | None = self._connection.scalar(wanted)
        return None if at is None else (at, at + hold_at(self._holds(subject), at))

    def _days(
        self, subject: int | None, edges: Sequence[int]
    ) -> Iterator[tuple[int, int, RolledDay]]:
        """Yield the days that have sums and lie between the edges: start, end, rows."""
        starts = day_starts(edges[0], edges[-1])
        if subject is None or len(starts) < 2:  # noqa: PLR2004 -- a day ends where one begins
            return
        ends = dict(pairwise(starts))
        wanted = (
            select(_R.c.day, _R.c.verdict, _R.c.reason, _R.c.held_us, _R.c.doubt_us, _R.c.checks)
            .where(_R.c.subject_id == subject)
            .where(_R.c.day >= starts[0], _R.c.day < starts[-1])
            .order_by(_R.c.day)
        )
        rows = self._connection.execute(wanted).yield_per(BATCH)
        for start, group in groupby(rows, key=itemgetter(0)):
            cells = [
                (_key(verdict, reason), held_us, doubt_us, checks)
                for _, verdict, reason, held_us, doubt_us, checks in group
            ]
            yield start, ends[start], RolledDay(cells)

    def _summed_days(
        self, subjects: Sequence[int | None], edges: Sequence[int]
    ) -> Iterator[tuple[int, int, RolledDay]]:
        """Yield the days of which every subject has sums, with the sums of these."""
        starts = day_starts(edges[0], edges[-1])
        known = {subject for subject in subjects if subject is not None}
        if len(known) < len(subjects) or len(starts) < 2 or len(known) > _MANY:  # noqa: PLR2004 -- see `_days`
            return
        ends = dict(pairwise(starts))
        mine = _R.c.subject_id.in_(known)
        span = _R.c.day >= starts[0], _R.c.day < starts[-1]
        complete = set(
            self._connection.scalars(
                select(_R.c.day)
                .where(mine, *span)
                .group_by(_R.c.day)
                .having(func.count(_R.c.subject_id.distinct()) == len(known))
            )
        )
        wanted = (
            select(
                _R.c.day,
                _R.c.verdict,
                _R.c.reason,
                *(cast(func.sum(_R.c[name]), BigInteger) for name in ("held_us", "doubt_us")),
                cast(func.sum(_R.c.checks), BigInteger),
            )
            .where(mine, *span)
            .group_by(_R.c.day, _R.c.verdict, _R.c.reason)
            .order_by(_R.c.day)
        )
        rows = self._connection.execute(wanted).yield_per(BATCH)
        for start, group in groupby(rows, key=itemgetter(0)):
            if start in complete:
                cells = [(_key(verdict, reason), *sums) for _, verdict, reason, *sums in group]
                yield start, ends[start], RolledDay(cells)

    def _observed(self, subject: int | None, since: int, until: int) -> Iterator[Observed]:
        """Yield the checks of a span, the one before it, and those after that decide in it."""
        if subject is None:
            return
        holds, judgements = self._holds(subject), self._judgements
        verdict = Verdict.UNKNOWN  # of the last check that was read
        mine = select(AT, _O.c.judgement_id).where(_O.c.subject_id == subject)
        before = mine.where(since > AT).order_by(AT.desc()).limit(1)
        within = mine.where(since <= AT, until > AT).order_by(AT)
        after = mine.where(until <= AT).order_by(AT)
        telling = after.join(_J, _J.c.id == _O.c.judgement_id).where(_J.c.verdict.in_(_TELLING))
        for wanted in (before, within, after.limit(1)):
            for at, judgement in self._connection.execute(wanted).yield_per(BATCH):
                verdict, reason = judgements[judgement]
                yield at, verdict, reason, hold_at(holds, at)
        if verdict in KNOWN:
            return
        for at, judgement in self._connection.execute(telling.limit(1)):
            yield at, *judgements[judgement], hold_at(holds, at)

    def _holds(self, subject: int) -> list[tuple[int, int]]:
        """Return from when on a check of a subject may hold how long, in order."""
        if subject not in self._plans:
            self._plans[subject] = [
                (start, HOLD * 1_000_000 * plan["interval_s"])
                for start, plan in plans_of(self._connection, subject)
            ]
        return self._plans[subject]


def cut_at(edges: Sequence[int], since: int, until: int) -> list[int]:
    """Return the edges of [since, until): its ends, and those of `edges` between them."""
    return [since, *edges[bisect_right(edges, since) : bisect_left(edges, until)], until]


def _others(counted: Sequence[tuple[int, int]], edges: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield what the spans that were counted leave of [edges[0], edges[-1])."""
    reached = edges[0]
    for start, end in counted:
        if reached < start:
            yield reached, start
        reached = end
    if reached < edges[-1]:
        yield reached, edges[-1]


def _spread(
    accounts: Sequence[Account], edges: Sequence[int], start: int, end: int, day: RolledDay
) -> None:
    """Add a plain day to each account that it lies in; its checks to the first of them."""
    key, _, _, checks = day.rows[0]
    for since, until in pairwise(cut_at(edges, start, end)):
        accounts[bisect_right(edges, since) - 1].add(key, until - since, 0, checks)
        checks = 0


def _key(verdict: str, reason: str) -> StateKey:
    return Verdict(verdict), Reason(reason) if reason else None
