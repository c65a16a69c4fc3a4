"""Copy every row of a database to another, whatever their engines, and compare them.

The schema is the same on both; a value is read as the program reads it and written as the program
writes it. Rows are compared by a sum of digests, which does not depend on their order: engines
do not sort texts alike.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import URL, Connection, Table, func, insert, select, text

from monitor.store.engine import (
    StoreError,
    WriterLock,
    check_schema,
    connected,
    name_of,
    parse,
    readable_errors,
)
from monitor.store.tables.dossier_tables import metadata
from monitor.store.upgrade import migrate

BATCH = 1_000  # rows of one statement
_MODULUS = 1 << 256

#: Called with the current task, how much of it is done, and the total.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDigest:
    """The number of rows of a table, and the sum of their SHA-256 as 64 hex digits."""

    rows: int
    digest: str


TableDigests = Mapping[str, TableDigest]


def quiet(what: str, done: int, total: int) -> None:
    """Ignore the progress."""
    del what, done, total


def move(source: str, target: str, *, progress: Progress = quiet) -> TableDigests:
    """Copy a database to an empty one, in one transaction.

    1. Take the lock of the writer of both: the service is stopped.
    2. Make the tables; write every row, and set the next numbers.
    3. Commit, then read all of the target again and compare it with what was read.

    A crash before 3 leaves the target without a row, and it may be done again.

    Raises:
        StoreError: A database is in use, has another schema, is not empty or cannot be written;
        or what was written is not what was read.

    """
    from_url, to_url = parse(source), parse(target)
    if name_of(from_url) == name_of(to_url):
        raise StoreError(f"La base {name_of(to_url)} est déjà celle du service.")
    with readable_errors(from_url), connected(from_url, writer=True) as origin:
        with origin.begin():
            check_schema(origin, from_url)
        with _locked(from_url, origin), origin.begin():
            return fill(origin, target, progress=progress)


def fill(origin: Connection, target: str, *, progress: Progress = quiet) -> TableDigests:
    """Copy all that a connection sees to an empty database; see `move`."""
    to_url = parse(target)
    prepare(target)
    with (
        readable_errors(to_url),
        connected(to_url, writer=True) as connection,
        _locked(to_url, connection),
    ):
        with connection.begin():
            digests = _copy(origin, connection, progress)
            _continue_numbers(connection)
        with connection.begin():
            written = contents(connection, progress=progress)
    require_same(digests, written, where=name_of(to_url))
    return written


def prepare(target: str) -> None:
    """Make the tables of an empty database. Raises StoreError when it is not empty."""
    to_url = parse(target)
    migrate(target)
    with readable_errors(to_url), connected(to_url, writer=False) as connection:
        filled = [table.name for table in metadata.sorted_tables if _count(connection, table)]
    if filled:
        raise StoreError(
            f"La base {name_of(to_url)} n’est pas vide ({', '.join(filled[:3])}…) : donnez-en une "
            "nouvelle. Rien n’y a été changé."
        )


def contents(connection: Connection, *, progress: Progress = quiet) -> TableDigests:
    """Read every table, in the snapshot of the connection's transaction."""
    digests: dict[str, TableDigest] = {}
    for table in metadata.sorted_tables:
        total, sums = _count(connection, table), 0
        for batch in _batches(connection, table, f"relecture de {table.name}", total, progress):
            sums += _digest(batch)
        digests[table.name] = TableDigest(rows=total, digest=f"{sums % _MODULUS:064x}")
    return digests


def require_same(read: TableDigests, written: TableDigests, *, where: str) -> None:
    """Raise StoreError with the tables that differ."""
    wrong = [name for name, content in read.items() if written.get(name) != content]
    if wrong:
        raise StoreError(
            f"Base {where} : ce qui y a été écrit n’est pas ce qui a été lu ({', '.join(wrong)}). "
            "Ne l’utilisez pas ; l’ancienne est intacte. Signalez-le."
        )


@contextmanager
def _locked(url: URL, connection: Connection) -> Iterator[None]:
    lock = WriterLock(url, lambda: connection)
    try:
        yield
    finally:
        lock.release()


def _copy(origin: Connection, target: Connection, progress: Progress) -> TableDigests:
    digests: dict[str, TableDigest] = {}
    for table in metadata.sorted_tables:
        total, sums = _count(origin, table), 0
        for batch in _batches(origin, table, f"copie de {table.name}", total, progress):
            target.execute(insert(table), batch)
            sums += _digest(batch)
        digests[table.name] = TableDigest(rows=total, digest=f"{sums % _MODULUS:064x}")
    return digests


def _batches(
    connection: Connection, table: Table, what: str, total: int, progress: Progress
) -> Iterator[list[dict[str, object]]]:
    done = 0
    progress(what, done, total)
    query = select(table).order_by(*table.primary_key)
    with connection.execute(query, execution_options={"yield_per": BATCH}) as result:
        for rows in result.mappings().partitions():
            batch = [dict(row) for row in rows]
            yield batch
            done += len(batch)
            progress(what, done, total)


def _digest(batch: list[dict[str, object]]) -> int:
    """Return the sum of the digests of rows, each as its values in the order of the columns."""
    rows = (repr(tuple(row.values())).encode("utf-8", "surrogatepass") for row in batch)
    return sum(int.from_bytes(hashlib.sha256(row).digest()) for row in rows)


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _continue_numbers(connection: Connection) -> None:
    """Set PostgreSQL's sequences to the last numbers written; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        for column in table.primary_key:
            sequence = connection.scalar(
                text("SELECT pg_get_serial_sequence(:name, :column)"),
                {"name": f'"{table.name}"', "column": column.name},
            )
            last = connection.scalar(select(func.max(column))) if sequence else None
            if last is not None:
                named = {"name": sequence, "last": last}
                connection.execute(text("SELECT setval(:name, :last)"), named)
