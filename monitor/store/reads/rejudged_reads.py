"""Accounts and outages of a point as a published ruleset counts the checks that were kept.

Sums by day are of the verdicts that were recorded: they are read only of calm days, whose checks
all count as they were recorded, and which lie between two more. Every other figure comes from the
checks themselves. One target at a time, a batch of checks at a time.
"""

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Text, select, type_coerce

from monitor.core.journal.decode import policy_of
from monitor.core.model import Controls, Policy, Reason, Sighting, Verdict
from monitor.core.outages.announcements import Windows
from monitor.core.outages.calendar import day_of, midnight
from monitor.core.outages.fold import FAILING, GOOD
from monitor.core.outages.refold import Refolded, Refolding
from monitor.core.outages.time_accounts import KNOWN, UNOBSERVED, Observed, instant
from monitor.core.verdict.rulesets import (
    Facts,
    Line,
    Recorded,
    Ruleset,
    decided,
    is_vouched,
    recorded,
    status_of,
)
from monitor.store.reads.account_reader import BATCH, AccountReader, RolledDay
from monitor.store.reads.check_reads import texts_of
from monitor.store.reads.plan_reads import AT, hold_at, plans_of
from monitor.store.tables.check_tables import JudgementRow, ObservationRow, RollupRow, table_of
from monitor.store.writing.intern_tables import conditions_from, controls_from

_O, _J = table_of(ObservationRow), table_of(JudgementRow)
_R = table_of(RollupRow)
_ROLLED = (
    ("day", BigInteger), ("verdict", Text), ("reason", Text),
    ("held_us", BigInteger), ("doubt_us", BigInteger), ("checks", BigInteger),
)  # fmt: skip
_DAY = timedelta(days=1)
_ROWS = select(AT, _O.c.judgement_id, _O.c.duration_us, _O.c.conditions_id, _O.c.controls_id)
_FEW = 20  # checks after a span that are read at once: the first one decides nearly always
_MOST_PAIRS = 20_000  # of some hundred bytes each
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # of a panel: lines do not ask when

# What was recorded, what it counts as and why.
DifferenceKey: TypeAlias = tuple[Verdict, Reason | None, Verdict, str]
Progress = Callable[[int], None]  # is given how many checks were read since the last call


# A recorded check: when, how long it may hold, what was recorded, and the line that decides of it.
# A plain tuple, as there are millions.
_Kept: TypeAlias = tuple[int, int, Recorded, Line]


class _ConditionFacts(NamedTuple):
    """What lines ask of one pair of conditions and control panel."""

    status: int
    stalled_us: int
    vouched: bool


_Pair = tuple[int, int | None]  # numbers of the conditions and of the control panel


@dataclass(slots=True)
class Rejudged:
    """What was found of a record by one ruleset, kept from one question to the next.

    Attributes:
        announced: Announced maintenance, by target.
        until: The last microsecond of which checks are read; None for all of them.
        folds: The outages of each target that was asked for.
        asked: What lines ask of conditions that came before, the last used at the end.

    """

    ruleset: Ruleset
    announced: Windows
    progress: Progress
    until: int | None = None
    folds: dict[str, Refolded] = field(default_factory=dict)
    asked: OrderedDict[_Pair, _ConditionFacts] = field(default_factory=OrderedDict)


class RejudgedReader(AccountReader):
    """Reads accounts as `AccountReader` does, from the checks alone, by another ruleset."""

    def __init__(self, connection: Connection, point: str, rejudged: Rejudged) -> None:
        super().__init__(connection, point)
        self._rejudged = rejudged
        self._calm: dict[int, list[tuple[int, int, RolledDay]]] = {}
        self._targets: dict[int, str] = {}
        text = (_J.c.id, *(type_coerce(_J.c[name], Text) for name in ("verdict", "reason")))
        self._candidates: dict[int, tuple[Recorded, tuple[Line, ...]]] = {}
        for number, verdict, reason, rule in connection.execute(select(*text, _J.c.rule)):
            judgement = recorded(verdict, reason, rule)
            self._candidates[number] = judgement, rejudged.ruleset.candidates(judgement)
        self._same = self._as_recorded()

    def _as_recorded(self) -> frozenset[tuple[Verdict, Reason | None]]:
        """Return the states whose checks all count as they were recorded, whatever their facts.

        Failures are left out: whether they are confirmed is another question.
        """
        other = {
            (judgement.verdict, judgement.reason)
            for judgement, lines in self._candidates.values()
            if judgement.verdict in FAILING
            or any(line.counts_as is not judgement.verdict for line in lines)
        }
        every = {
            (judgement.verdict, judgement.reason) for judgement, _ in self._candidates.values()
        }
        return frozenset(every - other | {UNOBSERVED})

    def _read_judgements(self) -> Mapping[int, tuple[Verdict, Reason]]:
        return {}  # `_candidates` has them: their words may be those of a newer program

    def subject(self, target: str) -> int | None:
        """Return the number of a target, whose outages are known from then on."""
        number = super().subject(target)
        if number is not None:
            self._targets[number] = target
        return number

    def refolded(self, target: str) -> Refolded:
        """Return the outages of a target over the whole record."""
        known = self._rejudged.folds.get(target)
        if known is None:
            subject = self.subject(target)
            folding = Refolding.of(target, self._point)
            if subject is not None:
                self._fold(folding, subject)
            known = self._rejudged.folds[target] = folding.result()
        return known

    def _fold(self, folding: Refolding, subject: int) -> None:
        """Fold the checks of a target, without calm days that can change nothing."""
        mine = _ROWS.where(_O.c.subject_id == subject)
        at, left_out = (
            0,
            False,
        )  # where the next checks begin, and whether some before were left out

        def add(until: int | None) -> None:
            if left_out:
                good = mine.where(at > AT, _O.c.judgement_id.in_(self._good))
                folding.add(self._sightings(folding, subject, good.order_by(AT.desc()).limit(1)))
            within = mine.where(at <= AT, *self._before(until))
            folding.add(self._sightings(folding, subject, within.order_by(AT)))

        for start, end, _ in self._calm_days(subject):
            if at < start:
                add(start)
                left_out = False
            at = start
            if folding.is_calm:
                left_out = True
            else:
                add(end)
                left_out = False
            at = end
        add(None)

    @cached_property
    def _good(self) -> list[int]:
        """Numbers of the judgements of calm days that are good."""
        return [
            number
            for number, (judgement, _) in self._candidates.items()
            if judgement.verdict in GOOD and (judgement.verdict, judgement.reason) in self._same
        ]

    def _calm_days(self, subject: int) -> list[tuple[int, int, RolledDay]]:
        """Return the days with good checks, of which all checks count as recorded, in order."""
        if subject not in self._calm:
            wanted = (
                select(*(type_coerce(_R.c[name], kind) for name, kind in _ROLLED))
                .where(_R.c.subject_id == subject)
                .order_by(_R.c.day)
            )
            limit = self._rejudged.until
            days: list[tuple[int, int, RolledDay]] = []
            for start, group in groupby(self._connection.execute(wanted), key=itemgetter(0)):
                end = midnight(day_of(start) + _DAY)
                day = self._calm_day([row[1:] for row in group])
                if day is not None and (limit is None or end <= limit):
                    days.append((start, end, day))
            self._calm[subject] = days
        return self._calm[subject]

    def _calm_day(self, rows: Sequence[Sequence[Any]]) -> RolledDay | None:
        cells = []
        for verdict, reason, *sums in rows:
            judgement = recorded(verdict, reason, "") if reason else None
            key = (judgement.verdict, judgement.reason) if judgement else (Verdict(verdict), None)
            if key not in self._same:
                return None
            cells.append((key, *sums))
        good = any(key[0] in GOOD and checks for key, _, _, checks in cells)
        return RolledDay(cells) if good else None

    def differences(
        self, target: str, since: int, until: int, now: int
    ) -> tuple[Counter[DifferenceKey], Counter[DifferenceKey]]:
        """Return the checks of a span, then the time that they held in it, in microseconds.

        By what was recorded, what it counts as, and why.
        """
        checks: Counter[DifferenceKey] = Counter()
        held_us: Counter[DifferenceKey] = Counter()
        subject = self.subject(target)
        if subject is None:
            return checks, held_us
        last: tuple[int, int, DifferenceKey] | None = None
        for at, hold_us, judgement, verdict, why in self._final(subject, since, until):
            key = (judgement.verdict, judgement.reason, verdict, why)
            if last is not None:
                _hold(held_us, last, since, min(at, until))
            last = at, at + hold_us, key
            checks[key] += since <= at < until
            if at >= until:
                break
        else:
            if last is not None:  # nothing holds after the present
                _hold(held_us, last, since, min(until, max(now, since, last[0])))
        return checks, held_us

    def _days(
        self, subject: int | None, edges: Sequence[int]
    ) -> Iterator[tuple[int, int, RolledDay]]:
        """Yield the calm days between two more: what holds in them is as it was recorded."""
        days = self._calm_days(subject) if subject is not None else []
        for before, (start, end, day), after in zip(days, days[1:], days[2:], strict=False):
            if before[1] == start and end == after[0] and edges[0] <= start and end <= edges[-1]:
                yield start, end, day

    def _summed_days(
        self, _subjects: Sequence[int | None], _edges: Sequence[int]
    ) -> Iterator[tuple[int, int, RolledDay]]:
        """Yield nothing: days are added up target by target."""
        yield from ()

    def _observed(self, subject: int | None, since: int, until: int) -> Iterator[Observed]:
        if subject is None:
            return
        for at, hold_us, judgement, verdict, _ in self._final(subject, since, until):
            yield at, verdict, judgement.reason or Reason.UNKNOWN_FAILURE, hold_us
            if at >= until and verdict in KNOWN:  # it decides what is doubtful before it
                return

    def _final(
        self, subject: int, since: int, until: int
    ) -> Iterator[tuple[int, int, Recorded, Verdict, str]]:
        """Yield the last check before a span and all that follow, with what they count as."""
        folded = self.refolded(self._targets[subject])
        confirmation = self._rejudged.ruleset.confirmation
        other = confirmation.unconfirmed
        for at, hold_us, judgement, line in self._from(subject, since, until):
            verdict, why = line.counts_as, line.why
            if other is not None and verdict in FAILING and folded.is_unconfirmed(at):
                verdict, why = other, confirmation.why
            yield at, hold_us, judgement, verdict, why

    def _from(self, subject: int, since: int, until: int) -> Iterator[_Kept]:
        mine = _ROWS.where(_O.c.subject_id == subject)
        last = mine.where(*self._before(since)).order_by(AT.desc()).limit(1)
        within = mine.where(since <= AT, *self._before(until)).order_by(AT)
        following = mine.where(until <= AT, *self._before(None)).order_by(AT)
        yield from self._kept(subject, last)
        yield from self._kept(subject, within)
        yield from self._kept(subject, following, together=_FEW)

    def _before(self, until: int | None) -> list[ColumnElement[bool]]:
        """Return the condition that checks are earlier than an instant, and read at all.

        One bound, not two: SQLite looks up the first it is given in the index, and reads all that
        lies between both.
        """
        limit = self._rejudged.until
        ends = [end for end in (until, None if limit is None else limit + 1) if end is not None]
        return [min(ends) > AT] if ends else []

    def _sightings(
        self, folding: Refolding, subject: int, wanted: Select[Any]
    ) -> Iterator[tuple[Sighting, Policy]]:
        """Yield checks of a target, as lines count them, with the policy to follow each by.

        Of good checks in a row that change nothing, only the last is yielded.
        """
        confirmation = self._rejudged.ruleset.confirmation
        plans = [
            (from_us, confirmation.policy(policy_of(plan)))
            for from_us, plan in plans_of(self._connection, subject)
        ] or [(0, confirmation.policy(Policy()))]
        good: _Kept | None = None
        for check in chain(self._kept(subject, wanted), (None,)):
            line = check[3] if check else None
            if line and line.counts_as in GOOD and folding.is_calm:
                good = check
                continue
            for at, _, judgement, decisive in filter(None, (good, check)):
                reason = judgement.reason or Reason.UNKNOWN_FAILURE
                sighting = Sighting(at=instant(at), verdict=decisive.counts_as, reason=reason)
                place = bisect_right(plans, at, key=itemgetter(0)) - 1
                yield sighting, plans[max(0, place)][1]
            good = None

    def _kept(self, subject: int, wanted: Select[Any], *, together: int = BATCH) -> Iterator[_Kept]:
        """Yield the checks of a query, each with the line that decides of it."""
        holds = self._holds(subject)
        spans = self._rejudged.announced.get(self._targets[subject], ())
        options = {"yield_per": together}
        with self._connection.execute(wanted, execution_options=options) as batches:
            for rows in batches.partitions():
                self._rejudged.progress(len(rows))
                for at, number, *facts_of in rows:
                    judgement, lines = self._candidates[number]
                    line = lines[0]
                    if len(lines) > 1:
                        facts = partial(self._facts, *facts_of)
                        line = decided(lines, facts, announced=_within(spans, at))
                    yield at, hold_at(holds, at), judgement, line

    def _facts(self, duration_us: int, conditions: int, controls: int | None) -> Facts:
        of_pair = self._condition_facts((conditions, controls))
        return Facts(of_pair.status, duration_us - of_pair.stalled_us, of_pair.vouched)

    def _condition_facts(self, pair: _Pair) -> _ConditionFacts:
        """Return what lines ask of conditions and of a panel, each pair read once while kept."""
        known = self._rejudged.asked
        facts = known.get(pair)
        if facts is not None:
            known.move_to_end(pair)
            return facts
        number, controls = pair
        profile = texts_of(self._connection, {number}, conditions_from)[number]
        panels = texts_of(self._connection, {controls}, controls_from)
        panel = None if controls is None else Controls(at=_NO_TIME, **panels[controls])
        facts = known[pair] = _ConditionFacts(
            status_of(profile), 1_000 * profile.stalled_ms, is_vouched(profile, panel)
        )
        if len(known) > _MOST_PAIRS:
            known.popitem(last=False)
        return facts


def _within(spans: Sequence[tuple[int, int]], at: int) -> bool:
    index = bisect_right(spans, at, key=itemgetter(0)) - 1
    return index >= 0 and at < spans[index][1]


def _hold(
    held_us: Counter[DifferenceKey], last: tuple[int, int, DifferenceKey], since: int, until: int
) -> None:
    """Add the time that a check held in [since, until), which ends where the next one is."""
    at, end, key = last
    held_us[key] += max(0, min(end, until) - max(at, since))
