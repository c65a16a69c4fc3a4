"""Write rows that no leaf says anything of, through the one writer."""

from collections.abc import Callable

from sqlalchemy import Connection

from monitor.store import Store
from monitor.store.writing.intern_tables import InternTables


async def write_rows(store: Store, work: Callable[[Connection], object]) -> None:
    """Run `work` in a transaction of the writer, all of it or nothing.

    What the transaction has besides, checks among it, does not suffer from an error of `work`,
    which is raised here.

    Raises:
        StoreError: The database does not answer; nothing more can be recorded.

    """
    errors: list[Exception] = []

    def with_connection(connection: Connection, interned: InternTables) -> None:
        del interned
        try:
            with connection.begin_nested():
                work(connection)
        except Exception as error:  # noqa: BLE001 -- the writer ends at the first error
            errors.append(error)

    await store.write(with_connection)
    if errors:
        raise errors[0]
