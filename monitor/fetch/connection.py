"""A connected socket, with optional TLS, and a bound on every wait.

TLS runs over memory buffers: this gives access to the end of the handshake, to the peer's chain
even when it is refused, and to the exact bytes; and it costs less than the usual layers.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

_CHUNK_BYTES = 64 * 1024
_HELLO_BYTES = 1024

T = TypeVar("T")


SILENT_S = 3.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """Calls `ring` after each `after_s` seconds of a wait, while it lasts."""

    ring: Callable[[], None]
    after_s: float = SILENT_S


MUTE = Alarm(lambda: None)


@asynccontextmanager
async def waiting(limit_s: float, alarm: Alarm) -> AsyncGenerator[None]:
    """Bound a wait for the other end to `limit_s` seconds.

    Raises:
        TimeoutError: It lasted too long.

    """
    loop = asyncio.get_running_loop()
    bell: asyncio.TimerHandle

    def ring() -> None:
        nonlocal bell
        alarm.ring()
        bell = loop.call_later(alarm.after_s, ring)

    bell = loop.call_later(alarm.after_s, ring)
    try:
        async with asyncio.timeout(limit_s):
            yield
    finally:
        bell.cancel()


class Connection:
    """One TCP connection. Silence longer than `silence_s` raises `TimeoutError`."""

    def __init__(self, sock: socket.socket, *, silence_s: float, alarm: Alarm = MUTE) -> None:
        self._sock = sock
        self._silence_s = silence_s
        self._alarm = alarm
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        if data:
            async with waiting(self._silence_s, self._alarm):
                await self._loop.sock_sendall(self._sock, data)

    async def receive(self) -> bytes:
        """Return some bytes, at most 64 KiB; b"" at the end. Yields to other tasks first."""
        await asyncio.sleep(0)  # bytes that have arrived are returned without waiting
        async with waiting(self._silence_s, self._alarm):
            return await self._loop.sock_recv(self._sock, _CHUNK_BYTES)

    def send_at_once(self, data: bytes) -> None:
        """Send what the kernel accepts without waiting, before closing."""
        with suppress(OSError):
            self._sock.send(data)

    def close(self) -> None:
        self._sock.close()


class TlsConnection:
    """TLS over a connection; the same methods."""

    def __init__(self, connection: Connection, context: ssl.SSLContext, host: str) -> None:
        self._connection = connection
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.hello = b""  # the first bytes that the server sent
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def handshake(self) -> None:
        """Agree on keys and verify the peer.

        Raises:
            ssl.SSLError: Refused by either side; the alert has been sent to the peer.

        """
        try:
            await self._drive(self.tls.do_handshake)
        except ssl.SSLError:
            self._connection.send_at_once(self._outgoing.read())
            raise

    async def send(self, data: bytes) -> None:
        self.tls.write(data)
        await self._connection.send(self._outgoing.read())

    async def receive(self) -> bytes:
        """Return some decrypted bytes; b"" at the end.

        An end without TLS's closing alert is accepted: too many servers omit it, and HTTP itself
        shows whether its message is complete.
        """
        try:
            return await self._drive(lambda: self.tls.read(_CHUNK_BYTES))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    async def _drive(self, step: Callable[[], T]) -> T:
        """Repeat a step of TLS, moving bytes both ways, until it succeeds."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._connection.send(self._outgoing.read())
            else:
                await self._connection.send(self._outgoing.read())
                return result
            if data := await self._connection.receive():
                self.hello = self.hello or data[:_HELLO_BYTES]
                self._incoming.write(data)
            else:
                self._incoming.write_eof()
