"""Many random days through the real parts: nothing is ever recorded twice, or lost, or thinned."""

import asyncio
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.attest.sealing import Sealer
from monitor.attest.verification import verify
from monitor.core.model import (
    Exchange,
    Judgement,
    Kind,
    Observation,
    Platform,
    Reason,
    Target,
    Verdict,
)
from monitor.core.model.check import Check
from monitor.core.scheduling.slots import grids
from monitor.evidence.captures.capture_policy import Captures
from monitor.evidence.log.note import Algorithm, SignerKey
from monitor.evidence.log.reading import LogReading
from monitor.evidence.log.tiles import Tiles
from monitor.fetch import Gate
from monitor.metrics import MetricsState
from monitor.probe.judge import Again, Judge
from monitor.probe.lane import Lane
from monitor.probe.observer import Observer
from monitor.probe.page_tracker import PageTracker, metrics_of_pages
from monitor.runtime.clock import Clock
from monitor.runtime.faults import Faults
from monitor.store import Store
from monitor.store.rebuild.rebuilder import rebuild
from tests.support.captured import spoken
from tests.support.clock import FakeClock
from tests.support.outcomes import a_run, refusal
from tests.support.reads import config
from tests.support.sites import answer

SEEDS = int(os.environ.get("VIGIE_TEST_SEEDS", "2"))  # more by hand, or at night
DAYS = 6
START = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
PLATFORM = Platform(slug="essai", name="Essai", spacing_s=1.0, hosts=("site.test",))
TARGETS = tuple(
    Target(
        slug=slug,
        name=slug,
        url=f"http://site.test/{slug}",
        kind=kind,
        platform="essai",
        interval_s=3600,
    )
    for slug, kind in (("accueil", Kind.PAGE), ("fiche", Kind.PAGE), ("entree", Kind.HOME))
)
CONFIG = config(TARGETS, [PLATFORM])
KEY = SignerKey("vigie.example/journal", Algorithm.ED25519, bytes(32))
JUDGEMENTS = {
    "good": Judgement(verdict=Verdict.UP, reason=Reason.OK, rule="ok"),
    "text": Judgement(verdict=Verdict.UP, reason=Reason.OK, rule="ok"),
    "slow": Judgement(verdict=Verdict.DEGRADED, reason=Reason.SLOW, rule="slow"),
    "down": Judgement(verdict=Verdict.DOWN, reason=Reason.CONNECTION_REFUSED, rule="refused"),
    "blocked": Judgement(verdict=Verdict.BLOCKED, reason=Reason.WAF, rule="refusal-mark"),
    "unknown": Judgement(verdict=Verdict.UNKNOWN, reason=Reason.LOCAL_NETWORK, rule="controls"),
}


class Life:
    """A service without its schedule: what it sees, and when, is given."""

    def __init__(self, url: str, data: Path, start: datetime = START) -> None:
        self.url = url
        self.data = data
        self.clock = FakeClock(start)
        self.pages = Counter[str]()
        self.sky: dict[str, str] = {}
        self.checks = 0
        self.last = start

    @contextmanager
    def running(self) -> Iterator["Process"]:
        with Store.open(
            self.url,
            point="local",
            writer=True,
            rest_s=0,
            environment={"host": "test"},
            targets={target.slug: target for target in TARGETS},
        ) as store:
            yield Process(self, store)

    def faults(self) -> list[str]:
        """Verify all of it, as a stranger would and as we do."""
        with Store.open(self.url, point="local", writer=False) as store:
            steps = verify(
                self.data / "journal",
                key=KEY.verifier,
                store=store,
                captures=self.data / "captures",
            )
            return [fault for step in steps for fault in step.faults]

    def rebuilt(self, url: str) -> None:
        """Make the database again from its leaves: every row must fit."""
        with Store.open(self.url, point="local", writer=False) as store:
            count = store.leaf_count()
            entries = LogReading(Tiles(self.data / "journal"), count)
            assert rebuild(url, entries, last=None, bundled=0).leaves == count
            with Store.open(url, point="local", writer=False) as again:
                assert copies(again) == copies(store)


def copies(store: Store) -> list[object]:
    """Return every copy that the database names."""
    ever = datetime(1990, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
    return [store.copies_between(target.slug, *ever, limit=10**6) for target in TARGETS]


class Sky(Judge):
    """Judges a check as it was told to."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self.ruleset = "2026-11"

    def recall(self, checks: Iterable[Check]) -> None:
        del checks

    async def observation(
        self,
        target: Target,
        slot_at: datetime,
        exchange: Exchange,
        *,
        known_good: bool,
        again: Again | None = None,
    ) -> Observation:
        del known_good, again
        return Observation(
            target=target.slug,
            point="local",
            slot_at=slot_at,
            at=exchange.started_at,
            judgement=JUDGEMENTS[self._life.sky.get(target.slug, "good")],
            exchange=exchange,
            controls=None,
            config_sha256=CONFIG.sha256,
            ruleset=self.ruleset,
        )


class Process:
    """One life of the process: what it remembers is lost at its end."""

    def __init__(self, life: Life, store: Store) -> None:
        self.life = life
        self.store = store
        clock: Clock = life.clock
        self.book = PageTracker(store.tracks(), point="local")
        self.captures = Captures(
            life.data / "captures",
            software="essai/1",
            clock_limit_us=500_000,
            text_of=self.book.text_of,
        )
        self.sealer = Sealer(store, life.data, KEY, clock=clock)
        self.lane = Lane(PLATFORM, clock)
        self.watch = Observer(
            config=CONFIG,
            point="local",
            clock=clock,
            fetch=self._fetch,
            judge=Sky(life),
            lanes={"essai": self.lane},
            grids=grids(TARGETS),
            keep=self.captures.keep,
            store=store,
            board=MetricsState(
                TARGETS,
                states=store.states(),
                lanes=(),
                pages=metrics_of_pages(store, store.tracks()),
            ),
            pages=self.book,
            faults=Faults(clock),
        )

    async def start(self) -> None:
        await self.sealer.open()
        now = self.life.clock.now()
        run = a_run(now, config_sha256=CONFIG.sha256)
        await self.store.start_run(run)

    async def end(self) -> None:
        await self.sealer.seal()
        self.sealer.close()

    async def check(self, *targets: Target, urgent: bool = False) -> None:
        """Check some targets at once; time goes on until all are recorded."""
        now = self.life.clock.now()
        self.life.checks += len(targets)
        waiting = [
            asyncio.create_task(self.watch.observe(target, now, urgent=urgent))
            for target in targets
        ]
        while not all(task.done() for task in waiting):
            await self.life.clock.advance(0.5)
            await asyncio.sleep(0.0002)
        for task in waiting:
            task.result()

    async def _fetch(self, target: Target, gate: Gate) -> Exchange:
        await gate(target.url)
        now, sky = self.life.clock.now(), self.life.sky.get(target.slug, "good")
        self.life.last = now
        if sky in {"down", "unknown"}:
            return refusal(now)
        if sky == "text":
            self.life.pages[target.slug] += 1
        words = f"<p>Texte numéro {self.life.pages[target.slug]} de la page.</p>" * 9
        body = f"<html><body><main><h1>{target.name}</h1>{words}</main></body></html>"
        return spoken(now, answer(body.encode()), url=target.url)


@pytest.fixture
def life(database_url: str, tmp_path: Path) -> Life:
    return Life(database_url, tmp_path / "data")


@pytest.mark.parametrize("sky", ["down", "blocked", "unknown"])
def test_the_check_after_the_first_good_one_of_a_day_may_fail(
    life: Life, tmp_path: Path, sky: str
) -> None:
    """The copy of the day becomes the copy before the failure, and is no longer removable."""

    async def live() -> None:
        with life.running() as process:
            await process.start()
            for hour in range(30):
                life.sky["accueil"] = sky if hour in {6, 7, 29} else "good"
                await process.check(TARGETS[0])
                await life.clock.advance(3600)
            await life.clock.advance(2 * 86_400)
            await process.captures.thin(life.clock.now().date(), days=0)
            await process.end()

    asyncio.run(live())

    assert life.faults() == []
    life.rebuilt(f"sqlite:///{tmp_path / 'again.sqlite'}")


def lived(life: Life, seed: int, *, days: int) -> None:
    """Live some days of which chance decides everything, restarts and steps included."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable, no secret
    end = life.clock.now() + timedelta(days=days)

    async def one_process() -> None:
        with life.running() as process:
            await process.start()
            going_on = True
            while going_on and life.clock.now() < end:
                going_on = await something(process, chance)
            if chance.random() < 0.5:
                await process.end()
            else:
                process.sealer.close()

    while life.clock.now() < end:
        asyncio.run(one_process())
    asyncio.run(sealed(life))


async def something(process: Process, chance: random.Random) -> bool:
    """Check some targets, some of them twice, and let time pass; False to end the process."""
    life = process.life
    for target in TARGETS:
        if chance.random() < 0.4:
            life.sky[target.slug] = chance.choice(list(JUDGEMENTS))
    some = chance.sample(TARGETS, chance.randint(1, len(TARGETS)))
    again = [chance.choice(TARGETS)] * (chance.random() < 0.2)
    await process.check(*some, *again, urgent=chance.random() < 0.3)
    await life.clock.advance(chance.choice([0, 1, 60, 3600, 3 * 3600, 9 * 3600]))
    step = chance.random()
    if step < 0.05:
        life.clock.step_wall(chance.choice([-7200, -3600, -60, -1, 1, 60, 3600]))
    elif step < 0.10:  # exactly to where it was
        life.clock.step_wall(-(life.clock.now() - life.last).total_seconds())
    elif step < 0.14:
        await process.captures.thin(life.clock.now().date(), days=chance.choice([0, 2]))
    return step < 0.14 or step >= 0.24


async def sealed(life: Life) -> None:
    with life.running() as process:
        await process.start()
        await life.clock.advance(2 * 86_400)
        await process.captures.thin(life.clock.now().date(), days=0)
        await process.end()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_random_days_are_recorded_and_verify(
    sqlite_template: Path, tmp_path: Path, seed: int
) -> None:
    path = shutil.copy(sqlite_template, tmp_path / "vigie.sqlite")
    life = Life(f"sqlite:///{path}", tmp_path / "data")

    lived(life, seed, days=DAYS)

    assert life.checks > 20
    assert life.faults() == []
    life.rebuilt(f"sqlite:///{tmp_path / 'again.sqlite'}")
