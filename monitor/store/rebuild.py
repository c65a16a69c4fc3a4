"""A database made again from the journal alone.

What follows from leaves comes back equal. The rest does not, since the journal does not say
it: budgets and pauses of platforms, robots.txt, texts of pages, tokens and cosignatures, whose
files stay where they are.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert

from monitor.core.leaves_read import capture_from, clock_from, controls_from, gap_from, read_instant
from monitor.core.replay import EDGES, REFERENCES, Replay, Told
from monitor.core.types import Capture
from monitor.store.engine import StoreError, WriterLock, connected, name_of, parse, said_plainly
from monitor.store.journal_reads import KeptCheckpoint
from monitor.store.journal_tables import CheckpointRow, LeafRow, ReferenceRow
from monitor.store.kept import Kept
from monitor.store.recorder import Entry, Recorder
from monitor.store.schema import is_new, migrate
from monitor.store.scribe import Scribe
from monitor.store.tables import ClockReadingRow, GapRow, RoundRow, RunRow, table_of

BATCH = 1000  # leaves of one transaction

Leaf = Mapping[str, Any]


def rebuild(
    url: str, entries: Iterable[bytes], *, checkpoint: KeptCheckpoint | None, bundled: int
) -> int:
    """Fill a new database with what the journal says, and return how many leaves there were.

    Args:
        url: Of a database that holds nothing.
        entries: Every leaf, from the first.
        checkpoint: The last one that was signed.
        bundled: How many leaves are in full, signed bundles.

    Raises:
        StoreError: the database holds something, or cannot be written.
        ReplayError, ValueError, KeyError, TypeError: a leaf cannot be read.

    """
    if not is_new(url):
        raise StoreError(f"La base {name_of(parse(url))} n'est pas vide : donnez-en une nouvelle.")
    migrate(url)
    parsed = parse(url)
    rebuilder, done = _Rebuilder(bundled=bundled), 0
    rest = iter(entries)
    with said_plainly(parsed), connected(parsed, writer=True) as connection:
        lock = WriterLock(parsed, lambda: connection)
        try:
            while batch := list(islice(rest, BATCH)):
                with connection.begin():
                    for idx, entry in enumerate(batch, start=done):
                        rebuilder.take(connection, idx, entry)
                done += len(batch)
            with connection.begin():
                rebuilder.finish(connection, checkpoint)
        finally:
            lock.release()
    return done


@dataclass(slots=True, kw_only=True)
class _Pending:
    """A check whose edges and captures may still follow."""

    told: Told
    edges: list[int] = field(default_factory=list)
    captures: list[tuple[Capture, int]] = field(default_factory=list)


class _Rebuilder:
    def __init__(self, *, bundled: int) -> None:
        scribe = Scribe({}, {})
        self._replay = Replay()
        self._recorder = Recorder(scribe)
        self._kept = Kept(scribe)
        self._bundled = bundled
        self._pending: _Pending | None = None
        self._runs: dict[int, dict[str, Any]] = {}  # rows, by the leaf of their start
        self._alive: dict[str, int] = {}  # of each point, the run that goes on

    def take(self, connection: Connection, idx: int, entry: bytes) -> None:
        """Write what one leaf says."""
        if idx >= self._bundled:
            connection.execute(insert(table_of(LeafRow)), {"idx": idx, "entry": entry})
        leaf: Leaf = json.loads(entry)
        kind = leaf["type"]
        if kind in REFERENCES:
            self._replay.remember(idx, leaf)
            row = {"sha256": hashlib.sha256(entry).digest(), "idx": idx}
            connection.execute(insert(table_of(ReferenceRow)), row)
        elif kind == "observation":
            self._write(connection)
            self._replay.settle()
            self._pending = _Pending(told=self._replay.observation(idx, leaf))
        elif kind in EDGES:
            self._replay.edge(leaf)
            self._last().edges.append(idx)
        elif kind == "capture":
            self._last().captures.append((capture_from(leaf), idx))
        elif kind in {"run", "round", "clock", "gap"}:
            getattr(self, f"_{kind}")(connection, idx, leaf)

    def finish(self, connection: Connection, checkpoint: KeptCheckpoint | None) -> None:
        """Write what waited for the end."""
        self._write(connection)
        self._replay.settle()
        if self._runs:
            connection.execute(insert(table_of(RunRow)), list(self._runs.values()))
        if checkpoint is not None:
            row = {
                "size": checkpoint.size,
                "root": checkpoint.root,
                "at": checkpoint.at,
                "note": checkpoint.note,
            }
            connection.execute(insert(table_of(CheckpointRow)), row)

    def _last(self) -> _Pending:
        if self._pending is None:
            raise ValueError("a leaf follows from no check")
        return self._pending

    def _write(self, connection: Connection) -> None:
        if self._pending is None:
            return
        told = self._pending.told
        entry = Entry(
            check=told.check,
            state=told.state,
            events=told.events,
            incidents=told.incidents,
            leaf=told.leaf,
            edges=tuple(self._pending.edges),
            captures=tuple(self._pending.captures),
        )
        self._recorder.record(connection, [entry])
        self._pending = None

    def _run(self, _connection: Connection, idx: int, leaf: Leaf) -> None:
        at = read_instant(leaf["at"])
        if leaf["edge"] == "stop":
            self._runs[leaf["start"]] |= {"alive_at": at, "stopped_at": at}
            return
        setup = self._replay.refer(leaf["setup"])
        self._runs[idx] = {
            "point": setup["point"],
            "started_at": at,
            "alive_at": at,
            "stopped_at": None,
            "version": leaf["version"],
            "config_sha256": setup["config_sha256"],
            "ruleset": setup["ruleset"],
            "leaf": idx,
        }
        self._alive[setup["point"]] = idx

    def _round(self, connection: Connection, idx: int, leaf: Leaf) -> None:
        controls = controls_from(self._replay.refer(leaf["panel"]), leaf["at"])
        row = {
            "subject_id": self._kept.subject(connection, "", leaf["point"]),
            "at": controls.at,
            "controls_id": self._kept.controls(connection, controls),
            "leaf": idx,
        }
        connection.execute(insert(table_of(RoundRow)), row)
        run = self._runs.get(self._alive.get(leaf["point"], -1))
        if run is not None and run["stopped_at"] is None:
            run["alive_at"] = controls.at

    def _clock(self, connection: Connection, idx: int, leaf: Leaf) -> None:
        reading = clock_from(leaf)
        row = {
            "point": leaf["point"],
            "at": reading.at,
            "server": reading.server,
            "offset_us": reading.offset_us,
            "dispersion_us": reading.dispersion_us,
            "stratum": reading.stratum,
            "leaf": idx,
        }
        connection.execute(insert(table_of(ClockReadingRow)), row)

    def _gap(self, connection: Connection, idx: int, leaf: Leaf) -> None:
        lost = gap_from(leaf)
        row = {
            "subject_id": self._kept.subject(connection, lost.target, lost.point),
            "from_at": lost.from_at,
            "to_at": lost.to_at,
            "slots": lost.slots,
            "cause": lost.cause,
            "leaf": idx,
        }
        connection.execute(insert(table_of(GapRow)), row)
