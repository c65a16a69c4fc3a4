"""Whether `vigie verify` refuses a record: as a person runs it, or only what a change concerns."""

import io
import signal
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from types import FrameType
from unittest.mock import patch

from monitor.attest.verification import verify
from monitor.attest.verification_stamps import JudgedStamps, stamped_notes
from monitor.cli import main
from monitor.evidence.captures.capture_policy import CAPTURES
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.log.note import VerifierKey
from monitor.evidence.timestamps.certificate_files import certificates
from monitor.runtime.errors import VigieError
from monitor.store import Store
from monitor.store.audit.vouchers import TABLES
from tests.evidence.mutants.mutations import Mutation, database_mutants, file_mutants
from tests.evidence.mutants.record import Made, key_of, same

CONFIG = Path(__file__).parents[2] / "config" / "good"  # the shipped takes 0.5 s to read
LONGEST_S = 60  # of one verification: a second when nothing hangs, even beside busy loops
MOST_FAULTS = 1_000  # that are read: a table is looked for among them


class Hangs(Exception):  # noqa: N818 -- no error
    """A verification that does not end."""


@contextmanager
def bounded() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LONGEST_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def as_told(data: Path, roots: Path) -> tuple[bool, str]:
    """Return whether the command refuses, and what it prints. Any exception comes out."""
    out = io.StringIO()
    with bounded(), redirect_stdout(out), redirect_stderr(out):
        code = main(["verify", str(data), "--roots", str(roots), "--config", str(CONFIG)])
    return code != 0, out.getvalue()


def of_database(data: Path, key: VerifierKey) -> list[str]:
    """Return all that is wrong with a record, its captures and tokens left aside."""
    with bounded(), patch("monitor.attest.verification_step.SHOWN", MOST_FAULTS):
        try:
            store = _store(f"sqlite:///{data / 'vigie.sqlite'}")
            return [
                fault
                for step in verify(data / FOLDER, key=key, store=store, data=data)
                for fault in step.faults
            ]
        except VigieError as error:
            return [str(error)]


@cache
def _opened(url: str) -> Store:
    """Open a store once for all the copies that take each other's place under one name."""
    return Store.open(url, point="local", writer=False)


def _store(url: str) -> Store:
    store = _opened(url)
    store._engine.dispose()
    return store


def of_files(data: Path, key: VerifierKey, roots: Path, *, captures: bool) -> list[str]:
    """Return what is wrong with the files of a record: of its captures, or of all others."""
    folder = data / FOLDER
    with bounded():
        older = stamped_notes(folder)
        steps = list(
            verify(folder, key=key, older=older, captures=data / CAPTURES if captures else None)
        )
        if not captures:
            found = JudgedStamps.of(folder, roots=certificates(roots.read_bytes())).step()
            steps += [found] if found else []
    return [fault for step in steps for fault in step.faults]


def tables(data: Path) -> dict[str, int]:
    """Count the rows of each table."""
    with closing(sqlite3.connect(data / "vigie.sqlite")) as database:
        return {
            name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 -- ours
            for name in TABLES
        }


def databases(
    made: Made, work: Path, seeds: Iterable[str], *, together: int = 1
) -> Iterator[tuple[str, Mutation]]:
    """Yield each change of the database, and what became of it: refused, listed or passed.

    Of changes made together, those whose tables no fault names are made again: without those
    that were named, which may have ended the reading, and at last alone.
    """
    key = key_of(made)
    for folder, changes in database_mutants(made.data, work, seeds, together=together):
        faults = of_database(folder, key)
        again: list[str] = []
        for seed, mutation in changes.items():
            named = any(f"table {mutation.table}," in fault for fault in faults)
            if named or (faults and len(changes) == 1):
                yield "refused", mutation
            elif mutation.listed:
                yield "listed", mutation
            elif len(changes) > 1:
                again.append(seed)
            else:
                yield "passed", mutation
        if again:
            deeper = work / "again"
            deeper.mkdir(exist_ok=True)
            fewer = len(again) if len(again) < len(changes) else 1
            yield from databases(made, deeper, again, together=fewer)


def files(made: Made, work: Path, seeds: Iterable[str]) -> Iterator[tuple[str, Mutation]]:
    """Do the same for changes of files. What the quick reading passes, the command reads whole."""
    key = key_of(made)
    for folder, mutation in file_mutants(made.data, work, seeds):
        captures = mutation.file.startswith("captures/")
        if of_files(folder, key, made.roots, captures=captures):
            yield "refused", mutation
        elif mutation.listed or same(made.data / mutation.file, folder / mutation.file):
            yield "listed", mutation
        elif as_told(folder, made.roots)[0]:
            yield "refused", mutation
        else:
            yield "passed", mutation
