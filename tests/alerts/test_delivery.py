"""Delivery to a real SMTP server that answers well, badly, late or not at all."""

import asyncio
import email
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from email.policy import SMTP
from pathlib import Path

import pytest

from monitor.alerts.delivery import Delivery
from monitor.alerts.planning import Planning
from monitor.alerts.relay import RelaySession, RelayUnreachable
from monitor.alerts.requests import SubscriptionRequest, Wish
from monitor.alerts.subscriptions import Subscriptions
from monitor.config import Relay
from monitor.config.schema import Security
from monitor.config.settings import read_settings
from monitor.core.model import Verdict
from monitor.core.notices.notice import MessageState, SubscriberState
from monitor.core.points.combine import PointWord, combine
from monitor.metrics import MetricsState
from monitor.metrics.metrics_state import PointMetrics
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from monitor.store.writing import subscriber_writes
from tests.support.alerting import VAULT, closed, configured, opened, set_wall, subscribe, write
from tests.support.certs import leaf, root, root_file, server_context
from tests.support.clock import FakeClock
from tests.support.mail_server import OK, MailServer, mail_server
from tests.support.outcomes import at

TARGET = "anef-usagers"
READER = "lectrice@exemple.test"


class InstantClock(FakeClock):
    """Time passes as soon as someone waits for it."""

    async def sleep(self, seconds: float) -> None:
        self.step_wall(max(0.0, seconds))
        await asyncio.sleep(0)


class Post:
    """A store with an open incident, and what delivers its messages."""

    def __init__(self, store: Store, server: MailServer, tmp_path: Path) -> None:
        relay = Relay(
            host="127.0.0.1", port=server.port, security=Security.NONE, per_minute=300, verp=True
        )
        self.store = store
        self.server = server
        self.clock = InstantClock(at(0))
        config = configured(relay)
        self.board = MetricsState(config.targets)
        self.planning = Planning(store=store, config=config, relay=relay, clock=self.clock)
        self.delivery = Delivery(
            store=store,
            config=config,
            relay=relay,
            settings=read_settings({}, data=tmp_path),
            vault=VAULT,
            clock=self.clock,
            board=self.board,
        )

    async def plan(self, second: float) -> None:
        set_wall(self.clock, at(second))
        await self.planning.plan()

    async def deliver(self) -> None:
        """Deliver all that is due, as often as the server is there."""
        try:
            while await self.delivery.deliver_due():
                pass
        except RelayUnreachable:
            pass

    def states(self) -> dict[MessageState, int]:
        return {state: n for state, n in self.store.outbox_counts().items() if n}


@asynccontextmanager
async def posting(
    store: Store, tmp_path: Path, *addresses: str, server: MailServer | None = None
) -> AsyncIterator[Post]:
    async with mail_server(server or MailServer()) as ready:
        post = Post(store, ready, tmp_path)
        await post.plan(0)
        for address in addresses or (READER,):
            await subscribe(store, address)
        await store.record(opened(TARGET, 0))
        await post.plan(5)
        yield post


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as opened_store:
        yield opened_store


def subject(data: bytes) -> str:
    return str(email.message_from_bytes(data, policy=SMTP)["Subject"])


def test_a_beginning_that_no_server_took_in_time_is_told_with_the_end(
    store: Store, tmp_path: Path
) -> None:
    async def story() -> None:
        async with posting(store, tmp_path) as post:
            await store.record(closed(TARGET, 600, 0))
            await post.plan(605)
            await post.deliver()
            assert [subject(one)[:9] for one in post.server.taken[READER]] == ["[Rétabli]"]
            assert post.states() == {MessageState.SENT: 1, MessageState.DROPPED: 1}

    asyncio.run(story())


def test_a_mail_says_what_the_other_points_say_when_it_is_sent(
    store: Store, tmp_path: Path
) -> None:
    async def story() -> None:
        async with posting(store, tmp_path) as post:
            words = combine(
                [
                    PointWord(point="local", operator="Lyon", verdict=Verdict.DOWN),
                    PointWord(point="autre", operator="Lille", verdict=Verdict.DOWN),
                ]
            )
            post.board.points = PointMetrics(words={TARGET: words})
            await post.deliver()
            (mail,) = post.server.taken[READER]
            text = email.message_from_bytes(mail, policy=SMTP).get_body(("plain",))
            assert text is not None
            assert "pour tous les points qui peuvent le dire" in " ".join(
                text.get_content().split()
            )

    asyncio.run(story())


def test_a_delivery_that_is_asked_to_end_ends_when_the_library_says_otherwise(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancellation while a connection is made may come back as the failure of the connection.

    The service then never stopped: all of it waited for this loop.
    """
    connecting = asyncio.Event()

    async def connect(_: RelaySession) -> RelaySession:
        connecting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RelayUnreachable("ConnectError") from None
        raise AssertionError

    async def story() -> bool:
        async with posting(store, tmp_path) as post:
            monkeypatch.setattr(RelaySession, "__aenter__", connect)
            monkeypatch.setattr(post.delivery, "_clock", SystemClock())
            delivery = asyncio.create_task(post.delivery.run())
            await connecting.wait()
            delivery.cancel()
            await asyncio.wait([delivery], timeout=60)
            return delivery.cancelled()

    assert asyncio.run(story())


def answers(*texts: str) -> Callable[[str], str]:
    """Return an answer after the other; the last for ever."""
    rest = list(texts)

    def answer(_: str) -> str:
        return rest.pop(0) if len(rest) > 1 else rest[0]

    return answer


def test_each_reader_gets_the_beginning_and_the_end_once_and_in_order(
    store: Store, tmp_path: Path
) -> None:
    async def story() -> None:
        names = [f"lecteur{n}@exemple.test" for n in range(5)]
        async with posting(store, tmp_path, *names) as post:
            await post.deliver()
            await store.record(closed(TARGET, 600, 0))
            await post.plan(605)
            await post.deliver()
            assert post.states() == {MessageState.SENT: 10}
            for name in names:
                first, second = post.server.taken[name]
                assert subject(first).startswith("[Indisponible] ANEF")
                assert subject(second).startswith("[Rétabli] ANEF")
                assert b"\r\nList-Unsubscribe: <https://vigie.association.test/" in first
                reference = b"\r\nReferences: <"
                ends = [one.split(reference)[1].split(b">")[0] for one in (first, second)]
                assert ends[0] == ends[1]
            assert len(set(post.server.senders)) == 10
            assert all(one.startswith("alertes+") for one in post.server.senders)
            assert post.board.notifications == {"sent": 10}
            await post.deliver()
            assert len(post.server.senders) == 10

    asyncio.run(story())


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_a_greylist_is_waited_for(store: Store, tmp_path: Path, where: str) -> None:
    async def story() -> None:
        server = MailServer(**{where: answers("451 4.7.1 greylisted", "452 later", OK)})  # type: ignore[arg-type]
        async with posting(store, tmp_path, server=server) as post:
            await post.deliver()
            assert post.states() == {MessageState.WAITING: 1}
            for hours in (1, 2):
                set_wall(post.clock, at(hours * 3_600))
                await post.deliver()
            assert post.states() == {MessageState.SENT: 1}
            assert len(server.taken[READER]) == 1

    asyncio.run(story())


def test_what_no_server_takes_for_two_days_is_given_up(store: Store, tmp_path: Path) -> None:
    async def story() -> None:
        async with posting(store, tmp_path, server=MailServer(rcpt=answers("450 busy"))) as post:
            for hour in range(60):
                set_wall(post.clock, at(hour * 3_600 + 10))
                await post.deliver()
            assert post.states() == {MessageState.EXPIRED: 1}
            assert 10 < post.board.notifications["later"] < 40

    asyncio.run(story())


def test_a_mailbox_that_does_not_exist_is_written_to_no_more(store: Store, tmp_path: Path) -> None:
    async def story() -> None:
        server = MailServer(rcpt=lambda a: "550 5.1.1 unknown" if a.startswith("parti") else OK)
        async with posting(store, tmp_path, "parti@exemple.test", READER, server=server) as post:
            await post.deliver()
            assert post.states() == {MessageState.SENT: 1, MessageState.REFUSED: 1}
            counts = store.subscriber_counts()
            assert (counts[SubscriberState.CONFIRMED], counts[SubscriberState.REFUSED]) == (1, 1)
            await store.record(closed(TARGET, 600, 0))
            await post.plan(605)
            await post.deliver()
            assert post.states() == {MessageState.SENT: 2, MessageState.REFUSED: 1}

    asyncio.run(story())


@pytest.mark.parametrize("answer", ["554 5.7.1 relay access denied", "550 5.7.26 no DMARC"])
def test_a_refusal_of_us_disables_nobody(store: Store, tmp_path: Path, answer: str) -> None:
    async def story() -> None:
        async with posting(store, tmp_path, server=MailServer(rcpt=lambda _: answer)) as post:
            await post.deliver()
            assert store.subscriber_counts()[SubscriberState.CONFIRMED] == 1

    asyncio.run(story())


def test_an_answer_that_is_lost_costs_one_more_message_and_no_third(
    store: Store, tmp_path: Path
) -> None:
    async def story() -> None:
        async with posting(store, tmp_path, server=MailServer(data=lambda _: "drop")) as post:
            for hour in range(50):
                set_wall(post.clock, at(hour * 3_600 + 10))
                await post.deliver()
            assert post.states() == {MessageState.UNSURE: 1}
            assert len(post.server.taken[READER]) == 2
            names = {
                one.split(b"Message-ID: <")[1].split(b">")[0] for one in post.server.taken[READER]
            }
            assert len(names) == 1, "a mailbox can see that it is the same"

    asyncio.run(story())


def test_a_connection_that_ends_before_the_message_costs_nothing(
    store: Store, tmp_path: Path
) -> None:
    async def story() -> None:
        server = MailServer(rcpt=answers("drop", "drop", OK))
        async with posting(store, tmp_path, server=server) as post:
            for _ in range(3):
                await post.deliver()
            assert post.states() == {MessageState.SENT: 1}
            assert len(server.taken[READER]) == 1

    asyncio.run(story())


def test_a_service_that_is_stopped_while_it_sends_ends_that_message(
    store: Store, tmp_path: Path
) -> None:
    async def story() -> None:
        async with posting(store, tmp_path, server=MailServer(stall_s=0.5)) as post:
            work = asyncio.create_task(post.delivery.deliver_due())
            while not store.outbox_counts()[MessageState.CLAIMED]:  # noqa: ASYNC110 -- in the database
                await asyncio.sleep(0.01)
            work.cancel()
            with pytest.raises(asyncio.CancelledError):
                await work
            assert post.states() == {MessageState.SENT: 1}

    asyncio.run(story())


def test_who_left_after_the_plan_is_not_written_to(store: Store, tmp_path: Path) -> None:
    async def story() -> None:
        async with posting(store, tmp_path) as post:
            person = store.recipient_of(VAULT.lookup(READER))
            assert person is not None
            await write(
                store, lambda c: subscriber_writes.remove(c, person.number, person.nonce, at(9))
            )
            await post.deliver()
            assert post.server.senders == []

    asyncio.run(story())


def test_the_cap_of_a_day_is_for_all_together(store: Store, tmp_path: Path) -> None:
    async def story() -> None:
        names = [f"lecteur{n}@exemple.test" for n in range(6)]
        async with posting(store, tmp_path, *names) as post:
            config = post.delivery._config
            post.delivery._config = replace(config, mail=replace(config.mail, daily_cap=4))
            await post.deliver()
            assert len(post.server.senders) == 4
            set_wall(post.clock, at(0) + timedelta(days=1))
            await post.deliver()
            assert len(post.server.senders) == 6

    asyncio.run(story())


def test_what_strangers_ask_for_does_not_hold_up_an_incident(store: Store, tmp_path: Path) -> None:
    async def story() -> None:
        names = [f"lecteur{n}@exemple.test" for n in range(40)]
        async with posting(store, tmp_path, *names) as post:
            form = Subscriptions(
                store=store, config=post.delivery._config, vault=VAULT, clock=post.clock
            )
            for number in range(100):
                await form.subscribe(
                    SubscriptionRequest(
                        wish=Wish.ASK,
                        address=f"a{number}@exemple.test",
                        topics=["tout", "incident"],
                    )
                )
            await post.delivery.deliver_due()
            told = sum(name in post.server.taken for name in names)
            assert told == 40, "in the first batch"
            assert len(post.server.senders) == 50
            await post.deliver()
            assert len(post.server.senders) == 140

            config = post.delivery._config
            post.delivery._config = replace(config, mail=replace(config.mail, daily_cap=150))
            await store.record(closed(TARGET, 600, 0))
            await post.plan(605)
            await form.subscribe(
                SubscriptionRequest(
                    wish=Wish.ASK, address="tard@exemple.test", topics=["tout", "incident"]
                )
            )
            await post.deliver()
            assert len(post.server.senders) == 150
            assert "tard@exemple.test" not in post.server.taken, "a fifth of the day is used up"

    asyncio.run(story())


def secure(*hosts: str) -> ssl.SSLContext:
    return server_context(leaf(root(), hosts=hosts))


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize(
    ("hosts", "authority", "results"),
    [
        (("localhost",), root_file(), [True]),
        (("autre.test",), root_file(), []),  # the certificate of another
        (("localhost",), None, []),  # an authority that we do not know
    ],
)
def test_only_the_right_server_gets_a_message(
    security: Security, hosts: tuple[str, ...], authority: Path | None, results: list[bool]
) -> None:
    async def story() -> None:
        tls = secure(*hosts)
        inside = security is Security.TLS
        async with mail_server(
            MailServer(), tls=tls if inside else None, starttls=None if inside else tls
        ) as server:
            relay = Relay(host="localhost", port=server.port, security=security)
            with suppress(RelayUnreachable):
                async with RelaySession(relay, "", extra_ca=authority) as it:
                    await it.deliver("a@association.test", READER, b"Subject: x\r\n\r\nx\r\n")
            assert [len(one) == 1 for one in server.taken.values()] == results

    asyncio.run(story())


def test_a_server_without_tls_gets_nothing() -> None:
    async def story() -> None:
        async with mail_server(MailServer()) as server:
            relay = Relay(host="127.0.0.1", port=server.port, security=Security.STARTTLS)
            with pytest.raises(RelayUnreachable):
                async with RelaySession(relay, ""):
                    pass

    asyncio.run(story())


def test_no_log_line_has_an_address(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        texts = ("451 lectrice@exemple.test", "550 5.1.1 <lectrice@exemple.test> unknown")
        async with posting(store, tmp_path, server=MailServer(rcpt=answers(*texts))) as post:
            await post.deliver()
            set_wall(post.clock, at(3_600))
            await post.deliver()

    asyncio.run(story())
    shown = capsys.readouterr()
    assert "not delivered" in shown.out + shown.err
    assert "lectrice" not in shown.out + shown.err
    assert "exemple.test" not in shown.out + shown.err
