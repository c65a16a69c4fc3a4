"""Write rows that no leaf says anything of, through the one writer."""

from collections.abc import Callable

from sqlalchemy import Connection

from monitor.store import Store
from monitor.store.writing.intern_tables import InternTables


async def write_rows(store: Store, work: Callable[[Connection], object]) -> None:
    """Run `work` in a transaction of the writer. Raises StoreError."""

    def with_connection(connection: Connection, interned: InternTables) -> None:
        del interned
        work(connection)

    await store.write(with_connection)
