"""The record as a checkpoint has it, for figures: what was recorded later is not there."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from monitor.core.model import Annotation, Outage, Run
from monitor.core.outages.time_accounts import Account
from monitor.store import Store
from monitor.store.reads.journal_reads import KeptCheckpoint


class CheckpointedReads:
    """What `monitor.figures.answers.Reads` asks for. Accounts end at the `now` of a question."""

    def __init__(self, store: Store, checkpoint: KeptCheckpoint) -> None:
        self._store = store
        self._checkpoint = checkpoint

    @cached_property
    def all_outages(self) -> tuple[Outage, ...]:
        """Every outage that was confirmed, by first failing check, then target."""
        return self._store.journaled_outages(self._checkpoint.size)

    def accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int, exact: bool = False
    ) -> Iterator[tuple[str, list[Account]]]:
        """Yield the accounts of each target between the edges."""
        return self._store.accounts(targets, edges, now=now, exact=exact)

    def summed_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        """Return the sums of the accounts of the targets."""
        return self._store.summed_accounts(targets, edges, now=now)

    def whole_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        """Return the accounts of a whole that needs all of the targets."""
        return self._store.whole_accounts(targets, edges, now=now)

    def watched(self) -> Mapping[str, tuple[datetime, datetime]]:
        """Return the first and the last check of each target, none after the checkpoint."""
        at = self._checkpoint.at
        return {
            target: (first, min(last, at))
            for target, (first, last) in self._store.watched().items()
            if first <= at
        }

    def outages(
        self,
        targets: Sequence[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Sequence[Outage]:
        """Return the outages that touch a span."""
        named = None if targets is None else set(targets)
        return tuple(
            one
            for one in self.all_outages
            if (named is None or one.target in named)
            and (until is None or one.first_fail_at < until)
            and (since is None or one.first_ok_at is None or one.first_ok_at > since)
        )

    def annotations(self) -> Sequence[Annotation]:
        """Return what was announced and withdrawn."""
        size = self._checkpoint.size
        return tuple(one for one in self._store.annotations() if (one.number or 0) < size)

    def runs(self) -> Sequence[Run]:
        """Return each life of the service that had begun."""
        at = self._checkpoint.at
        return tuple(one for one in self._store.runs() if one.started_at <= at)
