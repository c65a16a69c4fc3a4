"""What each point knows of our targets: our own record, and those that we follow."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from monitor.attest.sealing import SEAL_INTERVAL_S
from monitor.config import Config, OtherPoint
from monitor.core.model import Controls, State
from monitor.core.points.combine import CommonWord, PointView, combine, word_of
from monitor.evidence.other_points.point_folder import (
    DATABASE,
    VISIT_INTERVAL_S,
    FollowFault,
    FollowState,
    PointFolder,
)
from monitor.metrics.metrics_state import OtherPointMetrics, PointMetrics
from monitor.store import Store
from monitor.store.engine import StoreError
from monitor.store.reads.plan_reads import Definition
from monitor.store.reads.point_reads import latest_point

FRESH: Final = timedelta(seconds=10)  # points are visited twice a minute
# A healthy point is no quieter than that: it signs, we read its journal, we read what that said.
LATE_S: Final = SEAL_INTERVAL_S + 2 * VISIT_INTERVAL_S
SELDOM: Final = 10  # times as seldom as we do, at most, a point may check and not be silent
_LINE: Final = timedelta(minutes=10)  # a round of controls that is older says nothing of the line


class OwnReads(Protocol):
    """What is read of one record; `Store` has it."""

    @property
    def point(self) -> str: ...

    def states(self) -> Sequence[State]: ...

    def definitions(self) -> Sequence[Definition]: ...

    def rounds(self, since: datetime, until: datetime) -> Sequence[Controls]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PointStatus:
    """What came of following one point, for pages and metrics."""

    name: str
    operator: str
    state: FollowState
    faults: tuple[FollowFault, ...]


class _Nothing:
    """The record of a point that has none here."""

    point = ""

    def states(self) -> Sequence[State]:
        return ()

    def definitions(self) -> Sequence[Definition]:
        return ()

    def rounds(self, since: datetime, until: datetime) -> Sequence[Controls]:
        del since, until
        return ()


class PointReader:
    """Reads the records of all points. Safe from any thread."""

    def __init__(self, config: Config, data: Path) -> None:
        self._config = config
        self._data = data
        self._fresh = min(FRESH, timedelta(seconds=config.shortest_interval_s))
        self._last: tuple[OwnReads | None, datetime, Mapping[str, CommonWord]] | None = None

    def statuses(self) -> tuple[PointStatus, ...]:
        """Return what came of following each point of the configuration, in its order."""
        return tuple(
            PointStatus(
                name=point.name,
                operator=point.operator,
                state=(folder := PointFolder(self._data, point.name)).state(),
                faults=folder.faults(),
            )
            for point in self._config.points
        )

    def others(self) -> Iterator[tuple[OtherPoint, bool, Store | None]]:
        """Yield each other point, whether it is heard, and its record while it is open."""
        for point in self._config.points:
            folder = PointFolder(self._data, point.name)
            store = open_record(folder)
            try:
                yield point, not folder.faults(), store
            finally:
                if store is not None:
                    store.close()

    @contextmanager
    def record_of(self, name: str) -> Iterator[Store | None]:
        """Open the record of a point of the configuration.

        None where there is none to read, or its journal is at fault: it is heard no more.
        """
        folder = PointFolder(self._data, name)
        known = any(point.name == name for point in self._config.points)
        store = open_record(folder) if known and not folder.faults() else None
        try:
            yield store
        finally:
            if store is not None:
                store.close()

    def metrics(self, own: OwnReads, now: datetime) -> PointMetrics:
        """Return what metrics show. Raises as `common_words`."""
        return PointMetrics(
            others=tuple(
                OtherPointMetrics(
                    name=one.name,
                    leaves=one.state.leaves,
                    heard_at=one.state.heard_at,
                    fault_at=min((fault.at for fault in one.faults), default=None),
                )
                for one in self.statuses()
            ),
            words=self.common_words(own, now),
        )

    def common_words(self, own: OwnReads | None, now: datetime) -> Mapping[str, CommonWord]:
        """Return what all points say of each target of ours, by slug.

        `own` is our record; None for one who only reads those of others. Reading ten points costs
        a third of a second: pages within `FRESH`, or the plan's shortest interval, share them.

        Raises:
            StoreError: Our own record cannot be read. Another's that cannot be is silent.

        """
        last = self._last
        if last is not None and last[0] is own and timedelta(0) <= now - last[1] < self._fresh:
            return last[2]
        views: dict[str, list[PointView]] = {slug: [] for slug in self._config.by_slug}
        if own is not None:
            self._add(views, own, own.point, self._config.publisher.association, now)
        for point, heard, store in self.others():
            reads = store or _Nothing()
            # One that we cannot read any more is not merely late.
            late_s = 0.0 if PointFolder(self._data, point.name).state().why else LATE_S
            self._add(views, reads, point.name, point.operator, now, heard=heard, late_s=late_s)
        words = {
            slug: combine([word_of(view, at=now) for view in of_points])
            for slug, of_points in views.items()
        }
        self._last = own, now, words
        return words

    def _add(  # noqa: PLR0913 -- a point, and where its views go
        self,
        views: Mapping[str, list[PointView]],
        reads: OwnReads,
        name: str,
        operator: str,
        now: datetime,
        *,
        heard: bool = True,
        late_s: float = 0.0,
    ) -> None:
        states = {state.target: state for state in reads.states()}
        plans = {plan.target: plan for plan in reads.definitions()}
        rounds = reads.rounds(now - _LINE, now)
        line_works = not rounds or rounds[-1].line_works
        for slug, of_points in views.items():
            target, plan = self._config.by_slug[slug], plans.get(slug)
            # The same name for another address is another page.
            same = plan is None or plan.url == target.url
            # However seldom it says that it checks: its last word would hold for years.
            interval_s = min(
                plan.interval_s if plan else target.interval_s, SELDOM * target.interval_s
            )
            of_points.append(
                PointView(
                    point=name,
                    operator=operator,
                    state=states.get(slug) if same else None,
                    line_works=line_works,
                    interval_s=interval_s,
                    heard=heard,
                    late_s=late_s,
                )
            )


def open_record(folder: PointFolder) -> Store | None:
    """Open the rows of a point; None when there are none that can be read."""
    try:
        point = None
        if (folder.folder / DATABASE).exists():
            point = latest_point(folder.database_url)
        return Store.open(folder.database_url, point=point, writer=False) if point else None
    except StoreError:  # being made, or damaged: `vigie follow` says which
        return None
