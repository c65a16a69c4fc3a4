"""The outbox, on both engines: what is planned, for whom, when, and in which order."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from monitor.alerts.planning import Planning
from monitor.config import Config, Relay
from monitor.core.notices.notice import MessageState, NoticeKind, Pace, Suppression
from monitor.store import Store
from monitor.store.tables.alert_tables import OutboxRow, SubscriberRow, SuppressionRow
from monitor.store.tables.check_tables import table_of
from monitor.store.writing import outbox_writes, subscriber_writes
from tests.support.alerting import (
    EVERYTHING,
    VAULT,
    claim,
    closed,
    configured,
    end,
    opened,
    set_wall,
    subscribe,
    write,
)
from tests.support.clock import FakeClock
from tests.support.outcomes import at, outcome

_OUTBOX = table_of(OutboxRow)
TARGET = "anef-usagers"
SUPPRESSED = {"lookup": b"1", "at": at(0), "why": Suppression.LEFT}
CAP = 4
NAMES = ("un", "deux", "trois")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(at(0))


@pytest.fixture(scope="module")
def config() -> Config:
    return configured(Relay(host="127.0.0.1", person_cap=CAP))


@pytest.fixture
def planning(store: Store, clock: FakeClock, config: Config) -> Planning:
    assert config.relay is not None
    made = Planning(store=store, config=config, relay=config.relay, clock=clock)
    asyncio.run(made.plan())  # from here on, events are news
    return made


def rows(store: Store) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(select(_OUTBOX).order_by(_OUTBOX.c.id)))


async def plan_at(planning: Planning, clock: FakeClock, second: float) -> None:
    set_wall(clock, at(second))
    await planning.plan()


def test_what_happened_before_alerts_is_not_news(
    store: Store, clock: FakeClock, config: Config
) -> None:
    async def story() -> None:
        await subscribe(store, "a@exemple.test")
        await store.record(opened(TARGET, 0))
        assert config.relay is not None
        late = Planning(store=store, config=config, relay=config.relay, clock=clock)
        await plan_at(late, clock, 10)
        await plan_at(late, clock, 20)

    asyncio.run(story())
    assert rows(store) == []


def test_an_incident_reaches_once_each_who_follows_it(
    store: Store, planning: Planning, clock: FakeClock
) -> None:
    async def story() -> None:
        for name in NAMES:
            await subscribe(store, f"{name}@exemple.test")
        await subscribe(store, "attente@exemple.test", confirmed=False)
        await subscribe(store, "ailleurs@exemple.test", ["dep/38", "incident"])
        await subscribe(store, "pages@exemple.test", ["tout", "page/toute"])
        await store.record(opened(TARGET, 0))
        for second in (1, 3, 4, 5):
            await plan_at(planning, clock, second)
        await store.record(closed(TARGET, 600, 0))
        await plan_at(planning, clock, 605)

    asyncio.run(story())
    assert len(rows(store)) == 2 * len(NAMES)
    assert {row.state for row in rows(store)} == {MessageState.WAITING}
    due = store.due_messages(at(700), limit=100)
    assert [message.notice.kind for message in due] == [NoticeKind.OPENED] * len(NAMES)


def test_a_message_waits_for_the_one_before_it_in_its_thread(
    store: Store, planning: Planning, clock: FakeClock
) -> None:
    async def story() -> list[NoticeKind]:
        await subscribe(store, "a@exemple.test")
        await store.record(opened(TARGET, 0))
        await plan_at(planning, clock, 5)
        await store.record(closed(TARGET, 600, 0))
        await plan_at(planning, clock, 605)
        kinds = []
        while due := store.due_messages(at(700), limit=10):
            assert len(due) == 1
            ours = await claim(store, due[0], at(700))
            assert ours is not None
            assert store.due_messages(at(700), limit=10) == ()
            assert await claim(store, due[0], at(700)) is None, "another worker read the same row"
            kinds.append(due[0].notice.kind)
            await end(store, ours, MessageState.SENT, at(700))
        return kinds

    assert asyncio.run(story()) == [NoticeKind.OPENED, NoticeKind.CLOSED]


def test_a_claim_that_lapsed_is_taken_again_and_its_owner_no_longer_ends_it(
    store: Store, planning: Planning, clock: FakeClock
) -> None:
    async def story() -> None:
        await subscribe(store, "a@exemple.test")
        await store.record(opened(TARGET, 0))
        await plan_at(planning, clock, 5)
        first = store.due_messages(at(10), limit=1)[0]
        old = await claim(store, first, at(10))
        assert old is not None
        assert await write(store, lambda c: outbox_writes.give(c, old))
        assert store.due_messages(at(600), limit=1) == ()
        again = store.due_messages(at(620), limit=1)[0]
        new = await claim(store, again, at(620))
        assert new is not None
        assert new.unsure == 1, "the server may have it"
        assert not await write(store, lambda c: outbox_writes.give(c, old))
        assert not await end(store, old, MessageState.SENT, at(630))
        assert await end(store, new, MessageState.SENT, at(630))

    asyncio.run(story())
    assert [row.state for row in rows(store)] == [MessageState.SENT]


def test_the_rest_the_pace_and_the_cap_gather_messages_in_one(
    store: Store, planning: Planning, clock: FakeClock
) -> None:
    night = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)  # 23:00 in Paris
    second = (night - at(0)).total_seconds()

    async def story() -> None:
        await subscribe(store, "nuit@exemple.test", rests=True)
        await subscribe(store, "jour@exemple.test", pace=Pace.DAILY)
        await store.record(opened(TARGET, second))
        await plan_at(planning, clock, second + 5)
        await store.record(closed(TARGET, second + 600, second))
        await plan_at(planning, clock, second + 605)
        assert store.due_messages(clock.now(), limit=10) == ()
        set_wall(clock, night + timedelta(hours=8, minutes=1))  # 7:01 in Paris
        await planning.digests()
        first = store.due_messages(clock.now(), limit=10)
        set_wall(clock, night + timedelta(hours=9, minutes=1))
        await planning.digests()
        await planning.digests()
        both = store.due_messages(clock.now(), limit=10)
        assert [m.notice.kind for m in both] == [NoticeKind.DIGEST] * 2
        assert first[0].number == both[0].number
        for message in both:
            kinds = [notice.kind for notice in store.digested(message.number)]
            assert kinds == [NoticeKind.OPENED, NoticeKind.CLOSED]

    asyncio.run(story())


def test_over_the_cap_of_a_day_messages_are_held_for_the_morning(
    store: Store, planning: Planning, clock: FakeClock, config: Config
) -> None:
    slugs = [target.slug for target in config.targets if target.platform != "anef"]
    by_platform = {config.by_slug[slug].platform: slug for slug in slugs}
    several = list(by_platform.values())[: CAP + 3]
    assert len(several) == CAP + 3

    async def story() -> None:
        await subscribe(store, "a@exemple.test")
        for number, slug in enumerate(several):
            await store.record(opened(slug, 100 * number))
            await plan_at(planning, clock, 100 * number + 5)

    asyncio.run(story())
    states = [row.state for row in rows(store)]
    assert states == [MessageState.WAITING] * CAP + [MessageState.HELD] * 3


def test_who_leaves_leaves_only_a_keyed_hash(
    store: Store, planning: Planning, clock: FakeClock
) -> None:
    async def story() -> None:
        number = await subscribe(store, "a@exemple.test")
        await store.record(opened(TARGET, 0))
        await plan_at(planning, clock, 5)
        assert rows(store)
        person = store.recipient(number)
        assert person is not None
        assert not await write(
            store, lambda c: subscriber_writes.remove(c, number, bytes(16), at(9))
        ), "another's link"
        assert await write(
            store, lambda c: subscriber_writes.remove(c, number, person.nonce, at(9))
        )

    asyncio.run(story())
    assert rows(store) == []
    with store.reading() as connection:
        assert not connection.execute(select(table_of(SubscriberRow))).all()
        (left,) = connection.execute(select(table_of(SuppressionRow)))
    assert left.lookup == VAULT.lookup("A@exemple.test")
    assert left.why == "left"


def test_who_never_confirms_is_deleted_and_who_does_not_renew_too(
    store: Store, planning: Planning, clock: FakeClock
) -> None:
    async def story() -> None:
        await subscribe(store, "jamais@exemple.test", confirmed=False)
        number = await subscribe(store, "ancien@exemple.test")
        set_wall(clock, at(0) + timedelta(hours=47))
        await planning.tidy()
        assert store.recipient_of(VAULT.lookup("jamais@exemple.test")) is not None
        set_wall(clock, at(0) + timedelta(hours=49))
        await planning.tidy()
        assert store.recipient_of(VAULT.lookup("jamais@exemple.test")) is None
        set_wall(clock, at(0) + timedelta(days=335))
        for _ in range(3):
            await planning.tidy()
        (asked,) = store.due_messages(clock.now(), limit=10)
        assert (asked.subscriber, asked.notice.kind) == (number, NoticeKind.CONFIRM)
        set_wall(clock, at(0) + timedelta(days=366))
        await planning.tidy()
        assert store.recipient(number) is None

    asyncio.run(story())
    assert rows(store) == []


def test_a_second_form_never_changes_what_a_person_confirmed(store: Store) -> None:
    async def story() -> None:
        number = await subscribe(store, "a@exemple.test")
        assert number == await subscribe(
            store, "A@exemple.test", ["anef", "incident"], confirmed=False
        )
        person = store.recipient(number)
        assert person is not None
        assert person.topics == frozenset(EVERYTHING)

    asyncio.run(story())


def test_an_error_of_alerts_does_not_end_the_record(store: Store) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(insert(table_of(SuppressionRow)), SUPPRESSED)
        connection.execute(insert(table_of(SuppressionRow)), SUPPRESSED)

    async def story() -> None:
        failing = asyncio.create_task(write(store, fail))
        await asyncio.gather(*(store.record(outcome(TARGET, at(n))) for n in (0, 1)))
        with pytest.raises(IntegrityError):
            await failing
        await store.record(outcome(TARGET, at(2)))

    asyncio.run(story())
    assert len(store.observations(TARGET, at(0), at(3))) == 3
    with store.reading() as connection:
        assert not connection.execute(select(table_of(SuppressionRow))).all()
