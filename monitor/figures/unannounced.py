"""Figures without announced maintenance: the account of what lies outside of its windows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from monitor.core.outages.announcements import joined
from monitor.core.outages.calendar import refined
from monitor.core.outages.span_figures import Scope
from monitor.core.outages.time_accounts import Account

# A window, or a part of one: microseconds since 1970, the end not included.
Span = tuple[int, int]


class AccountSource(Protocol):
    """Where accounts come from; see `monitor.figures.answers.Reads`."""

    def accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int, exact: bool = False
    ) -> Iterator[tuple[str, list[Account]]]:
        """Yield the accounts of each target between the edges."""
        ...

    def whole_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        """Return the accounts of a whole that needs all of the targets."""
        ...


def unannounced(
    reads: AccountSource,
    scope: Scope,
    period: Span,
    windows: Mapping[str, Sequence[Span]],
    *,
    now: int,
) -> tuple[Account, int]:
    """Return the account outside of the windows, and the microseconds inside of them.

    Each target has its own windows; to a whole that needs all of its targets, those of any of
    them apply. Both results together are the span of the scope over the period.

    Args:
        reads: The record.
        scope: Of what is asked.
        period: The span that is asked for.
        windows: Of each target that has some: within the period, in order, none touching.
        now: Nothing is known after it.

    """
    account = Account()
    if scope.needs_all:
        spans = joined(span for some in windows.values() for span in some)
        edges = _edges(period, spans)
        _add(account, edges, reads.whole_accounts(scope.targets, edges, now=now), spans)
        return account, _length(spans)
    alike: dict[tuple[Span, ...], list[str]] = {}
    for slug in scope.targets:
        alike.setdefault(tuple(windows.get(slug, ())), []).append(slug)
    for spans, targets in alike.items():
        edges = _edges(period, spans)
        for _, accounts in reads.accounts(targets, edges, now=now, exact=True):
            _add(account, edges, accounts, spans)
    return account, sum(_length(spans) * len(targets) for spans, targets in alike.items())


def _edges(period: Span, spans: Sequence[Span]) -> list[int]:
    return refined(period, {us for span in spans for us in span})


def _add(
    account: Account, edges: Sequence[int], accounts: Sequence[Account], spans: Sequence[Span]
) -> None:
    for edge, one in zip(edges[:-1], accounts, strict=True):
        if not any(start <= edge < end for start, end in spans):
            account.merge(one)


def _length(spans: Sequence[Span]) -> int:
    return sum(end - start for start, end in spans)
