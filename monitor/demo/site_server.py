"""One simulated site: a small HTTP/1.1 server on one loopback address."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus

from monitor.demo.loopback_server import LoopbackServer
from monitor.runtime.clock import Clock

_CLIENT_S = 30.0  # a client that is silent for so long is disconnected


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAnswer:
    """The answer for one path, sent after `delay_s` seconds."""

    body: bytes = b""
    status: int = 200
    media: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0


class Site:
    """Serves `answer(path)` on one address; one request per connection.

    Attributes:
        answer: From path and query to an answer; None keeps the connection open in silence.
        tls: Context used for the next handshakes; may be swapped while the site listens.

    """

    def __init__(
        self,
        *,
        address: str,
        clock: Clock,
        answer: Callable[[str], SiteAnswer | None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address = address
        self.answer = answer
        self.tls = tls
        self._clock = clock
        self._server = LoopbackServer(self._converse)

    @property
    def listens(self) -> bool:
        return self._server.listens

    async def start(self, *, port: int = 0) -> int:
        """Listen; return the port. Does nothing when it listens already.

        Raises:
            OSError: The port is in use on this address.

        """
        return await self._server.start(self.address, port, tls=self._front())

    async def stop(self) -> None:
        """Refuse new connections and drop the open ones."""
        await self._server.stop()

    def _front(self) -> ssl.SSLContext | None:
        """Return a context that passes each handshake to the current `tls`."""
        if self.tls is None:
            return None

        def choose(
            handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
        ) -> int | None:
            if self.tls is not None:
                handshake.context = self.tls
            return None

        front = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        front.sni_callback = choose
        return front

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_CLIENT_S):
            head = await reader.readuntil(b"\r\n\r\n")
            await self._reply(head, writer)

    async def _reply(self, head: bytes, writer: asyncio.StreamWriter) -> None:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].decode("latin-1")
        if method not in {b"GET", b"HEAD"}:
            answer: SiteAnswer | None = SiteAnswer(status=405, headers=(("Allow", "GET, HEAD"),))
        else:
            answer = self.answer(path)
        if answer is None:
            await asyncio.Event().wait()  # until the connection times out or the site stops
            return
        await self._clock.sleep(answer.delay_s)
        writer.write(self._head(answer) + (b"" if method == b"HEAD" else answer.body))
        await writer.drain()

    def _head(self, answer: SiteAnswer) -> bytes:
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Date: {format_datetime(self._clock.now(), usegmt=True)}",
            f"Content-Type: {answer.media}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers),
            "Connection: close",
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")
