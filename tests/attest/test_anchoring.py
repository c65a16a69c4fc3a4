"""Our journal, from its seal to what others say of it, with a real store and real tiles."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.attest.anchoring import Anchoring
from monitor.attest.sealing import Sealer
from monitor.config import Cosigner, Cosigning, StampAuthority, Stamping
from monitor.core.model import Gap, GapCause
from monitor.evidence.log.journal import Signed
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import Algorithm, Checkpoint, Note
from monitor.evidence.outbound_http import Reply
from monitor.evidence.witness.witness_memory import Witness, hash_of
from monitor.metrics import MetricsState
from monitor.store import Store, migrate
from tests.support.clock import FakeClock
from tests.support.couriers import FakeCourier, Server
from tests.support.reads import config
from tests.support.tsa import authority

ORIGIN = "vigie.example/journal"
WITNESS = "https://temoin.example"


class House:
    """A store, a sealer and an anchoring; a witness and two authorities in the same process."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        # Certificates are made by the real clock.
        self.clock = FakeClock(datetime.now(UTC))  # noqa: TID251 -- see above
        self.key = own_key(self.data / "journal.key", name=ORIGIN, algorithm=Algorithm.ED25519)
        self.witness = Witness(folder / "temoin", name="temoin.example/w", logs=[self.key.verifier])
        self.authorities = {slug: authority(folder / slug) for slug in ("une", "deux")}
        self.courier = FakeCourier(
            {
                f"{WITNESS}/add-checkpoint": self._witness,
                **{f"http://{slug}.example/": self._tsa(slug) for slug in self.authorities},
            }
        )
        self.config = replace(
            config([]),
            stamping=Stamping(
                authorities=tuple(
                    StampAuthority(
                        slug=slug,
                        name=slug,
                        url=f"http://{slug}.example/",
                        operator=slug,
                        roots=one.root.pem.decode(),
                    )
                    for slug, one in self.authorities.items()
                )
            ),
            cosigning=Cosigning(
                witnesses=(Cosigner(key=str(self.witness.key.verifier), url=f"{WITNESS}/"),)
            ),
        )
        self.url = f"sqlite:///{self.data.absolute() / 'vigie.sqlite'}"
        migrate(self.url)

    def _witness(self, body: bytes) -> Reply:
        answer = self.witness.add_checkpoint(body, at=int(self.clock.now().timestamp()))
        return Reply(status=answer.status, media_type=answer.media_type, body=answer.body)

    def _tsa(self, slug: str) -> Server:
        return lambda query: self.authorities[slug].lie(query, at=self.clock.now())

    def live(
        self, story: Callable[["Life"], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Open everything as the service does, and let the story happen."""
        monkeypatch.setattr("monitor.attest.anchoring.OutboundHttp", lambda **_: self.courier)

        async def live() -> None:
            with Store.open(self.url, point="local", writer=True, rest_s=0) as store:
                life = Life(self, store)
                with closing(life.sealer):
                    await life.sealer.open()
                    await story(life)

        asyncio.run(live())


class Life:
    """One life of the service."""

    def __init__(self, house: House, store: Store) -> None:
        self.house, self.store, self.board = house, store, MetricsState([])
        self.sealer = Sealer(store, house.data, house.key, clock=house.clock, on_seal=self.sealed)
        self.anchoring = Anchoring(
            house.config,
            store=store,
            data=house.data,
            clock=house.clock,
            board=self.board,
            publish=self.sealer.publish,
        )

    def sealed(self, signed: Signed) -> None:
        self.anchoring.sealed(signed.note, at=signed.at)

    async def grow(self, leaves: int) -> int:
        """Record that many gaps, seal them, and return the size of the journal."""
        now = self.house.clock.now()
        for slots in range(leaves):
            await self.store.record_gap(
                Gap(
                    target="",
                    point="local",
                    from_at=now,
                    to_at=now + timedelta(seconds=1),
                    slots=slots + 1,
                    cause=GapCause.STOPPED,
                )
            )
        await self.sealer.seal()
        return self.store.signed_size()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let time pass, second by second, until others have answered."""
        running = asyncio.create_task(self.anchoring.run())
        try:
            while not condition():
                assert not running.done(), running.exception()
                await self.house.clock.advance(1)
                await asyncio.sleep(0.005)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    @property
    def stamped(self) -> int:
        return len(self.store.last_stamps(verified=True))

    @property
    def shown(self) -> int:
        """Count the authorities whose stamp the metrics show; a stamp is recorded before."""
        assert self.board.journal is not None
        return sum(at is not None for at in self.board.journal.stamped_at.values())

    @property
    def published(self) -> Note:
        return Note.parse(self.sealer.journal.tiles.checkpoint() or b"")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_checkpoint_is_signed_then_cosigned_then_dated(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this order: what is dated bears the cosignatures, and is what readers find."""

    async def story(life: Life) -> None:
        await life.sealer.open()
        size = await life.grow(5)
        await life.until(lambda: life.shown == 2)

        names = [line.name for line in life.published.signatures]
        assert [ORIGIN, "temoin.example/w"] == names
        for stamp in life.store.last_stamps(verified=True).values():
            kept = house.data / stamp.file / "checkpoint"
            assert (size, bytes(life.published)) == (stamp.size, kept.read_bytes())
        assert life.board.journal is not None
        assert (size, 1) == (life.board.journal.size, life.board.journal.cosignatures)
        assert None not in life.board.journal.stamped_at.values()
        assert 2 == life.store.leaf_count() - size  # both tokens are leaves of the next one

    house.live(story, monkeypatch)


def test_a_journal_of_many_tiles_is_proved_to_its_witness_across_a_restart(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    async def story(life: Life) -> None:
        for leaves in (3, 600):
            sizes.append(await life.grow(leaves))
            await life.until(
                lambda: (
                    life.store.last_cosignatures()["temoin.example/w"].size == sizes[-1]
                    if life.store.last_cosignatures()
                    else False
                )
            )

    house.live(story, monkeypatch)
    house.live(story, monkeypatch)

    held = Note.parse(house.witness.checkpoint(hash_of(ORIGIN)) or b"")
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == Checkpoint.parse(held.text).size
    assert [] == list(house.witness.faults(ORIGIN))


def test_an_edge_is_dated_without_waiting_for_the_hour(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(life: Life) -> None:
        await life.grow(1)
        await life.until(lambda: life.stamped == 2)
        before = house.clock.now()
        size = await life.grow(1)
        life.anchoring.edge()
        await life.until(
            lambda: (
                {stamp.size for stamp in life.store.last_stamps(verified=True).values()} == {size}
            )
        )
        assert house.clock.now() - before < timedelta(minutes=10)

    house.live(story, monkeypatch)


def test_with_everybody_down_the_journal_goes_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.courier.servers.clear()

    async def story(life: Life) -> None:
        await life.grow(1)
        await life.until(lambda: len(house.courier.asked) >= 6)

        assert 0 == life.stamped
        assert [ORIGIN] == [line.name for line in life.published.signatures]
        assert life.board.journal is not None
        assert {"une": None, "deux": None} == life.board.journal.stamped_at
        assert 2 <= await life.grow(1)

    house.live(story, monkeypatch)


def test_after_a_restart_the_metrics_say_what_was_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []

    async def first(life: Life) -> None:
        await life.grow(1)
        await life.until(lambda: life.shown == 2)
        seen.append(life.board.journal)

    async def second(life: Life) -> None:
        seen.append(life.board.journal)

    house.live(first, monkeypatch)
    house.live(second, monkeypatch)

    assert seen[0] == seen[1]


def test_a_cosignature_of_an_older_checkpoint_does_not_touch_the_newest(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came back late: it is kept, and readers go on finding the newest one."""

    async def story(life: Life) -> None:
        await life.grow(1)
        old = life.published
        await life.grow(1)
        newest = life.published
        await life.sealer.publish(old)

        assert newest == life.published

    house.live(story, monkeypatch)
