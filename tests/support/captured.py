"""Exchanges of every kind, for what keeps and reads them: the hostile sites, and good ones."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.model import Exchange, Hop
from monitor.fetch.reparse import reread
from tests.support import sites
from tests.support.fetching import fetch
from tests.support.sites import Script, Visit, answer

PAGE = ("<html><body>" + "<p>Bonjour, Préfecture.</p>" * 100 + "</body></html>").encode()


def chunked(body: bytes, size: int = 500) -> bytes:
    """Frame a body in chunks, the last one with an extension and a trailer."""
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return framed + b"0;fin=oui\r\nX-Trailer: 1\r\n\r\n"


_GZIPPED = gzip.compress(PAGE, mtime=0)
ANSWERS: Mapping[str, bytes] = {
    "plain": answer(PAGE),
    "odd header case": b"HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh: 3\r\nX-oDD:   spaced \r\n\r\nabc",
    "duplicate headers": answer(b"abc", "Set-Cookie: a=1", "set-cookie: b=2", "X: 1", "X: 1"),
    "header in latin-1": b"HTTP/1.1 200 D\xe9j\xe0\r\nX: \xe9t\xe9\r\nContent-Length: 0\r\n\r\n",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(PAGE),
    "gzip": answer(_GZIPPED, "Content-Encoding: gzip"),
    "gzip in chunks": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: "
    b"chunked\r\n\r\n" + chunked(_GZIPPED, 100),
    "early answers": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    + answer(PAGE),
    "early answers, then chunks": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n" + chunked(PAGE),
    "HTTP/1.0, ended by closing": b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE,
    "no body": b"HTTP/1.1 204 No Content\r\n\r\n",
    "server error": answer(PAGE, status="503 Service Unavailable"),
    "binary": answer(bytes(range(256)) * 4, content_type="image/png"),
    "two blank lines in the body": answer(b"\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" * 30),
}


@dataclass(slots=True)
class Tap:
    """A relay on loopback that keeps what went each way: a recording by sockets alone."""

    up: list[bytes] = field(default_factory=list)
    down: list[bytes] = field(default_factory=list)

    async def relay(self, visit: Visit, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = await visit.request()
        self.up.append(request)
        writer.write(request)
        received = bytearray()
        self.down.append(b"")
        try:
            while data := await reader.read(65536):
                received += data
                self.down[-1] = bytes(received)
                await visit.send(data)
        except ConnectionResetError:
            visit.reset()
        finally:
            writer.close()


@asynccontextmanager
async def tapped(script: Script) -> AsyncGenerator[tuple[sites.Site, Tap]]:
    """Run a site behind a recording relay."""
    tap = Tap()
    async with sites.site(script) as behind:

        async def relay(visit: Visit) -> None:
            await tap.relay(visit, behind.port)

        async with sites.site(relay) as front:
            yield front, tap


def spoken(instant: datetime, data: bytes, *, url: str = "http://site.test/") -> Exchange:
    """Return the exchange in which these bytes came, as if fetched at an instant."""
    hop = Hop(
        url=url,
        started_at=instant,
        address="192.0.2.1",
        request_bytes=b"GET / HTTP/1.1\r\nHost: site.test\r\n\r\n",
        response_bytes=data,
    )
    return reread(Exchange(url=url, started_at=instant, duration_us=1000, hops=(hop,)))


async def fetched(data: bytes) -> Exchange:
    """Fetch an answer made of these bytes."""
    async with sites.site(sites.says(data)) as site:
        return await fetch(site.url(host="site.test"))
