"""Make or upgrade the tables of a database."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection

from monitor.store.engine import (
    SCHEMA,
    StoreError,
    WriterLock,
    check_schema,
    connected,
    name_of,
    parse,
    readable_errors,
    revision_of,
    sqlite_path,
)

_MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """The result of `migrate`.

    Attributes:
        before: The schema before; None for an empty database.
        after: The schema now.
        copy: A copy of the SQLite file as it was; None when nothing could be lost.

    """

    where: str
    before: str | None
    after: str
    copy: Path | None = None

    def __str__(self) -> str:
        if self.before is None:
            return f"Base {self.where} créée, schéma {self.after}."
        if self.before == self.after:
            return f"Base {self.where} déjà au schéma {self.after} : rien à faire."
        copy_text = f" L’ancienne est gardée dans {self.copy}." if self.copy else ""
        return (
            f"Base {self.where} passée du schéma {self.before} au schéma {self.after}.{copy_text}"
        )


def is_new(url: str) -> bool:
    """Return whether nothing was ever stored at this address. Raises StoreError."""
    parsed = parse(url)
    path = sqlite_path(parsed)
    with readable_errors(parsed):
        if path is not None and not path.exists():
            return True
        with connected(parsed, writer=False) as connection:
            return revision_of(connection) is None


def migrate(url: str) -> Migration:
    """Upgrade the schema of a database to the one that this program uses.

    1. Take the writer's lock: nobody records meanwhile.
    2. Copy a SQLite file aside if it will change.
    3. Change the schema in one transaction: a crash leaves the database as it was.

    Raises StoreError for a missing or read-only folder, a database of a newer program or of
    another program, a running service, a full disk.
    """
    parsed = parse(url)
    with readable_errors(parsed):
        require_folder(parsed)
        with connected(parsed, writer=True) as connection:
            lock = WriterLock(parsed, lambda: connection)
            try:
                return _migrate(connection, parsed)
            finally:
                lock.release()


def require_folder(url: URL) -> None:
    """Raise StoreError unless the folder of a SQLite file exists."""
    path = sqlite_path(url)
    if path is not None and not path.parent.is_dir():
        raise StoreError(
            f"Le dossier {path.parent} n’existe pas. Créez-le, ou donnez-en un autre (--data)."
        )


def _migrate(connection: Connection, url: URL) -> Migration:
    where, path = name_of(url), sqlite_path(url)
    with connection.begin():
        before = revision_of(connection)
        if before is not None and before >= SCHEMA:
            check_schema(connection, url)
            return Migration(where=where, before=before, after=SCHEMA)
    copy = _copy_aside(path) if path and before is not None else None
    if path:
        # Rows that refer to a table must survive when the table is made again. SQLite accepts
        # this pragma only between transactions.
        _sqlite(connection).execute("PRAGMA foreign_keys=OFF")
    _upgrade(connection, url)
    return Migration(where=where, before=before, after=SCHEMA, copy=copy)


def _upgrade(connection: Connection, url: URL) -> None:
    # Only a database that has to change is worth the tenth of a second that these take.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    with connection.begin():
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if sqlite_path(url) and _sqlite(connection).execute("PRAGMA foreign_key_check").fetchone():
            where = name_of(url)
            raise StoreError(f"Base {where} : des liens y sont rompus ; rien n’a été changé.")


def _sqlite(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 -- the caller saw a SQLite path
    return raw


def _copy_aside(path: Path) -> Path:
    """Copy a SQLite database durably, its write-ahead log included."""
    names = (path.with_name(f"{path.name}.avant-{SCHEMA}{n}") for n in ("", *_numbers()))
    copy = next(name for name in names if not name.exists())
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        with copy.open("rb") as file:
            os.fsync(file.fileno())
    except (sqlite3.Error, OSError):
        copy.unlink(missing_ok=True)
        raise
    return copy


def _numbers() -> list[str]:
    return [f"-{n}" for n in range(2, 1000)]
