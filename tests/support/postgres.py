"""A throw-away PostgreSQL server: a temporary folder, a Unix socket, no port, no durability."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_WAIT_S = 60


def find_postgres() -> Path | None:
    """Return the folder of the server's programs, the newest of Debian's or that of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if debian:
        return debian[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


class PostgresServer:
    """A running server, on which each test has a database of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def url(self, database: str) -> str:
        return f"postgresql://vigie@/{database}?host={self._folder}"

    def create(self, *, template: str = "template0") -> str:
        """Make a database and return its name."""
        self._count += 1
        name = f"test_{self._count}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name


@contextmanager
def running_postgres(programs: Path) -> Iterator[PostgresServer]:
    """Start a server and stop it at the end, however the tests went."""
    # The server refuses to run as root, and a socket's path must stay under 108 bytes.
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="vigie-pg-"))
    try:
        if user:
            shutil.chown(folder, user)
        data = folder / "data"
        _run(
            user, programs / "initdb", "-D", data, "-U", "vigie", "-A", "trust", "-N", "-E", "UTF8"
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "max_connections": "50",
            "shared_buffers": "16MB",
        }
        options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
        control = (programs / "pg_ctl", "-D", data, "-w", "-t", str(_WAIT_S))
        _run(user, *control, "-l", folder / "log", "-o", options, "start")
        try:
            yield PostgresServer(folder)
        finally:
            _run(user, *control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(user: str | None, *command: str | Path) -> None:
    # To a file, not a pipe: the server would keep the pipe open and we would wait for ever.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, user=user, stdout=output, stderr=output, cwd="/", check=False, timeout=_WAIT_S
        )
        output.seek(0)
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {output.read().decode(errors='replace')}")
