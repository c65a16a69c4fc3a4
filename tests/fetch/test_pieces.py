"""Answers in pieces without number: each is data, within a bound of work, and no loop waits."""

import asyncio
import time

import pytest

from monitor.core.model import Exchange, Failure
from monitor.fetch.reparse import reread
from tests.support import sites
from tests.support.fetching import fetch
from tests.support.sites import answer

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


async def test_the_loop_turns_while_chunks_are_read() -> None:
    """Between two slices every other probe has its turn."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await told(CHUNKED + b"1\r\na\r\n" * 9_000 + LAST)
    task.cancel()
    assert turns > 12  # 54 kB are fourteen slices
