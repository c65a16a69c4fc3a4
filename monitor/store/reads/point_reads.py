"""The name that a point has in its own record."""

from sqlalchemy import select

from monitor.store.engine import connected, parse, readable_errors
from monitor.store.tables.check_tables import RunRow, table_of

_RUN = table_of(RunRow)


def latest_point(url: str) -> str | None:
    """Return the point of the latest run of a record; None when it has none.

    Raises:
        StoreError: The database cannot be read.

    """
    parsed = parse(url)
    with readable_errors(parsed), connected(parsed, writer=False) as connection:
        query = select(_RUN.c.point).order_by(_RUN.c.id.desc()).limit(1)
        name: str | None = connection.execute(query).scalar_one_or_none()
        return name
