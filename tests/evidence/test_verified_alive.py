"""`vigie verify` beside a service that records, signs and has stamped: it accuses nobody.

The service acts at points of the verification that are chosen, not met by chance: just before a
file is opened, a folder is listed, or a statement is sent to the database.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from monitor.attest.sealing import KEY_FILE, Sealer
from monitor.cli import main
from monitor.core.model.anchors import Cosignature
from monitor.evidence.log import note
from monitor.evidence.log.journal import Signed
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import Algorithm, Note
from monitor.runtime.clock import SystemClock
from monitor.store import Store, cosignature_work
from tests.evidence.mutants.record import ORIGIN, TARGETS, WITNESS, Life, stamp
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.outcomes import a_run, at, panel
from tests.support.service_days import ENVIRONMENT
from tests.support.tsa import Authority, authority

__all__ = ["database_url", "postgres", "sqlite_template"]

READ = {"open", "os.listdir", "os.scandir"}  # events of `sys.addaudithook`
BEFORE = 245  # leaves at the start, about: a first tile is nearly full
FIRST, EVERY = 10, 40  # statements before which the service acts
SKY = {"etrangers": "AAxABBBB", "rendez-vous": "AAgggAAA", "connexion": "DxxxDDDD"}


@dataclass
class Points:
    """Calls `act` before each read of the data folder, and before some of the database."""

    folder: str = ""
    statements: int = 0
    act: Callable[[], None] | None = None

    def hook(self, name: str, details: tuple[object, ...]) -> None:
        if self.act is not None and name in READ and str(details[0]).startswith(self.folder):
            self.reached()

    def asked(self, *_: object) -> None:
        if self.act is not None:
            self.statements += 1
            if self.statements <= FIRST or self.statements % EVERY == 0:
                self.reached()

    def reached(self) -> None:
        act, self.act = self.act, None
        if act is not None:
            act()
            self.act = act


POINTS = Points()


@pytest.fixture(scope="module", autouse=True)
def points() -> Iterator[None]:
    sys.addaudithook(POINTS.hook)  # it cannot be taken away again; without `act` it does nothing
    event.listen(Engine, "before_cursor_execute", POINTS.asked)
    yield
    event.remove(Engine, "before_cursor_execute", POINTS.asked)


@contextmanager
def acting(folder: Path, act: Callable[[], None]) -> Iterator[None]:
    POINTS.folder, POINTS.statements, POINTS.act = str(folder), 0, act
    try:
        yield
    finally:
        POINTS.act = None


class Service:
    """Does in one call what a service does between two reads of who verifies its data."""

    def __init__(self, store: Store, data: Path, sealer: Sealer, tsa: Authority) -> None:
        self._store, self._data, self._sealer, self._tsa = store, data, sealer, tsa
        self._life = Life(store, data)
        self._made = 0

    def record(self) -> None:
        """Record one check."""
        minute, rank = divmod(self._made, len(TARGETS))
        self._made += 1
        slug = list(TARGETS)[rank]
        sky = SKY[slug][minute % len(SKY[slug])]
        asyncio.run(self._life.check(slug, at(60 * minute + rank), sky))

    def sign(self) -> Signed:
        """Record one check, sign, and publish a witness's cosignature."""
        self.record()
        return asyncio.run(self._sign())

    async def _sign(self) -> Signed:
        signed = await self._sealer.seal()
        assert signed is not None
        said = Note.parse(signed.note)
        when = self._now()
        line = note.cosign(said.text, WITNESS, at=int(when.timestamp()))
        one = Cosignature(size=signed.size, witness=WITNESS.name, at=when, line=str(line))
        await self._store.write(cosignature_work(one))
        await self._sealer.publish(Note(said.text, (*said.signatures, line)))
        return signed

    def date(self) -> None:
        """Do all of it, and have it stamped."""
        signed = self.sign()
        asyncio.run(stamp(self._store, self._data, signed.note, signed.size, self._tsa))

    @staticmethod
    def _now() -> datetime:
        return SystemClock().now().replace(microsecond=0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def service(
    database_url: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    monkeypatch.setenv("VIGIE_DATABASE_URL", database_url)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # slow, and no power is cut here
    key = own_key(data / KEY_FILE, name=ORIGIN, algorithm=Algorithm.ED25519)
    run = a_run(at(-1))
    with (
        Store.open(
            database_url, point="local", writer=True, rest_s=0,
            environment=ENVIRONMENT, targets=TARGETS,
        ) as store,
        closing(Sealer(store, data, key, clock=SystemClock())) as sealer,
    ):  # fmt: skip

        async def begin() -> None:
            await sealer.open()
            await store.start_run(run)
            for n in range(100):
                await store.record_round(panel(at(n / 10)), None)

        asyncio.run(begin())
        service = Service(store, data, sealer, authority(tmp_path / "tsa"))
        while store.leaf_count() < BEFORE:
            service.record()
        service.date()
        yield service


@pytest.mark.parametrize("rooted", [True, False], ids=["rooted", "rootless"])
def test_it_accuses_nobody(
    service: Service,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    rooted: bool,
) -> None:
    """Between any two reads the journal, the database, tokens and copies may have grown."""
    roots = ["--roots", str(tmp_path / "tsa" / "root.pem")] if rooted else []
    before = capsys.readouterr().out
    step = 1 if rooted else 6
    passed = 0

    def act() -> None:
        nonlocal passed
        passed += 1
        if passed % 12 == 0:
            service.date()
        elif passed % step == 0:
            service.sign()

    with acting(data, act):
        code = main(["verify", str(data), *roots])

    said = capsys.readouterr().out.removeprefix(before)
    assert "REFUSÉ" not in said
    assert "\nTout est vérifié.\n" in said
    assert code == 0
    assert passed > 50  # the service did act, and often
