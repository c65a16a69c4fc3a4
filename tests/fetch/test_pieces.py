"""Answers in pieces without number: each is data, within a bound of work, and no loop waits."""

import asyncio
import socket
import ssl
import time

import pytest

from monitor.core.model import Exchange, Failure
from monitor.fetch.connection import Connection
from monitor.fetch.reparse import reread
from tests.support import certs, sites
from tests.support.fetching import fetch
from tests.support.sites import Script, Visit, answer

pytestmark = pytest.mark.anyio

CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"


async def told(data: bytes) -> tuple[Exchange, float]:
    """Fetch an answer; return it with the seconds of processor time that it took."""
    begun = time.process_time()
    async with sites.site(sites.says(data)) as site:
        exchange = await fetch(site.url())
    return exchange, time.process_time() - begun


def the_same_when_read_again(exchange: Exchange) -> bool:
    again = reread(exchange)
    return (again.body, again.status, again.charset) == (
        exchange.body,
        exchange.status,
        exchange.charset,
    )


HOSTILE = {
    "chunks of one byte": CHUNKED + b"1\r\na\r\n" * 800_000 + LAST,
    "chunks of one byte, long extensions": CHUNKED + b"1;x=yyyyyy\r\na\r\n" * 300_000 + LAST,
    "early answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 100_000,
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 60_000,
    "headers": b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 60_000 + b"\r\n",
    "headers of an early answer": b"HTTP/1.1 103 E\r\n" + b"a:\r\n" * 60_000 + b"\r\n",
    "folded headers": b"HTTP/1.1 200 OK\r\na: b\r\n" + b" c\r\n" * 60_000 + b"\r\n",
    "trailers": CHUNKED + b"1\r\na\r\n0\r\n" + b"a:\r\n" * 60_000 + b"\r\n",
    "a chunk's extension": CHUNKED + b"1;" + b"x" * 200_000 + b"\r\na\r\n" + LAST,
    "empty lines first": b"\r\n" * 100_000,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
async def test_pieces_without_number_cost_little(data: bytes) -> None:
    exchange, cpu_s = await told(data)
    assert exchange.failure in {Failure.TOO_LARGE, Failure.INVALID_RESPONSE}
    assert cpu_s < 4
    assert the_same_when_read_again(exchange)


HONEST = {
    "a page in small chunks": CHUNKED
    + b"".join(b"64\r\n%b\r\n" % (b"x" * 100) for _ in range(9000)),
    "a page in lines": CHUNKED + b"2\r\nab\r\n" * 9_000,
    "a few hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 5 + CHUNKED + b"1\r\na\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
    + b"Set-Cookie: a=b\r\n" * 500
    + b"\r\n1\r\na\r\n",
}


@pytest.mark.parametrize("data", HONEST.values(), ids=HONEST)
async def test_honest_pieces_are_read_whole(data: bytes) -> None:
    exchange, _ = await told(data + b"0\r\nServer-Timing: a\r\n\r\n")
    assert (exchange.failure, exchange.status) == (None, 200)
    assert the_same_when_read_again(exchange)


@pytest.mark.parametrize("size", [4_999_999, 5_000_000, 5_000_001, 5_300_000])
@pytest.mark.parametrize("framed", [True, False])
async def test_what_is_kept_of_a_long_body_is_what_was_judged(size: int, *, framed: bool) -> None:
    body = b"x" * size
    data = answer(body) if framed else CHUNKED + b"%x\r\n%b\r\n" % (size, body) + LAST
    exchange, _ = await told(data)
    assert exchange.failure == (Failure.TOO_LARGE if size > 5_000_000 else None)
    assert the_same_when_read_again(exchange)


async def turns_beside(script: Script, *, tls: bool = False) -> int:
    """Fetch an answer; return how often another task had its turn meanwhile."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with sites.site(script) as site:
        task = asyncio.create_task(other())
        await fetch(site.url().replace("http:", "https:") if tls else site.url())
        task.cancel()
    return turns


async def test_the_loop_turns_while_chunks_are_read() -> None:
    """Between two slices every other probe has its turn."""
    assert (
        await turns_beside(sites.says(CHUNKED + b"1\r\na\r\n" * 9_000 + LAST)) > 12
    )  # 54 kB: 14 slices


RECORDS = 2_000


async def test_the_loop_turns_while_records_of_one_byte_are_read() -> None:
    """They are decrypted one by one, and all of them may be there already."""
    context = certs.server_context(certs.leaf(certs.root(), hosts=("127.0.0.1",)))

    async def script(visit: Visit) -> None:
        line = await _SecuredByHand.over(visit, context)
        await line.request()
        line.tls.write(answer(b"", f"Content-Length: {RECORDS}"))
        for _ in range(RECORDS):
            line.tls.write(b"a")
        await visit.send(line.outgoing.read())

    assert await turns_beside(script, tls=True) > RECORDS


async def test_the_loop_turns_while_what_is_received_is_there_already() -> None:
    """A handshake may be followed by session tickets without number, before any answer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)  # noqa: FBT003 -- the socket API
        theirs.sendall(b"x" * 100_000)
        line, turns = Connection(ours, silence_s=20), 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        assert [len(await line.receive()) for _ in range(2)] == [65_536, 34_464]
        task.cancel()
    assert turns >= 2  # one before each


class _SecuredByHand:
    """The server's side of TLS over a visit: what it writes is sent when the test says so."""

    def __init__(self, visit: Visit, context: ssl.SSLContext) -> None:
        self._visit = visit
        self._incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self.outgoing, server_side=True)

    @classmethod
    async def over(cls, visit: Visit, context: ssl.SSLContext) -> "_SecuredByHand":
        line = cls(visit, context)
        while True:
            try:
                line.tls.do_handshake()
            except ssl.SSLWantReadError:
                await line._exchange()
            else:
                await visit.send(line.outgoing.read())
                return line

    async def request(self) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            try:
                asked += self.tls.read(65536)
            except ssl.SSLWantReadError:
                await self._exchange()

    async def _exchange(self) -> None:
        await self._visit.send(self.outgoing.read())
        self._incoming.write(await self._visit.receive())
