"""The sums of each day against the checks that they are made from."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import groupby

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from monitor.core.outages.calendar import day_of, midnight
from monitor.core.outages.time_accounts import Account
from monitor.store.audit.audit_rows import Raw, plainly, rows, show, who
from monitor.store.audit.difference import Difference
from monitor.store.reads.account_reader import AccountReader
from monitor.store.tables.check_tables import SubjectRow, table_of
from monitor.store.writing.rollups import rollup_rows

_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, OverflowError, SQLAlchemyError)
_S = table_of(SubjectRow)
_TOGETHER = 31  # days that are counted in one pass


def differences(connection: Connection) -> Iterator[Difference]:
    """Yield each row that is not what the checks of its day add up to, or is one too many."""
    names = {row.id: (row.target, row.point) for row in connection.execute(select(_S))}
    for subject, group in groupby(rows(connection, "rollup"), key=lambda row: row["subject_id"]):
        name = names.get(subject)
        if name is None:
            yield Difference("rollup", None, show(subject), "aucune cible de ce numéro")
            continue
        days = groupby(group, key=lambda row: row["day"])
        for some in _together((day, list(day_rows)) for day, day_rows in days):
            try:
                yield from _compared(AccountReader(connection, name[1]), subject, some)
            except _UNREADABLE as error:
                what = f"ne peut être comparée aux relevés ({type(error).__name__})"
                yield Difference("rollup", None, f"{name[0]}, jour {show(some[0][0])}", what)


Day = tuple[int, list[Raw]]


def _together(days: Iterator[Day]) -> Iterator[list[Day]]:
    """Group days that follow each other."""
    some: list[Day] = []
    for day, day_rows in days:
        if some and (len(some) == _TOGETHER or not _follows(some[-1][0], day)):
            yield some
            some = []
        some.append((day, day_rows))
    if some:
        yield some


def _follows(before: object, day: object) -> bool:
    return isinstance(before, int) and isinstance(day, int) and _after(before) == day


def _after(day: int) -> int:
    return midnight(day_of(day) + timedelta(days=1))


def _compared(reader: AccountReader, subject: int, days: list[Day]) -> Iterator[Difference]:
    """Compare days that follow each other with their checks. Raises what hostile values make."""
    for day, day_rows in days:
        if midnight(day_of(day)) != day:
            yield Difference("rollup", None, who("rollup", day_rows[0]), "ce n’est pas un jour")
            return
    edges = [*(day for day, _ in days), _after(days[-1][0])]
    accounts = reader.tallied(subject, edges, edges[-1])
    for (day, day_rows), account in zip(days, accounts, strict=True):
        yield from _same(day_rows, _expected(subject, day, account))


def _expected(subject: int, day: int, account: Account) -> dict[tuple[object, object], Raw]:
    new_rows = [plainly(row) for row in rollup_rows(subject, day, account)]
    return {(row["verdict"], row["reason"]): row for row in new_rows}


def _same(day_rows: list[Raw], expected: dict[tuple[object, object], Raw]) -> Iterator[Difference]:
    for row in day_rows:
        expected_row = expected.pop((row["verdict"], row["reason"]), None)
        if expected_row is None:
            yield Difference("rollup", None, who("rollup", row), "ligne ajoutée")
            continue
        for column in ("held_us", "doubt_us", "checks"):
            if row[column] != expected_row[column]:
                what = f"les relevés donnent {expected_row[column]}, la base {show(row[column])}"
                yield Difference("rollup", None, who("rollup", row), what, column)
    for expected_row in expected.values():
        yield Difference("rollup", None, who("rollup", expected_row), "ligne supprimée")
