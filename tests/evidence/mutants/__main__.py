"""Make many changes of a record, one at a time, and judge each: `make mutate-record`.

`python -m tests.evidence.mutants 100000 [seed]`. Says what passed for good, and ends with 1
when anything did.
"""

import sys
import tempfile
from collections import Counter
from itertools import chain
from pathlib import Path

from tests.evidence.mutants import judge
from tests.evidence.mutants.record import make
from tests.support.tsa import authority

EVERY = 500  # changes between two words of progress


def run(count: int, seed: str) -> int:
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="vigie-mutants-") as name:
        folder = Path(name)
        made = make(folder / "data", authority(folder / "tsa"))
        many = count * 3 // 4
        every = chain(
            judge.databases(made, folder, (f"database {seed} {n}" for n in range(many))),
            judge.files(made, folder, (f"files {seed} {n}" for n in range(count - many))),
        )
        for done, (kind, mutation) in enumerate(every, start=1):
            found[kind] += 1
            if kind == "passed":
                sys.stdout.write(f"passed for good: {mutation.what}\n")
            if done % EVERY == 0:
                sys.stdout.write(f"{done} changes: {dict(found)}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{dict(found)}\n")
    return 1 if found["passed"] else 0


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "1"))
