"""A real SMTP server on loopback that answers as a test has it."""

import asyncio
import ssl
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

OK = "250 2.0.0 taken"
STARTS_S = 60.0


@dataclass(kw_only=True)
class MailServer:
    """What it answers, and what it took.

    Attributes:
        rcpt, data: The answer to a command, of the recipient; "drop" ends the connection.
        taken: The bytes of each message that it answered for, by recipient.
        senders: The return path of each.
        stall_s: How long it waits before the answer to the message.

    """

    rcpt: Callable[[str], str] = lambda _: OK
    data: Callable[[str], str] = lambda _: OK
    taken: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    senders: list[str] = field(default_factory=list)
    stall_s: float = 0.0
    port: int = 0

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name and arguments
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del session, options
        answer = self.rcpt(address)
        if answer == "drop":
            server.transport.abort()  # type: ignore[union-attr]
        elif answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del session
        (recipient,) = envelope.rcpt_tos
        answer = self.data(recipient)
        await asyncio.sleep(self.stall_s)
        if answer in {OK, "drop"}:  # the worst: it has the message, and we are not told
            assert isinstance(envelope.content, bytes)
            self.taken[recipient].append(envelope.content)
            self.senders.append(envelope.mail_from or "")
        if answer == "drop":
            server.transport.abort()  # type: ignore[union-attr]
        return answer


@asynccontextmanager
async def mail_server(
    server: MailServer,
    *,
    tls: ssl.SSLContext | None = None,
    starttls: ssl.SSLContext | None = None,
) -> AsyncIterator[MailServer]:
    """Serve on a free port of loopback."""
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(
            server,
            enable_SMTPUTF8=False,
            hostname="relais.test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            loop=loop,
        )

    listening = await loop.create_server(protocol, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


@contextmanager
def mailbox(server: MailServer | None = None) -> Iterator[MailServer]:
    """Run a mail server in a thread of its own, for a test that does not run on a loop."""
    box, ready, loop = server or MailServer(), threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with mail_server(box):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(STARTS_S)
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(STARTS_S)
        loop.close()
