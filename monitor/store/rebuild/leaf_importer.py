"""From leaves, in their order, to the rows that they say: what a rebuild and a follower share.

Rows wait until `flush`, since hundreds of them at once cost a fraction of the same one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from monitor.core.journal.decode import (
    annotation_from,
    capture_from,
    clock_from,
    controls_from,
    gap_from,
    read_instant,
    rendering_from,
)
from monitor.core.journal.jcs import canonical
from monitor.core.journal.replay import EDGES, REFERENCES, Replay, ReplayedCheck
from monitor.core.model import Capture, Event, Outcome
from monitor.core.model.rendering import RecordedRendering
from monitor.store.tables.check_tables import ClockReadingRow, GapRow, RoundRow, RunRow, table_of
from monitor.store.writing.annotations import write_annotation
from monitor.store.writing.intern_tables import InternTables
from monitor.store.writing.leaf_writer import LeafWriter
from monitor.store.writing.recorder import RecordedCheck, Recorder
from monitor.store.writing.service_writes import run_row

Leaf = Mapping[str, Any]

_TOGETHER: Final = 1024  # rows that wait at most
_PLANS: Final = 1024  # texts of plans in memory
_RUN, _ROUND = table_of(RunRow), table_of(RoundRow)
_READING, _GAP = table_of(ClockReadingRow), table_of(GapRow)


@dataclass(slots=True, kw_only=True)
class _Pending:
    """A check that edges, captures and what a browser showed may still follow."""

    replayed: ReplayedCheck
    edges: list[tuple[Event, int]] = field(default_factory=list)
    captures: list[tuple[Capture, int]] = field(default_factory=list)
    rendering: tuple[RecordedRendering, int] | None = None


class LeafImporter:
    """Writes what follows from leaves, but for texts of pages and tokens."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        scribe = LeafWriter({}, {})
        self.interned = InternTables(scribe)
        self._recorder = Recorder(scribe)
        self._pending: _Pending | None = None
        self._checks: list[RecordedCheck] = []
        self._rounds: list[dict[str, Any]] = []
        self._alive: dict[str, datetime] = {}  # of each point, at its last round
        self._plans: dict[int, str] = {}

    def take(self, connection: Connection, idx: int, leaf: Leaf) -> None:
        """Read one leaf.

        Raises:
            ReplayError, ValueError, KeyError, TypeError: It cannot be decoded, or it contradicts
                those before it.

        """
        kind = leaf["type"]
        if kind == "origin":
            self.replay.begin(leaf)
        elif kind in REFERENCES:
            self.replay.remember(idx, leaf)
        elif kind == "observation":
            self.close_check()
            self._pending = _Pending(replayed=self.replay.observation(idx, leaf))
        elif kind in EDGES:
            self._last().edges.append((self.replay.edge(leaf), idx))
        elif kind == "capture":
            self._last().captures.append((capture_from(leaf), idx))
        elif kind == "rendering":
            self._last().rendering = rendering_from(leaf), idx
        elif kind in {"run", "round", "clock", "gap", "annotation"}:
            getattr(self, f"_{kind}")(connection, idx, leaf)
        if len(self._checks) >= _TOGETHER or len(self._rounds) >= _TOGETHER:
            self.flush(connection)

    def close_check(self) -> None:
        """Take what follows from the last check for complete. Raises ReplayError."""
        self.replay.settle()
        if self._pending is None:
            return
        replayed, edges = self._pending.replayed, self._pending.edges
        captures, plan = self._pending.captures, replayed.plan
        rendering, rendering_leaf = self._pending.rendering or (None, None)
        self._checks.append(
            RecordedCheck(
                outcome=Outcome(
                    check=replayed.check,
                    state=self.replay.states[replayed.check.target, replayed.check.point],
                    events=tuple(event for event, _ in edges),
                    incidents=replayed.incidents,
                    captures=tuple(capture for capture, _ in captures),
                    rendering=rendering,
                ),
                plan=plan and (plan[0], self._plan_text(*plan)),
                leaf=replayed.leaf,
                edges=tuple(idx for _, idx in edges),
                captures=tuple(idx for _, idx in captures),
                rendering=rendering_leaf,
            )
        )
        self._pending = None

    def _plan_text(self, idx: int, plan: Leaf) -> str:
        """Return the text of a plan, which most checks of a target share."""
        text = self._plans.get(idx)
        if text is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            text = self._plans[idx] = canonical(plan).decode()
        return text

    def flush(self, connection: Connection) -> None:
        """Write the rows that wait."""
        if self._checks:
            self._recorder.record(connection, self._checks)
            self._checks = []
        if self._rounds:
            connection.execute(insert(_ROUND), self._rounds)
            self._rounds = []
        for point, at in self._alive.items():
            last = select(_RUN.c.id).where(_RUN.c.point == point)
            newest = last.order_by(_RUN.c.id.desc()).limit(1).scalar_subquery()
            alive = update(_RUN).where(_RUN.c.id == newest, _RUN.c.stopped_at.is_(None))
            connection.execute(alive.values(alive_at=at))
        self._alive = {}

    def _last(self) -> _Pending:
        if self._pending is None:
            raise ValueError("a leaf follows from no check")
        return self._pending

    def _run(self, connection: Connection, idx: int, leaf: Leaf) -> None:
        at = read_instant(leaf["at"])
        self.flush(connection)  # the rounds before it are those of the run before it
        if leaf["edge"] == "stop":
            ended = update(_RUN).where(_RUN.c.leaf == leaf["start"])
            if not connection.execute(ended.values(alive_at=at, stopped_at=at)).rowcount:
                raise ValueError("a run stops that did not start")
            return
        self.replay.restarted(at)
        row = run_row(idx, leaf, self.replay.refer(leaf["setup"]), at)
        connection.execute(insert(_RUN), row)

    def _round(self, connection: Connection, idx: int, leaf: Leaf) -> None:
        controls = controls_from(self.replay.refer(leaf["panel"]), leaf["at"])
        row = {
            "subject_id": self.interned.subject(connection, "", leaf["point"]),
            "at": controls.at,
            "controls_id": self.interned.controls(connection, controls),
            "leaf": idx,
        }
        self._rounds.append(row)
        self._alive[leaf["point"]] = controls.at

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
        connection.execute(insert(_READING), row)

    def _annotation(self, connection: Connection, idx: int, leaf: Leaf) -> None:
        write_annotation(connection, annotation_from(leaf, number=idx), idx)

    def _gap(self, connection: Connection, idx: int, leaf: Leaf) -> None:
        gap = gap_from(leaf)
        row = {
            "subject_id": self.interned.subject(connection, gap.target, gap.point),
            "from_at": gap.from_at,
            "to_at": gap.to_at,
            "slots": gap.slots,
            "cause": gap.cause,
            "leaf": idx,
        }
        connection.execute(insert(_GAP), row)
