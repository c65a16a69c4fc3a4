"""A throw-away PostgreSQL server: a temporary folder, a Unix socket, no port, no durability."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

_WAIT_S = 60
_MEMORY = Path("/dev/shm")  # noqa: S108 -- only `mkdtemp` makes something there
_MEMORY_MIN = 4_000_000_000  # bytes free, for the servers of some workers: each takes 200 MB


def find_postgres() -> Path | None:
    """Return the folder of the server's programs, the newest of Debian's or that of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


class PostgresServer:
    """A running server, on which each test has a database of its own."""

    def __init__(self, folder: Path, programs: Path, network: Path | None) -> None:
        self._folder = folder
        self._programs = programs
        self._network = network
        self._count = 0
        self._guards = ExitStack()

    def start(self) -> None:
        """Start the server, under a shell that stops it when our pipe to it closes."""
        log, user = self._folder / "log", server_user()
        inside: tuple[str, ...] = ()
        if self._network:  # which only root may enter: `user` is taken on there
            given = (f"--reuid={user}", f"--regid={user}", "--init-groups")
            inside, user = ("nsenter", f"--net={self._network}", "setpriv", *given), None
        with log.open("ab") as output:
            guard = subprocess.Popen(
                (
                    *inside, "/bin/sh", "-c", _GUARD, self._folder,
                    self._programs / "postgres", "-D", self._folder / "data",
                    *_settings(self._folder, "localhost" if inside else ""),
                ),
                user=user,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd="/",
                start_new_session=True,
            )  # fmt: skip
        self._guards.enter_context(guard)  # its end closes the pipe, and waits
        _wait_for(self, guard, log)

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        self._guards.close()

    def crash(self, number: signal.Signals) -> None:
        """Kill the server's first process, and return once the others have ended too.

        `start` brings it back. Linux only: it reads /proc.
        """
        lock = self._folder / "data" / "postmaster.pid"
        first = int(lock.read_text().split("\n")[0])
        others = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        os.kill(first, number)
        for _ in range(_WAIT_S * 20):
            if not any(map(_lives, (first, *others))):
                break
            time.sleep(0.05)
        # Our shell has not yet taken note of its death: the server would take it for alive.
        for one in (lock, *self._folder.glob(".s.PGSQL.*.lock")):
            one.unlink(missing_ok=True)

    def url(self, database: str) -> str:
        return f"postgresql://vigie@/{database}?host={self._folder}"

    def create(self, *, template: str = "template0") -> str:
        """Make a database and return its name."""
        self._count += 1
        name = f"test_{self._count}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, database: str) -> None:
        """Remove a database: hundreds that are left make the end of a session long."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    @contextmanager
    def database(self, *, template: str = "template0") -> Iterator[str]:
        """Give the URL of a database that is removed at the end."""
        name = self.create(template=template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)


@contextmanager
def running_postgres(programs: Path, *, network: Path | None = None) -> Iterator[PostgresServer]:
    """Start a server and stop it at the end, even if the tests are killed.

    In a network namespace (root only) it listens on that one's loopback as well, at port 5432.
    """
    # The server refuses to run as root, and a socket's path must stay under 108 bytes.
    folder = Path(tempfile.mkdtemp(prefix="vigie-pg-", dir=_roomy_memory()))
    if user := server_user():
        shutil.chown(folder, user)
    data, log = folder / "data", folder / "log"
    server = PostgresServer(folder, programs, network)
    try:
        initdb = (programs / "initdb", "-D", data, "-U", "vigie", "-A", "trust", "-N", "-E", "UTF8")
        with log.open("wb") as output:
            made = subprocess.run(
                initdb, user=user, stdout=output, stderr=output, cwd="/", check=False
            )
        if made.returncode:
            raise RuntimeError(log.read_text(errors="replace"))
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _roomy_memory() -> Path | None:
    """Return a file system in memory, where a database is copied in a third of the time."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _MEMORY_MIN
    return _MEMORY if roomy else None


def server_user() -> str | None:
    """Return who runs the server: not root."""
    return "postgres" if os.geteuid() == 0 else None


# The shell stops the server and removes its folder when the pipe from us closes: also when
# we were killed.
_GUARD = '"$@" </dev/null & read -r _; kill -QUIT $!; wait $!; rm -rf "$0"'


def _settings(folder: Path, listening: str) -> Iterator[str]:
    for setting in (
        f"listen_addresses={listening}",
        f"unix_socket_directories={folder}",
        "fsync=off",
        "max_wal_size=64MB",
        "max_connections=50",
        "shared_buffers=16MB",
    ):
        yield from ("-c", setting)


def _wait_for(server: PostgresServer, guard: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_WAIT_S * 20):
        try:
            psycopg.connect(server.url("postgres")).close()
        except psycopg.OperationalError:
            if guard.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(log.read_text(errors="replace"))


def _lives(process: object) -> bool:
    """Return whether a process runs: not when it is gone, or only its exit code is left."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
