"""A database against its journal: every row must be what its leaf says, and nothing more.

The journal is read once, in order, beside the rows of each table in the order in which they
were written. A row that was changed, removed, added or moved no longer meets its leaf. Rows
of before the journal have none: only their number is known, from the first leaf.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from monitor.core.leaves_read import (
    clock_from,
    controls_from,
    event_from,
    gap_from,
    read_instant,
)
from monitor.core.replay import EDGES, REFERENCES, Replay, ReplayError
from monitor.core.types import ClockReading, Gap, Outage, Reason, Verdict
from monitor.store.check_reads import checks_in_order
from monitor.store.kept import controls_text
from monitor.store.log_reads import streak_of
from monitor.store.store import Store
from monitor.store.tables import (
    ClockReadingRow,
    ContentRow,
    EventRow,
    GapRow,
    OutageRow,
    RoundRow,
    RunRow,
    SubjectRow,
    table_of,
)

Leaf = Mapping[str, Any]
Row = tuple[int | None, Any]  # the leaf that it names, what it says

_TABLE_OF = {
    "observation": "observation",
    "outage": "event",
    "blip": "event",
    "round": "round",
    "clock": "clock_reading",
    "gap": "gap",
    "run": "run",
}
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the database does not say what the journal says. `what` is French."""

    table: str
    leaf: int | None
    what: str

    def __str__(self) -> str:
        where = "" if self.leaf is None else f", entrée {self.leaf}"
        return f"table {self.table}{where} : {self.what}"


class _Table:
    """The rows of one table, in order, taken one by one."""

    def __init__(self, name: str, rows: Iterator[Row]) -> None:
        self.name = name
        self.unproved = 0
        self._rows = rows
        self._next: Row | None = None
        self._broken = False

    def meet(self, idx: int, said: Any) -> Iterator[Difference]:
        """Compare the next row with what the leaf `idx` says."""
        while True:
            yield from self._fill()
            if self._broken:
                return
            if self._next is None or self._next[0] is None or self._next[0] > idx:
                yield Difference(self.name, idx, "ligne supprimée ou déplacée")
                return
            leaf, value = self._next
            self._next = None
            if leaf != idx:
                yield Difference(self.name, leaf, "ligne ajoutée ou déplacée")
            elif value != said:
                yield Difference(self.name, idx, "ligne modifiée")
                return
            else:
                return

    def finish(self) -> Iterator[Difference]:
        """Report the rows that no leaf speaks of."""
        while True:
            yield from self._fill()
            if self._broken or self._next is None:
                return
            yield Difference(self.name, self._next[0], "ligne ajoutée")
            self._next = None

    def _fill(self) -> Iterator[Difference]:
        """Have the next row that names a leaf ready, if there is one."""
        while self._next is None and not self._broken:
            try:
                self._next = next(self._rows)
            except StopIteration:
                return
            except _UNREADABLE as error:
                self._broken = True
                yield Difference(self.name, None, f"ligne illisible ({type(error).__name__})")
                return
            if self._next[0] is None:
                self.unproved += 1
                self._next = None


def audit(store: Store, entries: Iterable[bytes]) -> Iterator[Difference]:
    """Yield every difference between a store and the leaves of its journal, in order.

    `entries` are all leaves, from the first, those that are not signed yet included.
    """
    with store.reading() as connection:
        yield from _Audit(store, connection).run(entries)


class _Audit:
    def __init__(self, store: Store, connection: Connection) -> None:
        self._store = store
        self._replay = Replay()
        self._before: Mapping[str, int] = {}
        self._runs: dict[int, tuple[Any, ...]] = {}
        self._outages: dict[tuple[str, str, Any], Outage] = {}
        self._tallies: Counter[tuple[str, Verdict, Reason]] = Counter()
        self._tables = {
            name: _Table(name, rows)
            for name, rows in {
                "observation": checks_in_order(connection),
                "event": _events(connection),
                "round": _rounds(connection),
                "clock_reading": _readings(connection),
                "gap": _gaps(connection),
                "run": _runs(connection),
            }.items()
        }

    def run(self, entries: Iterable[bytes]) -> Iterator[Difference]:
        for idx, entry in enumerate(entries):
            leaf: Leaf = json.loads(entry)
            kind = leaf["type"]
            yield from self._follow(idx, leaf)
            try:
                said = self._said(idx, leaf)
            except (ReplayError, *_UNREADABLE) as error:
                yield Difference("journal", idx, f"suite incohérente ({error})")
                continue
            if said is not None:
                yield from self._tables[_TABLE_OF[kind]].meet(idx, said)
        yield from self._follow(None, {"type": "observation"})
        for name, table in self._tables.items():
            yield from table.finish()
            if table.unproved != self._before.get(name, 0):
                yield Difference(
                    name,
                    None,
                    f"{table.unproved} lignes sans entrée au journal, "
                    f"qui en annonce {self._before.get(name, 0)}",
                )
        if not any(self._before.values()):
            yield from self._derived()

    def _follow(self, idx: int | None, leaf: Leaf) -> Iterator[Difference]:
        """Compare the outages that the journal says with those that follow from its checks."""
        try:
            if leaf["type"] == "observation":
                self._replay.settle()
            elif leaf["type"] in EDGES:
                self._replay.edge(leaf)
        except (ReplayError, *_UNREADABLE) as error:
            yield Difference("journal", idx, f"suite incohérente ({error})")

    def _said(self, idx: int, leaf: Leaf) -> Any:
        """Return what the row of this leaf must say; None when it has no row."""
        kind = leaf["type"]
        if kind == "origin":
            self._before = leaf["rows_before"]
        elif kind in REFERENCES:
            self._replay.remember(idx, leaf)
        elif kind == "observation":
            return self._check(idx, leaf)
        elif kind in _FACTS:
            return _FACTS[kind](self._replay, leaf)
        return None

    def _check(self, idx: int, leaf: Leaf) -> Any:
        told = self._replay.observation(idx, leaf)
        check = told.check
        self._tallies[check.target, check.verdict, check.reason] += 1
        for outage in [*(event.outage for event in told.events), told.state.outage]:
            if outage is not None:
                self._outages[outage.target, outage.point, outage.first_fail_at] = outage
        return check

    def _derived(self) -> Iterator[Difference]:
        """Compare what is folded from the checks with what the store shows."""
        point = self._store.point
        states = {s.target: s for s in self._replay.states.values() if s.point == point}
        if {state.target: state for state in self._store.states()} != states:
            yield Difference("state", None, "états qui ne suivent pas des relevés")
        mine = {name: one for name, one in self._outages.items() if one.point == point}
        held = {(o.target, o.point, o.first_fail_at): o for o in self._store.outages()}
        if held != mine:
            yield Difference("outage", None, "indisponibilités qui ne suivent pas des relevés")
        if self._store.tallies() != dict(self._tallies):
            yield Difference("tally", None, "comptes qui ne suivent pas des relevés")


def _edge(_: Replay, leaf: Leaf) -> Any:
    """Keep of an event what its row says: of an outage, only its name."""
    event = event_from(leaf)
    first = event.outage.first_fail_at if event.outage else None
    return event.edge, event.at, event.target, event.point, first, event.blip


def _round(replay: Replay, leaf: Leaf) -> Any:
    panel = controls_from(replay.refer(leaf["panel"]), leaf["at"])
    return leaf["point"], panel.at, controls_text(panel)


def _start(replay: Replay, leaf: Leaf) -> Any:
    if leaf["edge"] != "start":
        return None
    setup = replay.refer(leaf["setup"])
    words = leaf["version"], setup["config_sha256"], setup["ruleset"]
    return setup["point"], read_instant(leaf["at"]), *words


_FACTS: Mapping[str, Callable[[Replay, Leaf], Any]] = {
    "outage": _edge,
    "blip": _edge,
    "round": _round,
    "clock": lambda _, leaf: (leaf["point"], clock_from(leaf)),
    "gap": lambda _, leaf: gap_from(leaf),
    "run": _start,
}


def _events(connection: Connection) -> Iterator[Row]:
    event, subject, outage = table_of(EventRow), table_of(SubjectRow), table_of(OutageRow)
    wanted = (
        select(event, subject.c.target, subject.c.point, outage.c.first_fail_at.label("first"))
        .join(subject, subject.c.id == event.c.subject_id)
        .outerjoin(outage, outage.c.id == event.c.outage_id)
        .order_by(event.c.id)
    )
    for row in connection.execute(wanted):
        blip = streak_of(row, "blip")
        yield row.leaf, (row.edge, row.at, row.target, row.point, row.first, blip)


def _rounds(connection: Connection) -> Iterator[Row]:
    table, subject, content = table_of(RoundRow), table_of(SubjectRow), table_of(ContentRow)
    wanted = (
        select(table.c.leaf, table.c.at, subject.c.point, content.c.text)
        .join(subject, subject.c.id == table.c.subject_id)
        .join(content, content.c.id == table.c.controls_id)
        .order_by(table.c.id)
    )
    for row in connection.execute(wanted):
        yield row.leaf, (row.point, row.at, row.text)


def _readings(connection: Connection) -> Iterator[Row]:
    table = table_of(ClockReadingRow)
    for row in connection.execute(select(table).order_by(table.c.id)):
        reading = ClockReading(
            at=row.at,
            server=row.server,
            offset_us=row.offset_us,
            dispersion_us=row.dispersion_us,
            stratum=row.stratum,
        )
        yield row.leaf, (row.point, reading)


def _gaps(connection: Connection) -> Iterator[Row]:
    table, subject = table_of(GapRow), table_of(SubjectRow)
    wanted = (
        select(table, subject.c.target, subject.c.point)
        .join(subject, subject.c.id == table.c.subject_id)
        .order_by(table.c.id)
    )
    for row in connection.execute(wanted):
        lost = Gap(
            point=row.point,
            target=row.target,
            from_at=row.from_at,
            to_at=row.to_at,
            slots=row.slots,
            cause=row.cause,
        )
        yield row.leaf, lost


def _runs(connection: Connection) -> Iterator[Row]:
    table = table_of(RunRow)
    for row in connection.execute(select(table).order_by(table.c.id)):
        said = (row.point, row.started_at, row.version, row.config_sha256, row.ruleset)
        yield row.leaf, said
