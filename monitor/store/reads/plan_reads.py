"""Targets as they were planned, by their `target` leaves, and how long a check of each holds."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from monitor.core.outages.time_accounts import HOLD
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import (
    DefinitionRow,
    ObservationRow,
    SubjectRow,
    table_of,
)
from monitor.store.tables.columns import from_us

_O, _S, _D = table_of(ObservationRow), table_of(SubjectRow), table_of(DefinitionRow)
AT = type_coerce(_O.c.at, BigInteger)
_FROM = type_coerce(_D.c.from_at, BigInteger)

# How long a check of before all definitions may hold: the shortest that any target is planned at.
_UNPLANNED_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A target as it was planned from `from_at` on, by the leaf `leaf` of the journal."""

    target: str
    from_at: datetime
    leaf: int
    name: str
    url: str
    kind: str
    platform: str
    department: str
    interval_s: int
    policy: Mapping[str, int]


class PlanReads(StoreReads):
    """The targets that were ever planned, or checked."""

    def definitions(self) -> tuple[Definition, ...]:
        """Return each target as it was planned, by target, then from when."""
        wanted = (
            select(_S.c.target, _FROM, _D.c.leaf, _D.c.text)
            .join(_S, _S.c.id == _D.c.subject_id)
            .where(_S.c.point == self.point)
            .order_by(_S.c.target, _D.c.from_at)
        )
        with self._reading() as session:
            return tuple(
                _definition(target, from_us, leaf, json.loads(text))
                for target, from_us, leaf, text in session.connection().execute(wanted)
            )

    def watched(
        self, targets: Iterable[str] | None = None
    ) -> Mapping[str, tuple[datetime, datetime]]:
        """Return when each target that was ever checked was checked first, and last.

        Only of `targets` when given.
        """
        # One look at each end of the index per target: a join would read every check.
        ends = (
            select(edge(AT)).where(_O.c.subject_id == _S.c.id).correlate(_S).scalar_subquery()
            for edge in (func.min, func.max)
        )
        wanted = select(_S.c.target, *ends).where(_S.c.point == self.point)
        if targets is not None:
            wanted = wanted.where(_S.c.target.in_(list(targets)))
        with self._reading() as session:
            rows = session.connection().execute(wanted).all()
        return {
            target: (from_us(first), from_us(last))
            for target, first, last in rows
            if first is not None
        }


def plans_of(connection: Connection, subject: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield from when on a subject was planned how, in order: its `target` leaves."""
    wanted = select(_FROM, _D.c.text).where(_D.c.subject_id == subject).order_by(_D.c.from_at)
    for start, text in connection.execute(wanted):
        yield start, json.loads(text)


def hold_at(holds: Sequence[tuple[int, int]], at: int) -> int:
    """Return how long a check may hold: by the plan of its time, or by the first one there was."""
    if not holds:
        return HOLD * 1_000_000 * _UNPLANNED_S
    if len(holds) == 1:
        return holds[0][1]
    index = bisect_right(holds, at, key=itemgetter(0)) - 1
    return holds[max(0, index)][1]


def _definition(target: str, from_us_: int, leaf: int, fields: Mapping[str, Any]) -> Definition:
    return Definition(
        target=target,
        from_at=from_us(from_us_),
        leaf=leaf,
        name=fields["name"],
        url=fields["url"],
        kind=fields["kind"],
        platform=fields["platform"],
        department=fields.get("department", ""),
        interval_s=fields["interval_s"],
        policy=fields["policy"],
    )
