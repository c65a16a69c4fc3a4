"""Each record of a file of copies is read a bounded number of times, however many there are."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from monitor.attest import verification_stranger
from monitor.attest.sealing import KEY_FILE, Sealer
from monitor.cli import main
from monitor.evidence.captures import warc
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import Algorithm
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from tests.evidence.mutants.record import ORIGIN, TARGETS, WEATHER, Life
from tests.support.databases import sqlite_template
from tests.support.outcomes import at
from tests.support.service_days import ENVIRONMENT

__all__ = ["sqlite_template"]

FEW, MANY = 4, 16  # minutes of checks, each of them kept


class Counted:
    """Counts the records that `vigie verify` and the stranger's verifier read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ours = self.strangers = 0
        read, load = warc.read, verification_stranger._load

        def counted(file: BinaryIO) -> Iterator[warc.Member]:
            for member in read(file):
                self.ours += 1
                yield member

        def loaded(path: Path) -> Any:
            program: Any = load(path)
            record = program.record

            def one(*given: object) -> Any:
                self.strangers += 1
                return record(*given)

            program.record = one
            return program

        monkeypatch.setattr(warc, "read", counted)
        monkeypatch.setattr(verification_stranger, "_load", loaded)

    def taken(self) -> tuple[int, int]:
        found = self.ours, self.strangers
        self.ours = self.strangers = 0
        return found


def record(data: Path, minutes: int) -> int:
    """Record checks that all go into one file, sign them; return how many records it holds."""
    key = own_key(data / KEY_FILE, name=ORIGIN, algorithm=Algorithm.ED25519)
    with (
        Store.open(
            f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=True, rest_s=0,
            environment=ENVIRONMENT, targets=TARGETS,
        ) as store,
        closing(Sealer(store, data, key, clock=SystemClock())) as sealer,
    ):  # fmt: skip

        async def live() -> None:
            await sealer.open()
            life = Life(store, data)
            for n in range(minutes):
                for second, (slug, line) in enumerate(WEATHER.items()):
                    await life.check(slug, at(60 * n + second), line[n])
            await sealer.seal()

        asyncio.run(live())
    (path,) = (data / "captures").glob("*.warc.gz")
    with path.open("rb") as file:
        return sum(1 for _ in warc.read(file))


def test_twice_the_copies_are_twice_the_work(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    for minutes in (FEW, MANY):
        data = tmp_path / str(minutes)
        data.mkdir()
        shutil.copy(sqlite_template, data / "vigie.sqlite")
        records = record(data, minutes)
        with monkeypatch.context() as patched:
            counted = Counted(patched)
            main(["verify", str(data)])
            ours, strangers = counted.taken()
        assert ours >= records
        assert strangers >= records
        reads.append((ours / records, strangers / records))

    few, many = reads
    assert many[0] <= 1.5 * few[0]
    assert many[1] <= 1.5 * few[1]
