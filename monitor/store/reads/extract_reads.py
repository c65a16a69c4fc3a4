"""Queries for an extract of the journal: the leaves that it begins with, and that date it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from monitor.core.model.anchors import Standing
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import (
    ObservationRow,
    OutageRow,
    RunRow,
    SubjectRow,
    table_of,
)
from monitor.store.tables.journal_tables import TokenRow

_O, _S, _RUN = table_of(ObservationRow), table_of(SubjectRow), table_of(RunRow)
_OUTAGE, _TOKEN = table_of(OutageRow), table_of(TokenRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedToken:
    """A verified token. `leaf` is its own, None while it has none; `size` is what it stamped."""

    size: int
    authority: str
    sha256: str
    leaf: int | None


class ExtractReads(StoreReads):
    """Where the extract of some targets and a span begins."""

    def first_failure(
        self, targets: Sequence[str], since: datetime, until: datetime
    ) -> datetime | None:
        """Return when the oldest outage that touches a span began; None without any."""
        query = (
            select(_OUTAGE.c.first_fail_at)
            .join(_S, _S.c.id == _OUTAGE.c.subject_id)
            .where(_S.c.point == self.point, _S.c.target.in_(targets))
            .where(_OUTAGE.c.first_fail_at < until)
            .where(or_(_OUTAGE.c.recovered_at.is_(None), _OUTAGE.c.recovered_at >= since))
            .order_by(_OUTAGE.c.first_fail_at)
            .limit(1)
        )
        with self._reading() as session:
            first_at: datetime | None = session.connection().scalar(query)
        return first_at

    def first_leaf_from(self, target: str, at: datetime, size: int) -> int | None:
        """Return the leaf of the first check of a target from `at` on, among `size` leaves."""
        query = (
            select(_O.c.leaf)
            .join(_S, _S.c.id == _O.c.subject_id)
            .where(_S.c.target == target, _S.c.point == self.point)
            .where(_O.c.at >= at, _O.c.leaf < size)
            .order_by(_O.c.at)
            .limit(1)
        )
        with self._reading() as session:
            leaf: int | None = session.connection().scalar(query)
        return leaf

    def run_before(self, leaf: int) -> int | None:
        """Return the leaf of the last start of this point before another leaf."""
        query = (
            select(_RUN.c.leaf)
            .where(_RUN.c.point == self.point, _RUN.c.leaf < leaf)
            .order_by(_RUN.c.leaf.desc())
            .limit(1)
        )
        with self._reading() as session:
            start: int | None = session.connection().scalar(query)
        return start

    def verified_tokens(self, size: int) -> tuple[RecordedToken, ...]:
        """Return the tokens of checkpoints of at most `size` leaves, by checkpoint."""
        query = (
            select(_TOKEN)
            .where(_TOKEN.c.status == Standing.VERIFIED.value, _TOKEN.c.size <= size)
            .order_by(_TOKEN.c.size, _TOKEN.c.authority, _TOKEN.c.id)
        )
        with self._reading() as session:
            return tuple(
                RecordedToken(
                    size=row.size,
                    authority=row.authority,
                    sha256=bytes(row.sha256).hex(),
                    leaf=row.leaf,
                )
                for row in session.connection().execute(query)
            )
