"""Run the real `vigie run` for long and tell whether it grows.

Twenty checks a second of pages whose text changes; every 20 s the pages and the metrics are
asked as readers and Prometheus would. The span is cut in three: the first third warms the
caches up; memory of the last may be at most 2 % above that of the second, and neither
descriptors nor the write-ahead log may grow. Linux only: it reads /proc.
"""

import argparse
import http.client
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from bench.local import now
from bench.plan import Plan
from bench.service import serving

SAMPLE_S = 5.0
ASK_S = 20.0
PATHS = ("/", "/metrics", "/sante", "/modifications", "/informations", "/cibles/target-1")
GROWTH_MAX = 1.02  # of the mean memory of the last third against that of the second
WAL_MAX_BYTES = 32 << 20  # several times what SQLite lets its log reach between checkpoints
WIDTH, HEIGHT = 60, 10  # characters of the plot


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One look at the service, its pages' process included.

    Attributes:
        at_s: Since the start.
        own_bytes: Resident memory of the process that checks; `web_bytes` of its children.

    """

    at_s: float
    own_bytes: int
    web_bytes: int
    descriptors: int
    threads: int
    wal_bytes: int
    checks: int

    @property
    def memory_bytes(self) -> int:
        return self.own_bytes + self.web_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The last third against the second: 1.0 means that nothing grew."""

    memory: float
    own: float
    web: float
    descriptors: float
    wal_max_bytes: int
    checks_per_s: float
    refused: int

    @property
    def faults(self) -> list[str]:
        """Return what grew, in words; empty when nothing did."""
        found = []
        if self.memory > GROWTH_MAX:
            found.append(f"memory grew by {self.memory - 1:.1%}")
        if self.descriptors > 1 + 5 / 100:
            found.append(f"descriptors grew by {self.descriptors - 1:.1%}")
        if self.wal_max_bytes > WAL_MAX_BYTES:
            found.append(f"the write-ahead log reached {self.wal_max_bytes / 1e6:.0f} MB")
        if self.refused:
            found.append(f"{self.refused} answers were not 200")
        return found


def main() -> int:
    asked = _parser().parse_args()
    plan = Plan(targets=asked.rate * 20, interval_s=20)
    with tempfile.TemporaryDirectory(prefix="vigie-soak-") as folder:
        points, refused = run(plan, seconds=asked.minutes * 60, folder=Path(folder))
    verdict = judge(points, refused=refused)
    print(plot(points))
    found: dict[str, Any] = {
        "verdict": asdict(verdict),
        "faults": verdict.faults,
        "points": [*map(asdict, points)],
    }
    if asked.json:
        asked.json.write_text(json.dumps(found) + "\n")
    print(json.dumps(found["verdict"] | {"faults": verdict.faults}))
    return 1 if verdict.faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="default: 30")
    parser.add_argument("--rate", type=int, default=20, help="checks a second; default: 20")
    parser.add_argument("--json", type=Path, help="file that takes every figure")
    return parser


def run(plan: Plan, *, seconds: float, folder: Path) -> tuple[list[Point], int]:
    """Start the site and the service and look at it for so long; also count refused answers."""
    with serving(plan, folder=folder, site=["--change=300"]) as (running, port):
        return _watch(running.pid, port=port, seconds=seconds, data=folder / "data")


def _watch(pid: int, *, port: int, seconds: float, data: Path) -> tuple[list[Point], int]:
    points: list[Point] = []
    started, asked_at, refused = now(), now(), 0
    while now() < started + seconds:
        time.sleep(SAMPLE_S)
        if now() >= asked_at + ASK_S:
            asked_at = now()
            refused += ask(port, data)
        points.append(look(pid, at_s=now() - started, data=data))
    return points, refused


def ask(port: int, data: Path) -> int:
    """Ask every page, and the newest change; return how many were not 200."""
    with closing(sqlite3.connect(data / "vigie.sqlite")) as database:
        newest = database.execute("SELECT max(id) FROM page_change").fetchone()[0]
    refused = 0
    for path in (*PATHS, *([f"/modifications/{newest}"] if newest else [])):
        visit = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        with closing(visit):
            visit.request("GET", path)
            answer = visit.getresponse()
            answer.read()
            refused += answer.status != http.client.OK
    return refused


def look(pid: int, *, at_s: float, data: Path) -> Point:
    """Read Linux's /proc and the database's files."""
    children = _children(pid)
    wal = data / "vigie.sqlite-wal"
    with closing(sqlite3.connect(data / "vigie.sqlite")) as database:
        checks = database.execute("SELECT max(id) FROM observation").fetchone()[0]
    return Point(
        at_s=at_s,
        own_bytes=_memory(pid),
        web_bytes=sum(map(_memory, children)),
        descriptors=sum(map(_descriptors, (pid, *children))),
        threads=len(list(Path(f"/proc/{pid}/task").iterdir())),
        wal_bytes=wal.stat().st_size if wal.exists() else 0,
        checks=checks or 0,
    )


def judge(points: Sequence[Point], *, refused: int) -> Verdict:
    """Compare the last third with the second."""
    third = len(points) // 3
    second, last = points[third : 2 * third], points[2 * third :]
    seconds = last[-1].at_s - second[0].at_s

    def grew(read: str, of: Callable[[Iterable[float]], float] = fmean) -> float:
        before = of([getattr(one, read) for one in second])
        return of([getattr(one, read) for one in last]) / before if before else 1.0

    return Verdict(
        memory=grew("memory_bytes"),
        own=grew("own_bytes"),
        web=grew("web_bytes"),
        descriptors=grew("descriptors", min),  # those of checks under way come and go
        wal_max_bytes=max(one.wal_bytes for one in (*second, *last)),
        checks_per_s=(last[-1].checks - second[0].checks) / seconds,
        refused=refused,
    )


def plot(points: Sequence[Point]) -> str:
    """Draw memory over time as text."""
    step = max(1, len(points) / WIDTH)
    columns = [points[int(number * step)] for number in range(min(WIDTH, len(points)))]
    values = [column.memory_bytes / 1e6 for column in columns]
    top = max(values)
    rows = []
    for row in range(HEIGHT, 0, -1):
        bar = "".join("#" if value >= top * (row - 0.5) / HEIGHT else " " for value in values)
        rows.append(f"{top * row / HEIGHT:7.1f} MB |{bar}")
    axis = " " * 11 + "+" + "-" * len(values)
    return "\n".join([*rows, axis, f"{'':12}0 … {points[-1].at_s / 60:.1f} min"])


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


if __name__ == "__main__":
    sys.exit(main())
