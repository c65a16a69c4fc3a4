"""An order of tests in which no worker is left with a long one when the others have ended."""

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

# Modules that take longest, most of it waiting for programs, the longest first.
LONGEST = (
    "bench/test_torture.py",
    "cli/test_service.py",
    "dossier/test_releve.py",
    "web/test_process.py",
    "fuzz/test_live.py",
    "probe/namespaces/test_namespaces.py",
    "cli/test_demo.py",
    "cli/test_identity.py",
    "cli/test_secrets.py",
    "demo/test_judged.py",
    "evidence/mutants/test_mutants.py",
    "dossier/test_pdf_standards.py",
    "cli/test_journal.py",
    "cli/test_export.py",
    "evidence/test_verified_alive.py",
    "probe/simulator/test_simulator.py",
)

T = TypeVar("T")


def spread(items: Sequence[T], long: Sequence[Sequence[T]], workers: int) -> list[T]:
    """Put groups of long items first in the parts that workers begin with, by turns.

    `--dist worksteal` cuts the list in as many equal parts as there are workers, and who has
    done its part takes the end of another's.
    """
    held = {id(item) for group in long for item in group}
    others = iter([item for item in items if id(item) not in held])
    firsts: list[list[T]] = [[] for _ in range(workers)]
    for number, group in enumerate(long):
        firsts[number % workers].extend(group)
    found: list[T] = []
    for number, first in enumerate(firsts):
        size = (len(items) - len(found)) // (workers - number)
        found += first
        found += islice(others, max(0, size - len(first)))
    return found + list(others)
