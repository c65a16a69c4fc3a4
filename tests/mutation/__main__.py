"""Change the logic of `monitor/core` here and there, and see whether its tests notice.

    python -m tests.mutation 200 7 --in text changes/align.py --results /tmp/mutants

Each mutant is one change of one place: a comparison, a condition, an arithmetic sign, a number, a
constant that is returned. Without a mutant, the tests must pass; they tell which functions each of
them enters. A mutant is then tried in a process of its own, on the tests that enter its function,
until one fails. The seed is printed and makes the same mutants again. Each result is a line of the
file of results: a mutant that was killed in it is not tried again, one that survived is. A survivor
is either equivalent, or wants a test (docs/decisions/0023).
"""

import argparse
import random
import secrets
import sys
from pathlib import Path

from tests.mutation.mutants import ROOT, Mutant, mutant, places
from tests.mutation.trial import baseline, prepare, tried

CORE = ROOT / "monitor" / "core"
# Some modules are held by tests that read a record, or ask the resolver, too.
HELD_BY = [
    "tests/core",
    "tests/evidence/test_older_records.py",
    "tests/fetch/test_addresses.py",
    "tests/probe/test_dead_links.py",
]
# They measure how long expressions take, or check that files are named: no logic of a module.
LEFT_OUT = frozenset({"test_patterns.py"})


def _modules(room: str) -> list[Path]:
    path = CORE / room
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def _chosen(room: str, most: int, seed: int) -> list[Mutant]:
    every = [(path, number) for path in _modules(room) for number in range(places(path))]
    dice = random.Random(seed)  # noqa: S311 -- repeatable
    return [mutant(*one) for one in dice.sample(every, min(most, len(every)))]


def _files(tests: list[str]) -> list[str]:
    """Return the files of tests in folders, in one order."""
    found = [p for test in tests for p in sorted((ROOT / test).rglob("test_*.py")) or [ROOT / test]]
    return [str(path.relative_to(ROOT)) for path in found if path.name not in LEFT_OUT]


def _killed_before(results: Path | None) -> dict[str, str]:
    if results is None or not results.exists():
        return {}
    lines = [line.split("\t") for line in results.read_text().splitlines()]
    return {name: by for state, name, by in lines if state == "killed"}


def _note(one: Mutant, by: str | None, results: Path | None) -> None:
    state = "killed" if by else "survived"
    if results is not None:
        with results.open("a") as file:
            file.write(f"{state}\t{one}\t{by or '-'}\n")
    print(f"{state:8} {one}" + (f"  by {by}" if by else ""), flush=True)


def main() -> int:
    """Try some mutants; 1 when fewer than nine of ten are killed."""
    asked = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    asked.add_argument("count", type=int, nargs="?", default=200, help="mutants of each room")
    asked.add_argument("seed", type=int, nargs="?", default=secrets.randbits(32))
    asked.add_argument("--in", dest="rooms", nargs="+", default=[""], help="outages text/page.py")
    asked.add_argument("--tests", nargs="+", default=HELD_BY, help="files or folders")
    asked.add_argument("--results", type=Path, help="a file; it is added to, and read first")
    found = asked.parse_args()
    modules = [path for room in found.rooms for path in _modules(room)]
    chosen = [one for room in found.rooms for one in _chosen(room, found.count, found.seed)]
    print(f"{len(chosen)} mutants, seed {found.seed}", flush=True)
    known = _killed_before(found.results)
    wanted = [one for one in chosen if str(one) not in known]
    killed = len(chosen) - len(wanted)
    tests = _files(found.tests)
    prepare()
    for one, by in tried(wanted, baseline(modules, tests), tests):
        _note(one, by, found.results)
        killed += by is not None
    print(f"{killed} of {len(chosen)} killed: {killed / len(chosen):.1%}")
    return 0 if killed >= 0.9 * len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
