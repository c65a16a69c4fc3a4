"""Channels over the outbox, to a real web server: retried, in order, bounded, never elsewhere."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alerts.channel_delivery import ChannelDelivery
from monitor.alerts.channel_sender import ChannelSender
from monitor.alerts.planning import Planning
from monitor.alerts.relay import Result
from monitor.cli import main
from monitor.config import Channel, load
from monitor.config.settings import read_settings, secrets_in
from monitor.core.notices.alert_channels.channel_request import ChannelMessage
from monitor.core.notices.notice import MessageState, Notice, NoticeKind, SubscriberState
from monitor.core.notices.operator_letters import THREAD, ServiceWork, trial_letter
from monitor.core.notices.topics import OPERATOR
from monitor.metrics import MetricsState
from monitor.store import Store
from monitor.store.writing import outbox_writes
from tests.alerts.test_delivery import InstantClock
from tests.support.alerting import VAULT, closed, configured, opened, set_wall, subscribe, write
from tests.support.followed import record
from tests.support.hooks import HookServer, hook_server
from tests.support.local_settings import put, refusal
from tests.support.outcomes import at
from tests.support.service import write_config

TARGET = "anef-usagers"
EVERYTHING = frozenset({"tout", "incident", "etape", "page/toute"})
KEY = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as made:
        yield made


class Hooked:
    """A store with an open incident, and a channel that leads to a server."""

    def __init__(
        self, store: Store, tmp_path: Path, server: HookServer, kind: str = "webhook"
    ) -> None:
        self.store = store
        self.server = server
        self.channel = Channel(slug="essai", kind=kind, url=server.url, topics=EVERYTHING)
        self.config = replace(configured(), channels=(self.channel,))
        self.clock = InstantClock(at(0))
        self.board = MetricsState(self.config.targets)
        settings = read_settings({"VIGIE_CHANNEL_SECRETS": f"essai={KEY}"}, data=tmp_path)
        self.planning = Planning(
            store=store, config=self.config, relay=self.config.relay, clock=self.clock
        )
        self.delivery = ChannelDelivery(
            store=store,
            config=self.config,
            settings=settings,
            vault=VAULT,
            clock=self.clock,
            board=self.board,
        )

    async def begin(self) -> None:
        await self.planning.plan()
        await self.delivery.set_up()
        await self.store.record(opened(TARGET, 0))
        await self.plan(5)

    async def plan(self, second: float) -> None:
        set_wall(self.clock, at(second))
        await self.planning.plan()

    async def deliver(self, second: float | None = None) -> None:
        if second is not None:
            set_wall(self.clock, at(second))
        while await self.delivery.deliver_due(self.channel):
            pass

    def states(self) -> dict[MessageState, int]:
        return {state: n for state, n in self.store.outbox_counts().items() if n}

    @property
    def standing(self) -> SubscriberState:
        return self.store.channel_standings()["essai"]


@contextmanager
def hooked(store: Store, tmp_path: Path, *statuses: int, kind: str = "webhook") -> Iterator[Hooked]:
    with hook_server(HookServer(statuses=list(statuses) or [200])) as server:
        it = Hooked(store, tmp_path, server, kind)
        asyncio.run(it.begin())
        yield it


def test_a_webhook_is_told_the_beginning_and_the_end_with_what_frames_them(
    store: Store, tmp_path: Path
) -> None:
    async def story(it: Hooked) -> None:
        await it.deliver()
        await store.record(closed(TARGET, 600, 0))
        await it.plan(605)
        await it.deliver()

    with hooked(store, tmp_path) as it:
        asyncio.run(story(it))
    first, last = it.server.taken
    assert [one.content["type"] for one in (first, last)] == ["incident.opened", "incident.closed"]
    (outage,) = last.content["data"]["outages"]
    assert outage["target"] == TARGET
    assert outage["first_ok_at"] == "2026-11-23T08:09:00Z"
    assert last.content["data"]["url"].startswith("https://vigie.association.test/incidents/")
    assert first.headers["webhook-id"] != last.headers["webhook-id"]
    assert it.states() == {MessageState.SENT: 2}
    assert "content-type" in first.headers
    assert it.board.notifications == {"sent": 2}


def test_a_changed_page_and_our_own_state_have_their_own_types(
    store: Store, tmp_path: Path
) -> None:
    async def story(it: Hooked) -> None:
        notice = Notice(
            key="service/x",
            kind=NoticeKind.STANDS_STILL,
            thread=f"{THREAD}{ServiceWork.SEALING}",
            at=it.clock.now(),
            to=(OPERATOR,),
            interests=(OPERATOR,),
        )
        await it.plan(100_000)
        await write(
            store,
            lambda c: outbox_writes.write_notices(c, [notice], now=it.clock.now(), daily=0),
        )
        await it.deliver()

    with hook_server() as server:
        it = Hooked(store, tmp_path, server)
        it.channel = replace(it.channel, topics=it.channel.topics | {OPERATOR})
        it.delivery._config = replace(it.config, channels=(it.channel,))
        asyncio.run(it.planning.plan())
        asyncio.run(it.delivery.set_up())
        record(store, "AABB", target=TARGET)
        asyncio.run(story(it))
    kinds = {one.content["type"]: one.content["data"] for one in server.taken}
    assert set(kinds) == {"page.changed", "service.stands_still"}
    change = kinds["page.changed"]["change"]
    assert change["target"] == TARGET
    assert kinds["page.changed"]["url"].endswith(f"/modifications/{change['number']}")
    assert kinds["service.stands_still"]["url"] is None


def test_what_is_refused_is_tried_again_later_with_the_same_name(
    store: Store, tmp_path: Path
) -> None:
    with hooked(store, tmp_path, 500, 429, 200) as it:
        asyncio.run(it.deliver())
        assert it.states() == {MessageState.WAITING: 1}
        asyncio.run(it.deliver(100))
        asyncio.run(it.deliver(1_000))
    assert it.states() == {MessageState.SENT: 1}
    assert len(it.server.taken) == 3
    assert len({one.headers["webhook-id"] for one in it.server.taken}) == 1
    assert len({one.headers["webhook-timestamp"] for one in it.server.taken}) == 3


def test_a_redirect_leads_nowhere(store: Store, tmp_path: Path) -> None:
    with hook_server() as elsewhere, hooked(store, tmp_path, 307) as it:
        it.server.location = elsewhere.url
        asyncio.run(it.deliver())
        assert elsewhere.taken == []
        assert len(it.server.taken) == 1
        assert it.states() == {MessageState.WAITING: 1}


def test_a_channel_that_is_gone_is_disabled_at_once_and_one_that_fails_after_two_days(
    store: Store, tmp_path: Path
) -> None:
    with hooked(store, tmp_path, 410) as it:
        asyncio.run(it.deliver())
        assert it.standing is SubscriberState.REFUSED
        asyncio.run(store.record(closed(TARGET, 600, 0)))
        asyncio.run(it.plan(605))
        asyncio.run(it.deliver())
        assert len(it.server.taken) == 1, "nothing more is sent, nor written for it"
        assert it.states() == {MessageState.REFUSED: 1}
        asyncio.run(it.delivery.set_up())
        assert it.standing is SubscriberState.REFUSED, "a restart changes nothing"


def test_a_channel_that_takes_nothing_for_two_days_is_disabled(
    store: Store, tmp_path: Path
) -> None:
    with hooked(store, tmp_path, 500) as it:
        for hour in range(60):
            asyncio.run(it.deliver(10 + 3_600 * hour))
        assert it.states() == {MessageState.EXPIRED: 1}
        assert it.standing is SubscriberState.REFUSED
        assert 10 < len(it.server.taken) < 40


@pytest.mark.parametrize(("kind", "times"), [("webhook", 4), ("slack", 2)])
def test_an_answer_that_is_lost_is_repeated_only_where_the_other_side_knows_the_message(
    store: Store, tmp_path: Path, kind: str, times: int
) -> None:
    with hooked(store, tmp_path, 0, 0, 0, 200, kind=kind) as it:
        for minute in range(0, 60, 10):
            asyncio.run(it.deliver(10 + 60 * minute))
        assert len(it.server.taken) == times
        state = MessageState.SENT if kind == "webhook" else MessageState.UNSURE
        assert it.states() == {state: 1}
        assert it.standing is SubscriberState.CONFIRMED


@pytest.mark.parametrize("kind", ["webhook", "slack"])
@pytest.mark.parametrize(("body", "missing"), [(b"x" * 5_000_000, 0), (b"ok", 10)])
def test_a_message_is_taken_when_the_status_says_so_whatever_follows(
    store: Store, tmp_path: Path, kind: str, body: bytes, missing: int
) -> None:
    with hooked(store, tmp_path, kind=kind) as it:
        it.server.body, it.server.missing = body, missing
        asyncio.run(it.deliver())
        asyncio.run(it.deliver(10_000))
        assert it.states() == {MessageState.SENT: 1}
        assert len(it.server.taken) == 1


def test_one_message_that_is_never_taken_disables_no_channel_that_takes_others(
    store: Store, tmp_path: Path
) -> None:
    with hooked(store, tmp_path, 413) as it:
        for hour in range(60):
            it.server.statuses = [413]
            asyncio.run(it.deliver(10 + 3_600 * hour))
            if hour == 24:
                asyncio.run(store.record(opened("ants", 3_600 * hour)))
                asyncio.run(it.plan(3_600 * hour + 15))
                it.server.statuses = [200]
                asyncio.run(it.deliver(3_600 * hour + 20))
        assert it.standing is SubscriberState.CONFIRMED


def test_one_that_is_not_there_costs_a_conversation_no_message(
    store: Store, tmp_path: Path
) -> None:
    with hooked(store, tmp_path, kind="slack") as it:
        there = it.channel
        with hook_server() as gone:
            pass
        it.channel = replace(there, url=gone.url)
        for minute in range(0, 60, 10):
            asyncio.run(it.deliver(10 + 60 * minute))
        assert it.states() == {MessageState.WAITING: 1}
        it.channel = there
        asyncio.run(it.deliver(80_000))
        assert it.states() == {MessageState.SENT: 1}


def test_people_and_channels_do_not_count_for_each_other(store: Store, tmp_path: Path) -> None:
    with hooked(store, tmp_path) as it:
        asyncio.run(subscribe(store, "lectrice@exemple.test"))
        assert store.subscriber_counts()[SubscriberState.CONFIRMED] == 1
        assert store.due_messages(it.clock.now(), limit=10) == (), "no mail of a channel's"
        assert store.oldest_due(it.clock.now()) is None
        set_wall(it.clock, at(0) + timedelta(days=500))
        asyncio.run(it.planning.tidy())
        assert it.standing is SubscriberState.CONFIRMED, "a channel has no consent to renew"
        it.delivery._config = replace(it.config, channels=(), relay=None)
        asyncio.run(it.delivery.set_up())
        assert store.channel_standings() == {}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://2130706433:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[fd00::1]/",
    ],
)
def test_no_private_address_is_ever_asked(tmp_path: Path, url: str) -> None:
    """The configuration refuses most of them; a name may lead there later."""
    with hook_server() as server:
        config = replace(configured(), allow_private=False)
        secret = {"VIGIE_CHANNEL_SECRETS": f"essai={KEY}"}
        sender = ChannelSender(config, read_settings(secret, data=tmp_path))
        channel = Channel(
            slug="essai",
            kind="webhook",
            url=url.format(port=server.port),
            topics=EVERYTHING,
        )
        message = ChannelMessage(name="m", kind="k", at=at(0), letter=trial_letter())
        attempt = asyncio.run(sender.send(channel, message, at(0)))
        assert attempt.result is Result.UNREACHABLE
        assert server.taken == []


CHANNEL = '[[channel]]\nslug = "un"\nkind = "webhook"\nurl = "https://exemple.fr/crochet"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CHANNEL.replace("webhook", "pigeon"), "genre de canal inconnu"),
        (CHANNEL + CHANNEL, "identifiant déjà pris"),
        (CHANNEL.replace('"un"', '"exploitant"'), "identifiant déjà pris"),
        (CHANNEL.replace('url = "https://exemple.fr/crochet"', ""), "clé nécessaire"),
        (CHANNEL.replace("webhook", "matrix"), "clé nécessaire"),
        (CHANNEL + 'topics = ["tout", "nationalite"]', "sujet inconnu"),
        (CHANNEL + 'topics = ["tout"]', "rien ne serait jamais envoyé"),
        (CHANNEL + 'secret = "x"', "secret"),
    ],
)
def test_a_channel_that_could_never_work_is_refused(tmp_path: Path, text: str, words: str) -> None:
    config = write_config(tmp_path / "config", site=1, control=1)
    assert words in "\n".join(refusal(put(config, text)))


def test_a_public_service_sends_nothing_in_clear_nor_to_its_own_network(tmp_path: Path) -> None:
    config = write_config(tmp_path / "config", site=1, control=1)
    main_file = config / "vigie.toml"
    main_file.write_text(main_file.read_text().replace("allow_private = true\n", ""))
    clear = CHANNEL.replace("https:", "http:")
    private = CHANNEL.replace("exemple.fr", "192.168.0.9").replace('"un"', '"deux"')
    said = "\n".join(refusal(put(config, clear + private)))
    assert "passerait en clair" in said
    assert "adresse IP privée" in said


@pytest.mark.parametrize(
    ("kind", "secret"),
    [
        ("slack", "http://crochets.exemple.fr/services/zzzzz"),
        ("ntfy", "http://ntfy.exemple.fr/zzzzz"),
        ("ntfy", "https://ntfy.exemple.fr:zzzzz/sujet"),
        ("slack", "https://crochets.exemple.fr:zzzzz/services"),
        ("slack", "https://[zzzzz/services"),
        ("slack", "zzzzz"),
        ("slack", ""),
    ],
)
def test_a_secret_address_that_is_not_in_https_is_never_asked_nor_named(
    tmp_path: Path, kind: str, secret: str
) -> None:
    config = replace(configured(), allow_private=False)
    settings = read_settings({"VIGIE_CHANNEL_SECRETS": f"essai={secret}"}, data=tmp_path)
    channel = Channel(slug="essai", kind=kind, url="", topics=EVERYTHING)
    message = ChannelMessage(name="m", kind="k", at=at(0), letter=trial_letter())
    attempt = asyncio.run(ChannelSender(config, settings).send(channel, message, at(0)))
    assert attempt.result is Result.LATER
    assert "VIGIE_CHANNEL_SECRETS, essai : il faut" in attempt.why
    assert "zzzzz" not in attempt.why


def test_secrets_of_channels_are_hidden_each_by_itself() -> None:
    environ = {"VIGIE_CHANNEL_SECRETS": f"un={KEY}\ndeux=https://hooks.slack.test/T/B/zzzzz"}
    hidden = secrets_in(environ)
    assert KEY in hidden
    assert "https://hooks.slack.test/T/B/zzzzz" in hidden
    settings = read_settings(environ)
    assert settings.secret_of_channel("un") == KEY
    assert settings.secret_of_channel("trois") == ""
    assert settings.without_mail.secret_of_channel("un") == ""
    assert KEY not in repr(settings)


def test_an_operator_tries_a_channel_and_enables_it_again(
    sqlite_template: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "vigie.sqlite").write_bytes(sqlite_template.read_bytes())
    with hook_server(HookServer(statuses=[410, 500, 204])) as server:
        config = write_config(tmp_path / "config", site=1, control=1)
        put(config, CHANNEL.replace("https://exemple.fr/crochet", server.url))
        channel = load(config).channels[0]
        words = ("channels", "--config", str(config), "--data", str(data))
        assert main(list(words)) == 0
        assert "un  webhook  pas encore connu du service, sans secret" in capsys.readouterr().out
        assert main([*words, "--try", "un"]) == 1
        assert "VIGIE_CHANNEL_SECRETS, un : il faut" in capsys.readouterr().out
        monkeypatch.setenv("VIGIE_CHANNEL_SECRETS", f"un={KEY}")
        with Store.open(
            f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=True, rest_s=0
        ) as store:
            it = Hooked(store, tmp_path, server)
            it.delivery._config = replace(it.config, channels=(channel,))
            asyncio.run(it.begin())
            it.channel = channel
            it.delivery._sender._settings = read_settings({"VIGIE_CHANNEL_SECRETS": f"un={KEY}"})
            asyncio.run(it.deliver())
        main(list(words))
        assert "un  webhook  arrêté" in capsys.readouterr().out
        assert main([*words, "--try", "un"]) == 1
        assert "message refusé (500)" in capsys.readouterr().out
        assert main([*words, "--try", "un"]) == 0
        main(list(words))
        assert "un  webhook  en marche" in capsys.readouterr().out
        assert main([*words, "--try", "deux"]) == 2
    assert [one.content["type"] for one in server.taken[1:]] == ["service.trial"] * 2
