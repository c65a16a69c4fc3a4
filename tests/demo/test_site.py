"""A simulated site speaks plain HTTP, and survives visitors that do not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from monitor.demo.site_server import Site, SiteAnswer
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def answer(path: str) -> SiteAnswer | None:
    return None if path == "/silence" else SiteAnswer(body=path.encode(), headers=(("X-A", "1"),))


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site(address="127.0.0.1", clock=FakeClock(), answer=answer)
    await made.start()
    yield made
    await made.stop()


async def say(site: Site, request: bytes) -> bytes:
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", await site.start())
        writer.write(request)
        writer.write_eof()
        raw = await reader.read()
        writer.close()
        return raw


async def test_a_page_is_whole_and_dated_by_our_clock(site: Site) -> None:
    head, _, body = (await say(site, b"GET /a?b=1 HTTP/1.1\r\n\r\n")).partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [
        b"HTTP/1.1 200 OK",
        b"Date: Mon, 23 Nov 2026 08:00:00 GMT",
        b"Content-Type: text/html; charset=utf-8",
        b"Content-Length: 6",
        b"X-A: 1",
        b"Connection: close",
    ]
    assert body == b"/a?b=1"


async def test_head_has_no_body_and_other_methods_are_refused(site: Site) -> None:
    assert (await say(site, b"HEAD / HTTP/1.1\r\n\r\n")).endswith(b"\r\n\r\n")
    assert (await say(site, b"POST / HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 405 ")


@pytest.mark.parametrize(
    "nonsense", [b"", b"GET", b"\x16\x03\x01\x00", b"\r\n\r\n", b"A" * 200_000 + b"\r\n\r\n"]
)
async def test_a_visitor_that_makes_no_sense_harms_nobody(site: Site, nonsense: bytes) -> None:
    try:
        raw = await say(site, nonsense)
    except ConnectionError:
        raw = b""
    assert not raw or raw.startswith(b"HTTP/1.1 405 ")
    assert (await say(site, b"GET / HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_a_site_that_stops_drops_who_waits_and_opens_again_on_its_port(site: Site) -> None:
    port = await site.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /silence HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(10):
        while not site._server._visits:  # noqa: ASYNC110 -- sockets announce nothing to wait for
            await asyncio.sleep(0.005)
        await site.stop()
        with contextlib.suppress(ConnectionResetError):  # when the request was not yet read
            assert await reader.read() == b""
        writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert await site.start(port=port) == port
