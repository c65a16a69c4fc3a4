"""The operator is told when the service does not do its work, once, and when it does again."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from monitor.alerts.channel_delivery import ChannelDelivery
from monitor.alerts.operator_watch import OperatorWatch
from monitor.config.settings import read_settings
from monitor.core.model import State
from monitor.core.notices.notice import Notice, NoticeKind
from monitor.core.notices.operator_letters import THREAD, ServiceWork, service_letter
from monitor.metrics import JournalMetrics, MetricsState
from monitor.store import Store
from tests.alerts.test_delivery import posting, subject
from tests.support.alerting import VAULT, configured, set_wall, subscribe
from tests.support.clock import FakeClock
from tests.support.hooks import HookServer, hook_server
from tests.support.outcomes import at

CONTACT = "contact@association.test"
TARGET = "anef-usagers"
WELL = ("check", "seal")
LONG = 40  # minutes: over every limit


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as made:
        yield made


class WatchedService:
    """A service whose work a test does, or does not do, by hand."""

    def __init__(self, store: Store, *, dead_man: str = "") -> None:
        config = configured()
        self.store = store
        self.clock = FakeClock(at(0))
        self.board = MetricsState(config.targets)
        self.watch = OperatorWatch(
            store=store, config=config, clock=self.clock, board=self.board, dead_man=dead_man
        )
        self._channels = ChannelDelivery(
            store=store,
            config=config,
            settings=read_settings({}),
            vault=VAULT,
            clock=self.clock,
            board=self.board,
        )

    async def begin(self) -> None:
        await self._channels.set_up()
        await self.watch.start()

    def check(self) -> None:
        now = self.clock.now()
        self.board.targets[TARGET].state = State(target=TARGET, point="local", last_at=now)

    def seal(self) -> None:
        self.board.journal = JournalMetrics(size=1, sealed_at=self.clock.now())

    def send(self) -> None:
        self.board.mails_sent += 1

    def send_to_channel(self) -> None:
        self.board.notifications["sent"] += 1

    async def minutes(self, number: int, *works: str) -> list[str]:
        """Let time pass, do these works each minute, and look; return what was noticed."""
        before = len(noticed(self.store))
        for _ in range(number):
            self.clock.step_wall(60)
            for work in works:
                getattr(self, work)()
            await self.watch.look()
        return noticed(self.store)[before:]

    def waits(self, since: datetime | None) -> None:
        self.board.outbox_since = since


def noticed(store: Store) -> list[str]:
    """Return what the operator's mailbox is to be sent, in order."""
    found = sorted(store.due_messages(at(10**7), limit=1_000), key=lambda one: one.number)
    return [f"{one.notice.thread.removeprefix(THREAD)} {one.notice.kind}" for one in found]


def test_while_all_goes_on_nobody_is_told_anything(store: Store) -> None:
    async def story() -> None:
        service = WatchedService(store)
        await service.begin()
        assert await service.minutes(3 * LONG, *WELL) == []

    asyncio.run(story())


def test_checks_that_stop_are_told_once_and_told_when_they_go_on(store: Store) -> None:
    async def story() -> None:
        service = WatchedService(store)
        await service.begin()
        await service.minutes(2, *WELL)
        assert await service.minutes(LONG, "seal") == ["probing stands_still"]
        assert await service.minutes(LONG, "seal") == []
        # A message of one work waits for the one before it, which this test never sends.
        assert (await service.minutes(2, *WELL)) == []
        with store.reading() as connection:
            rows = connection.exec_driver_sql("SELECT kind FROM notice ORDER BY id").scalars()
            assert list(rows) == ["stands_still", "runs_again"]

    asyncio.run(story())


def test_a_journal_with_nothing_new_to_sign_does_not_stand_still(store: Store) -> None:
    async def story() -> None:
        service = WatchedService(store)
        await service.begin()
        await service.minutes(1, *WELL)
        assert await service.minutes(3, "check") == []
        assert "sealing stands_still" in await service.minutes(LONG, "check")

    asyncio.run(story())


def test_mail_that_waits_is_told_only_when_none_leaves(store: Store) -> None:
    async def story() -> None:
        service = WatchedService(store)
        await service.begin()
        service.waits(at(0))
        assert await service.minutes(2 * LONG, *WELL, "send") == []
        assert await service.minutes(10, *WELL) == []
        taken_by_channels = await service.minutes(LONG, *WELL, "send_to_channel")
        assert taken_by_channels == ["delivery stands_still"]

    asyncio.run(story())


def test_a_clock_that_is_set_back_or_forward_accuses_nobody(store: Store) -> None:
    async def story() -> None:
        service = WatchedService(store)
        await service.begin()
        service.waits(at(0))
        await service.minutes(5, *WELL, "send")
        service.clock.step_wall(-100_000)
        assert await service.minutes(10, *WELL, "send") == []

    asyncio.run(story())


def test_people_are_not_told_of_the_service_and_the_operator_of_nothing_else(
    store: Store, tmp_path: Path
) -> None:
    async def story() -> None:
        service = WatchedService(store)
        await subscribe(store, "lectrice@exemple.test")
        await service.begin()
        await service.minutes(LONG, "seal")
        async with posting(store, tmp_path, "autre@exemple.test") as post:
            set_wall(post.clock, service.clock.now())
            await post.deliver()
        taken = {name: [*map(subject, mails)] for name, mails in post.server.taken.items()}
        assert taken.pop(CONTACT) == ["[Exploitation] aucun relevé"]
        assert len(taken) == 2
        assert "Exploitation" not in str(taken)
        (mail,) = post.server.taken[CONTACT]
        assert b"List-Unsubscribe" not in mail
        assert b"abonnement" not in mail

    asyncio.run(story())


def test_the_dead_man_address_is_told_of_the_start_of_each_minute_and_of_a_fault(
    store: Store,
) -> None:
    async def story(server: HookServer) -> None:
        service = WatchedService(store, dead_man=f"{server.url}ping/uuid")
        await service.begin()
        await service.minutes(3, *WELL)
        await service.minutes(LONG, "seal")
        await service.minutes(1, *WELL)

    with hook_server() as server:
        asyncio.run(story(server))
    paths = [one.path for one in server.taken]
    assert paths[:4] == ["/ping/uuid/start", *["/ping/uuid"] * 3]
    assert paths[-2:] == ["/ping/uuid/fail", "/ping/uuid"]
    assert {one.method for one in server.taken} == {"GET"}


def test_a_dead_man_address_that_does_not_answer_stops_nothing_and_is_not_shown(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story(url: str) -> None:
        service = WatchedService(store, dead_man=f"{url}secret-uuid")
        await service.begin()
        assert await service.minutes(2, *WELL) == []

    with hook_server() as server:
        url = server.url
    asyncio.run(story(url))
    with hook_server(HookServer(statuses=[404])) as server:
        asyncio.run(story(server.url))
    shown = capsys.readouterr()
    assert "dead-man address not reached" in shown.out + shown.err
    assert "dead-man address refuses" in shown.out + shown.err
    assert "secret-uuid" not in shown.out + shown.err


def test_a_private_dead_man_address_is_not_asked_by_a_public_service(store: Store) -> None:
    with hook_server() as server:
        config = replace(configured(), allow_private=False)
        watch = OperatorWatch(
            store=store,
            config=config,
            clock=FakeClock(at(0)),
            board=MetricsState(config.targets),
            dead_man=server.url,
        )
        asyncio.run(watch.start())
        assert server.taken == []


@pytest.mark.parametrize("work", list(ServiceWork))
@pytest.mark.parametrize("kind", [NoticeKind.STANDS_STILL, NoticeKind.RUNS_AGAIN])
def test_each_work_has_its_words(work: ServiceWork, kind: NoticeKind) -> None:
    notice = Notice(key="k", kind=kind, thread=f"{THREAD}{work.value}", at=at(0))
    letter = service_letter(notice)
    assert letter.subject.startswith("[Exploitation")
    assert "23 novembre 2026" in letter.lead
