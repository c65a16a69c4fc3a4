"""Outages, subscribers and a store, for the tests of alerts."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from monitor.alerts.rows import write_rows
from monitor.alerts.vault import Vault, new_nonce
from monitor.config import Config, Relay
from monitor.config.schema import Security
from monitor.core.model import Event, Nature, Outage, Outcome, Reason, Transition
from monitor.core.notices.notice import MessageState, Pace
from monitor.store import Store
from monitor.store.reads.alert_reads import DueMessage
from monitor.store.writing import outbox_writes, subscriber_writes
from tests.support.clock import FakeClock
from tests.support.outcomes import START, at, outcome
from tests.support.shipped_config import SHIPPED

T = TypeVar("T")
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="  # of tests only
VAULT = Vault(KEY)
EVERYTHING = ("tout", "incident", "etape", "page/toute")


def configured(relay: Relay | None = None, **changes: object) -> Config:
    """Return the shipped configuration, of an association that has a mail server."""
    config = SHIPPED
    publisher = config.publisher.model_copy(
        update={"association": "Association d’essai", "site": "https://vigie.association.test/"}
    )
    return replace(
        config,
        publisher=publisher,
        contact="contact@association.test",
        mail=replace(config.mail, sender="alertes@association.test"),
        relay=relay or Relay(host="127.0.0.1", security=Security.NONE, per_minute=300),
        allow_private=True,
        **changes,  # type: ignore[arg-type]
    )


def opened(target: str, second: float) -> Outcome:
    """Return a check that confirms an outage, two minutes after its first failure."""
    return _edge(target, second, Transition.OUTAGE_OPENED, _outage(target, second))


def closed(target: str, second: float, began: float) -> Outcome:
    """Return a check that confirms the end of the outage that `opened` made at `began`."""
    outage = replace(
        _outage(target, began),
        last_fail_at=at(second - 120),
        first_ok_at=at(second - 60),
        recovered_at=at(second),
    )
    return _edge(target, second, Transition.OUTAGE_CLOSED, outage)


def _outage(target: str, second: float) -> Outage:
    return Outage(
        target=target,
        point="local",
        nature=Nature.DOWN,
        reason=Reason.HTTP_5XX,
        last_ok_at=at(second - 400),
        first_fail_at=at(second - 120),
        last_fail_at=at(second),
        confirmed_at=at(second),
        checks=3,
    )


def _edge(target: str, second: float, edge: Transition, outage: Outage) -> Outcome:
    event = Event(edge=edge, at=at(second), target=target, point="local", outage=outage)
    base = outcome(target, at(second))
    kept = outage if edge is Transition.OUTAGE_OPENED else None
    return replace(base, events=(event,), state=replace(base.state, outage=kept))


async def write(store: Store, work: Callable[[Connection], T]) -> T:
    """Run `work` as the one writer; return what it returned."""
    done: list[T] = []
    await write_rows(store, lambda connection: done.append(work(connection)))
    return done[-1]


async def claim(store: Store, message: DueMessage, now: datetime) -> DueMessage | None:
    """Claim a message for ten minutes."""
    until = now + timedelta(minutes=10)
    return await write(store, lambda c: outbox_writes.claim(c, message, until, now))


async def end(store: Store, message: DueMessage, state: MessageState, now: datetime) -> bool:
    return await write(store, lambda c: outbox_writes.end(c, message, state, now))


def set_wall(clock: FakeClock, instant: datetime) -> None:
    clock.step_wall((instant - clock.now()).total_seconds())


async def subscribe(  # noqa: PLR0913 -- keyword-only
    store: Store,
    address: str,
    topics: Iterable[str] = EVERYTHING,
    *,
    pace: Pace = Pace.AT_ONCE,
    rests: bool = False,
    now: datetime = START,
    confirmed: bool = True,
) -> int:
    """Add a subscriber; return the number."""
    nonce = new_nonce()

    def work(connection: Connection) -> int:
        number, _ = subscriber_writes.ask(
            connection,
            lookup=VAULT.lookup(address),
            address=VAULT.encrypt(address),
            nonce=nonce,
            topics=topics,
            pace=pace,
            rests=rests,
            now=now,
        )
        if confirmed:
            assert subscriber_writes.confirm(connection, number, nonce, now)
        return number

    return await write(store, work)
