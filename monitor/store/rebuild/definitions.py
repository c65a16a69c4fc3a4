"""The plans of targets, read from the journal into a database of before it kept them."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, insert, select

from monitor.core.journal.decode import read_instant
from monitor.core.journal.jcs import canonical
from monitor.store.engine import WriterLock, connected, parse, readable_errors
from monitor.store.tables.check_tables import DefinitionRow, ObservationRow, SubjectRow, table_of
from monitor.store.tables.journal_tables import LeafRow

_DEFINITION, _SUBJECT, _LEAF = table_of(DefinitionRow), table_of(SubjectRow), table_of(LeafRow)
_OBSERVATION = table_of(ObservationRow)


def fill_definitions(url: str, bundled: Iterable[bytes], *, count: int) -> int:
    """Write the plans that the journal gives, unless the database has some; return how many.

    Args:
        url: Of a database of the current schema that no service uses.
        bundled: The leaves that signed bundles hold, from the first.
        count: How many those are; SQL holds the ones after.

    Raises:
        StoreError: the database is in use or refuses.
        ValueError, LookupError, TypeError: a leaf cannot be read.

    """
    parsed = parse(url)
    with readable_errors(parsed), connected(parsed, writer=True) as connection:
        lock = WriterLock(parsed, lambda: connection)
        try:
            with connection.begin():
                there = connection.scalar(select(func.count()).select_from(_DEFINITION))
                checks = select(_OBSERVATION.c.id).where(_OBSERVATION.c.leaf.is_not(None))
                if there or connection.execute(checks.limit(1)).first() is None:
                    return 0
                rest = select(_LEAF.c.entry).where(_LEAF.c.idx >= count).order_by(_LEAF.c.idx)
                subjects = {
                    (row.target, row.point): row.id for row in connection.execute(select(_SUBJECT))
                }
                rows = list(_plans(bundled, connection.execute(rest).scalars()))
                for (subject, from_at), leaf, text in rows:
                    row = {"from_at": from_at, "leaf": leaf, "text": text}
                    row["subject_id"] = subjects[subject]
                    connection.execute(insert(_DEFINITION), row)
                return len(rows)
        finally:
            lock.release()


def _plans(*parts: Iterable[bytes]) -> Iterable[tuple[Any, int, str]]:
    """Yield each plan from its first check on: the subject and the instant, the leaf, its text."""
    targets: dict[int, str] = {}
    points: dict[int, str] = {}
    now: dict[tuple[str, str], int] = {}
    idx = -1
    for part in parts:
        for entry in part:
            idx += 1
            leaf = json.loads(entry)
            if leaf["type"] == "target":
                targets[idx] = canonical(leaf).decode()
            elif leaf["type"] == "setup":
                points[idx] = leaf["point"]
            elif leaf["type"] == "observation" and "plan" in leaf:
                subject = leaf["target"], points[leaf["setup"]]
                if now.get(subject) != leaf["plan"]:
                    now[subject] = leaf["plan"]
                    plan = targets[leaf["plan"]]
                    yield (subject, read_instant(leaf["at"])), leaf["plan"], plan
