"""Accounts and outages of a point as a published ruleset counts the checks that were kept.

Sums by day are of the verdicts that were recorded, and are not read here: every figure comes from
the checks themselves. One target at a time, a batch of checks at a time.
"""

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Select, Text, select, type_coerce

from monitor.core.journal.decode import policy_of
from monitor.core.model import Controls, Policy, Reason, Sighting, Verdict
from monitor.core.outages.announcements import Windows
from monitor.core.outages.fold import FAILING
from monitor.core.outages.refold import Refolded, refold
from monitor.core.outages.time_accounts import KNOWN, Observed, instant
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
from monitor.store.tables.check_tables import JudgementRow, ObservationRow, table_of
from monitor.store.writing.intern_tables import conditions_from, controls_from

_O, _J = table_of(ObservationRow), table_of(JudgementRow)
_ROWS = select(AT, _O.c.judgement_id, _O.c.duration_us, _O.c.conditions_id, _O.c.controls_id)
_MOST_PAIRS = 20_000  # of some hundred bytes each
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # of a panel: lines do not ask when

# What was recorded, what it counts as and why.
DifferenceKey: TypeAlias = tuple[Verdict, Reason | None, Verdict, str]
Progress = Callable[[int], None]  # is given how many checks were read since the last call


class _Kept(NamedTuple):
    """A recorded check, and what it counts as before any confirmation."""

    at: int
    hold_us: int
    judgement: Recorded
    line: Line


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
        folds: The outages of each target that was asked for.
        asked: What lines ask of conditions that came before, the last used at the end.

    """

    ruleset: Ruleset
    announced: Windows
    progress: Progress
    folds: dict[str, Refolded] = field(default_factory=dict)
    asked: OrderedDict[_Pair, _ConditionFacts] = field(default_factory=OrderedDict)


class RejudgedReader(AccountReader):
    """Reads accounts as `AccountReader` does, from the checks alone, by another ruleset."""

    def __init__(self, connection: Connection, point: str, rejudged: Rejudged) -> None:
        super().__init__(connection, point)
        self._rejudged = rejudged
        self._targets: dict[int, str] = {}
        text = (_J.c.id, *(type_coerce(_J.c[name], Text) for name in ("verdict", "reason")))
        self._candidates: dict[int, tuple[Recorded, tuple[Line, ...]]] = {}
        for number, verdict, reason, rule in connection.execute(select(*text, _J.c.rule)):
            judgement = recorded(verdict, reason, rule)
            self._candidates[number] = judgement, rejudged.ruleset.candidates(judgement)

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
            sightings = self._sightings(subject) if subject is not None else iter(())
            known = self._rejudged.folds[target] = refold(target, self._point, sightings)
        return known

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
        for check, (verdict, why) in self._final(subject, since, until):
            key = (check.judgement.verdict, check.judgement.reason, verdict, why)
            if last is not None:
                _hold(held_us, last, since, min(check.at, until))
            last = check.at, check.at + check.hold_us, key
            checks[key] += since <= check.at < until
            if check.at >= until:
                break
        else:
            if last is not None:  # nothing holds after the present
                _hold(held_us, last, since, min(until, max(now, since, last[0])))
        return checks, held_us

    def _days(
        self, _subject: int | None, _edges: Sequence[int]
    ) -> Iterator[tuple[int, int, RolledDay]]:
        """Yield nothing: sums by day are of the verdicts that were recorded."""
        yield from ()

    def _summed_days(
        self, _subjects: Sequence[int | None], _edges: Sequence[int]
    ) -> Iterator[tuple[int, int, RolledDay]]:
        """Yield nothing: see `_days`."""
        yield from ()

    def _observed(self, subject: int | None, since: int, until: int) -> Iterator[Observed]:
        if subject is None:
            return
        for check, (verdict, _) in self._final(subject, since, until):
            reason = check.judgement.reason or Reason.UNKNOWN_FAILURE
            yield check.at, verdict, reason, check.hold_us
            if check.at >= until and verdict in KNOWN:  # it decides what is doubtful before it
                return

    def _final(
        self, subject: int, since: int, until: int
    ) -> Iterator[tuple[_Kept, tuple[Verdict, str]]]:
        """Yield the last check before a span and all that follow, with what they count as."""
        folded = self.refolded(self._targets[subject])
        confirmation = self._rejudged.ruleset.confirmation
        for check in self._from(subject, since, until):
            verdict, why = check.line.counts_as, check.line.why
            other = confirmation.unconfirmed
            if other is not None and verdict in FAILING and folded.is_unconfirmed(check.at):
                verdict, why = other, confirmation.why
            yield check, (verdict, why)

    def _from(self, subject: int, since: int, until: int) -> Iterator[_Kept]:
        mine = _ROWS.where(_O.c.subject_id == subject)
        before = mine.where(since > AT).order_by(AT.desc()).limit(1)
        yield from self._kept(subject, before)
        yield from self._kept(subject, mine.where(since <= AT, until > AT).order_by(AT))
        yield from self._kept(subject, mine.where(until <= AT).order_by(AT))

    def _sightings(self, subject: int) -> Iterator[tuple[Sighting, Policy]]:
        """Yield every check of a target, as lines count it, with the policy to follow it by."""
        confirmation = self._rejudged.ruleset.confirmation
        plans = [
            (from_us, confirmation.policy(policy_of(plan)))
            for from_us, plan in plans_of(self._connection, subject)
        ] or [(0, confirmation.policy(Policy()))]
        index = 0
        for check in self._kept(subject, _ROWS.where(_O.c.subject_id == subject).order_by(AT)):
            while index + 1 < len(plans) and plans[index + 1][0] <= check.at:
                index += 1
            reason = check.judgement.reason or Reason.UNKNOWN_FAILURE
            sighting = Sighting(at=instant(check.at), verdict=check.line.counts_as, reason=reason)
            yield sighting, plans[index][1]

    def _kept(self, subject: int, wanted: Select[Any]) -> Iterator[_Kept]:
        """Yield the checks of a query, each with the line that decides of it."""
        holds = self._holds(subject)
        spans = self._rejudged.announced.get(self._targets[subject], ())
        options = {"yield_per": BATCH}
        with self._connection.execute(wanted, execution_options=options) as batches:
            for rows in batches.partitions():
                self._rejudged.progress(len(rows))
                for at, number, *facts_of in rows:
                    judgement, lines = self._candidates[number]
                    line = lines[0]
                    if len(lines) > 1:
                        facts = partial(self._facts, *facts_of)
                        line = decided(lines, facts, announced=_within(spans, at))
                    yield _Kept(at, hold_at(holds, at), judgement, line)

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
