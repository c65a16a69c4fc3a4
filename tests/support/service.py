"""A small configuration, and the real `vigie` in a process of its own."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from monitor.cli import main
from monitor.store import migrate

PATIENT_S = 60.0  # a start takes a second of one processor: sixty times that, beside busy loops
_PROGRAM = (sys.executable, "-m", "monitor.cli")


_TARGET = """
[[target]]
slug = "cible-{number}"
name = "Cible {number}"
url = "http://127.0.0.1:{site}/page/{number}"
kind = "page"
platform = "essai"
interval_s = 1
deadline_s = 1.0
slow_s = 0.9
source = "essai"
verified = "yes"
"""


class LocalSite:
    """A web server on loopback whose answer can be changed; its port answers from the start."""

    def __init__(self) -> None:
        self.status = 200
        self.slow_s = 0.0  # before each page
        self.agents: list[str] = []  # User-Agent of each request
        self.paths: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.agents.append(self.headers["User-Agent"])
                site.paths.append(self.path)
                missing = self.path == "/robots.txt"
                time.sleep(0 if missing else site.slow_s)
                body = b"" if missing else _page(site.status)
                self.send_response(404 if missing else site.status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _page(status: int) -> bytes:
    if status >= 500:
        return b"<html><title>Erreur</title><h1>Erreur interne</h1></html>"
    text = "Les titres de séjour se demandent en ligne. " * 20
    return f"<html lang=fr><title>Page</title><main><h1>Titre</h1><p>{text}".encode()


def allow_time(config: Path, *, seconds: int) -> None:
    """Check each target every so many seconds only, and let it take nearly as long.

    What a test says of verdicts must hold where a check takes a second, beside busy loops.
    """
    path = config / "targets" / "essai.toml"
    text = path.read_text().replace("interval_s = 1\n", f"interval_s = {seconds}\n")
    text = text.replace("deadline_s = 1.0", f"deadline_s = {seconds}.0")
    path.write_text(text.replace("slow_s = 0.9", f"slow_s = {seconds - 0.1}"))


def write_config(folder: Path, *, site: int, control: int, targets: int = 2) -> Path:
    """Write a configuration of some fast targets on one loopback port, and one control."""
    (folder / "targets").mkdir(parents=True)
    (folder / "fingerprints.toml").write_text("")
    (folder / "milestones.toml").write_text("")
    (folder / "vigie.toml").write_text(
        f"""
[service]
user_agent = "VigieANEF-essai (contact@vigie.invalid)"
contact = "contact@vigie.invalid"
allow_private = true
[publisher]
association = "Essai"
site = "https://vigie.invalid/"
[policy]
failures = 2
failing_s = 1
successes = 2
recovering_s = 1
recheck_s = 1
[controls]
needed = 1
interval_s = 1
[[controls.host]]
slug = "temoin"
name = "Témoin"
url = "http://127.0.0.1:{control}/"
operator = "Essai"
[[platform]]
slug = "essai"
name = "Plateforme d’essai"
spacing_s = 0.05
hosts = ["127.0.0.1"]
"""
    )
    blocks = "".join(_TARGET.format(number=number, site=site) for number in range(targets))
    (folder / "targets" / "essai.toml").write_text(f'group = "essai"\n{blocks}')
    return folder


def free_port() -> int:
    with socket.socket() as scout:
        scout.bind(("127.0.0.1", 0))
        port: int = scout.getsockname()[1]
    return port


def environment(port: int, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("VIGIE_")}
    return clean | {"VIGIE_LISTEN": f"127.0.0.1:{port}"} | dict(extra or {})


def vigie(
    *words: str | Path, port: int = 8600, extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*_PROGRAM, *map(str, words)],
        env=environment(port, extra),
        capture_output=True,
        text=True,
        timeout=PATIENT_S,
        check=False,
    )


def vigie_here(*words: str | Path, port: int = 8600) -> subprocess.CompletedProcess[str]:
    """Run one command in this process, which costs a tenth of a new one."""
    out, err = StringIO(), StringIO()
    argv = list(map(str, words))
    listening = patch.dict(os.environ, environment(port))
    with listening, redirect_stdout(out), redirect_stderr(err):
        code = main(argv)
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


class Service:
    """A running `vigie run`."""

    def __init__(self, process: subprocess.Popen[str], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def get(self, path: str) -> bytes:
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=PATIENT_S) as answer:
            body: bytes = answer.read()
        return body

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENT_S)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENT_S)


@cache
def _new_database() -> bytes:
    """Return the file of a new database: a service takes half a second to make one."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "vigie.sqlite")
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def _give_database(data: Path) -> None:
    """Put a new database into a data folder, unless that holds something."""
    data.mkdir(parents=True, exist_ok=True)
    if not any(data.iterdir()):
        (data / "vigie.sqlite").write_bytes(_new_database())


@contextmanager
def running(
    config: Path,
    data: Path,
    extra: Mapping[str, str] | None = None,
    *,
    makes_database: bool = False,
) -> Iterator[Service]:
    """Start the service, wait until its pages answer, and end it.

    A new data folder gets a copy of a new database first, unless the service `makes_database`.
    """
    elsewhere = any(name.startswith("VIGIE_DATABASE_URL") for name in extra or {})
    if not makes_database and not elsewhere:
        _give_database(data)
    port = free_port()
    log = data.parent / f"{data.name}.log"
    with log.open("a") as out:
        process = subprocess.Popen(
            [*_PROGRAM, "run", "--config", str(config), "--data", str(data)],
            env=environment(port, extra),
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
        )
    service = Service(process, port, log)
    try:
        wait_until(lambda: _answers(service), process)
        yield service
    finally:
        if process.poll() is None:
            service.kill()


def values(data: Path, query: str, *given: str) -> list[Any]:
    """Return the first column of what SQLite answers: a store takes fifty times as long to open."""
    uri = f"file:{data / 'vigie.sqlite'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=PATIENT_S)) as connection:
        return [row[0] for row in connection.execute(query, given)]


def count_checks(data: Path, target: str = "cible-0") -> int:
    """Count the checks of a target, in the database of a service that may be running."""
    query = "SELECT count(*) FROM observation JOIN subject ON subject.id = subject_id"
    (count,) = values(data, f"{query} WHERE target = ?", target)
    return int(count)


def _answers(service: Service) -> bool:
    with suppress(OSError):
        return b'"etat"' in service.get("/sante")
    return False


def wait_until(
    ready: Callable[[], bool],
    process: subprocess.Popen[str] | None = None,
    *,
    patience_s: float = PATIENT_S,
) -> None:
    """Ask again and again, for as long as a slow machine may need."""
    end = time.monotonic() + patience_s  # noqa: TID251 -- a test waits for real
    while time.monotonic() < end:  # noqa: TID251 -- a test waits for real
        if ready():
            return
        if process is not None and process.poll() is not None:
            raise AssertionError(f"the service ended with {process.returncode}")
        time.sleep(0.05)
    raise AssertionError("it did not come in time")
