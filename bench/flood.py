"""Attack the pages of the real `vigie run` and tell whether its record suffers.

One after the other, while some sites are checked 20 times a second and one of them changes in
thousands of places: idle connections, slow requests, many at once, readers of every address who
never stop, readers who do not read. Linux only, as the bench.
"""

import argparse
import asyncio
import json
import resource
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bench.local import now
from bench.plan import Plan
from bench.service import serving

SANTE_S = 2.0  # within which it answers, whatever happens
LATE_MS = 250.0  # p99 of how late a check may begin
EVERY_S = 0.25  # between two questions to it
LOST_S = 30.0  # after which an answer is given up

PATHS = (
    *("/", "/sante", "/metrics", "/modifications", "/modifications?tout=oui&page=2"),
    *("/informations", "/cibles/target-0", "/cibles/target-1", "/probe?target=target-1"),
    *("/journal/checkpoint", "/journal/tile/0/000", "/journal/tile/entries/000"),
    *("/static/style.css", "/nulle-part", "/cibles/nulle-part", "/modifications/999999"),
)
# A request that is well begun.
SLOW = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one attack did. Times of checks are milliseconds, of `/sante` seconds.

    Attributes:
        answers: Of readers, by status; 0 for those that were cut or refused.
        sante: Its answers by status, 0 for those that did not come.

    """

    attack: str
    checks: int
    gaps: int
    down: int
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    sante_max_s: float
    sante: dict[int, int]
    answers: dict[int, int]
    alive: bool

    @property
    def whole(self) -> bool:
        """Whether the record is as if nobody had attacked, whatever the machine's speed."""
        return (
            self.alive
            and set(self.sante) <= {200}
            and not self.gaps
            and not self.down
            and self.checks > 0
        )

    @property
    def faults(self) -> list[str]:
        """Return what is not as it must be on a machine that has nothing else to do."""
        found = [] if self.whole else ["the record or the health suffered"]
        if self.late_p99_ms > LATE_MS:
            found.append(f"checks were late: p99 {self.late_p99_ms:.0f} ms")
        if self.sante_max_s > SANTE_S:
            found.append(f"/sante took {self.sante_max_s:.1f} s")
        return found


class Attackers:
    """Strangers on one address, each attack for `seconds`."""

    def __init__(self, port: int, seconds: float, *, paths: Sequence[str]) -> None:
        self._port = port
        self._seconds = seconds
        self._paths = paths
        self.answers: dict[int, int] = {}

    async def nobody(self) -> None:
        await asyncio.sleep(self._seconds)

    async def idle(self, count: int = 1_000) -> None:
        await self._hold(count, b"")

    async def slow(self, count: int = 250) -> None:
        """Send one byte a second."""
        await self._hold(count, SLOW, more=b"x")

    async def unread(self, count: int = 250) -> None:
        """Ask for the longest page and read nothing of it."""
        await self._hold(count, f"GET {self._paths[-1]} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 20)

    async def at_once(self, count: int = 3_000) -> None:
        """Ask once each, all in the same moment, until the time is over."""
        end = now() + self._seconds
        while now() < end:
            await asyncio.gather(
                *(self._ask(self._paths[one % len(self._paths)]) for one in range(count))
            )

    async def readers(self, count: int = 40) -> None:
        """Ask every address again and again."""
        await asyncio.gather(*(self._read(number) for number in range(count)))

    async def all_together(self) -> None:
        await asyncio.gather(self.idle(), self.slow(), self.unread(100), self.readers(20))

    async def _read(self, number: int) -> None:
        end, turn = now() + self._seconds, number
        while now() < end:
            await self._ask(self._paths[turn % len(self._paths)])
            turn += 1

    async def _hold(self, count: int, said: bytes, *, more: bytes = b"") -> None:
        """Keep `count` connections open, whatever the other side does to them."""
        end = now() + self._seconds
        held: list[asyncio.StreamWriter] = []
        try:
            while now() < end:
                held = [one for one in held if not one.is_closing()]
                for _ in range(count - len(held)):
                    with suppress(OSError, TimeoutError):
                        async with asyncio.timeout(1):
                            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                        writer.write(said)
                        held.append(writer)
                for one in held:
                    if more and not one.is_closing():
                        one.write(more)
                await asyncio.sleep(1)
        finally:
            for one in held:
                one.transport.abort()

    async def _ask(self, path: str) -> None:
        status = (await ask(self._port, path))[0]
        self.answers[status] = self.answers.get(status, 0) + 1


async def ask(port: int, path: str) -> tuple[int, float]:
    """Ask once; return the status, 0 for none, and how long it took in seconds."""
    started, status = now(), 0
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, ValueError):
        async with asyncio.timeout(LOST_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                asked = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                writer.write(asked.encode())
                status = int((await reader.readexactly(12))[9:])
                while await reader.read(1 << 16):
                    pass
            finally:
                writer.transport.abort()
    return status, now() - started


def let_loose(name: str, port: int, seconds: float, paths: Sequence[str]) -> dict[int, int]:
    """Carry out one attack; return the answers by status. For a process of its own."""
    attackers = Attackers(port, seconds, paths=paths)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    work: Callable[[], Awaitable[None]] = getattr(attackers, name)

    async def run() -> None:
        await work()

    asyncio.run(run())
    return attackers.answers


async def attack(
    name: str,
    work: Callable[[], Awaitable[dict[int, int]]],
    *,
    port: int,
    data: Path,
    alive: Callable[[], bool],
) -> Found:
    """Let `work` be done, ask `/sante` meanwhile as a supervisor would, and read the record."""
    before = _last(data)
    asked: list[tuple[int, float]] = []

    async def supervise() -> None:
        while True:
            asked.append(await ask(port, "/sante"))
            await asyncio.sleep(EVERY_S)

    supervising = asyncio.create_task(supervise())
    try:
        answers = await work()
    finally:
        supervising.cancel()
    late, gaps, down = _record(data, before)
    return Found(
        attack=name,
        checks=len(late),
        gaps=gaps,
        down=down,
        late_p50_ms=late[len(late) // 2] if late else 0.0,
        late_p99_ms=late[len(late) * 99 // 100] if late else 0.0,
        late_max_ms=late[-1] if late else 0.0,
        sante_max_s=round(max((took for _, took in asked), default=0.0), 3),
        sante=dict(Counter(status for status, _ in asked)),
        answers=dict(sorted(answers.items())),
        alive=alive(),
    )


def _last(data: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(data / "vigie.sqlite")) as database:
        checks, gaps = (
            database.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]  # noqa: S608 -- ours
            for table in ("observation", "gap")
        )
        return checks, gaps


def _record(data: Path, after: tuple[int, int]) -> tuple[list[float], int, int]:
    """Return how late each check began in ms, sorted; slots without one; checks not up."""
    with closing(sqlite3.connect(data / "vigie.sqlite")) as database:
        late = database.execute("SELECT late_us FROM observation WHERE id > ?", after[:1])
        found = sorted(one / 1_000 for (one,) in late)
        gaps = database.execute("SELECT coalesce(sum(slots), 0) FROM gap WHERE id > ?", after[1:])
        down = database.execute(
            "SELECT count(*) FROM observation JOIN judgement ON judgement.id = judgement_id"
            " WHERE observation.id > ? AND verdict NOT IN ('up', 'degraded')",
            after[:1],
        )
        return found, gaps.fetchone()[0], down.fetchone()[0]


def newest_change(data: Path) -> str:
    """Return the address of the change with the longest texts, "/modifications/1" for none."""
    with closing(sqlite3.connect(data / "vigie.sqlite")) as database:
        row = database.execute(
            "SELECT page_change.id FROM page_change"
            " JOIN page_version ON page_version.id = after_id"
            " JOIN page_text ON page_text.id = text_id"
            " WHERE before_id IS NOT NULL ORDER BY length(page) DESC, page_change.id DESC LIMIT 1"
        ).fetchone()
    return f"/modifications/{row[0] if row else 1}"


def main() -> int:
    asked = _parser().parse_args()
    plan = Plan(targets=asked.rate * 20, interval_s=20)
    with tempfile.TemporaryDirectory(prefix="vigie-flood-") as name:
        folder = Path(name)
        site = [f"--change={asked.change}", f"--edits={asked.edits}"]
        with serving(plan, folder=folder, site=site) as (running, port):
            found = asyncio.run(
                _attacks(
                    asked, port=port, data=folder / "data", alive=lambda: running.poll() is None
                )
            )
    print(json.dumps([asdict(one) for one in found], indent=None))
    return 1 if any(one.faults for one in found) else 0


async def _attacks(
    asked: argparse.Namespace, *, port: int, data: Path, alive: Callable[[], bool]
) -> list[Found]:
    await asyncio.sleep(asked.warm)
    paths = (*PATHS, newest_change(data))
    found, loop = [], asyncio.get_running_loop()
    for name in asked.attacks:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as strangers:
            work = partial(
                loop.run_in_executor, strangers, let_loose, name, port, asked.seconds, paths
            )
            one = await attack(name, work, port=port, data=data, alive=alive)
        print(
            f"{name:13}{one.checks} checks, late p50 {one.late_p50_ms:.0f}, "
            f"p99 {one.late_p99_ms:.0f}, longest {one.late_max_ms:.0f} ms; {one.gaps} gaps, "
            f"{one.down} not up; /sante {dict(one.sante)} within {one.sante_max_s:.2f} s; "
            f"{one.answers} "
            f"{'; '.join(one.faults)}",
            flush=True,
        )
        found.append(one)
    return found


def _parser() -> argparse.ArgumentParser:
    names = ["nobody", "idle", "slow", "unread", "at_once", "readers", "all_together"]
    parser = argparse.ArgumentParser(prog="python -m bench.flood", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="of each attack; default: 30")
    parser.add_argument("--warm", type=float, default=90, help="seconds before; default: 90")
    parser.add_argument("--rate", type=int, default=20, help="checks a second; default: 20")
    parser.add_argument("--edits", type=int, default=5_000, help="of one page; default: 5000")
    parser.add_argument("--change", type=int, default=60, help="seconds between; default: 60")
    parser.add_argument("attacks", nargs="*", default=names, help=f"default: {' '.join(names)}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
