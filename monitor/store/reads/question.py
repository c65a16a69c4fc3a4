"""The base of all queries: each on its own read-only connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import URL, Connection, Engine
from sqlmodel import Session

from monitor.store.engine import readable_errors


class StoreReads:
    """Queries of one point. Safe from any thread; each answer is from one snapshot."""

    def __init__(self, engine: Engine, url: URL, point: str) -> None:
        self._engine = engine
        self._url = url
        self.point = point

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        """Open a session. Raises StoreError when the database does not answer."""
        with readable_errors(self._url), Session(self._engine) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection whose snapshot is taken now. Raises StoreError."""
        with self._reading() as session:
            connection = session.connection()
            # Both engines take their snapshot at the first statement that reads a table. Callers
            # compare the snapshot with files that are read afterwards.
            connection.exec_driver_sql("SELECT version_num FROM alembic_version").all()
            yield connection


# Open ends of a span, for a comparison that is always there.
DAWN = datetime.fromisoformat("1970-01-01T00:00:00Z")
DUSK = datetime.fromisoformat("9999-12-31T00:00:00Z")
