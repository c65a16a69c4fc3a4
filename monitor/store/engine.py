"""Open the store: its address, its connections, its lock, and errors in French.

Both engines give the same guarantees: a transaction that is answered is on the disk, readers see
one snapshot and never block the writer, and only one process writes.
"""

import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, SQLAlchemyError

from monitor.runtime.errors import VigieError
from monitor.store.tables.dossier_tables import metadata

_VERSIONS = Path(__file__).parent / "migrations" / "versions"
SCHEMA = max(path.name[1:5] for path in _VERSIONS.glob("r[0-9]*.py"))  # the newest migration
BUSY_MS = 10_000  # how long to wait for another process that writes, such as `vigie pause`
_STEPS = 10_000  # of SQLite's machine between two tests of a bound: some tenths of a millisecond
_PG_LOCK = int.from_bytes(b"vigie", "big")  # any constant of ours
_PG_WAIT_MS = 1_000
_LOCK_NOT_AVAILABLE = "55P03"
_SHOWN_OPTIONS = frozenset({"host", "port", "dbname", "sslmode"})
_OUR_TABLES = frozenset(metadata.tables)


class StoreError(VigieError):
    """The store cannot be used: stop the process. The message, in French, says what to do."""


class SecondWriter(StoreError):  # noqa: N818 -- as `CommandRefused`: what was refused, not a fault
    """Refused: another process has the right to write, and keeps it."""


def parse(url: str) -> URL:
    """Read a database URL. Raises StoreError unless it is a SQLite file or PostgreSQL."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is none, perhaps a password
        raise StoreError(
            "Adresse de base illisible. Donnez sqlite:////chemin/vigie.sqlite"
            " ou postgresql://utilisateur@hôte/base (VIGIE_DATABASE_URL)."
        ) from None
    if "@" in (parsed.host or ""):
        raise StoreError(
            "Adresse de base illisible : dans le mot de passe, « @ » s’écrit %40"
            " (VIGIE_DATABASE_URL)."
        )
    match parsed.drivername.partition("+")[0]:
        case "postgresql" | "postgres":  # the second as many providers write it
            return parsed.set(drivername="postgresql+psycopg")
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite+pysqlite")
        case _:
            raise StoreError(
                f"La base {name_of(parsed)} ne convient pas : il faut un fichier SQLite"
                " ou PostgreSQL (VIGIE_DATABASE_URL)."
            )


def sqlite_path(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for PostgreSQL."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def name_of(url: URL) -> str:
    """Return the name of a database for a person: no password, only the options that locate it."""
    if url.drivername.startswith("sqlite"):
        return str(url.database or "")
    options = {key: value for key, value in url.query.items() if key in _SHOWN_OPTIONS}
    return url.set(query=options).render_as_string()


def engine_for(url: URL, *, writer: bool, read_s: float | None = None) -> Engine:
    """Make an engine: one lasting connection for the writer, or a small pool for reading.

    `read_s` bounds each statement of a reader, in seconds: one that takes longer fails, and no
    longer keeps the write-ahead log from being checkpointed. None: no bound.
    """
    if url.get_backend_name() == "sqlite":
        engine = create_engine(
            url,
            hide_parameters=True,
            connect_args={"isolation_level": None, "check_same_thread": False},
            **({"poolclass": NullPool} if writer else {"pool_size": 4, "max_overflow": 4}),
        )
        _set_up_sqlite(engine, writer=writer)
        if read_s is not None:
            _bound_sqlite(engine, read_s)
        return engine
    if writer:
        return create_engine(
            url,
            hide_parameters=True,
            poolclass=NullPool,
            connect_args={"options": "-c synchronous_commit=on"},
        )
    options = "-c default_transaction_read_only=on"
    if read_s is not None:
        options += f" -c statement_timeout={round(1_000 * read_s)}"
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=4,
        max_overflow=4,
        isolation_level="REPEATABLE READ",
        connect_args={"options": options},
    )


@contextmanager
def connected(url: URL, *, writer: bool) -> Iterator[Connection]:
    """Open a connection for one task, and close it."""
    engine = engine_for(url, writer=writer)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _set_up_sqlite(engine: Engine, *, writer: bool) -> None:
    # The driver begins transactions late and implicitly, so we send BEGIN ourselves. A writer
    # takes its lock at once, so that it never fails half-way through.
    begin = "BEGIN IMMEDIATE" if writer else "BEGIN"
    pragmas = [f"busy_timeout={BUSY_MS}", "foreign_keys=ON"]
    pragmas += ["synchronous=FULL"] if writer else ["query_only=ON"]

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: Any) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        if writer and connection.execute("PRAGMA journal_mode=WAL").fetchone() != ("wal",):
            raise sqlite3.OperationalError("no write-ahead log on this file system")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _bound_sqlite(engine: Engine, read_s: float) -> None:
    """Interrupt a statement that has run for `read_s`."""
    deadline = threading.local()  # a connection is used by one thread at a time

    @event.listens_for(engine, "before_cursor_execute")
    def begin(*_: Any) -> None:
        deadline.at_s = time.perf_counter() + read_s

    @event.listens_for(engine, "connect")
    def watch(connection: sqlite3.Connection, _: Any) -> None:
        connection.set_progress_handler(
            lambda: time.perf_counter() > getattr(deadline, "at_s", float("inf")), _STEPS
        )


def check_schema(connection: Connection, url: URL) -> None:
    """Raise StoreError unless the database has the schema that this program knows."""
    revision = revision_of(connection)
    if revision == SCHEMA:
        return
    where = name_of(url)
    if revision is None:
        raise StoreError(f"La base {where} est vide. Lancez « vigie migrate ».")
    if revision < SCHEMA:
        raise StoreError(
            f"La base {where} est au schéma {revision}, ce programme demande le schéma {SCHEMA}."
            " Lancez « vigie migrate »."
        )
    raise StoreError(
        f"La base {where} est au schéma {revision}, plus récent que celui de ce programme"
        f" ({SCHEMA}). Installez la version de Vigie qui l’a écrite, ou une plus récente."
    )


def try_to_write(connection: Connection) -> None:
    """Write without a change, so that a refusal comes now and not at the first check."""
    with connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))


@contextmanager
def readable_errors(url: URL) -> Iterator[None]:
    """Turn errors of the database or of the file system into a StoreError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise StoreError(explain(error, name_of(url))) from error


def explain(error: BaseException, where: str) -> str:
    """Return, in French, what happened to the store and what to do."""
    cause = error.orig if isinstance(error, SQLAlchemyError) and hasattr(error, "orig") else error
    match _code(cause):
        case sqlite3.SQLITE_FULL | "53100":
            what = "le disque est plein. Libérez de la place"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | "42501" | "25006":
            what = "l’écriture est refusée. Donnez le droit d’écrire au compte du service"
        case sqlite3.SQLITE_CANTOPEN:
            what = "le fichier ne s’ouvre pas. Vérifiez le dossier et ses droits"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            what = "un autre programme la garde verrouillée. Arrêtez-le"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | "42P01" | "42703":
            what = (
                "le fichier est abîmé, incomplet, ou n’est pas une base. Restaurez une sauvegarde,"
                " ou mettez-le de côté et refaites la base (« vigie rebuild »)"
            )
        case sqlite3.SQLITE_IOERR:
            what = "le disque ne répond pas correctement. Vérifiez-le"
        case _ if isinstance(error, OSError) and (error.errno or 0) in _SYSTEM:
            what = _SYSTEM[error.errno or 0]
        case _ if isinstance(error, PermissionError):
            what = "l’accès est refusé. Donnez le droit d’écrire au compte du service"
        case _ if isinstance(error, IntegrityError):
            what = "elle refuse un enregistrement incohérent ; rien n’en a été écrit. Signalez-le"
        case _:
            what = "elle ne répond plus ou refuse. Vérifiez qu’elle fonctionne"
    return f"Base {where} : {what}, puis relancez. ({type(cause).__name__}: {str(cause)[:200]})"


def _code(cause: object) -> int | str | None:
    """Return an engine's error code; SQLite has none for a missing table or column."""
    if isinstance(cause, sqlite3.Error) and str(cause).startswith("no such "):
        return "42P01"
    code: int | str | None = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    return code or getattr(cause, "sqlstate", None)


_SYSTEM: Mapping[int, str] = {
    errno.ENOSPC: "le disque est plein. Libérez de la place",
    errno.EDQUOT: "le quota de disque est atteint. Libérez de la place",
    errno.EROFS: "le disque est en lecture seule. Rendez-le accessible en écriture",
    errno.ESTALE: (
        "le fichier a été retiré ou remplacé pendant le service. Remettez-le, restaurez une"
        " sauvegarde, ou refaites la base (« vigie rebuild »)"
    ),
}


def revision_of(connection: Connection) -> str | None:
    """Return the schema's version, None for an empty database.

    Raises StoreError for a database of another program.
    """
    names = set(connection.dialect.get_table_names(connection))
    if "alembic_version" in names:
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        if revision is not None:
            return revision
    if names & _OUR_TABLES or names - {"alembic_version"}:
        raise StoreError(
            "Cette base contient déjà des tables qui ne sont pas celles de Vigie."
            " Donnez-lui une base vide (VIGIE_DATABASE_URL)."
        )
    return None


class WriterLock:
    """The lock of the writer: one process has it until it ends, however it ends.

    SQLite: a lock on the database file itself, whatever its path, and one on a file beside it
    that says which process has it. PostgreSQL: a lock of the session that writes, so that it
    cannot be lost while that session writes.
    """

    def __init__(self, url: URL, connect: Callable[[], Connection]) -> None:
        """Take the lock. `connect` returns the session that will write; not called for SQLite."""
        path = sqlite_path(url)
        self._files: list[int] = []
        self._path: Path | None = None
        if path is not None:
            # Path.resolve raises for a loop of links.
            self._path = real = Path(os.path.realpath(path))
            lock_path = real.with_name(real.name + ".lock")
            # SQLite's own locks are of fcntl, and end when any descriptor of the process on that
            # file is closed. This one is only closed with the store.
            for locked_path in (real, lock_path):
                try:
                    self._files.append(self._lock_file(locked_path, owner=lock_path))
                except BaseException:
                    self.release()
                    raise
            os.ftruncate(self._files[-1], 0)
            os.write(self._files[-1], f"{os.getpid()}\n".encode())
            return
        connection = connect()
        try:
            with connection.begin():
                # The server needs a moment to see that a killed service is gone.
                connection.execute(text(f"SET LOCAL lock_timeout = {_PG_WAIT_MS}"))
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _PG_LOCK})
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
                raise
            raise SecondWriter(_TWO.format(where=name_of(url), which="")) from None

    @staticmethod
    def _lock_file(path: Path, *, owner: Path) -> int:
        """Lock a file. The file `owner` says which process has the lock already."""
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            process_id = ""
            with suppress(OSError, UnicodeError):
                process_id = owner.read_text("ascii").strip()
            which = (
                f" (processus {process_id})"
                if process_id.isascii() and process_id.isdecimal()
                else ""
            )
            raise SecondWriter(
                _TWO.format(where=path.with_name(path.name.removesuffix(".lock")), which=which)
            ) from None
        return file

    def require_file(self) -> None:
        """Raise OSError when the open file is no longer the one at its path.

        SQLite continues to write to a deleted file, and all of it is lost when the process ends.
        """
        if self._path is None:
            return
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self._files[0]), self._path.stat()):
                return
        raise OSError(errno.ESTALE, "the file was removed or replaced")

    def release(self) -> None:
        """Release the locks of files; PostgreSQL's ends with its connection."""
        while self._files:
            os.close(self._files.pop())


_TWO = (
    "Un autre service Vigie{which} écrit déjà dans la base {where}."
    " Arrêtez-le, ou donnez une autre base à celui-ci (VIGIE_DATABASE_URL)."
)
