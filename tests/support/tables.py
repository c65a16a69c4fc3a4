"""Tables that no page reads, read as they are: the audit alone compares them with the journal."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from monitor.core.model import ClockReading, Reason, Verdict
from monitor.store import Store
from monitor.store.tables.check_tables import (
    ClockReadingRow,
    JudgementRow,
    SubjectRow,
    TallyRow,
    table_of,
)

_CLOCK, _TALLY = table_of(ClockReadingRow), table_of(TallyRow)
_SUBJECT, _JUDGEMENT = table_of(SubjectRow), table_of(JudgementRow)


def tallies(store: Store) -> Mapping[tuple[str, Verdict, Reason], int]:
    """Return how many checks the point of a store made, by target, verdict and reason."""
    wanted = (
        select(_SUBJECT.c.target, _JUDGEMENT.c.verdict, _JUDGEMENT.c.reason, _TALLY.c.checks)
        .join(_SUBJECT, _SUBJECT.c.id == _TALLY.c.subject_id)
        .join(_JUDGEMENT, _JUDGEMENT.c.id == _TALLY.c.judgement_id)
        .where(_SUBJECT.c.point == store.point)
    )
    found: dict[tuple[str, Verdict, Reason], int] = {}
    for target, verdict, reason, checks in _rows(store, wanted):
        name = target, verdict, reason
        found[name] = found.get(name, 0) + checks
    return found


def clock_readings(store: Store) -> tuple[ClockReading, ...]:
    """Return every reading of the clock of a store's point, in order."""
    names = ("at", "server", "offset_us", "dispersion_us", "stratum")
    wanted = (
        select(*(_CLOCK.c[name] for name in names))
        .where(_CLOCK.c.point == store.point)
        .order_by(_CLOCK.c.at)
    )
    return tuple(ClockReading(**dict(zip(names, row, strict=True))) for row in _rows(store, wanted))


def _rows(store: Store, wanted: Any) -> list[Any]:
    with store._reading() as session:
        return list(session.connection().execute(wanted).all())
