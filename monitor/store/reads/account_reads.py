"""Accounts of time, each of one instant of the record."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from monitor.core.outages.time_accounts import (
    Account,
)
from monitor.store.reads.account_reader import AccountReader
from monitor.store.reads.question import StoreReads


class AccountReads(StoreReads):
    """The time of targets, by state, between any instants.

    Edges are microseconds since 1970: two or more, in order, none twice. Nothing holds after
    `now`.
    """

    def accounts(
        self, targets: Iterable[str], edges: Sequence[int], *, now: int, exact: bool = False
    ) -> Iterator[tuple[str, list[Account]]]:
        """Yield, for each target, the account of each stretch of time between two edges.

        All are of one instant of the record; one target at a time is in memory.
        Where an edge lies in a day that has sums, it is not known on which side its checks were:
        all are counted before the edge, unless `exact` has that day read check by check.
        """
        with self._reading() as session:
            reader = AccountReader(session.connection(), self.point)
            for target in targets:
                yield target, reader.accounts(target, edges, now, exact=exact)

    def summed_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        """Return the sums of the accounts of targets: what `accounts` gives, added up."""
        with self._reading() as session:
            return AccountReader(session.connection(), self.point).summed(targets, edges, now)

    def known_times(
        self, groups: Mapping[str, Sequence[str]], days: Sequence[int], *, now: int
    ) -> dict[str, tuple[int, int]]:
        """Return of each group how long its targets' state was known, and of how long it may be.

        In microseconds, over whole days: `days` are their starts, and the end of the last.
        """
        with self._reading() as session:
            return AccountReader(session.connection(), self.point).known_times(groups, days, now)

    def whole_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        """Return the accounts of a whole that needs all of these targets: see `combined`."""
        with self._reading() as session:
            return AccountReader(session.connection(), self.point).whole(targets, edges, now)
