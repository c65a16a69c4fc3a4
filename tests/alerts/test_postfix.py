"""Debian's Postfix as the mail server: what arrives in a mailbox, and what it sends back."""

import asyncio
import email
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from monitor.alerts.bounce_report import read_bounce
from monitor.alerts.delivery import Delivery
from monitor.alerts.planning import Planning
from monitor.alerts.returned_mail import return_proof
from monitor.config import Relay
from monitor.config.schema import Security
from monitor.config.settings import read_settings
from monitor.core.notices.notice import MessageState
from monitor.metrics import MetricsState
from monitor.store import Store
from tests.alerts.test_delivery import InstantClock
from tests.support.alerting import VAULT, closed, configured, opened, set_wall, subscribe
from tests.support.certs import leaf, root, root_file
from tests.support.outcomes import at
from tests.support.postfix import Postfix, missing, running_postfix
from tests.support.service import wait_until

TARGET = "anef-usagers"
READER, GONE = "lectrice@exemple.test", "partie@exemple.test"


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as made:
        yield made


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    if why := missing():
        pytest.skip(why)
    with running_postfix(leaf(root(), hosts=("localhost",)), "lectrice") as server:
        yield server


async def tell(store: Store, postfix: Postfix, tmp_path: Path) -> None:
    """Send both readers the beginning and the end of an incident."""
    relay = Relay(
        host="localhost", port=postfix.port, security=Security.STARTTLS, per_minute=300, verp=True
    )
    config = configured(relay, extra_ca=root_file())
    clock = InstantClock(at(0))
    planning = Planning(store=store, config=config, relay=relay, clock=clock)
    delivery = Delivery(
        store=store,
        config=config,
        relay=relay,
        settings=read_settings({}, data=tmp_path),
        vault=VAULT,
        clock=clock,
        board=MetricsState(config.targets),
    )
    await planning.plan()
    for address in (READER, GONE):
        await subscribe(store, address)
    for second, outcome in ((0, opened(TARGET, 0)), (600, closed(TARGET, 600, 0))):
        await store.record(outcome)
        set_wall(clock, at(second + 5))
        await planning.plan()
        while await delivery.deliver_due():
            pass


@pytest.mark.timeout(280)
def test_mail_arrives_as_it_was_written_and_what_cannot_is_returned_with_its_proof(
    store: Store, postfix: Postfix, tmp_path: Path
) -> None:
    asyncio.run(tell(store, postfix, tmp_path))
    assert store.outbox_counts()[MessageState.SENT] == 4, postfix.log()
    wait_until(lambda: len(postfix.mails("lectrice")) == 2 and len(postfix.mails("alertes")) == 2)
    subjects = []
    for data in postfix.mails("lectrice"):
        message = email.message_from_bytes(data, policy=SMTP)
        assert isinstance(message, EmailMessage)
        assert not message.defects
        subjects.append(str(message["Subject"]).partition("]")[0])
        assert str(message["Return-Path"]).startswith("<alertes+")
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text is not None
        assert html is not None
        assert "indisponible" in text.get_content()
        assert "</html>" in html.get_content()
    assert sorted(subjects) == ["[Indisponible", "[Rétabli"]
    person = store.recipient_of(VAULT.lookup(GONE))
    assert person is not None
    for data in postfix.mails("alertes"):
        report = read_bounce(data)
        assert report is not None, data.decode()
        assert report.no_mailbox
        assert report.proof == return_proof(VAULT, report.message, person.number)
        assert store.subscriber_of(report.message) == person.number
