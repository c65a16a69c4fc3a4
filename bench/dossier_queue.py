"""Ask for ten dossiers at once on the web, and tell whether the service beside them suffers.

    python -m bench.dossier_queue --keep DIR           ten dossiers of a month
    python -m bench.dossier_queue --shape tiny         of three days

The service has a record of `bench.dossier` and watches other targets meanwhile, on loopback. Its
checks are measured twice: with nothing to make, then from the first request to the last dossier.
CPU is that of all dossiers. Linux only.
"""

import argparse
import asyncio
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.dossier import KEY, SHAPES, Shape, make
from bench.flood import ask, attack
from bench.local import now
from bench.plan import Plan
from bench.service import serving

TOGETHER = 10  # as many as one network may ask for in an hour
LOOK_S = 1.0  # between two looks at a page that reloads itself
PAGES = ("/", "/releve", "/cibles/target-0")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class QueueSeen:
    """What who asked saw. Times in seconds from the first request.

    Attributes:
        outcomes: The last answer to each request, in the order in which they were made.
        done_s: When each was finished.
        ahead: How many were before each, when it was asked for.
        slowest_s: The slowest answer of each page, and its status when it was not 200.

    """

    outcomes: list[str] = field(default_factory=list)
    done_s: list[float] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    slowest_s: dict[str, float] = field(default_factory=dict)


class Asking:
    """Ten programs that ask for the same dossier, and a visitor of the pages."""

    def __init__(self, port: int, shape: Shape) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._port = port
        until = shape.end.date()
        self._wish = {
            "about": "platform", "name": "anef",
            "since": "2026-02-01", "until": f"{until:%Y-%m-%d}",
        }  # fmt: skip
        self.seen = QueueSeen()

    async def work(self) -> dict[int, int]:
        """Ask, then look until all are finished. Return the statuses of the requests."""
        begun = now()
        answers = await asyncio.gather(
            *(self._json("/api/v1/dossiers", self._wish) for _ in range(TOGETHER))
        )
        waiting = {}
        for status, state in answers:
            if status == 202:  # noqa: PLR2004 -- accepted
                waiting[state["url"]] = state
        self.seen.ahead = sorted(state["ahead"] for state in waiting.values())
        while waiting:
            await asyncio.sleep(LOOK_S)
            for url in list(waiting):
                _, state = await self._json(url.removeprefix(self._base))
                if state["outcome"] not in {"waiting", "working"}:
                    self.seen.outcomes.append(state["outcome"])
                    self.seen.done_s.append(round(now() - begun, 1))
                    del waiting[url]
            for path in PAGES:
                status, took_s = await ask(self._port, path)
                name = path if status == 200 else f"{path} ({status})"  # noqa: PLR2004 -- all is well
                slowest_s = self.seen.slowest_s.get(name, 0.0)
                self.seen.slowest_s[name] = max(slowest_s, round(took_s, 2))
        counted: dict[int, int] = {}
        for status, _ in answers:
            counted[status] = counted.get(status, 0) + 1
        return counted

    async def _json(self, path: str, wish: object = None) -> tuple[int, dict[str, Any]]:
        return await asyncio.to_thread(self._asked, path, wish)

    def _asked(self, path: str, wish: object) -> tuple[int, dict[str, Any]]:
        path = path if path.startswith("/") else f"/{path.split('/', 3)[3]}"
        data = None if wish is None else json.dumps(wish).encode()
        request = Request(self._base + path, data, {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=600) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)


def prepare(folder: Path, shape: Shape, kept: Path) -> None:
    """Give the service a record: its data, the key of its journal, and that key's name."""
    if not kept.exists():
        make(kept, shape)
    data, config = folder / "data", folder / "config"
    shutil.copytree(kept, data)
    key = data / "journal.key"
    key.write_text(f"{KEY}\n", encoding="utf-8")
    key.chmod(0o600)
    config.mkdir()
    (config / "local.toml").write_text(f'[journal]\norigin = "{KEY.name}"\n', encoding="utf-8")


def children_cpu_s(pid: int) -> float:
    """Return the processor time of the processes of a process that ended: proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS_PER_S


async def measured(pid: int, port: int, data: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Measure a quiet while, then the ten."""
    await asyncio.sleep(asked.warm)
    alive = Path(f"/proc/{pid}").exists

    async def nothing() -> dict[int, int]:
        await asyncio.sleep(asked.seconds)
        return {}

    quiet = await attack("nothing", nothing, port=port, data=data, alive=alive)
    asking = Asking(port, SHAPES[asked.shape])
    before_s = children_cpu_s(pid)
    beside = await attack("ten dossiers", asking.work, port=port, data=data, alive=alive)
    return {
        "quiet": asdict(quiet),
        "beside": asdict(beside),
        "queue": asdict(asking.seen),
        "dossiers_cpu_s": round(children_cpu_s(pid) - before_s, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path, help="folder of the records of bench.dossier")
    parser.add_argument("--shape", choices=SHAPES, default="month")
    parser.add_argument("--targets", type=int, default=100, help="watched, every 20 s each")
    parser.add_argument("--warm", type=float, default=60, help="seconds before all measures")
    parser.add_argument("--seconds", type=float, default=60, help="of the quiet while")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigie-queue-") as name:
        folder = Path(name)
        prepare(folder, SHAPES[asked.shape], (asked.keep or folder) / asked.shape)
        with serving(Plan(targets=asked.targets, interval_s=20), folder=folder) as (running, port):
            answer = asyncio.run(measured(running.pid, port, folder / "data", asked))
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
