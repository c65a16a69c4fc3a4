"""Make records of a month and of a year with their outages, and tell what their dossiers take.

    python -m bench.dossier month year      both shapes
    python -m bench.dossier --keep DIR year the record stays in DIR, and is used again

CPU is that of the process which makes the dossier, of those that set its pages and of the verifier
of its bundle; memory is the largest of one of them. On a machine that others use, a second of the
processor does less: `yardstick_s` is what a fixed piece of work took right after. A check is
recorded as the service does, with a round of control hosts each five minutes, but that nothing
waits for the disk; copies are kept around outages and once a day. Linux only.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.verify import exchange
from monitor.attest.sealing import Sealer
from monitor.config import Config
from monitor.core.model import Judgement, Kind, Outcome, Reason, Target, Verdict
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.core.scheduling.slots import grids
from monitor.dossier.bundle import DossierBundle
from monitor.dossier.dossier_question import DossierQuestion
from monitor.dossier.dossier_record import DossierSource
from monitor.dossier.dossier_writer import write_dossier
from monitor.evidence.captures.capture_policy import CAPTURES, Captures
from monitor.evidence.log.note import Algorithm, SignerKey
from monitor.store import Store, migrate
from tests.support.clock import FakeClock
from tests.support.folds import Folds
from tests.support.outcomes import OK, a_run, observation, panel
from tests.support.reads import config as read_config

START = datetime(2026, 1, 31, 23, tzinfo=UTC)  # midnight in Paris
KEY = SignerKey("bench.test/journal", Algorithm.ED25519, b"b" * 32)
BAD = Judgement(verdict=Verdict.DOWN, reason=Reason.HTTP_5XX, rule="http-5xx")
AFTER = timedelta(hours=3)  # what settles the end of a period
TOGETHER = 500  # checks that are recorded at once
ROUNDS = timedelta(minutes=5)  # of control hosts
YARDSTICK = 2_000_000  # additions
AROUND = 2  # checks before and after trouble of which the copies are seen to


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A record. Each page fails `outages` times, for a quarter of an hour."""

    pages: int
    interval_s: int
    days: int
    outages: int

    @property
    def end(self) -> datetime:
        return START + timedelta(days=self.days)


SHAPES: Mapping[str, Shape] = {
    "month": Shape(pages=5, interval_s=300, days=30, outages=10),
    "month-each-minute": Shape(pages=5, interval_s=60, days=30, outages=10),
    "year": Shape(pages=1, interval_s=60, days=365, outages=120),
    "tiny": Shape(pages=2, interval_s=300, days=3, outages=2),
}


def targets(shape: Shape) -> dict[str, Target]:
    return {
        slug: Target(
            slug=slug,
            name=f"Page {number + 1}",
            url=f"https://{slug}.test/",
            kind=Kind.PAGE,
            platform="anef",
            interval_s=shape.interval_s,
        )
        for number, slug in enumerate(f"page-{n}" for n in range(shape.pages))
    }


class Maker:
    """Records one shape."""

    def __init__(self, store: Store, data: Path, shape: Shape) -> None:
        self._store, self._shape = store, shape
        self._targets = targets(shape)
        self._folds = Folds(self._targets)
        self._captures = Captures(data / CAPTURES, software="bench/1", clock_limit_us=500_000)
        self._sealer = Sealer(store, data, KEY, clock=FakeClock(shape.end + AFTER))
        self._troubles = {
            slug: frozenset(self._failing(rank)) for rank, slug in enumerate(self._targets)
        }

    def _failing(self, rank: int) -> Iterator[int]:
        """Yield the minutes that are failing for a page."""
        shape = self._shape
        for number in range(shape.outages):
            day = number * shape.days // shape.outages
            begin = day * 1440 + 60 * ((5 * number + rank) % 22) + 11 * rank
            yield from range(begin, begin + 15)

    async def make(self) -> None:
        shape, store = self._shape, self._store
        plan = grids(self._targets.values())
        await self._sealer.open()
        await store.start_run(a_run(START - timedelta(minutes=1)), plan=plan)
        end = shape.end + AFTER
        slots = sorted(
            (slot, slug) for slug, grid in plan.items() for slot in grid.between(START, end)
        )
        waiting = []
        rounds_at = START
        for rank, (slot, slug) in enumerate(slots):
            while rounds_at <= slot:
                waiting.append(store.record_round(panel(rounds_at), None))
                rounds_at += ROUNDS
            waiting.append(store.record(await self._outcome(slug, slot)))
            if len(waiting) >= TOGETHER:
                await asyncio.gather(*waiting)
                waiting = []
                if rank % 20 == 0:
                    print(f"\r{rank / len(slots):.0%} ", end="", file=sys.stderr, flush=True)
                    await self._sealer.seal()
        await asyncio.gather(*waiting)
        await store.stop_run(end)
        await self._sealer.seal()
        self._sealer.close()

    async def _outcome(self, slug: str, slot: datetime) -> Outcome:
        at = slot + timedelta(milliseconds=12)
        minute = (slot - START) // timedelta(minutes=1)
        step = self._shape.interval_s // 60
        troubles = self._troubles[slug]
        bad = minute in troubles
        near = any(minute + n * step in troubles for n in range(-AROUND, AROUND + 1))
        daily = minute % 1440 < step
        seen = observation(slug, at, BAD if bad else OK)
        if near or daily:
            seen = replace(seen, exchange=exchange(self._targets[slug].url, at, bad=bad))
        seen = replace(seen, slot_at=slot, controls=panel(at - timedelta(seconds=5)))
        outcome = self._folds.outcome(seen)
        if not (near or daily):
            return outcome
        lasting = self._folds.states[slug].outage is not None or bool(outcome.events)
        kept = await self._captures.keep(
            self._targets[slug], seen, known_good=True, in_outage=lasting
        )
        return replace(outcome, captures=kept)


def make(data: Path, shape: Shape) -> None:
    """Make a record in an empty folder."""
    data.mkdir(parents=True)
    url = database(data)
    migrate(url)
    with Store.open(url, point="local", writer=True, rest_s=0, targets=targets(shape)) as store:
        asyncio.run(Maker(store, data, shape).make())
        asyncio.run(store.roll_up(shape.end + AFTER))


def database(data: Path) -> str:
    return f"sqlite:///{data / 'vigie.sqlite'}"


def config(shape: Shape) -> Config:
    return read_config(targets(shape).values())


def ask(data: Path, shape: Shape, out: Path) -> None:
    """Make the dossier, and print what it took, as JSON. A process of its own."""
    slugs = tuple(targets(shape))
    scope = Scope(kind=ScopeKind.PLATFORM, slug="anef", name="ANEF", targets=slugs)
    question = DossierQuestion(
        scope=scope, targets=slugs, since=START, until=shape.end, title="ANEF"
    )
    lines = 0

    def count(_what: str, _done: int, _total: int) -> None:
        nonlocal lines
        lines += 1

    begun = time.perf_counter()
    with Store.open(database(data), point="local", writer=False) as store:
        source = DossierSource(
            store=store, config=config(shape), data=data, config_folder=Path("config")
        )
        summary = write_dossier(source, question, out, count, bundle=DossierBundle(KEY.verifier))
        outages = len(store.outages(slugs, START, shape.end))
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    answer: dict[str, Any] = {
        "outages": outages,
        "cpu_s": round(sum(one.ru_utime + one.ru_stime for one in (own, children)), 2),
        "own_cpu_s": round(own.ru_utime + own.ru_stime, 2),
        "clock_s": round(time.perf_counter() - begun, 2),
        "own_mb": own.ru_maxrss // 1024,
        "child_mb": children.ru_maxrss // 1024,
        "progress_lines": lines,
        "files": len(summary.files),
        "bytes": sum(file.size_bytes for file in summary.files),
        "yardstick_s": round(yardstick_s(), 3),
    }
    print(json.dumps(answer))


def yardstick_s() -> float:
    """Return the processor time of a fixed piece of work: how slow this machine is just now."""
    begun, total = time.process_time(), 0
    for number in range(YARDSTICK):
        total += number
    return time.process_time() - begun


def main() -> None:
    """Make each record that is asked for, and print what its dossier took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("shapes", nargs="+", choices=SHAPES)
    parser.add_argument("--keep", type=Path, help="folder of the records")
    parser.add_argument("--ask", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for shape in asked.shapes:
            data = (asked.keep or Path(name)) / shape
            out = Path(name) / f"{shape}-pieces"
            if asked.ask:
                ask(data, SHAPES[shape], out)
                continue
            if not data.exists():
                make(data, SHAPES[shape])
            again = [sys.executable, "-W", "ignore", "-m", "bench.dossier", "--ask", shape]
            done = subprocess.run(
                [*again, "--keep", data.parent], check=True, stdout=subprocess.PIPE, text=True
            )
            print(shape, done.stdout.strip())


if __name__ == "__main__":
    main()
