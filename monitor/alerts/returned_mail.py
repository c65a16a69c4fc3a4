"""Read by IMAP the mailbox that messages are returned to, and disable mailboxes that are gone.

Nothing is deleted: what was read is marked as seen, so that an operator may read it too.
"""

import asyncio
import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy import Connection

from monitor.alerts.bounce_report import LARGEST, BounceReport, read_bounce
from monitor.alerts.rows import write_rows
from monitor.alerts.vault import Vault
from monitor.config import Config, ReturnedMail
from monitor.config.settings import Settings
from monitor.metrics import MetricsState
from monitor.runtime.clock import Clock
from monitor.store import Store
from monitor.store.writing import subscriber_writes

READ_S = 300.0
STEP_S = 20.0  # one command and its answer
MOST = 100  # mails of one reading
_LITERAL_MAX = LARGEST + 10_000  # bytes that the server may announce at once
RETURNED = "returned"  # a label of `anef_notifications_total`

log = structlog.get_logger(__name__)


class ReturnsReader:
    """Reads the reports of what was returned."""

    def __init__(  # noqa: PLR0913 -- keyword-only: what it works with
        self,
        returned: ReturnedMail,
        *,
        store: Store,
        config: Config,
        settings: Settings,
        vault: Vault,
        clock: Clock,
        board: MetricsState,
    ) -> None:
        self._returned = returned
        self._store = store
        self._extra_ca = config.extra_ca
        self._password = settings.imap_password
        self._vault = vault
        self._clock = clock
        self._board = board

    async def read(self) -> int:
        """Read what is new; return how many mailboxes were disabled."""
        try:
            reports = await asyncio.to_thread(
                new_reports, self._returned, self._password, self._extra_ca
            )
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            log.warning("returned mail not read", why=type(error).__name__)
            return 0
        gone = 0
        for report in reports:
            gone += await self._heed(report)
        return gone

    async def _heed(self, report: BounceReport) -> bool:
        number = await asyncio.to_thread(self._store.subscriber_of, report.message)
        if number is None or report.proof != return_proof(self._vault, report.message, number):
            return False
        self._board.notifications[RETURNED] += 1
        if not report.no_mailbox:
            return False
        now = self._clock.now()

        def work(connection: Connection) -> None:
            subscriber_writes.refuse(connection, number, now)

        await write_rows(self._store, work)
        log.warning("mailbox gone", message=report.message)
        return True


def return_proof(vault: Vault, message: int, subscriber: int) -> str:
    """Return what in a return address shows that we wrote it."""
    return vault.name("return", str(message), str(subscriber))[:12]


class _BoundedImap(imaplib.IMAP4_SSL):
    """Reads no more at once than we asked for."""

    def read(self, size: int) -> bytes:
        if size > _LITERAL_MAX:
            raise self.abort("a literal that is too long")
        return super().read(size)


def new_reports(
    returned: ReturnedMail, password: str, extra_ca: Path | None = None
) -> list[BounceReport]:
    """Return the reports among the mails that nobody has read, and mark these as seen.

    Raises:
        imaplib.IMAP4.error: The server refuses.
        OSError: It does not answer, or has another's certificate.

    """
    reports = []
    with _inbox(returned, password, extra_ca) as imap:
        _, unread = imap.uid("SEARCH", "UNSEEN")
        numbers = (unread[0] or b"").split() if unread else []
        for number in numbers[:MOST]:
            if not number.isdigit():
                continue
            uid = number.decode()
            _, parts = imap.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)")
            data = next((part[1] for part in parts if isinstance(part, tuple)), b"")
            report = read_bounce(data)
            if report is not None:
                reports.append(report)
            imap.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")
    return reports


@contextmanager
def _inbox(
    returned: ReturnedMail, password: str, extra_ca: Path | None
) -> Iterator[imaplib.IMAP4_SSL]:
    context = ssl.create_default_context()
    if extra_ca is not None:
        context.load_verify_locations(extra_ca)
    imap = _BoundedImap(returned.host, returned.port, ssl_context=context, timeout=STEP_S)
    try:
        imap.login(returned.user, password)
        imap.select("INBOX")
        yield imap
    finally:
        imap.shutdown()
