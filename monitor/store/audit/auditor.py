"""Audit a database against its journal: every row must follow from the journal.

The journal is read once, in order, beside the rows of each table in the order in which they
were written: a row that was changed, removed, added or moved no longer matches its leaf. What
follows from leaves is folded again and compared at the end. `vouchers` lists what each column is
compared with. Rows from before the journal have no leaf: only their number is known, from the
first leaf.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, type_coerce
from sqlalchemy.types import NullType

from monitor.core.journal.replay import EDGES, Replay, ReplayError
from monitor.store.audit import audit_pages, audit_rollups
from monitor.store.audit.audit_rows import Named, Raw, apart, chunks, rows, show, text_fault, who
from monitor.store.audit.audit_schema import schema_faults
from monitor.store.audit.derived_rows import TABLE_OF, FromLeaves, Leaf
from monitor.store.audit.difference import Difference, OnTrust
from monitor.store.audit.scratch import ReferencesOnDisk
from monitor.store.audit.vouchers import TABLES
from monitor.store.rebuild.page_stays import Texts
from monitor.store.store import Store
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.dossier_tables import metadata
from monitor.store.tables.journal_tables import ReferenceRow

__all__ = ["Difference", "audit"]

_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError)
_IN_ORDER = (*dict.fromkeys(name for name in TABLE_OF.values() if name != "run"),)
_FEW = 20
BUNDLE = 256  # leaves of a full bundle, which are deleted once it is signed


class _Table:
    """The rows of one table, consumed in order."""

    def __init__(self, name: str, rows: Iterator[Raw]) -> None:
        self.name = name
        self.unproved: list[Raw] = []  # the first ones
        self.without_leaf = 0
        self._rows = rows
        self._next: Raw | None = None
        self._compared = TABLES[name].compared - {"leaf"}

    def meet(self, idx: int, expected: Raw) -> Iterator[Difference]:
        """Compare the next row with the one expected from the leaf `idx`."""
        while True:
            self._fill()
            if self._next is None or self._next["leaf"] > idx:
                yield Difference(
                    self.name, idx, who(self.name, expected), "ligne supprimée ou déplacée"
                )
                return
            row, self._next = self._next, None
            if row["leaf"] == idx:
                yield from differing(self.name, idx, expected, row, self._compared)
                return
            yield Difference(
                self.name, row["leaf"], who(self.name, row), "ligne ajoutée ou déplacée"
            )

    def finish(self) -> Iterator[Difference]:
        """Yield the rows that no leaf accounts for."""
        while True:
            self._fill()
            if self._next is None:
                return
            row, self._next = self._next, None
            yield Difference(self.name, row["leaf"], who(self.name, row), "ligne ajoutée")

    def _fill(self) -> None:
        """Load the next row that names a leaf, if there is one."""
        while self._next is None:
            row = next(self._rows, None)
            if row is None:
                return
            if isinstance(row["leaf"], int):
                self._next = row
                return
            self.without_leaf += 1
            if len(self.unproved) < _FEW:
                self.unproved.append(row)


def audit(
    store: Store,
    entries: Iterable[bytes],
    *,
    connection: Connection | None = None,
    texts: Texts | None = None,
    trusted: OnTrust | None = None,
) -> Iterator[Difference]:
    """Yield every difference between a store and the leaves of its journal, in order.

    Args:
        store: Open for reading.
        entries: All leaves, from the first, those that are not signed yet included.
        connection: With the snapshot of the store to audit; None to take one now.
        texts: Reads the copies that might give a text that is not in the store; without them, such
        a text is a difference.
        trusted: Collects what could not be compared.

    """
    trusted = trusted or OnTrust()
    if connection is not None:
        yield from _Audit(store, connection, texts, trusted).run(entries)
        return
    with store.reading() as mine:
        yield from _Audit(store, mine, texts, trusted).run(entries)


class _Audit:
    def __init__(
        self, store: Store, connection: Connection, texts: Texts | None, trusted: OnTrust
    ) -> None:
        self._texts = texts
        self._trusted = trusted
        self._store = store
        self._connection = connection
        self._references = ReferencesOnDisk()
        self._replay = Replay(references=self._references)
        self._expected = FromLeaves(self._replay)
        self._named = Named(connection)
        self._missed: dict[Any, Difference] = {}  # captures without their row, so far
        self._count = 0
        signed = connection.scalar(_greatest("checkpoint", "size"))
        self._let_go = signed - signed % BUNDLE if isinstance(signed, int) else 0
        self._sizes = {row["size"] for row in rows(connection, "checkpoint")}
        self._leaf_rows = rows(connection, "leaf")
        self._tables = {name: _Table(name, self._named.rows(name)) for name in _IN_ORDER}

    def run(self, entries: Iterable[bytes]) -> Iterator[Difference]:
        try:
            yield from schema_faults(self._connection)
            yield from self._leaves(entries)
            yield from self._after()
        finally:
            self._references.close()

    def _leaves(self, entries: Iterable[bytes]) -> Iterator[Difference]:
        reference = table_of(ReferenceRow)
        by_digest = select(reference.c.idx).where(reference.c.sha256 == bindparam("digest"))
        for idx, entry in enumerate(entries):
            self._count = idx + 1
            if idx >= self._let_go:
                yield from self._same_leaf(idx, entry)
            leaf: Leaf = json.loads(entry)
            yield from self._follow(idx, leaf)
            references = self._expected.references
            try:
                expected = self._expected.read(idx, leaf)
            except (ReplayError, *_UNREADABLE) as error:
                yield Difference("journal", idx, "", f"suite incohérente ({error})")
                continue
            if expected is not None and expected[0] == "capture":
                yield from self._capture(idx, expected[1])
            elif expected is not None:
                yield from self._tables[expected[0]].meet(idx, expected[1])
            if self._expected.references > references:
                digest = hashlib.sha256(entry).digest()
                if self._connection.scalar(by_digest, {"digest": digest}) != idx:
                    yield Difference("reference", idx, "", "ligne supprimée ou modifiée")
        yield from self._follow(None, {"type": "observation"})
        yield from self._missed.values()
        self._expected.finish()

    def _capture(self, idx: int, expected: Raw) -> Iterator[Difference]:
        """Compare a capture; a later leaf of the same observation replaces its row."""
        key = expected["subject_id"], expected["at"]
        self._missed.pop(key, None)
        for difference in self._tables["capture"].meet(idx, expected):
            if difference.leaf == idx and not difference.column:
                self._missed[key] = difference
            else:
                yield difference

    def _follow(self, idx: int | None, leaf: Leaf) -> Iterator[Difference]:
        """Compare the outages of the journal with those that follow from its checks."""
        try:
            if leaf["type"] == "observation":
                self._replay.settle()
            elif leaf["type"] in EDGES:
                self._replay.edge(leaf)
        except (ReplayError, *_UNREADABLE) as error:
            yield Difference("journal", idx, "", f"suite incohérente ({error})")

    def _after(self) -> Iterator[Difference]:
        """Compare what follows from the whole journal."""
        for table in self._tables.values():
            yield from table.finish()
        yield from self._without_leaf()
        yield from self._runs()
        if not any(self._expected.rows_before.values()):
            for name, expected in self._expected.keyed():
                yield from self._compare(name, expected)
        yield from audit_pages.differences(
            self._connection, self._named, self._expected, copies=self._texts, trusted=self._trusted
        )
        yield from audit_rollups.differences(self._connection)
        yield from self._shared_rows()
        yield from self._end_of_journal()

    def _without_leaf(self) -> Iterator[Difference]:
        before = self._expected.rows_before
        for name, table in self._tables.items():
            if name == "token":
                yield from self._refused_tokens()
            elif table.without_leaf != before.get(name, 0):
                yield Difference(
                    name,
                    None,
                    "",
                    f"{table.without_leaf} lignes sans feuille au journal, "
                    f"qui en annonce {before.get(name, 0)}",
                )

    def _refused_tokens(self) -> Iterator[Difference]:
        """Check that a row without a leaf, a refused answer, does not look like a valid token."""
        for row in rows(self._connection, "token"):
            name = who("token", row)
            if row["leaf"] is None and (row["status"] != "refused" or row["at"] or row["sha256"]):
                yield Difference("token", None, name, "jeton sans feuille au journal")
            elif row["leaf"] is not None and row["status"] not in {"verified", "unverified"}:
                yield Difference("token", row["leaf"], name, f"état « {row['status']} » impossible")
            if row["size"] not in self._sizes:
                yield Difference("token", row["leaf"], name, "point de contrôle absent de la base")

    def _runs(self) -> Iterator[Difference]:
        table = _Table("run", self._named.rows("run"))
        for idx, expected in self._expected.runs.items():
            yield from table.meet(idx, expected)
        yield from table.finish()
        if table.without_leaf != self._expected.rows_before.get("run", 0):
            yield Difference(
                "run", None, "", f"{table.without_leaf} lignes sans feuille au journal"
            )

    def _compare(self, name: str, expected: dict[Any, Raw]) -> Iterator[Difference]:
        """Compare the rows of a table with those expected from the journal, by natural key."""
        compared, key = TABLES[name].compared, _KEYS[name]
        unsure = self._expected.unsure if name.startswith("incident") else set()
        row_keys: set[Any] = set()
        for row in self._named.rows(name):
            row_key = key(row)
            if _platforms(row) & unsure:
                if name == "incident":
                    self._trusted.incidents += 1
                    self._trusted.platforms |= _platforms(row)
                continue
            if row_key in row_keys:
                yield Difference(name, None, who(name, row), "ligne en double")
            elif row_key in expected:
                yield from differing(name, None, expected[row_key], row, compared)
            else:
                yield Difference(name, None, who(name, row), "ligne ajoutée")
            row_keys.add(row_key)
        for row_key in expected.keys() - row_keys:
            if not _platforms(expected[row_key]) & unsure:
                yield Difference(name, None, who(name, expected[row_key]), "ligne supprimée")

    def _shared_rows(self) -> Iterator[Difference]:
        """Compare the shared rows that others refer to."""
        for name, natural in self._named.twice:
            yield Difference(name, None, show(natural), "ligne en double")
        for name in self._named.used:
            for natural in self._named.unused(name):
                yield Difference(name, None, show(natural), "ligne ajoutée : rien ne la nomme")
        for batch in chunks(self._connection, "content"):
            for row in batch:
                if fault := text_fault(row["sha256"], row["text"]):
                    yield Difference("content", None, str(row["id"]), fault)
        body_count = self._connection.scalar(_counted("body"))
        if body_count != self._named.bodies:
            yield Difference(
                "body",
                None,
                "",
                f"{body_count} lignes, les relevés en nomment {self._named.bodies}",
            )

    def _same_leaf(self, idx: int, entry: bytes) -> Iterator[Difference]:
        """Compare a leaf with its row, which exists until the leaf is in a full, signed bundle."""
        row = next(self._leaf_rows, None)
        if row is None or row["idx"] != idx:
            found_text = "rien" if row is None else f"la feuille {show(row['idx'])}"
            yield Difference(
                "leaf", idx, "", f"ligne supprimée ou déplacée ({found_text} à sa place)"
            )
        elif row["entry"] != entry:
            yield Difference("leaf", idx, "", "ce n’est pas la feuille du journal", "entry")

    def _end_of_journal(self) -> Iterator[Difference]:
        reference_count = self._connection.scalar(_counted("reference"))
        if reference_count != self._expected.references:
            what = f"{reference_count} lignes, le journal en compte {self._expected.references}"
            yield Difference("reference", None, "", what)
        for row in self._leaf_rows:
            yield Difference("leaf", None, show(row["idx"]), "ligne ajoutée")


def differing(
    table: str, idx: int | None, expected: Raw, row: Raw, compared: Collection[str]
) -> Iterator[Difference]:
    """Yield the columns of a row that differ from the expected ones."""
    for column in sorted(compared):
        if row[column] != expected[column]:
            expected_value, actual_value = apart(expected[column], row[column])
            what = f"le journal dit {show(expected_value)}, la base {show(actual_value)}"
            yield Difference(table, idx, who(table, row), what, column)


def _counted(table: str) -> Select[Any]:
    return select(func.count()).select_from(metadata.tables[table])


def _greatest(table: str, column: str) -> Select[Any]:
    return select(type_coerce(func.max(metadata.tables[table].c[column]), NullType()))


_KEYS: Mapping[str, Callable[[Raw], Any]] = {
    "state": lambda row: row["subject_id"],
    "outage": lambda row: (row["subject_id"], row["first_fail_at"]),
    "tally": lambda row: (row["subject_id"], row["judgement_id"]),
    "definition": lambda row: (row["subject_id"], row["from_at"]),
    "incident": lambda row: (row["platform"], row["point"], row["opened_at"]),
    "incident_outage": lambda row: row["outage_id"],
}


def _platforms(row: Raw) -> set[Any]:
    """Return the platform of a row about incidents, as a set; empty for other rows."""
    incident = row.get("incident_id")
    if isinstance(incident, tuple):
        return {incident[0]}
    return {row["platform"]} if "platform" in row else set()
