"""A server of time on loopback, as far from the truth as a test wants it."""

import asyncio
import struct
from typing import cast


class TimeServer(asyncio.DatagramProtocol):
    """Answers with a time that is `offset_s` later than the client's."""

    def __init__(self, *, offset_s: float, stratum: int = 2, leap: int = 0) -> None:
        self.offset = round(offset_s * 2**32)
        self.stratum = stratum
        self.leap = leap
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        sent = int.from_bytes(data[40:48], "big")
        flags = self.leap << 6 | 4 << 3 | 4
        head = struct.pack("!BBbbIII", flags, self.stratum, 6, -20, 0, 2**16 // 100, 0)
        now = sent + self.offset
        assert self.transport is not None
        now %= 1 << 64
        self.transport.sendto(head + struct.pack("!QQQQ", now, sent, now, now), addr)
