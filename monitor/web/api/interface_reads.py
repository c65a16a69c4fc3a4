"""What the interface reads. Whatever keeps the record provides it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from monitor.core.changes.change_log import ChangeRecord
from monitor.core.model import Controls, Gap, Incident, Outage, State
from monitor.core.model.check import Check
from monitor.core.outages.at import Around
from monitor.core.text.page import Page
from monitor.figures import answers
from monitor.store.reads.plan_reads import Definition


class InterfaceReads(answers.Reads, Protocol):
    """Reads of one point of measure, called from worker threads. `monitor.store.Store` is one.

    `newest`, `limit`: of those that are asked for, only the last so many; None for all.
    """

    @property
    def point(self) -> str: ...

    def around(self, target: str, at: datetime) -> Around: ...

    def leaf_count(self) -> int:
        """Count the leaves of the journal: whatever is recorded adds one."""
        ...

    def states(self) -> Sequence[State]: ...

    def definitions(self) -> Sequence[Definition]: ...

    def rounds(self, since: datetime, until: datetime) -> Sequence[Controls]: ...

    def outages(  # noqa: PLR0913 -- keyword-only filters
        self,
        targets: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        open_only: bool = False,
        newest: int | None = None,
        number: int | None = None,
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

    def gaps(
        self,
        since: datetime,
        until: datetime,
        *,
        targets: Iterable[str] | None = None,
        newest: int | None = None,
        number: int | None = None,
    ) -> Sequence[Gap]: ...

    def page_changes(
        self,
        *,
        targets: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        announced_only: bool = False,
        limit: int | None = None,
    ) -> Sequence[ChangeRecord]: ...

    def page_change(self, number: int) -> tuple[ChangeRecord, Page | None, Page | None] | None: ...

    def numbered_observations(
        self, target: str, since: datetime, until: datetime, *, newest_first: bool, limit: int
    ) -> Sequence[tuple[int | None, Check]]: ...
