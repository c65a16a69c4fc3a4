"""The queries that web pages need; the store provides them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.change_log import ChangeRecord, DeadLinkRecord, FactRecord, KeptCopy
from monitor.core.changes.page_events import Version
from monitor.core.model import (
    Controls,
    Event,
    Gap,
    Incident,
    LaneState,
    Outage,
    Run,
    Sighting,
    State,
)
from monitor.core.model.check import Check
from monitor.core.model.rendering import JournaledRendering
from monitor.core.outages.at import Around
from monitor.core.outages.time_accounts import Span
from monitor.core.text.page import Page
from monitor.figures.answers import Reads as FigureReads
from monitor.store.dossier_rows import RegisteredFile
from monitor.store.reads.plan_reads import Definition


class RecordReads(FigureReads, Protocol):
    """Queries of one measuring point, called from worker threads. `monitor.store.Store` is one.

    What overlaps a span is returned whole, in order of time.
    """

    @property
    def point(self) -> str: ...

    def known_times(
        self, groups: Mapping[str, Sequence[str]], days: Sequence[int], *, now: int
    ) -> Mapping[str, tuple[int, int]]: ...

    def states(self, targets: Iterable[str] | None = None) -> Sequence[State]: ...

    def watched(
        self, targets: Iterable[str] | None = None
    ) -> Mapping[str, tuple[datetime, datetime]]: ...

    def definitions(self) -> Sequence[Definition]: ...

    def outages(
        self,
        targets: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        newest: int | None = None,
    ) -> Sequence[Outage]: ...

    def incidents(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        open_only: bool = False,
        newest: int | None = None,
        number: int | None = None,
    ) -> Sequence[Incident]: ...

    def events(self, since: datetime, until: datetime) -> Sequence[Event]: ...

    def gaps(
        self, since: datetime, until: datetime, *, targets: Iterable[str] | None = None
    ) -> Sequence[Gap]: ...

    def rounds(self, since: datetime, until: datetime) -> Sequence[Controls]: ...

    def spans(
        self, holds_s: Mapping[str, float], since: datetime, until: datetime
    ) -> Mapping[str, Sequence[Span]]: ...

    def lanes(self) -> Sequence[LaneState]: ...

    def runs(self) -> Sequence[Run]: ...

    def observations(self, target: str, since: datetime, until: datetime) -> Sequence[Check]: ...

    def numbered_observations(
        self, target: str, since: datetime, until: datetime, *, newest_first: bool, limit: int
    ) -> Sequence[tuple[int | None, Check]]: ...

    def sightings(self, target: str, since: datetime, until: datetime) -> Sequence[Sighting]: ...

    def around(self, target: str, at: datetime) -> Around: ...

    def copies_between(
        self, target: str, since: datetime, until: datetime, *, limit: int
    ) -> Sequence[KeptCopy]: ...

    def last_rendering(
        self, target: str, *, kept_only: bool = False
    ) -> JournaledRendering | None: ...

    def rendering(self, number: int) -> JournaledRendering | None: ...

    def registered_files(self, code: str) -> Sequence[RegisteredFile]: ...

    def registered_by_digest(self, sha256: str) -> Sequence[RegisteredFile]: ...

    def leaves(self, since: int, until: int) -> Sequence[bytes]: ...

    def signed_size(self) -> int: ...

    def page_changes(  # noqa: PLR0913 -- keyword-only filters
        self,
        *,
        targets: Iterable[str] | None = None,
        kind: ChangeKind | None = None,
        weight: Weight | None = None,
        announced_only: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> Sequence[ChangeRecord]: ...

    def count_page_changes(
        self,
        *,
        targets: Iterable[str] | None = None,
        kind: ChangeKind | None = None,
        weight: Weight | None = None,
        announced_only: bool = False,
    ) -> int: ...

    def page_change(self, number: int) -> tuple[ChangeRecord, Page | None, Page | None] | None: ...

    def page_versions(self, target: str, *, limit: int | None = None) -> Sequence[Version]: ...

    def current_versions(self) -> Mapping[str, Version]: ...

    def dead_links(
        self,
        pages: Iterable[str] | None = None,
        *,
        change: int | None = None,
        dead_only: bool = False,
    ) -> Sequence[DeadLinkRecord]: ...

    def page_facts(
        self, targets: Iterable[str] | None = None, *, stated_only: bool = False
    ) -> Sequence[FactRecord]: ...
