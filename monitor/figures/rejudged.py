"""Figures of the record by another ruleset, beside those of the verdicts that were recorded."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.model import Annotation, Outage, Reason, Run, Verdict
from monitor.core.outages.announcements import register, windows
from monitor.core.outages.span_figures import Availability
from monitor.core.outages.time_accounts import Account, instant
from monitor.core.verdict.rulesets import Ruleset
from monitor.figures.answers import Basis, FigureQuestion, Reads, availability
from monitor.store import Store
from monitor.store.reads.rejudged_reads import (
    DifferenceKey,
    Progress,
    Rejudged,
    RejudgedReader,
)


class RejudgedRecord:
    """The record as a ruleset counts it: what `monitor.figures.answers.Reads` asks for.

    With `reads` and `until` it is the record as it was then: no later check is read, and what was
    announced is what `reads` says.
    """

    def __init__(
        self,
        store: Store,
        ruleset: Ruleset,
        progress: Progress = lambda _checks: None,
        *,
        reads: Reads | None = None,
        until: int | None = None,
    ) -> None:
        self._store, self._reads = store, reads or store
        announced = windows(register(self._reads.annotations()))
        self._rejudged = Rejudged(
            ruleset=ruleset, announced=announced, progress=progress, until=until
        )

    def accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int, exact: bool = False
    ) -> Iterator[tuple[str, list[Account]]]:
        """Yield the accounts of each target between the edges; they are always exact."""
        del exact
        with self._store.reading() as connection:
            reader = RejudgedReader(connection, self._store.point, self._rejudged)
            for target in targets:
                yield target, reader.accounts(target, edges, now)

    def summed_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        """Return the sums of the accounts of the targets."""
        with self._store.reading() as connection:
            reader = RejudgedReader(connection, self._store.point, self._rejudged)
            return reader.summed(targets, edges, now)

    def whole_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        """Return the accounts of a whole that needs all of the targets."""
        with self._store.reading() as connection:
            reader = RejudgedReader(connection, self._store.point, self._rejudged)
            for target in targets:
                reader.refolded(target)  # one after the other, before all are read together
            return reader.whole(targets, edges, now)

    def watched(self) -> Mapping[str, tuple[datetime, datetime]]:
        """Return the first and the last check of each target."""
        return self._reads.watched()

    def outages(
        self,
        targets: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Outage]:
        """Return the outages that touch a span, by first failing check, then target."""
        with self._store.reading() as connection:
            reader = RejudgedReader(connection, self._store.point, self._rejudged)
            touching = [
                outage
                for target in (self.watched() if targets is None else targets)
                for outage in reader.refolded(target).outages
                if (until is None or outage.first_fail_at < until)
                and (since is None or outage.first_ok_at is None or outage.first_ok_at > since)
            ]
        return sorted(touching, key=lambda outage: (outage.first_fail_at, outage.target))

    def annotations(self) -> Sequence[Annotation]:
        """Return all that was announced and withdrawn."""
        return self._reads.annotations()

    def runs(self) -> Sequence[Run]:
        """Return each life of the service."""
        return self._reads.runs()

    def differences(self, question: FigureQuestion) -> "tuple[RulesetDifference, ...]":
        """Return what checks count as, over the span of a question, the longest first."""
        checks: Counter[DifferenceKey] = Counter()
        held_us: Counter[DifferenceKey] = Counter()
        span = question.since, question.until, question.now
        with self._store.reading() as connection:
            reader = RejudgedReader(connection, self._store.point, self._rejudged)
            for target in question.scope.targets:
                more_checks, more_held = reader.differences(target, *span)
                checks.update(more_checks)
                held_us.update(more_held)
        keys = sorted(
            {*checks, *held_us}, key=lambda key: (-held_us[key], -checks[key], *map(str, key))
        )
        return tuple(
            RulesetDifference(
                verdict=key[0],
                reason=key[1],
                counts_as=key[2],
                why=key[3],
                checks=checks[key],
                held_us=held_us[key],
            )
            for key in keys
            if checks[key] or held_us[key]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesetDifference:
    """Checks that were recorded alike and count alike, and the time that they held in a span.

    `reason` is None when this program does not know it.
    """

    verdict: Verdict
    reason: Reason | None
    counts_as: Verdict
    why: str
    checks: int
    held_us: int

    @property
    def differs(self) -> bool:
        return self.verdict is not self.counts_as


@dataclass(frozen=True, slots=True, kw_only=True)
class RejudgedAnswer:
    """One question answered twice.

    Attributes:
        recorded: By the verdicts that were recorded.
        rejudged: By the ruleset, which its `rulesets` name.
        outages, rejudged_outages: Those that touch the span.
        differences: All checks of the span, also those that count as they were recorded.

    """

    recorded: Availability
    rejudged: Availability
    outages: Sequence[Outage]
    rejudged_outages: Sequence[Outage]
    differences: Sequence[RulesetDifference]


def rejudged_answers(
    store: Store,
    ruleset: Ruleset,
    questions: Sequence[FigureQuestion],
    basis: Basis,
    progress: Progress = lambda _checks: None,
) -> Iterator[RejudgedAnswer]:
    """Answer several questions by both, one by one. Raises StoreError."""
    record = RejudgedRecord(store, ruleset, progress)
    for question in questions:
        by_ruleset = availability(record, question, basis)
        span = question.scope.targets, instant(question.since), instant(question.until)
        yield RejudgedAnswer(
            recorded=availability(store, question, basis),
            rejudged=replace(by_ruleset, rulesets=(ruleset.cited,)),
            outages=store.outages(*span),
            rejudged_outages=record.outages(*span),
            differences=record.differences(question),
        )
