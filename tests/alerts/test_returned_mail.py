"""What comes back is read by IMAP: a mailbox that is gone is disabled, and nobody else's."""

import asyncio
import imaplib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.alerts.bounce_report import LARGEST, read_bounce
from monitor.alerts.returned_mail import MOST, ReturnsReader, new_reports
from monitor.config import ReturnedMail
from monitor.config.settings import read_settings
from monitor.core.notices.notice import SubscriberState
from monitor.store import Store
from tests.alerts.test_delivery import Post, posting
from tests.support.alerting import VAULT, configured
from tests.support.certs import leaf, root, root_file, server_context
from tests.support.imap_server import ImapServer, imap_server

READER, OTHER = "lectrice@exemple.test", "autre@exemple.test"


REPORT = """\
From: MAILER-DAEMON@exemple.test (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="limite"

--limite
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--limite
Content-Type: message/delivery-status

Reporting-MTA: dns; exemple.test
Arrival-Date: Mon, 23 Nov 2026 09:00:00 +0100

Final-Recipient: rfc822; lectrice@exemple.test
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 unknown

--limite
Content-Type: text/rfc822-headers

Subject: [Indisponible] ANEF

--limite--
"""


def bounce(to: str, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    """Return a report as Postfix writes it (RFC 3464)."""
    text = REPORT.format(to=to, status=status, action=action)
    return text.replace("\n", "\r\n").encode()


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as made:
        yield made


@contextmanager
def imap(*mails: bytes, **changes: object) -> Iterator[ImapServer]:
    server = ImapServer(mails=dict(enumerate(mails, 1)), **changes)  # type: ignore[arg-type]
    with imap_server(server, server_context(leaf(root(), hosts=("localhost",)))):
        yield server


def returned(server: ImapServer) -> ReturnedMail:
    return ReturnedMail(host="localhost", port=server.port, user="alertes@association.test")


def reader(post: Post, server: ImapServer, tmp_path: Path) -> ReturnsReader:
    return ReturnsReader(
        returned(server),
        store=post.store,
        config=replace(configured(), extra_ca=root_file()),
        settings=read_settings({"VIGIE_IMAP_PASSWORD": "secret"}, data=tmp_path),
        vault=VAULT,
        clock=post.clock,
        board=post.board,
    )


async def sent_to(post: Post) -> dict[str, str]:
    """Deliver; return the return path of each person's mail."""
    await post.deliver()
    return dict(zip(post.server.taken, post.server.senders, strict=True))


def test_a_report_that_a_mailbox_is_gone_disables_that_one(store: Store, tmp_path: Path) -> None:
    async def story() -> None:
        async with posting(store, tmp_path, READER, OTHER) as post:
            paths = await sent_to(post)
            with imap(bounce(paths[READER]), b"Subject: un mot\r\n\r\nBonjour\r\n") as server:
                work = reader(post, server, tmp_path)
                assert await work.read() == 1
                assert await work.read() == 0, "it is marked as seen"
                assert server.seen == {1, 2}
            gone = store.recipient_of(VAULT.lookup(READER))
            assert gone is not None
            assert gone.standing is SubscriberState.REFUSED
            other = store.recipient_of(VAULT.lookup(OTHER))
            assert other is not None
            assert other.standing is SubscriberState.CONFIRMED
            assert post.board.notifications["returned"] == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    ("status", "action"),
    [("4.2.2", "delayed"), ("4.4.1", "failed"), ("5.2.2", "failed"), ("5.7.1", "failed"),
     ("5.1.1", "delayed"), ("", "failed"), ("5.1.1111111111", "failed")],
)  # fmt: skip
def test_what_may_pass_or_is_about_us_disables_nobody(
    store: Store, tmp_path: Path, status: str, action: str
) -> None:
    async def story() -> None:
        async with posting(store, tmp_path) as post:
            path = (await sent_to(post))[READER]
            with imap(bounce(path, status=status, action=action)) as server:
                assert await reader(post, server, tmp_path).read() == 0
            assert store.subscriber_counts()[SubscriberState.CONFIRMED] == 1

    asyncio.run(story())


def test_a_report_that_we_did_not_cause_disables_nobody(store: Store, tmp_path: Path) -> None:
    async def story() -> None:
        async with posting(store, tmp_path, READER, OTHER) as post:
            paths = await sent_to(post)
            head, _, rest = paths[READER].partition("-")
            other_proof = paths[OTHER].partition("-")[2]
            forged = [
                f"{head}-{'0' * 12}@association.test",
                f"{head}-{other_proof}",
                f"alertes+999999-{rest}",
                "alertes@association.test",
                f"alertes+{'9' * 30}-{rest}",
            ]
            with imap(*map(bounce, forged)) as server:
                assert await reader(post, server, tmp_path).read() == 0
                assert len(server.seen) == len(forged)
            assert store.subscriber_counts()[SubscriberState.CONFIRMED] == 2

    asyncio.run(story())


def test_only_so_many_mails_are_read_at_once_and_the_rest_later() -> None:
    path = "alertes+1-0123456789ab@association.test"
    with imap(*[bounce(path)] * (MOST + 20)) as server:
        first = new_reports(returned(server), "x", root_file())
        second = new_reports(returned(server), "x", root_file())
        assert (len(first), len(second)) == (MOST, 20)


def test_a_server_that_is_not_ours_gets_no_password() -> None:
    with imap() as server, pytest.raises(OSError, match="certificate"):
        new_reports(returned(server), "secret")
    assert server.logins == []


@pytest.mark.parametrize("changes", [{"refuses": True}, {"literal": 10_000_000_000}, {"cut_at": 1}])
def test_a_server_that_misbehaves_costs_one_reading_and_no_more(
    store: Store, tmp_path: Path, changes: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        async with posting(store, tmp_path) as post:
            with imap(b"Subject: x\r\n\r\n", **changes) as server:
                assert await reader(post, server, tmp_path).read() == 0
                with pytest.raises((imaplib.IMAP4.error, OSError)):
                    new_reports(returned(server), "secret", root_file())

    asyncio.run(story())
    shown = capsys.readouterr()
    assert "returned mail not read" in shown.out + shown.err
    assert "secret" not in shown.out + shown.err


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\xff" * 1_000,
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\n",
        b"Content-Type: multipart/report; boundary=a\r\n\r\n--a\r\n" * 2_000,
        b"Content-Type: message/rfc822\r\n\r\n" * 5_000,
        b"To: " + b"+1-" * 30_000 + b"\r\n\r\n",
        bounce("a+1-0123456789ab@b.test")[:400],
        bounce("a+1-0123456789ab@b.test") + b"x" * 10 * LARGEST,
    ],
)
def test_any_bytes_are_read_within_bounds(data: bytes) -> None:
    report = read_bounce(data)
    assert report is None or report.message == 1
