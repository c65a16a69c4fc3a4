"""What figures cost on large stores: time and memory of each question, in a process of its own.

    python -m bench.figures            all four stores
    python -m bench.figures year       one of them: year, month, five, whole

The last question of each store is what the service computes in the background, every ten minutes:
all windows of every target, of the whole that needs them all, and beside a date of the law. Its
figure is the time of the processor, since it rests between two targets.

A day of each store is written by the real recorder; the other days are copies of its rows, moved
in time by SQL. Every seventh day has an outage of half an hour. The sums by day are made by the
service's own roll-up, but for the five years: nobody has the 105 million checks that they stand
for, so the rows of sums are written as the roll-up would write them.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Connection, insert, text

from monitor.config import FigureSettings, load
from monitor.core.model import Judgement, Kind, Reason, Target, Verdict
from monitor.core.outages.calendar import day_starts
from monitor.core.outages.milestones import Component, Milestone, Sure
from monitor.core.outages.span_figures import ScopeKind
from monitor.core.outages.time_accounts import microseconds
from monitor.figures.answers import Basis, Division, FigureQuestion, availabilities
from monitor.figures.recorded_targets import recorded_targets
from monitor.figures.rolling import RollingFigures
from monitor.figures.scopes import Scopes
from monitor.metrics import MetricsState
from monitor.runtime.faults import Faults
from monitor.store import Store, migrate
from monitor.store.tables.check_tables import RollupRow, table_of
from monitor.store.writing.intern_tables import InternTables
from tests.support.clock import FakeClock
from tests.support.outcomes import outcome

CONFIG = Path(__file__).parents[1] / "config"
START = datetime(2026, 1, 1, 23, tzinfo=UTC)  # midnight in Paris
GOOD = Judgement(verdict=Verdict.UP, reason=Reason.OK, rule="ok")
BAD = Judgement(verdict=Verdict.DOWN, reason=Reason.HTTP_5XX, rule="http-5xx")
DAY_US = 86_400_000_000
SHAPES: Mapping[str, tuple[int, int, int]] = {  # targets, interval in seconds, days
    "year": (1, 60, 365),
    "month": (200, 300, 30),
    "five": (200, 300, 5 * 365 + 1),
    "whole": (5, 60, 365),
}


def targets(many: int, interval_s: int) -> dict[str, Target]:
    return {
        slug: Target(
            slug=slug,
            name=slug,
            url=f"https://{slug}.test/",
            kind=Kind.PAGE,
            platform="ide",
            department="93",
            interval_s=interval_s,
        )
        for slug in (f"cible-{number:03}" for number in range(many))
    }


async def make(url: str, name: str) -> None:
    """Make a store of one shape."""
    many, interval_s, days = SHAPES[name]
    known = targets(many, interval_s)
    with Store.open(url, point="local", writer=True, rest_s=0.5, targets=known) as store:
        for slug in known:
            steps = range(0, 86_400, 3_600 if name == "five" else interval_s)
            await asyncio.gather(
                *(
                    store.record(outcome(slug, START + timedelta(seconds=s), _judgement(s, slug)))
                    for s in steps
                )
            )
        if name == "five":
            await store.write(_sums(days))
        else:
            await store.write(_copies(days))
            await store.roll_up(START + timedelta(days=days + 1))


def _judgement(second: int, slug: str) -> Judgement:
    """Return a failure at the end of the night, at another time for each target."""
    begin = 3_600 * (4 + int(slug[-2:]) % 3)
    return BAD if begin <= second < begin + 1_800 else GOOD


def _copies(days: int) -> Callable[[Connection, InternTables], None]:
    """Copy the recorded day: as it is every seventh day, all good on the others."""

    def work(connection: Connection, tables: InternTables) -> None:
        del tables
        columns = (
            "subject_id, at, late_us, judgement_id, config_id, conditions_id, body_id,"
            " duration_us, resolve_us, connect_us, tls_us, processing_us, transfer_us"
        )
        good = connection.scalar(text("SELECT id FROM judgement WHERE verdict = 'up'"))
        for day in range(1, days):
            judgement = "judgement_id" if day % 7 == 0 else str(good)
            moved = columns.replace("at,", f"at + {day * DAY_US},", 1)
            moved = moved.replace("judgement_id", judgement, 1)
            last = f"at < {microseconds(START) + DAY_US}"
            connection.execute(
                text(f"INSERT INTO observation ({columns}) SELECT {moved} FROM observation "  # noqa: S608 -- numbers of ours
                     f"WHERE {last}")
            )  # fmt: skip

    return work


def _sums(days: int) -> Callable[[Connection, InternTables], None]:
    def work(connection: Connection, tables: InternTables) -> None:
        del tables
        subjects = list(connection.scalars(text("SELECT id FROM subject WHERE target <> ''")))
        begin = microseconds(START)
        starts = day_starts(begin, begin + days * DAY_US)
        for start, end in pairwise(starts):
            rows = []
            for subject in subjects:
                down = 1_800_000_000 if (start // DAY_US) % 7 == 0 else 0
                rows.append(_row(subject, start, ("up", "ok"), end - start - down, 288))
                if down:
                    rows.append(_row(subject, start, ("down", "http_5xx"), down, 6))
            connection.execute(insert(table_of(RollupRow)), rows)

    return work


def _row(
    subject: int, day: int, key: tuple[str, str], held_us: int, checks: int
) -> dict[str, object]:
    verdict, reason = key
    return {
        "subject_id": subject,
        "day": day,
        "verdict": verdict,
        "reason": reason,
        "held_us": held_us,
        "doubt_us": 0,
        "checks": checks,
    }


def ask(url: str, name: str, division: Division | None, kind: ScopeKind) -> None:
    """Ask one question and print what it took."""
    _, _, days = SHAPES[name]
    since = microseconds(START)
    until = since + days * DAY_US
    with Store.open(url, point="local", writer=False) as store:
        before = time.perf_counter()
        scopes = Scopes(recorded_targets((), store.definitions(), None).by_slug).every(kind)
        questions = [
            FigureQuestion(scope=scope, since=since, until=until, now=until, division=division)
            for scope in scopes
        ]
        checks = sum(one.account.checks for one in availabilities(store, questions, Basis()))
        log = len(store.outages())
        took = time.perf_counter() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{took:7.3f} s  {peak:6.0f} MB  {len(questions)} scopes, {checks:,} checks, {log} outages"
    )


def compute(url: str, name: str) -> None:
    """Compute once what the service computes in the background, and print what it took."""
    many, interval_s, days = SHAPES[name]
    known = targets(many, interval_s)
    clock = FakeClock(START + timedelta(days=days))
    milestone = Milestone(
        slug="date",
        date=clock.now().date() - timedelta(days=180),
        name="",
        source="",
        sure=Sure.YES,
    )
    component = Component(slug="tout", name="", targets=tuple(known), necessary=True, why="")
    figures = FigureSettings(components=(component,), milestones=(milestone,))
    config = replace(load(CONFIG), targets=tuple(known.values()), figures=figures)
    board = MetricsState(known.values())
    with Store.open(url, point="local", writer=False) as store:
        rolling = RollingFigures(store, config, clock=clock, board=board, faults=Faults(clock))
        before = time.process_time()
        asyncio.run(rolling.compute())
        took = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if board.figures is None or len(board.figures.milestones) != len(board.figures.scopes):
        raise AssertionError("not everything was computed")
    print(f"{took:7.3f} s  {peak:6.0f} MB  all figures in the background")


def main() -> None:
    """Make the stores, and ask each question in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", nargs="*", help=", ".join(SHAPES))
    parser.add_argument("--ask", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.ask:
        url, name, division, kind = asked.ask
        if not kind:
            compute(url, name)
            return
        ask(url, name, Division(division) if division else None, ScopeKind(kind))
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.stores or SHAPES:
            path = Path(folder) / f"{name}.sqlite"
            url = f"sqlite:///{path}"
            migrate(url)
            before = time.perf_counter()
            asyncio.run(make(url, name))
            print(f"{name}: made in {time.perf_counter() - before:.0f} s, "
                  f"{path.stat().st_size / 1e6:.0f} MB")  # fmt: skip
            for division, kind in (
                ("", ScopeKind.ALL), ("month", ScopeKind.ALL), ("hour", ScopeKind.ALL),
                ("", ScopeKind.TARGET), ("", ""),
            ):  # fmt: skip
                if name == "five" and division == "hour":
                    continue  # more than one answer may read
                words = ["--ask", url, name, division, kind]
                print(f"  {kind:8} {division or 'whole':8}", end=" ", flush=True)
                subprocess.run(
                    [sys.executable, "-m", "bench.figures", *words], check=True, env=os.environ
                )


if __name__ == "__main__":
    main()
