"""What strangers may try at the form and at the links, and what they learn or cause by it."""

import asyncio
import urllib.parse
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from monitor.alerts.requests import SubscriptionAnswer, SubscriptionRequest, Wish, decoded
from monitor.alerts.subscriptions import BY_ADDRESS, BY_ALL, BY_NETWORK, Subscriptions
from monitor.alerts.throttle import Throttle, network_of
from monitor.alerts.vault import LinkUse, Vault, VaultError, open_vault, read_link
from monitor.core.notices.notice import MessageState
from monitor.core.untrusted.mail_addresses import normalized
from monitor.store import Store
from monitor.web.pages_app import build
from tests.support.alerting import KEY, VAULT, claim, configured, end, set_wall, subscribe
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.outcomes import at
from tests.support.reads import FakeReads

READER = "lectrice@exemple.test"
OTHER_KEY = "c3RyYW5nZXJzdHJhbmdlcnN0cmFuZ2Vyc3RyYW5nZXI="
CONFIG = configured()
FORM = {"courriel": READER, "sujet": ["tout", "incident"], "rythme": "at_once"}


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as made:
        yield made


class Site:
    """The pages and the service that they pass requests on to, without the socket between."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = FakeClock(at(0))
        self.service = Subscriptions(store=store, config=CONFIG, vault=VAULT, clock=self.clock)
        self.app = build(
            FakeReads(),
            config=CONFIG,
            clock=self.clock,
            point="local",
            metrics=FixedMetrics(),
            version="0",
            subscriptions=self.service.answer,
        )
        self._transport = httpx.ASGITransport(
            app=self.app, client=("9.9.9.9", 1), raise_app_exceptions=False
        )

    async def ask(
        self, method: str, path: str, fields: object = None, **headers: str
    ) -> httpx.Response:
        async with httpx.AsyncClient(
            transport=self._transport, base_url="http://vigie.test"
        ) as web:
            content = urllib.parse.urlencode(fields, doseq=True) if fields else None  # type: ignore[arg-type]
            return await web.request(method, path, content=content, headers=headers)

    async def rest(self) -> None:
        """Do what waits in the queue."""
        while not self.service._queue.empty():
            await self.service.subscribe(self.service._queue.get_nowait())

    def messages(self) -> int:
        return len(self.store.due_messages(self.clock.now(), limit=10_000))


@pytest.fixture
def site(store: Store) -> Site:
    return Site(store)


def token(use: LinkUse, number: int, store: Store, **changes: object) -> str:
    person = store.recipient(number)
    assert person is not None
    values = {"until": at(3_600), "nonce": person.nonce} | changes
    return VAULT.sign(use, number, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "a@", "@b.fr", "a@b", "a b@c.fr", "a@b.fr,c@d.fr", "a@b.fr;c@d.fr",
        "a@b.fr\r\nBcc: c@d.fr", "a@b.fr\nX: y", "a@b.fr\x00", '"a b"@c.fr', '"a@b"@c.fr',
        "Nom <a@b.fr>", "a@[127.0.0.1]", "a@localhost", f"{'a' * 65}@b.fr", f"a@{'b' * 250}.fr",
        "аdmin@exemple.fr",
        "a@b.fr\u2028", "..@b.fr", "a..b@c.fr", "a@-b.fr", "a@b.fr.", "x" * 100_000,
    ],
)  # fmt: skip
def test_an_address_that_could_be_anything_else_is_refused(address: str) -> None:
    assert normalized(address) is None


def test_a_domain_that_imitates_another_is_written_as_what_it_is() -> None:
    imitation = normalized("a@exеmple.fr")
    assert imitation is not None
    assert imitation.startswith("a@xn--exmple-")
    assert normalized("Marie.Curie+anef@Exemple.FR") == "Marie.Curie+anef@exemple.fr"


def test_the_form_answers_the_same_whether_or_not_an_address_is_known(site: Site) -> None:
    async def story() -> None:
        await subscribe(site.store, READER)
        answers = []
        for address in (READER, "inconnue@exemple.test"):
            answer = await site.ask("POST", "/abonnement", FORM | {"courriel": address})
            # It was given before anything was read of the database, or written to it.
            assert site.messages() == 0
            answers.append((answer.status_code, answer.text, dict(answer.headers)))
            await site.rest()
            assert site.messages() == 1
            for message in site.store.due_messages(at(0), limit=10):
                ours = await claim(site.store, message, at(0))
                assert ours is not None
                await end(site.store, ours, MessageState.SENT, at(0))
        assert answers[0] == answers[1]
        assert answers[0][0] == 200

    asyncio.run(story())


def test_ten_thousand_posts_of_one_network_send_no_more_than_the_throttle(site: Site) -> None:
    async def story() -> None:
        codes = []
        for number in range(10_000):
            request = SubscriptionRequest(
                wish=Wish.ASK,
                address=f"a{number}@exemple.test",
                topics=["tout", "incident"],
                network=network_of(f"192.0.2.{number % 256}"),
            )
            codes.append((await site.service.answer(request)).outcome)
        assert codes.count("done") == BY_NETWORK
        await site.rest()
        assert site.messages() == BY_NETWORK
        assert len(site.service._by_network._full_at) == 1

    asyncio.run(story())


def test_many_networks_together_send_no_more_than_all_may(site: Site) -> None:
    async def story() -> None:
        for number in range(1_000):
            request = SubscriptionRequest(
                wish=Wish.ASK,
                address=f"a{number}@exemple.test",
                topics=["tout", "incident"],
                network=f"network {number}",
            )
            await site.service.answer(request)
        await site.rest()
        assert site.messages() == BY_ALL

    asyncio.run(story())


def test_one_address_is_not_flooded_by_others(site: Site) -> None:
    async def story() -> None:
        for number in range(50):
            request = SubscriptionRequest(
                wish=Wish.ASK,
                address=READER.upper() if number % 2 else READER,
                topics=["tout", "incident"],
                network=f"network {number}",
            )
            assert (await site.service.answer(request)).outcome == "done"
            set_wall(site.clock, at(number))
            await site.rest()
        assert site.store.outbox_counts()[MessageState.WAITING] == BY_ADDRESS

    asyncio.run(story())


def test_only_our_own_fresh_link_for_this_very_use_and_person_works(site: Site) -> None:
    async def story() -> None:
        store = site.store
        one = await subscribe(store, READER, confirmed=False)
        other = await subscribe(store, "autre@exemple.test")
        good = token(LinkUse.CONFIRM, one, store)
        other_person = store.recipient(other)
        assert other_person is not None
        stranger = Vault(OTHER_KEY)
        person = store.recipient(one)
        assert person is not None
        bad = [
            "", "x", good[:-1], good + "A", "é", "A" * 54, "../" * 10, "%00",
            good[:20] + ("A" if good[20] != "A" else "B") + good[21:],
            token(LinkUse.MANAGE, one, store),
            token(LinkUse.CONFIRM, one, store, nonce=other_person.nonce),
            token(LinkUse.CONFIRM, one, store, until=at(-1)),
            stranger.sign(LinkUse.CONFIRM, one, person.nonce, at(3_600)),
        ]  # fmt: skip
        for forged in bad:
            answer = await site.ask("POST", f"/abonnement/confirmer/{urllib.parse.quote(forged)}")
            assert answer.status_code in {404, 405, 410}, forged
            leaves = await site.ask("POST", f"/abonnement/quitter/{urllib.parse.quote(forged)}")
            assert leaves.status_code in {200, 404, 405, 410}
        cut = token(LinkUse.LEAVE, other, store, until=None)[:-3]
        assert (await site.ask("POST", f"/abonnement/quitter/{cut}")).status_code == 410
        still = store.recipient(one)
        # A link to the choices may also leave: only that one was ours, and it did.
        assert still is None
        assert (await site.ask("POST", f"/abonnement/confirmer/{good}")).status_code == 410
        assert store.recipient(other) is not None

    asyncio.run(story())


def test_a_link_of_who_left_never_opens_the_row_of_who_came_after(site: Site) -> None:
    async def story() -> None:
        store = site.store
        number = await subscribe(store, READER)
        old = token(LinkUse.LEAVE, number, store, until=None)
        await site.ask("POST", f"/abonnement/quitter/{old}")
        assert store.recipient(number) is None
        assert await subscribe(store, "apres@exemple.test") == number, "SQLite gives it again"
        await site.ask("POST", f"/abonnement/quitter/{old}")
        assert store.recipient(number) is not None

    asyncio.run(story())


def test_reading_a_page_changes_nothing(site: Site) -> None:
    async def story() -> None:
        store = site.store
        pending = await subscribe(store, READER, confirmed=False)
        confirm = token(LinkUse.CONFIRM, pending, store)
        leave = token(LinkUse.LEAVE, pending, store, until=None)
        for method in ("GET", "HEAD"):
            for path in (f"confirmer/{confirm}", f"quitter/{leave}"):
                answer = await site.ask(method, f"/abonnement/{path}")
                assert answer.status_code == 200
                assert "set-cookie" not in answer.headers
                assert answer.headers["cache-control"] == "no-store"
        person = store.recipient(pending)
        assert person is not None
        assert person.confirmed_at is None

    asyncio.run(story())


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"courriel": READER}, FORM | {"sujet": ["tout"]}, FORM | {"sujet": ["incident"]},
        FORM | {"sujet": ["tout", "incident", "nationalite/x"]}, FORM | {"rythme": "sans cesse"},
        FORM | {"sujet": ["tout", "incident"] * 100}, FORM | {"courriel": "a@b.fr\nBcc: c@d.fr"},
        {f"x{number}": "1" for number in range(500)}, FORM | {"courriel": "é" * 9_000},
    ],
)  # fmt: skip
def test_a_form_that_is_not_ours_is_refused_and_nothing_is_written(
    site: Site, fields: dict[str, object]
) -> None:
    async def story() -> None:
        answer = await site.ask("POST", "/abonnement", fields)
        assert answer.status_code == 422
        assert READER not in answer.text
        await site.rest()
        assert site.messages() == 0

    asyncio.run(story())


def test_a_visitor_cannot_choose_the_network_that_he_is_counted_in(site: Site) -> None:
    async def story() -> None:
        codes = []
        for number in range(BY_NETWORK + 5):
            fields = FORM | {"courriel": f"a{number}@exemple.test"}
            headers = {"x-forwarded-for": f"198.51.100.{number}, 203.0.{number}.1"}
            codes.append((await site.ask("POST", "/abonnement", fields, **headers)).status_code)
        assert codes.count(200) == BY_NETWORK
        assert codes[-1] == 429

    asyncio.run(story())


def test_the_choices_are_those_of_the_bearer_of_the_link(site: Site) -> None:
    async def story() -> None:
        store = site.store
        number = await subscribe(store, READER)
        link = token(LinkUse.MANAGE, number, store)
        page = await site.ask("GET", f"/abonnement/choix/{link}")
        assert page.status_code == 200
        assert READER not in page.text
        fields = {"sujet": ["anef", "etape"], "rythme": "daily", "repos": "1"}
        assert (await site.ask("POST", f"/abonnement/choix/{link}", fields)).status_code == 200
        person = store.recipient(number)
        assert person is not None
        assert person.topics == frozenset({"anef", "etape"})
        assert person.rests
        set_wall(site.clock, at(0) + timedelta(hours=2))
        assert (await site.ask("GET", f"/abonnement/choix/{link}")).status_code == 410

    asyncio.run(story())


def test_who_has_the_database_alone_reads_no_address(store: Store, tmp_path: Path) -> None:
    for name in ("lectrice", "autre.lectrice.au.nom.long"):
        asyncio.run(subscribe(store, f"{name}@exemple.test"))
    store.close()
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"lectrice" not in data
    assert b"exemple.test" not in data
    assert VAULT.lookup(READER) in data
    assert Vault(OTHER_KEY).lookup(READER) not in data


def test_a_new_key_reads_what_the_old_one_wrote_and_a_lost_one_is_said() -> None:
    old = VAULT.encrypt(READER)
    both = Vault(f"{OTHER_KEY}\n{KEY}")
    assert both.decrypt(old) == READER
    assert both.lookup(READER) == VAULT.lookup(READER)
    with pytest.raises(VaultError):
        VAULT.decrypt(both.encrypt(READER))
    with pytest.raises(VaultError):
        Vault("pas une clé")
    with pytest.raises(VaultError):
        Vault("")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    assert open_vault(tmp_path, "").decrypt(open_vault(tmp_path, "").encrypt("a@b.fr")) == "a@b.fr"
    (tmp_path / "courriels.key").chmod(0o644)
    with pytest.raises(VaultError, match="chmod 600"):
        open_vault(tmp_path, "")


def test_lengths_of_addresses_are_not_told_apart() -> None:
    assert len({len(VAULT.encrypt("a" * n + "@b.fr")) for n in range(1, 50)}) == 1


@pytest.mark.parametrize("line", [b"", b"x", b"{}", b"e30=", b"\xff" * 100, b"A" * 16_000])
def test_a_line_of_the_pages_that_is_no_request_is_none(line: bytes) -> None:
    assert decoded(line) is None


def test_tokens_of_any_form_are_read_without_an_error() -> None:
    for text in ("", "=", "A" * 10_000, "é", "\0", "c" * 54, "____", "-" * 50):
        link = read_link(text)
        assert link is None or not VAULT.verify(link, bytes(16), at(0))


def test_the_throttle_refills_and_forgets_within_bounds() -> None:
    now = [0]
    throttle = Throttle(3, 60.0, lambda: now[0])
    assert [throttle.allows("a") for _ in range(5)] == [True] * 3 + [False] * 2
    now[0] += 20_000_000
    assert [throttle.allows("a") for _ in range(2)] == [True, False]
    assert network_of("2001:db8:1:2ff::9") == network_of("2001:db8:1:200::1")
    assert network_of("pas une adresse") == ""


def test_an_answer_has_no_word_on_who_is_known() -> None:
    assert set(SubscriptionAnswer.model_fields) == {
        *("outcome", "topics", "pace", "rests", "language", "token"),
    }
