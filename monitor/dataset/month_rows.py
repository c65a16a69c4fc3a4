"""The rows of each table of a data set, from the record as one checkpoint of the journal has it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeAlias

from monitor.config import FigureSettings
from monitor.core.model import Incident, Outage
from monitor.core.outages.calendar import midnight
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.core.outages.time_accounts import Account, Bound, instant, microseconds
from monitor.dataset import data_columns as columns
from monitor.figures.answers import Basis, Division, FigureQuestion, availabilities
from monitor.figures.recorded_targets import recorded_targets
from monitor.figures.scopes import Scopes
from monitor.figures.shapes import DECIMALS
from monitor.store import Store
from monitor.store.reads.journal_reads import KeptCheckpoint
from monitor.store.reads.plan_reads import Definition

# What a cell may be. An integer in a column of instants is microseconds since 1970.
DataCell: TypeAlias = str | int | float | bool | datetime | date | None
DataRow: TypeAlias = tuple[DataCell, ...]
_SETS = (
    ScopeKind.ANEF,
    ScopeKind.COMPONENT,
    ScopeKind.PREFECTURES,
    ScopeKind.DEPARTMENT,
    ScopeKind.PLATFORM,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthSpan:
    """A month of Paris: [since, until)."""

    name: str
    since: datetime
    until: datetime

    @classmethod
    def named(cls, name: str) -> "MonthSpan":
        """Return the month that is written "2026-11". Raises ValueError."""
        first = date.fromisoformat(f"{name}-01")
        if len(name) != len("2026-11") or not date(1970, 1, 2) <= first < date(9999, 1, 1):
            raise ValueError(name)
        following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        return cls(name=name, since=instant(midnight(first)), until=instant(midnight(following)))


@dataclass(frozen=True, kw_only=True)
class MonthRecord:
    """A month of the record, as `checkpoint` has it.

    Attributes:
        end: Of what is told: that of the month, or the checkpoint when it came first.

    """

    store: Store
    month: MonthSpan
    checkpoint: KeptCheckpoint
    figures: FigureSettings

    @property
    def end(self) -> datetime:
        return min(self.month.until, self.checkpoint.at)

    def rows(self) -> Iterator[tuple[columns.DataTable, Iterable[DataRow]]]:
        """Yield each table with its rows, in the order of its key. Raises StoreError."""
        yield (
            columns.TARGETS,
            (
                _planned(self._plans[target][-1])
                if target in self._plans
                else (target, target, *(None,) * (len(columns.TARGETS.columns) - 2))
                for target in self.targets
            ),
        )
        yield columns.PLANS, (_planned(plan) for plans in self._plans.values() for plan in plans)
        yield columns.OBSERVATIONS, self._observations()
        yield columns.OUTAGES, self._outage_rows()
        yield columns.INCIDENTS, self._incident_rows()
        yield columns.GAPS, self._gaps()
        yield columns.CHANGES, self._changes()
        yield columns.AVAILABILITY, self._availability()
        yield columns.SCOPES, self._scope_availability()
        yield columns.MEMBERS, self._members()
        yield (
            columns.MILESTONES,
            (
                (one.slug, one.date, one.name, one.source, one.sure.value)
                for one in sorted(self.figures.milestones, key=lambda one: one.slug)
            ),
        )

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Every target that the month says something of, by name."""
        size = self.checkpoint.size
        named = set(self.store.checked_between(self.month.since, self.end, size))
        named |= {one.target for one in self._outages}
        named |= {one.target for one in self._page_changes}
        named |= {one.target for one in self._all_gaps if one.target}
        return tuple(sorted(named))

    @cached_property
    def _plans(self) -> Mapping[str, list[Definition]]:
        """The definitions in force in the month, by target; the last one before it among them.

        A target of which no definition has a leaf is not there: the record never planned it.
        """
        plans: dict[str, list[Definition]] = {}
        for one in self.store.definitions():
            if one.target not in self.targets or one.leaf >= self.checkpoint.size:
                continue
            mine = plans.setdefault(one.target, [])
            if one.from_at >= self.end and mine:
                continue
            if one.from_at <= self.month.since:
                mine.clear()
            mine.append(one)
        return plans

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """The addresses that were asked for, in order."""
        return tuple(sorted({plan.url for plans in self._plans.values() for plan in plans}))

    def _observations(self) -> Iterator[DataRow]:
        for target in self.targets:
            for one in self.store.journaled_checks(
                target, self.month.since, self.end, self.checkpoint.size
            ):
                family = None if one.address is None else "ipv6" if ":" in one.address else "ipv4"
                yield (
                    target, self.store.point, one.at_us, one.late_us, one.verdict, one.reason,
                    one.rule, one.ruleset, one.status, one.duration_us, *one.phases_us, family,
                    one.body_sha256, one.body_bytes, one.leaf,
                )  # fmt: skip

    @cached_property
    def _known_outages(self) -> Mapping[tuple[str, datetime], Outage]:
        return {
            (one.target, one.first_fail_at): one
            for one in self.store.journaled_outages(self.checkpoint.size)
        }

    @cached_property
    def _outages(self) -> tuple[Outage, ...]:
        return tuple(
            one
            for one in self._known_outages.values()
            if one.first_fail_at < self.end
            and (one.first_ok_at is None or one.first_ok_at > self.month.since)
        )

    @cached_property
    def _incidents(self) -> tuple[tuple[Incident, list[Outage]], ...]:
        """The incidents, each with those of its outages that the checkpoint covers."""
        incidents = []
        for incident in self.store.incidents(self.month.since, self.end):
            outages = [self._known_outages[key] for key in incident.outages
                       if key in self._known_outages]  # fmt: skip
            if outages:
                incidents.append((incident, outages))
        return tuple(incidents)

    def _outage_rows(self) -> Iterator[DataRow]:
        incident_of = {
            outage.number: min(one.number or 0 for one in outages)
            for _, outages in self._incidents
            for outage in outages
        }
        for one in sorted(self._outages, key=lambda one: one.number or 0):
            longest_us = None
            if one.last_ok_at and one.first_ok_at:
                longest_us = microseconds(one.first_ok_at) - microseconds(one.last_ok_at)
            yield (
                one.number, one.target, one.nature.value, one.reason.value, one.last_ok_at,
                one.first_fail_at, one.confirmed_at, one.last_fail_at, one.first_ok_at,
                one.recovered_at,
                microseconds(one.last_fail_at) - microseconds(one.first_fail_at), longest_us,
                one.checks, one.relapses if one.recovered_at else None,
                incident_of.get(one.number),
            )  # fmt: skip

    def _incident_rows(self) -> Iterator[DataRow]:
        rows: list[tuple[int, DataRow]] = []
        for incident, outages in self._incidents:
            ends = [one.first_ok_at for one in outages if one.first_ok_at]
            closed_at = max(ends) if len(ends) == len(outages) else None
            number = min(one.number or 0 for one in outages)
            opened_at = min(one.first_fail_at for one in outages)
            row = (number, incident.platform, opened_at, closed_at, len(outages))
            rows.append((number, row))
        yield from (row for _, row in sorted(rows))

    @cached_property
    def _all_gaps(self) -> tuple[Any, ...]:
        return tuple(
            one
            for one in self.store.gaps(self.month.since, self.end)
            if one.number is not None and one.number < self.checkpoint.size
        )

    def _gaps(self) -> Iterator[DataRow]:
        for one in sorted(self._all_gaps, key=lambda one: one.number):
            yield (
                one.number, one.target or None, one.from_at, one.to_at, one.slots,
                one.cause.value,
            )  # fmt: skip

    @cached_property
    def _page_changes(self) -> tuple[Any, ...]:
        return tuple(
            one
            for one in self.store.page_changes(since=self.month.since, until=self.end)
            if one.number < self.checkpoint.size
        )

    def _changes(self) -> Iterator[DataRow]:
        for one in sorted(self._page_changes, key=lambda one: one.number):
            yield (
                one.number, one.target, one.edge.value, one.at, one.after_at, one.by_at,
                " ".join(kind.value for kind in one.kinds) or None,
                one.weight.value if one.weight else None, one.silent, one.announced,
                one.summary or None, one.before.sha256 if one.before else None,
                one.after.sha256 if one.after else None,
            )  # fmt: skip

    def _by_day(self, scopes: list[Scope]) -> Iterator[tuple[Scope, date, Account]]:
        since, until = microseconds(self.month.since), microseconds(self.end)
        questions = [
            FigureQuestion(
                scope=scope,
                since=since,
                until=until,
                now=microseconds(self.checkpoint.at),
                division=Division.DAY,
            )
            for scope in scopes
        ]
        for answer in availabilities(self.store, questions, Basis()):
            for part in answer.parts:
                yield answer.scope, date.fromisoformat(part.label), part.account

    @cached_property
    def _scopes(self) -> Scopes:
        plans = [plan for mine in self._plans.values() for plan in mine]
        known = recorded_targets(self.targets, plans, None)
        return Scopes(known.by_slug, self.figures.components)

    def _availability(self) -> Iterator[DataRow]:
        targets = self._scopes.every(ScopeKind.TARGET)
        for scope, day, account in self._by_day(targets):
            yield (scope.slug, day, *_figures(account))

    @cached_property
    def _sets(self) -> list[Scope]:
        scopes = [scope for kind in _SETS for scope in self._scopes.every(kind)]
        return sorted(
            (scope for scope in scopes if scope.slug),
            key=lambda scope: (scope.kind.value, scope.slug),
        )

    def _scope_availability(self) -> Iterator[DataRow]:
        for scope, day, account in self._by_day(self._sets):
            yield (
                scope.kind.value, scope.slug, scope.name, scope.needs_all, day,
                *_figures(account),
            )  # fmt: skip

    def _members(self) -> Iterator[DataRow]:
        for scope in self._sets:
            for target in sorted(scope.targets):
                yield scope.kind.value, scope.slug, target


def _planned(one: Definition) -> DataRow:
    return (
        one.target, one.name, one.url, one.kind, one.platform, one.department or None,
        one.interval_s, one.from_at, one.leaf,
    )  # fmt: skip


def _figures(account: Account) -> DataRow:
    """Return the cells of an account, in the order of the columns."""
    by_verdict = account.by_verdict
    return (
        account.span_us,
        *(by_verdict[verdict] for verdict in columns.STATES),
        account.unobserved_us,
        account.known_us,
        round(float(account.coverage), DECIMALS),
        *(account.available_us(bound) for bound in Bound),
        account.checks,
        account.failures,
    )
