"""A connected socket, with TLS over it when wanted, that does not wait for ever.

TLS is driven by hand over memory: that shows the end of the handshake, the peer's chain also
when it is refused, and the exact bytes; and it costs less than the layers that hide them.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

_CHUNK_BYTES = 64 * 1024

T = TypeVar("T")


SILENT_S = 3.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """Rings after each `after_s` seconds of a wait, while it still lasts."""

    ring: Callable[[], None]
    after_s: float = SILENT_S


MUTE = Alarm(lambda: None)


@asynccontextmanager
async def waiting(limit_s: float, alarm: Alarm) -> AsyncGenerator[None]:
    """Wait for the outside, at most `limit_s` seconds.

    Raises:
        TimeoutError: it lasted too long.

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
        """Return some bytes, at most 64 KiB; b"" at the end. Others have their turn first."""
        await asyncio.sleep(0)  # what is there already is returned without waiting
        async with waiting(self._silence_s, self._alarm):
            return await self._loop.sock_recv(self._sock, _CHUNK_BYTES)

    def send_at_once(self, data: bytes) -> None:
        """Send what the kernel takes without waiting; a last word before closing."""
        with suppress(OSError):
            self._sock.send(data)

    def close(self) -> None:
        self._sock.close()


class TlsConnection:
    """TLS over a line; the same verbs."""

    def __init__(self, line: Connection, context: ssl.SSLContext, host: str) -> None:
        self._line = line
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def handshake(self) -> None:
        """Agree on keys and verify the peer.

        Raises:
            ssl.SSLError: Refused by either side; the peer has been told why.

        """
        try:
            await self._drive(self.tls.do_handshake)
        except ssl.SSLError:
            self._line.send_at_once(self._outgoing.read())
            raise

    async def send(self, data: bytes) -> None:
        self.tls.write(data)
        await self._line.send(self._outgoing.read())

    async def receive(self) -> bytes:
        """Return some decrypted bytes; b"" at the end.

        An end without TLS's closing alert is an end: too many servers leave it out, and HTTP
        says itself whether its message is whole.
        """
        try:
            return await self._drive(lambda: self.tls.read(_CHUNK_BYTES))
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    async def _drive(self, step: Callable[[], T]) -> T:
        """Repeat a step of TLS, moving bytes both ways, until it has all that it wants."""
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._line.send(self._outgoing.read())
            else:
                await self._line.send(self._outgoing.read())
                return result
            if data := await self._line.receive():
                self._incoming.write(data)
            else:
                self._incoming.write_eof()
