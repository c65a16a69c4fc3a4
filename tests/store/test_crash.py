"""Killed at any moment, a store opens again: what was answered is there, and nothing is torn."""

import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from monitor.store import Store
from monitor.store.audit.auditor import audit
from tests.support.crash_writer import (
    TARGETS,
    events_at,
    incident_at,
    outage_at,
    state_at,
)
from tests.support.outcomes import at
from tests.support.tables import tallies

ROOT = Path(__file__).parents[2]
KILLS = 5
EVER = (at(0), at(10**8))


def record_until_killed(url: str, lines: int, pause_s: float) -> Counter[str]:
    """Run the writer, let it answer so many times and a little longer, then kill -9.

    Return how many checks of each target it has seen answered.
    """
    command = [sys.executable, "-m", "tests.support.crash_writer", url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline() for _ in range(lines)]
        time.sleep(pause_s)
        process.kill()
        answered += process.stdout.readlines()
    done: Counter[str] = Counter()
    for line in answered:
        if line.endswith("\n"):  # the last one may be cut
            target, n = line.split()
            done[target] = int(n) + 1
    return done


def assert_whole(store: Store, answered: Counter[str]) -> None:
    """Everything in the store follows from how many checks it has of each target."""
    states = {state.target: state for state in store.states()}
    counted: Counter[str] = Counter()
    for (target, _, _), count in tallies(store).items():
        counted[target] += count
    for target in TARGETS:
        checks = store.observations(target, *EVER)
        total = len(checks)
        assert total >= answered[target]
        assert [check.at for check in checks] == [at(60 * n) for n in range(total)]
        assert counted[target] == total
        if not total:
            continue
        assert states[target] == state_at(target, total - 1)
        ends = [n for n in range(total) if n % 10 == 9 or n == total - 1]
        assert list(store.outages([target])) == [o for n in ends if (o := outage_at(target, n))]
        wanted = [i for n in ends if (i := incident_at(target, n))]
        assert [i for i in store.incidents() if i.platform == target] == wanted
        edges = [(e.edge, e.at) for n in range(total) for e in events_at(target, n)]
        found = [(e.edge, e.at) for e in store.events(*EVER) if e.target == target]
        assert found == edges


def assert_journaled(store: Store) -> None:
    """No leaf is lost or numbered twice, and each check has its own."""
    entries = store.leaves(0, store.leaf_count())
    assert len(entries) == store.leaf_count()
    found = [one for one in audit(store, entries) if one.table == "observation"]
    assert found == []  # its outages are made up: they follow from numbers, not from checks


def test_a_killed_service_leaves_every_outcome_whole_or_absent(database_url: str) -> None:
    chance = random.Random(20261123)  # noqa: S311 -- repeatable, not secret
    for _ in range(KILLS):
        answered = record_until_killed(
            database_url, lines=chance.randrange(1, 60), pause_s=chance.uniform(0, 0.02)
        )
        with Store.open(database_url, point="local", writer=True) as store:
            assert_whole(store, answered)
            assert_journaled(store)


def test_a_killed_service_leaves_a_sound_file(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    record_until_killed(f"sqlite:///{path}", lines=30, pause_s=0)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
