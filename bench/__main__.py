"""Run the real `vigie run` on a local HTTPS server and print what a check costs.

The site is a process of its own and is not counted. Addresses are literal: no name is resolved.
Linux only: it reads /proc and listens on many loopback addresses.
"""

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, create_engine

from bench.measure import Sample, lateness_ms, sample, verdicts
from bench.plan import Plan, write
from monitor.store.engine import parse

SCRAPE_S = 15  # as Prometheus would, so that metrics are in the cost
START_S = 60  # within which both processes must answer
STOP_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was seen from outside over the seconds measured; `scrape_s` is the longest one."""

    before: Sample
    after: Sample
    seconds: float
    scrape_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the service cost once every target had been checked a first time."""

    seconds: float
    checks: int
    expected: int
    verdicts: dict[str, int]
    cpu_ms_per_check: float
    cores: float
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    memory_mb: float
    peak_memory_mb: float
    stored_bytes_per_check: float
    scrape_ms: float

    @classmethod
    def of(cls, span: Span, *, plan: Plan, engine: Engine) -> Self:
        before, after, seconds = span.before, span.after, span.seconds
        checks = after.checks - before.checks
        late = lateness_ms(engine, after=before.checks, count=checks)
        cpu_s = after.cpu_s - before.cpu_s
        return cls(
            seconds=seconds,
            checks=checks,
            expected=round(plan.targets * seconds / plan.interval_s),
            verdicts=verdicts(engine, after=before.checks, count=checks),
            cpu_ms_per_check=1_000 * cpu_s / checks,
            cores=cpu_s / seconds,
            late_p50_ms=late[checks // 2],
            late_p99_ms=late[checks * 99 // 100],
            late_max_ms=late[-1],
            memory_mb=after.memory_bytes / 1e6,
            peak_memory_mb=after.peak_bytes / 1e6,
            stored_bytes_per_check=(after.stored_bytes - before.stored_bytes) / checks,
            scrape_ms=1_000 * span.scrape_s,
        )

    def table(self) -> str:
        shares = ", ".join(f"{count} {verdict}" for verdict, count in self.verdicts.items())
        lines = {
            "checks": f"{self.checks} in {self.seconds:.0f} s ({self.expected} planned): {shares}",
            "CPU of one check": f"{self.cpu_ms_per_check:.2f} ms ({self.cores:.0%} of a core)",
            "lateness": f"p50 {self.late_p50_ms:.1f} ms, p99 {self.late_p99_ms:.1f} ms, "
            f"longest {self.late_max_ms:.1f} ms",
            "memory": f"{self.memory_mb:.0f} MB, at most {self.peak_memory_mb:.0f} MB",
            "stored": f"{self.stored_bytes_per_check:.0f} B a check",
            "longest scrape": f"{self.scrape_ms:.0f} ms",
        }
        return "\n".join(f"{name:18}{value}" for name, value in lines.items())


def main() -> int:
    asked = _parser().parse_args()
    plan = Plan(targets=asked.targets, interval_s=asked.interval)
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        place = Path(folder)
        url = asked.database or f"sqlite:///{place}/data/vigie.sqlite"
        result = run(plan, seconds=asked.seconds, url=url, token=asked.token, folder=place)
    command = shlex.join([".venv/bin/python", "-m", "bench", *sys.argv[1:]])
    if asked.json:
        print(json.dumps({"command": command, **asdict(result)}))
    else:
        print(f"{result.table()}\n{'again with':18}{command}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--targets", type=int, default=200, help="default: 200")
    parser.add_argument("--interval", type=int, default=20, help="seconds; default: 20")
    parser.add_argument("--seconds", type=int, default=60, help="measured; default: 60")
    parser.add_argument("--database", default="", help="URL of an empty one; default: SQLite")
    parser.add_argument("--token", action="store_true", help="each page differs by ten digits")
    parser.add_argument("--json", action="store_true")
    return parser


def run(plan: Plan, *, seconds: float, url: str, token: bool, folder: Path) -> Result:
    """Start the site and the service, let every target be checked once, then measure."""
    site_port, port = _free_port(), _free_port()
    site = [sys.executable, "-m", "bench.site", f"--port={site_port}", f"--folder={folder}"]
    site += [*["--token"] * token, *plan.hosts, *plan.controls]
    with _process(site, log=folder / "site.log") as server:
        _wait_for(server, port=site_port, host=plan.hosts[-1])
        write(plan, folder=folder / "config", port=site_port, ca=folder / "ca.pem")
        service = [str(Path(sys.executable).with_name("vigie")), "run"]
        service += [f"--config={folder / 'config'}", f"--data={folder / 'data'}"]
        environ = {**os.environ, "VIGIE_LISTEN": f"127.0.0.1:{port}", "VIGIE_DATABASE_URL": url}
        with _process(service, environ=environ, log=folder / "vigie.log") as process:
            _wait_for(process, port=port, host="127.0.0.1")
            time.sleep(plan.interval_s + 1)
            engine = create_engine(parse(url))
            span = watch(process.pid, port=port, seconds=seconds, engine=engine)
            return Result.of(span, plan=plan, engine=engine)


def watch(pid: int, *, port: int, seconds: float, engine: Engine) -> Span:
    """Let the service run, scraping it as Prometheus would."""
    before, scrape_s, started = sample(pid=pid, engine=engine), 0.0, _now()
    while (left := started + seconds - _now()) > 0:
        time.sleep(min(SCRAPE_S, left))
        scrape_s = max(scrape_s, _scrape(port))
    after = sample(pid=pid, engine=engine)
    return Span(before=before, after=after, seconds=_now() - started, scrape_s=scrape_s)


@contextmanager
def _process(
    command: list[str], *, log: Path, environ: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for as long as the block; if it ends before, say what it said."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=output)
    try:
        yield process
    finally:
        code = process.poll()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
        if code is not None:
            print(f"{shlex.join(command[:3])} ended: {code}\n{log.read_text()[-2_000:]}")


def _wait_for(process: subprocess.Popen[bytes], *, host: str, port: int) -> None:
    """Wait until a process listens."""
    until = _now() + START_S
    while _now() < until and process.poll() is None:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"nothing answers on {host}:{port}")


def _scrape(port: int) -> float:
    started = _now()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        answer.read()
    return _now() - started


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _now() -> float:
    return time.monotonic()  # noqa: TID251 -- a stopwatch, not the service


if __name__ == "__main__":
    sys.exit(main())
