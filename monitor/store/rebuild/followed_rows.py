"""The rows of another point: a database of its own, that grows with its journal.

Nothing of it is mixed with our record, which no leaf of others can then change. How many leaves
were imported is in the database itself, in SQLite's `user_version`, and changes in the
transaction of their rows: a leaf is never imported twice, nor left out.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import Transaction, delete, insert, select
from sqlalchemy.exc import OperationalError

from monitor.core.journal.decode import read_instant
from monitor.core.journal.jcs import read_canonical
from monitor.core.journal.leaf_schema import refusal
from monitor.core.journal.replay import EDGES, REFERENCES, Replay, ReplayError
from monitor.core.outages.incidents import REMEMBERED
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.store.engine import WriterLock, connected, parse, readable_errors
from monitor.store.reads.journal_reads import KeptCheckpoint
from monitor.store.rebuild.leaf_importer import LeafImporter
from monitor.store.store import Store
from monitor.store.tables.check_tables import SubjectRow, table_of
from monitor.store.tables.journal_tables import CheckpointRow
from monitor.store.upgrade import migrate

Leaf = Mapping[str, Any]

BUNDLE: Final = 256  # leaves of a full bundle of a journal
_COMMIT: Final = 4096  # leaves of one transaction, or a few more
_CACHED: Final = 4096  # leaves in memory that others refer to
_FOLLOWING: Final = EDGES | {"capture", "change"}  # they belong to the check before them
_SUBJECT = table_of(SubjectRow)
_CHECKPOINT = table_of(CheckpointRow)


class BadLeaf(Exception):  # noqa: N818 -- a state of the outside, not a fault of ours
    """A leaf of another point cannot be read. French; `idx` is its index."""

    def __init__(self, idx: int, why: str) -> None:
        super().__init__(why)
        self.idx = idx


class FollowedRows:
    """The only writer of the rows of one point. Nothing is imported until `commit`."""

    def __init__(self, url: str, entries: Callable[[int], Sequence[bytes]]) -> None:
        """Open the database, which is made if it is missing.

        Args:
            url: Of a SQLite database.
            entries: Returns a bundle of the leaves before `position`, by its index.

        Raises:
            StoreError: It cannot be opened, or another process writes to it.

        """
        migrate(url)
        parsed = parse(url)
        self._until = ExitStack()
        try:
            self._until.enter_context(readable_errors(parsed))
            self._connection = self._until.enter_context(connected(parsed, writer=True))
            lock = WriterLock(parsed, lambda: self._connection)
            self._until.callback(lock.release)
            self.position = self._position()
            self._known = _MirroredLeaves(entries, lambda: self._next)
            self._next = self.position
            replay = Replay(references=self._known)
            _resume(replay, url, self._points(), self.position, entries)
            self._importer = LeafImporter(replay)
            self._transaction: Transaction | None = None
            self._together = _COMMIT
        except BaseException:
            self._until.close()
            raise

    def add(self, leaves: Iterable[bytes]) -> None:
        """Import the leaves after those that were added.

        Raises:
            BadLeaf: One is not of the schema, or contradicts those before it; then nothing since
                the last commit is imported.
            StoreError: A fault of our own.

        """
        for entry in leaves:
            try:
                self._add(entry)
            except OperationalError:
                raise
            except (Unreadable, ReplayError) as error:
                raise BadLeaf(self._next, str(error)) from error

    def commit_soon(self) -> int:
        """Have the next leaf commit all before it, where it can; return how many were added."""
        self._together = 1
        return self._next

    def commit(self) -> None:
        """Import what was added; the last leaf is the last of a checkpoint.

        Raises:
            BadLeaf, StoreError: As `add`.

        """
        try:
            with reading("feuille", known=(ReplayError, OperationalError)):
                self._importer.close_check()
                self._commit()
        except (Unreadable, ReplayError) as error:
            raise BadLeaf(max(0, self._next - 1), str(error)) from error

    def keep_checkpoint(self, newer: KeptCheckpoint) -> None:
        """Record a verified checkpoint whose leaves were all imported; `at` is when it was read.

        The first of each hour stays, so that a dossier can be made again as it was; of the others
        only the newest does.

        Raises:
            StoreError: A fault of our own.

        """
        newest = select(_CHECKPOINT.c.size, _CHECKPOINT.c.at).order_by(_CHECKPOINT.c.size.desc())
        with self._connection.begin():
            last = self._connection.execute(newest.limit(2)).all()
            if last and newer.size <= last[0].size:
                return
            row = {"size": newer.size, "root": newer.root, "at": newer.at, "note": newer.note}
            self._connection.execute(insert(_CHECKPOINT), row)
            if len(last) > 1 and _hour(last[0].at) == _hour(last[1].at):  # not the first of it
                passed = delete(_CHECKPOINT).where(_CHECKPOINT.c.size == last[0].size)
                self._connection.execute(passed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._transaction is not None:
            self._transaction.rollback()
        self._until.__exit__(kind, error, trace)

    def _add(self, entry: bytes) -> None:
        with reading("feuille", known=(ReplayError, OperationalError)):
            leaf = read_canonical(entry)
            why = refusal(leaf, idx=self._next, kind_of=self._known.kind_of)
            if why:
                raise ReplayError(why)
            if leaf["type"] not in _FOLLOWING:
                self._importer.close_check()
                if self._next - self.position >= self._together:
                    self._commit()
            if self._transaction is None:
                self._transaction = self._connection.begin()
            self._importer.take(self._connection, self._next, leaf)
            self._next += 1

    def _commit(self) -> None:
        if self._transaction is None:
            return
        self._importer.flush(self._connection)
        self._connection.exec_driver_sql(f"PRAGMA user_version = {self._next:d}")
        self._transaction.commit()
        self._transaction = None
        self.position = self._next

    def _position(self) -> int:
        with self._connection.begin():
            return int(self._connection.exec_driver_sql("PRAGMA user_version").scalar_one())

    def _points(self) -> tuple[str, ...]:
        with self._connection.begin():
            query = select(_SUBJECT.c.point).distinct()
            return tuple(self._connection.execute(query).scalars())


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


class _MirroredLeaves:
    """The leaves that others refer to: the last in memory, all of them in the copy."""

    def __init__(self, entries: Callable[[int], Sequence[bytes]], size: Callable[[], int]) -> None:
        self._entries = entries
        self._size = size
        self._recent: OrderedDict[int, Leaf] = OrderedDict()

    def __getitem__(self, idx: int) -> Leaf:
        leaf = self._recent.get(idx)
        if leaf is None:
            if not 0 <= idx < self._size():
                raise KeyError(idx)
            leaf = json.loads(self._entries(idx // BUNDLE)[idx % BUNDLE])
            if leaf["type"] not in REFERENCES:
                raise KeyError(idx)
            self[idx] = leaf
        else:
            self._recent.move_to_end(idx)
        return leaf

    def __setitem__(self, idx: int, leaf: Leaf) -> None:
        self._recent[idx] = leaf
        if len(self._recent) > _CACHED:
            self._recent.popitem(last=False)

    def kind_of(self, idx: int) -> str | None:
        """Return the type of a recent leaf that others may refer to; None for any other."""
        leaf = self._recent.get(idx)
        return None if leaf is None else str(leaf["type"])


def _resume(
    replay: Replay,
    url: str,
    points: Iterable[str],
    position: int,
    entries: Callable[[int], Sequence[bytes]],
) -> None:
    """Bring a replay to where the rows are.

    The rows have the states, as the service itself reads them when it starts. Only a point whose
    record is older than its journal leaves a doubt that no row has: its leaves are read again.
    """
    if position == 0:
        return
    origin = json.loads(entries(0)[0])
    if origin["type"] == "origin" and any(origin["rows_before"].values()):
        _fold_again(replay, position, entries)
        return
    for point in points:
        with Store.open(url, point=point, writer=False) as store:
            replay.states.update({(state.target, point): state for state in store.states()})
            platforms = {
                definition.target: definition.platform for definition in store.definitions()
            }
            latest = max((state.last_at for state in store.states() if state.last_at), default=None)
            since = latest - 2 * REMEMBERED if latest else None
            for outage in store.outages(since=since):
                replay.remember_outage(outage, platforms.get(outage.target, ""))


def _fold_again(replay: Replay, position: int, entries: Callable[[int], Sequence[bytes]]) -> None:
    for idx, entry in enumerate(_leaves(position, entries)):
        leaf = json.loads(entry)
        match leaf["type"]:
            case "origin":
                replay.begin(leaf)
            case "observation":
                replay.settle()
                replay.observation(idx, leaf)
            case kind if kind in EDGES:
                replay.edge(leaf)
            case "run" if leaf["edge"] == "start":
                replay.restarted(read_instant(leaf["at"]))
    replay.settle()


def _leaves(position: int, entries: Callable[[int], Sequence[bytes]]) -> Iterator[bytes]:
    for start in range(0, position, BUNDLE):
        yield from entries(start // BUNDLE)[: position - start]
