"""Servers on loopback that behave as well, and as badly, as the internet does.

A *script* is what a server does with one connection. `site` runs a script on a port of the
system's choice, over TLS when given a context; `name_server` answers DNS over UDP.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from monitor.demo.name_server import NameServer


@dataclass(slots=True, kw_only=True)
class Site:
    """A running server; `received` is what each request was, in order."""

    scheme: str
    host: str
    port: int
    received: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/", *, host: str = "") -> str:
        name = host or (f"[{self.host}]" if ":" in self.host else self.host)
        return f"{self.scheme}://{name}:{self.port}{path}"


class Visit:
    """One connection to a site, from the server's side."""

    def __init__(
        self, site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._site = site
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """Read one request and keep it in `Site.received`."""
        data = await self._reader.readuntil(b"\r\n\r\n")
        self._site.received.append(data)
        return data

    async def receive(self) -> bytes:
        """Read some bytes, whatever they are."""
        return await self._reader.read(65536)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def reset(self) -> None:
        """Close so that the peer gets a RST rather than an end."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Script = Callable[[Visit], Awaitable[None]]


@asynccontextmanager
async def site(
    script: Script,
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncGenerator[Site]:
    """Run a script for every connection until the block ends; `port` 0 is any."""
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        # A client that hangs up, or the end of the test, is no fault of the server.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await script(Visit(found, reader, writer))
        writer.close()
        running.discard(task)

    server = await asyncio.start_server(serve, host, port, ssl=tls)
    taken = server.sockets[0].getsockname()[1]
    found = Site(scheme="https" if tls else "http", host=host, port=taken)
    try:
        yield found
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running)
        await asyncio.sleep(0)  # let the transports say goodbye


def answer(
    body: bytes = b"",
    *headers: str,
    status: str = "200 OK",
    content_type: str = "text/html; charset=utf-8",
) -> bytes:
    """Return the bytes of a whole answer. A length is announced unless a header frames it."""
    framed = any(header.lower().startswith(("content-length", "transfer-")) for header in headers)
    lines = [
        f"HTTP/1.1 {status}",
        *([f"Content-Type: {content_type}"] if content_type else []),
        *headers,
        *([] if framed else [f"Content-Length: {len(body)}"]),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(location: str, *, status: str = "302 Found") -> bytes:
    return answer(b"", f"Location: {location}", status=status)


def says(data: bytes) -> Script:
    """Read a request, send these bytes, hang up."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(data)

    return script


def routes(pages: Mapping[str, bytes]) -> Script:
    """Answer by path; what is not there is a 404."""

    async def script(visit: Visit) -> None:
        path = (await visit.request()).split(b" ", 2)[1].decode()
        await visit.send(pages.get(path, answer(b"", status="404 Not Found")))

    return script


def silent(after: bytes = b"") -> Script:
    """Read a request, send these bytes, then nothing for ever."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(after)
        await asyncio.Event().wait()

    return script


async def deaf(_: Visit) -> None:
    """Accept, and never read nor write: a TLS handshake that gets no answer."""
    await asyncio.Event().wait()


def drips(head: bytes, *, every_s: float) -> Script:
    """Send a head, then one byte at a time for ever, each before the reader loses patience."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(head)
        while True:
            await visit.send(b".")
            await asyncio.sleep(every_s)

    return script


def resets(after: bytes = b"") -> Script:
    """Read a request, send these bytes, then reset the connection."""

    async def script(visit: Visit) -> None:
        await visit.request()
        if after:
            await visit.send(after)
            await asyncio.sleep(0.05)  # a reset overtakes what the peer has not read yet
        visit.reset()

    return script


@contextmanager
def closed_port() -> Generator[int]:
    """Yield a port that is taken and refuses: bound, and not listening."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@contextmanager
def full_port() -> Generator[int]:
    """Yield a port that neither accepts nor refuses: its queue is full (Linux)."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)  # noqa: FBT003 -- the socket API
            with suppress(BlockingIOError):
                caller.connect(listener.getsockname())
        yield listener.getsockname()[1]
        for caller in callers:
            caller.close()


@contextmanager
def no_way_to(port: int) -> Generator[None]:
    """Answer connections to a full port as a router does when the host is gone.

    That is an ICMP "host unreachable", which needs a raw socket.

    Raises:
        PermissionError: We may not open one.

    """
    loop = asyncio.get_running_loop()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as packets,
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as router,
    ):
        packets.setblocking(False)  # noqa: FBT003 -- the socket API

        def see() -> None:
            packet = packets.recv(65535)
            header = (packet[0] & 0x0F) * 4
            if int.from_bytes(packet[header + 2 : header + 4], "big") == port:
                quoted = packet[: header + 8]
                icmp = struct.pack("!BBHI", 3, 1, 0, 0) + quoted
                checked = icmp[:2] + struct.pack("!H", _checksum(icmp)) + icmp[4:]
                router.sendto(checked, ("127.0.0.1", 0))

        loop.add_reader(packets, see)
        try:
            yield
        finally:
            loop.remove_reader(packets)


def _checksum(data: bytes) -> int:
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


TRUNCATED = b"truncated"  # in a zone: what came over UDP is cut, ask by TCP
Zone = Mapping[str, str | Sequence[str] | dns.rcode.Rcode | bytes | None]


class ScriptedNames(NameServer):
    """A resolver that knows a few names.

    Attributes:
        zone: By name: its addresses; the name that it stands for; a response code; bytes
            to send as they are; or None for no answer at all.
        late_s: Seconds before an answer about IPv6.
        asked: Names asked for, one a datagram.

    """

    def __init__(self, zone: Zone, *, late_s: float = 0.0) -> None:
        addresses = {
            name: tuple(known)
            for name, known in zone.items()
            if isinstance(known, Sequence) and not isinstance(known, str | bytes)
        }
        super().__init__(addresses)
        self.zone = zone
        self.late_s = late_s
        self.host, self.port = "", 0
        self.asked: list[str] = []

    def send(self, answer: bytes, addr: tuple[str, int]) -> None:
        question = dns.message.from_wire(answer).question if self.late_s else []
        late = bool(question) and question[0].rdtype == dns.rdatatype.AAAA
        loop = asyncio.get_running_loop()
        loop.call_later(self.late_s * late, super().send, answer, addr)

    def answer(self, wire: bytes) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append(name)
        known = self.zone.get(name, dns.rcode.NXDOMAIN)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if known is None:
            return None
        if known == TRUNCATED:
            response.flags |= dns.flags.TC
        elif isinstance(known, bytes):
            return known
        elif isinstance(known, dns.rcode.Rcode):
            response.set_rcode(known)
        elif isinstance(known, str):
            alias = dns.message.make_query(known, question.rdtype)
            meant = super().answer(alias.to_wire())
            assert meant is not None
            response.answer = [
                dns.rrset.from_text(question.name, 60, "IN", "CNAME", f"{known}."),
                *dns.message.from_wire(meant).answer,
            ]
        else:
            return super().answer(wire)
        return response.to_wire()


@asynccontextmanager
async def name_server(
    zone: Zone,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    late_s: float = 0.0,
) -> AsyncGenerator[ScriptedNames]:
    """Run a resolver over UDP until the block ends."""
    server = ScriptedNames(zone, late_s=late_s)
    server.host, server.port = await server.start(address=host, port=port)
    try:
        yield server
    finally:
        server.stop()
        await asyncio.sleep(0)
