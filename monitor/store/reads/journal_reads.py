"""Queries about the journal's end, and about signed checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Delete, and_, delete, func, select

from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.journal_tables import CheckpointRow, CosignatureRow, TokenRow
from monitor.store.writing import journal_appender

UNVOUCHED_FOR = timedelta(days=1)

_CHECKPOINT = table_of(CheckpointRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCheckpoint:
    """A checkpoint that we signed; `note` is the whole signed note."""

    size: int
    root: bytes
    at: datetime
    note: bytes


def forget_checkpoints(newest: int, at: datetime) -> Delete:
    """Return the DELETE of checkpoints over a day old that nobody stamped or cosigned."""
    vouched = (table_of(TokenRow).c.size, table_of(CosignatureRow).c.size)
    old = and_(_CHECKPOINT.c.size < newest, _CHECKPOINT.c.at < at - UNVOUCHED_FOR)
    return delete(_CHECKPOINT).where(
        old, *(~select(size).where(size == _CHECKPOINT.c.size).exists() for size in vouched)
    )


class JournalReads(StoreReads):
    """The queries of the journal: see `Leaves` in `evidence/log/journal.py`."""

    def leaf_count(self) -> int:
        """Return the number of all leaves ever committed."""
        with self._reading() as session:
            return journal_appender.size(session.connection())

    def first_leaf(self) -> int:
        """Return the index of the first leaf that is still in SQL."""
        with self._reading() as session:
            return journal_appender.first(session.connection())

    def leaves(self, since: int, until: int) -> Sequence[bytes]:
        """Return the leaves [since, until) that are still in SQL, in order."""
        with self._reading() as session:
            return journal_appender.entries(session.connection(), since, until)

    def signed_size(self) -> int:
        """Return the size of the last checkpoint; 0 without any."""
        with self._reading() as session:
            return session.connection().scalar(select(func.max(_CHECKPOINT.c.size))) or 0

    def checkpoint(self) -> KeptCheckpoint | None:
        """Return the last checkpoint."""
        query = select(_CHECKPOINT).order_by(_CHECKPOINT.c.size.desc()).limit(1)
        with self._reading() as session:
            row = session.connection().execute(query).one_or_none()
        if row is None:
            return None
        return KeptCheckpoint(size=row.size, root=row.root, at=row.at, note=row.note)
