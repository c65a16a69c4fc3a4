"""Is it us? The panel says whether our line works, NTP whether our clock is right."""

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import pytest

from monitor.config import ControlHost
from monitor.controls import Panel, read_clock
from monitor.core.types import Controls, Exchange, Failure, Hop
from tests.support.clock import FakeClock

pytestmark = pytest.mark.anyio

HOSTS = tuple(
    ControlHost(slug=slug, name=slug, url=f"https://{slug}.test/", operator=slug)
    for slug in ("un", "deux", "trois")
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Internet:
    """Plays `fetch_url`: a status or a failure by host, and the instants of the requests."""

    def __init__(self, clock: FakeClock, **answers: int | Failure) -> None:
        self.clock = clock
        self.answers = answers
        self.asked: list[tuple[str, int]] = []
        self.takes_s = 0.0

    async def fetch_url(self, url: str) -> Exchange:
        slug = url.removeprefix("https://").removesuffix(".test/")
        self.asked.append((slug, self.clock.monotonic_us() // 1_000_000))
        await self.clock.sleep(self.takes_s)
        answer = self.answers.get(slug, 200)
        at = self.clock.now()
        failed = answer if isinstance(answer, Failure) else None
        hop = Hop(url=url, started_at=at, status=None if isinstance(answer, Failure) else answer)
        return Exchange(url=url, started_at=at, duration_us=0, hops=(hop,), failure=failed)


def make_panel(internet: Internet, *, needed: int = 1) -> Panel:
    return Panel(
        hosts=HOSTS,
        fetch_url=internet.fetch_url,
        clock=internet.clock,
        needed=needed,
        spacing_s=5,
    )


async def test_every_host_is_asked_and_the_answers_are_counted() -> None:
    clock = FakeClock()
    found = await make_panel(Internet(clock, deux=Failure.TIMEOUT), needed=2).probe()
    assert found == Controls(
        at=clock.now(),
        ok=2,
        asked=3,
        needed=2,
        answers={"un": True, "deux": False, "trois": True},
    )
    assert found.line_works


@pytest.mark.parametrize(
    ("answer", "ok"),
    [(200, True), (301, True), (403, True), (404, True), (429, True), (500, False), (503, False)],
)
async def test_any_whole_answer_but_a_server_s_trouble_shows_the_line(
    answer: int,
    ok: bool,  # noqa: FBT001 -- a table's column
) -> None:
    found = await make_panel(Internet(FakeClock(), un=answer)).probe()
    assert found.answers["un"] is ok


async def test_our_line_is_cut_when_nobody_answers() -> None:
    cut = dict.fromkeys(("un", "deux", "trois"), Failure.NETWORK_UNREACHABLE)
    found = await make_panel(Internet(FakeClock(), **cut)).probe()
    assert (found.ok, found.line_works) == (0, False)


async def test_hosts_are_asked_all_at_once() -> None:
    clock = FakeClock()
    internet = Internet(clock)
    internet.takes_s = 3
    task = asyncio.create_task(make_panel(internet).probe())
    await clock.advance(0)  # it starts
    await clock.advance(3)
    assert (await task).ok == 3
    assert internet.asked == [("un", 0), ("deux", 0), ("trois", 0)]


async def test_who_asks_during_a_round_gets_the_next_one_and_shares_it() -> None:
    """A round that began before a failure proves nothing about it."""
    clock = FakeClock()
    internet = Internet(clock)
    internet.takes_s = 2
    panel = make_panel(internet)
    first = asyncio.create_task(panel.probe())
    await clock.advance(0)  # it starts
    await clock.advance(1)
    later = [asyncio.create_task(panel.probe()) for _ in range(50)]
    await clock.advance(0)
    await clock.advance(1)
    assert first.done()
    assert not any(each.done() for each in later)
    await clock.advance(10)
    assert len({id(each.result()) for each in later}) == 1
    assert internet.asked == [(host.slug, at) for at in (0, 5) for host in HOSTS]


async def test_one_caller_that_gives_up_does_not_stop_the_others() -> None:
    clock = FakeClock()
    internet = Internet(clock)
    internet.takes_s = 2
    panel = make_panel(internet)
    one, other = (asyncio.create_task(panel.probe()) for _ in range(2))
    await clock.advance(0)  # it starts
    one.cancel()
    await clock.advance(2)
    assert (await other).ok == 3
    assert one.cancelled()


class TimeServer(asyncio.DatagramProtocol):
    """Says that it is later than the one who asks believes."""

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
        self.transport.sendto(head + struct.pack("!QQQQ", now, sent, now, now), addr)


class Mute(TimeServer):
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Say nothing."""


class Babbler(TimeServer):
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self.transport is not None
        self.transport.sendto(data[:20], addr)


def _same(server: TimeServer) -> TimeServer:
    return server


@asynccontextmanager
async def time_servers(*servers: TimeServer) -> AsyncGenerator[tuple[list[str], int]]:
    """Run each on its own loopback address, all on one port."""
    loop = asyncio.get_running_loop()
    transports: list[asyncio.DatagramTransport] = []
    port = 0
    for number, server in enumerate(servers, start=1):
        transport, _ = await loop.create_datagram_endpoint(
            partial(_same, server), local_addr=(f"127.0.0.{number}", port)
        )
        port = transport.get_extra_info("sockname")[1]
        transports.append(transport)
    try:
        yield [f"127.0.0.{number}" for number in range(1, len(servers) + 1)], port
    finally:
        for transport in transports:
            transport.close()
        await asyncio.sleep(0)


async def test_the_median_server_is_believed() -> None:
    clock = FakeClock()
    liars = (TimeServer(offset_s=-86_400), TimeServer(offset_s=100, stratum=3))
    async with time_servers(liars[0], liars[1], TimeServer(offset_s=86_400)) as (servers, port):
        reading = await read_clock(servers, clock=clock, port=port)
    assert reading.offset_us is not None
    assert 99_000_000 < reading.offset_us <= 100_000_000
    assert (reading.server, reading.stratum, reading.at) == ("127.0.0.2", 3, clock.now())
    assert reading.dispersion_us is not None
    assert reading.dispersion_us >= 9_000  # what the server says of itself, and the journey


@pytest.mark.parametrize(
    "server",
    [
        Mute(offset_s=0),
        Babbler(offset_s=0),
        TimeServer(offset_s=0, stratum=0),
        TimeServer(offset_s=0, stratum=16),
        TimeServer(offset_s=0, leap=3),
    ],
    ids=["silent", "garbage", "refusing", "stratum 16", "unsynchronised"],
)
async def test_a_server_of_no_use_leaves_the_offset_unknown(server: TimeServer) -> None:
    async with time_servers(server) as (servers, port):
        reading = await read_clock(servers, clock=FakeClock(), timeout_s=0.2, port=port)
    assert (reading.offset_us, reading.server, reading.stratum) == (None, "", None)


async def test_a_name_that_leads_nowhere_leaves_the_offset_unknown() -> None:
    reading = await read_clock(["nulle..part"], clock=FakeClock(), timeout_s=0.2)
    assert reading.offset_us is None


async def test_without_servers_the_offset_is_unknown() -> None:
    assert (await read_clock([], clock=FakeClock())).offset_us is None
