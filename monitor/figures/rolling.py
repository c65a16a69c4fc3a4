"""Figures over rolling windows, for the metrics: computed in the background, never by a reader.

All windows of one computation end at the same whole minute, which is shown beside them: whoever
asks `vigie availability` for the same span gets the same numbers.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from monitor.config import Config
from monitor.core.outages.calendar import midnight
from monitor.core.outages.span_figures import ScopeKind
from monitor.core.outages.time_accounts import Account, Bound, instant, microseconds
from monitor.figures import shapes
from monitor.figures.answers import Reads
from monitor.figures.recorded_targets import recorded_targets
from monitor.figures.scopes import Scopes
from monitor.metrics import MetricsState, RollingMetrics, WindowFigures
from monitor.runtime.clock import Clock
from monitor.runtime.faults import Faults
from monitor.store.reads.plan_reads import Definition

_HOUR_US = 3_600_000_000
# Windows by their label, the shortest first.
WINDOWS: dict[str, int] = {
    "24h": 24 * _HOUR_US,
    "7d": 7 * 24 * _HOUR_US,
    "30d": 30 * 24 * _HOUR_US,
    "365d": 365 * 24 * _HOUR_US,
}
# The two extreme bounds follow from these and the coverage: see docs/metriques.md.
BOUNDS = (Bound.LOW, Bound.CENTRAL, Bound.HIGH)
LAG_US = 120_000_000  # windows end so long ago at least: later checks may still be in progress
# Beside a milestone, as long before as after it: between an hour, and a year, of each.
SIDES = ("before", "after")
SIDE_MIN_US = _HOUR_US
SIDE_MAX_US = 366 * 24 * _HOUR_US
INTERVAL_S = 600.0  # between two computations
RESTS = 4  # times as long as the reading of one target took: a fifth of a processor at most
SHARE = 20  # and at least this many times as long as one took


class RecordedPlans(Reads, Protocol):
    """`Reads`, with the targets that were ever planned. `monitor.store.Store` is one."""

    def definitions(self) -> Sequence[Definition]:
        """Return each target as it was planned, by target, then from when."""
        ...


class RollingFigures:
    """Keeps `MetricsState.figures` up to date."""

    def __init__(
        self,
        reads: RecordedPlans,
        config: Config,
        *,
        clock: Clock,
        board: MetricsState,
        faults: Faults,
    ) -> None:
        self._reads = reads
        self._config = config
        self._milestones = config.figures.milestones
        self._clock = clock
        self._board = board
        self._faults = faults

    async def run(self) -> None:
        """Compute until cancelled. Raises StoreError."""
        while True:
            began_us = self._clock.monotonic_us()
            with self._faults.sparing("figures"):
                await self.compute()
            took_s = (self._clock.monotonic_us() - began_us) / 1e6
            await self._clock.sleep(max(INTERVAL_S, SHARE * took_s))

    async def compute(self) -> None:
        """Compute all figures once, one scope at a time, in a thread. Raises StoreError."""
        now = self._clock.now()
        until, now_us = last_end(now), microseconds(now)
        plans = await asyncio.to_thread(self._reads.definitions)
        known = recorded_targets((), plans, self._config)
        scopes = Scopes(known.by_slug, self._config.figures.components)
        of_targets: dict[str, list[Account]] = {}
        for scope in scopes.every(ScopeKind.TARGET):
            of_targets[scope.slug] = await self._summed(scope.slug, edges(until), now_us)
        of_scopes: dict[tuple[str, str], list[Account]] = {}
        names: dict[tuple[str, str], str] = {}
        for scope in scopes.public():
            names[scope.kind.value, scope.slug] = scope.name
            of_scopes[scope.kind.value, scope.slug] = (
                await asyncio.to_thread(
                    self._reads.whole_accounts, scope.targets, edges(until), now=now_us
                )
                if scope.needs_all
                else added([of_targets[slug] for slug in scope.targets])
            )
        self._board.figures = RollingMetrics(
            until=instant(until),
            targets={
                slug: tuple(self._figures(stretches))
                for slug, stretches in of_targets.items()
                if slug in self._board.targets
            },
            scopes={name: tuple(self._figures(one)) for name, one in of_scopes.items()},
            scope_names=names,
            dates={(one.slug, one.name): instant(midnight(one.date)) for one in self._milestones},
            milestones=await self._beside_milestones(scopes, until, now_us),
        )

    async def _beside_milestones(
        self, scopes: Scopes, until: int, now_us: int
    ) -> dict[tuple[str, str, str], tuple[WindowFigures, ...]]:
        """Return the figures before and after each recent milestone, of each public scope."""
        figures = {}
        for milestone in self._milestones:
            middle = midnight(milestone.date)
            length = until - middle
            if not SIDE_MIN_US <= length <= SIDE_MAX_US:
                continue
            sides = [middle - length, middle, until]
            for scope in scopes.public():
                accounts = (
                    await asyncio.to_thread(
                        self._reads.whole_accounts, scope.targets, sides, now=now_us
                    )
                    if scope.needs_all
                    else added([await self._summed(slug, sides, now_us) for slug in scope.targets])
                )
                figures[milestone.slug, scope.kind.value, scope.slug] = tuple(
                    self._window(side, account)
                    for side, account in zip(SIDES, accounts, strict=True)
                )
        return figures

    async def _summed(self, slug: str, starts: Sequence[int], now_us: int) -> list[Account]:
        """Read the accounts of one target, then rest: checks must not be late for figures."""
        began_us = self._clock.monotonic_us()
        accounts = await asyncio.to_thread(self._reads.summed_accounts, (slug,), starts, now=now_us)
        if took_us := self._clock.monotonic_us() - began_us:
            await self._clock.sleep(RESTS * took_us / 1e6)
        return accounts

    def _figures(self, stretches: Sequence[Account]) -> Iterator[WindowFigures]:
        """Yield each window, which is the one before it and one stretch more."""
        account = Account()
        for window, stretch in zip(WINDOWS, reversed(stretches), strict=True):
            account.merge(stretch)
            yield self._window(window, account)

    def _window(self, window: str, account: Account) -> WindowFigures:
        enough = account.coverage >= self._config.figures.coverage_min
        ratios = {bound.value: shapes.ratio(account.ratio(bound)) for bound in BOUNDS}
        return WindowFigures(
            window=window,
            coverage=shapes.ratio(account.coverage) or 0.0,
            rates={k: v for k, v in ratios.items() if v is not None} if enough else {},
        )


def last_end(now: datetime) -> int:
    """Return the newest whole minute that lies `LAG_US` before now, or longer."""
    us = microseconds(now) - LAG_US
    return us - us % 60_000_000


def edges(until: int) -> list[int]:
    """Return the starts of all windows, in order of time, and their common end."""
    return [*(until - WINDOWS[window] for window in reversed(WINDOWS)), until]


def added(rows: Sequence[Sequence[Account]]) -> list[Account]:
    """Return the sums of the accounts of one target or more, stretch by stretch."""
    sums = [Account() for _ in rows[0]]
    for row in rows:
        for total, account in zip(sums, row, strict=True):
            total.merge(account)
    return sums
