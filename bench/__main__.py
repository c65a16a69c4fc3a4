"""Run the real `vigie run` on a local HTTPS server and print what a check costs.

The site is a process of its own and is not counted. Addresses are literal: no name is resolved.
Linux only: it reads /proc and listens on many loopback addresses.
"""

import argparse
import json
import os
import shlex
import sys
import tempfile
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, create_engine

from bench.local import free_port, now, process, wait_for
from bench.measure import Sample, lateness_ms, sample, verdicts, wait_until_checked
from bench.plan import Plan, write
from monitor.store.engine import parse

SCRAPE_S = 15  # as Prometheus would, so that metrics are in the cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What was seen from outside over the seconds measured; `scrape_s` is the longest one."""

    before: Sample
    after: Sample
    seconds: float
    scrape_s: float
    rooms_before: dict[str, float]
    rooms_after: dict[str, float]


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
    rooms: dict[str, float]  # share of the CPU time, when it was profiled

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
            rooms=shares(span.rooms_before, span.rooms_after),
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
        lines |= {f"  {room}": f"{share:6.1%}" for room, share in self.rooms.items()}
        return "\n".join(f"{name:26}{value}" for name, value in lines.items())


def main() -> int:
    asked = _parser().parse_args()
    plan = Plan(targets=asked.targets, interval_s=asked.interval)
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        place = Path(folder)
        url = asked.database or f"sqlite:///{place}/data/vigie.sqlite"
        result = run(
            plan,
            seconds=asked.seconds,
            url=url,
            site=site_options(asked),
            profile=asked.profile,
            folder=place,
        )
    command = shlex.join([".venv/bin/python", "-m", "bench", *sys.argv[1:]])
    if asked.json:
        print(json.dumps({"command": command, **asdict(result)}))
    else:
        print(f"{result.table()}\n{'again with':26}{command}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--targets", type=int, default=200, help="default: 200")
    parser.add_argument("--interval", type=int, default=20, help="seconds; default: 20")
    parser.add_argument("--seconds", type=int, default=60, help="measured; default: 60")
    parser.add_argument("--database", default="", help="URL of an empty one; default: SQLite")
    add_site_options(parser)
    parser.add_argument("--profile", action="store_true", help="which rooms use the processor")
    parser.add_argument("--json", action="store_true")
    return parser


def add_site_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `bench.site` has too."""
    parser.add_argument("--token", action="store_true", help="each page differs by ten digits")
    parser.add_argument("--gzip", action="store_true", help="each page is sent compressed")


def site_options(asked: argparse.Namespace) -> list[str]:
    """Return them as `bench.site` takes them."""
    return [f"--{name}" for name in ("token", "gzip") if getattr(asked, name)]


def run(  # noqa: PLR0913 -- keyword-only: what is measured
    plan: Plan, *, seconds: float, url: str, site: list[str], profile: bool, folder: Path
) -> Result:
    """Start the site and the service, let every target be checked once, then measure."""
    site_port, port = free_port(), free_port()
    watched = [sys.executable, "-m", "bench.site", f"--port={site_port}", f"--folder={folder}"]
    watched += [*site, *plan.hosts, *plan.controls]
    rooms = folder / "rooms.json"
    with process(watched, log=folder / "site.log") as server:
        wait_for(server, port=site_port, host=plan.hosts[-1])
        write(plan, folder=folder / "config", port=site_port, ca=folder / "ca.pem")
        program = [sys.executable, "-m", "bench.profiled", str(rooms)]
        service = program if profile else [str(Path(sys.executable).with_name("vigie"))]
        service += ["run"]
        service += [f"--config={folder / 'config'}", f"--data={folder / 'data'}"]
        environ = {**os.environ, "VIGIE_LISTEN": f"127.0.0.1:{port}", "VIGIE_DATABASE_URL": url}
        with process(service, environ=environ, log=folder / "vigie.log") as running:
            wait_for(running, port=port, host="127.0.0.1")
            engine = create_engine(parse(url))
            wait_until_checked(engine, plan)
            span = watch(running.pid, port=port, seconds=seconds, engine=engine, rooms=rooms)
            return Result.of(span, plan=plan, engine=engine)


def watch(pid: int, *, port: int, seconds: float, engine: Engine, rooms: Path) -> Span:
    """Let the service run, scraping it as Prometheus would."""
    rooms_before = _sums(rooms)
    before, scrape_s, started = sample(pid=pid, engine=engine), 0.0, now()
    while (left := started + seconds - now()) > 0:
        time.sleep(min(SCRAPE_S, left))
        scrape_s = max(scrape_s, _scrape(port))
    after = sample(pid=pid, engine=engine)
    return Span(
        before=before,
        after=after,
        seconds=now() - started,
        scrape_s=scrape_s,
        rooms_before=rooms_before,
        rooms_after=_sums(rooms),
    )


def shares(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return the share of each room in what was used between, the largest first."""
    used = {room: seconds - before.get(room, 0.0) for room, seconds in after.items()}
    total = sum(used.values()) or 1.0
    return {room: used[room] / total for room in sorted(used, key=used.__getitem__, reverse=True)}


def _sums(file: Path) -> dict[str, float]:
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _scrape(port: int) -> float:
    started = now()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        answer.read()
    return now() - started


if __name__ == "__main__":
    sys.exit(main())
