"""Programs of our own on this machine, for as long as a measure lasts."""

import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 60  # within which a program must answer
STOP_S = 60


@contextmanager
def process(
    command: list[str], *, log: Path, environ: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for as long as the block; if it ends before, say what it said."""
    with log.open("wb") as output:
        running = subprocess.Popen(command, env=environ, stdout=output, stderr=output)
    try:
        yield running
    finally:
        code = running.poll()
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(STOP_S)
        except subprocess.TimeoutExpired:
            running.kill()
        if code is not None:
            print(f"{shlex.join(command[:3])} ended: {code}\n{log.read_text()[-2_000:]}")


def wait_for(running: subprocess.Popen[bytes], *, host: str, port: int) -> None:
    """Wait until a process listens."""
    until = now() + START_S
    while now() < until and running.poll() is None:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"nothing answers on {host}:{port}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def now() -> float:
    return time.monotonic()  # noqa: TID251 -- a stopwatch, not the service
