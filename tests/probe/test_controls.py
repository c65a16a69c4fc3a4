"""Is it us? The panel says whether our line works, NTP whether our clock is right."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import cast

import pytest

from monitor.config import ControlHost
from monitor.core.model import (
    ClockReading,
    Controls,
    ControlStatus,
    Exchange,
    Failure,
    Family,
    Hop,
    Resolution,
)
from monitor.probe.local_health.control_panel import ControlPanel, read_clock
from monitor.probe.local_health.own_health import LocalHealth
from tests.support.clock import FakeClock
from tests.support.time_server import TimeServer

pytestmark = pytest.mark.anyio

ROUNDING_US = 2  # of four instants in the fractions of NTP, back to whole microseconds
BOTH = ("192.0.2.1", "2001:db8::1")
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
        self.by_family: dict[tuple[str, Family], int | Failure] = {}
        self.slow_s: dict[tuple[str, Family], float] = {}
        self.sent_again: dict[tuple[str, Family], int] = {}

    async def fetch_url(self, url: str, family: Family) -> Exchange:
        slug = url.removeprefix("https://").removesuffix(".test/")
        if family is Family.IPV4:  # the other one is asked alike
            self.asked.append((slug, self.clock.monotonic_us() // 1_000_000))
        at = self.clock.now()
        takes_s = self.slow_s.get((slug, family), self.takes_s)
        await self.clock.sleep(takes_s)
        answer = self.by_family.get((slug, family), self.answers.get(slug, 200))
        failed = answer if isinstance(answer, Failure) else None
        hop = Hop(
            url=url,
            started_at=at,
            status=None if isinstance(answer, Failure) else answer,
            resolution=Resolution(
                host=f"{slug}.test", server="192.0.2.53", addresses=BOTH, elapsed_us=1
            ),
            address=None if failed else BOTH[family is Family.IPV6],
            retransmits=self.sent_again.get((slug, family)),
        )
        duration_us = round(takes_s * 1_000_000)
        return Exchange(
            url=url, started_at=at, duration_us=duration_us, hops=(hop,), failure=failed
        )


def make_panel(internet: Internet, *, needed: int = 1) -> ControlPanel:
    return ControlPanel(
        hosts=HOSTS,
        fetch_url=internet.fetch_url,
        clock=internet.clock,
        needed=needed,
        spacing_s=5,
    )


async def test_every_host_is_asked_and_the_answers_are_counted() -> None:
    clock = FakeClock()
    panel = await make_panel(Internet(clock, deux=Failure.TIMEOUT), needed=2).probe()
    assert (panel.at, panel.ok, panel.asked, panel.needed) == (clock.now(), 2, 3, 2)
    assert panel.answers == {"un": True, "deux": False, "trois": True}
    assert panel.line_works
    assert [(w.slug, w.family, w.said) for w in panel.witnesses[:3]] == [
        ("un", Family.IPV4, ControlStatus.PROMPT),
        ("un", Family.IPV6, ControlStatus.PROMPT),
        ("deux", Family.IPV4, ControlStatus.SILENT),
    ]
    assert panel.witnesses[1].address == BOTH[1]
    assert panel.witnesses[1].resolver == "192.0.2.53"


@pytest.mark.parametrize(
    ("answer", "ok"),
    [(200, True), (301, True), (403, True), (404, True), (429, True), (500, False), (503, False)],
)
async def test_any_whole_answer_but_a_server_s_trouble_shows_the_line(
    answer: int,
    ok: bool,  # noqa: FBT001 -- a table's column
) -> None:
    panel = await make_panel(Internet(FakeClock(), un=answer)).probe()
    assert panel.answers["un"] is ok


async def test_a_family_is_vouched_for_by_what_came_over_it_alone() -> None:
    internet = Internet(FakeClock())
    internet.by_family = {(host.slug, Family.IPV4): Failure.TIMEOUT for host in HOSTS}
    panel = await make_panel(internet, needed=2).probe()
    assert (panel.ok, panel.line_works) == (3, True)
    assert (panel.vouch_for(Family.IPV4), panel.vouch_for(Family.IPV6)) == (False, True)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (204, ControlStatus.PROMPT),
        (404, ControlStatus.PROMPT),
        (503, ControlStatus.FAILED),
        (Failure.TIMEOUT, ControlStatus.SILENT),
        (Failure.DEADLINE, ControlStatus.SILENT),
        (Failure.CONNECTION_REFUSED, ControlStatus.FAILED),
        (Failure.SSL_UNKNOWN_AUTHORITY, ControlStatus.FAILED),
        (Failure.NETWORK_UNREACHABLE, ControlStatus.ABSENT),
        (Failure.DNS_NO_ANSWER, ControlStatus.ABSENT),  # the name has addresses of the other family
        (Failure.DNS_SERVFAIL, ControlStatus.FAILED),
    ],
)
async def test_what_each_host_says_is_one_word(answer: int | Failure, said: ControlStatus) -> None:
    internet = Internet(FakeClock())
    internet.by_family[HOSTS[0].slug, Family.IPV6] = answer
    panel = await make_panel(internet).probe()
    assert panel.families[Family.IPV6]["un"] is said
    assert panel.families[Family.IPV4]["un"] is ControlStatus.PROMPT


async def test_an_answer_that_came_late_or_twice_does_not_vouch() -> None:
    clock = FakeClock()
    internet = Internet(clock)
    internet.slow_s = {("un", Family.IPV4): 3.0, ("deux", Family.IPV4): 2.9}
    internet.sent_again = {("trois", Family.IPV4): 1, ("deux", Family.IPV6): 0}
    task = asyncio.create_task(make_panel(internet).probe())
    await clock.advance(0)
    await clock.advance(5)
    found = await task
    assert found.families[Family.IPV4] == {
        "un": ControlStatus.LATE, "deux": ControlStatus.PROMPT, "trois": ControlStatus.LATE,
    }  # fmt: skip
    assert (found.ok, found.vouch_for(Family.IPV4)) == (3, False)  # for one of three
    assert found.vouch_for(Family.IPV6)


def test_a_record_of_before_the_families_says_what_it_said() -> None:
    old = Controls(at=FakeClock().now(), ok=2, asked=3, needed=2)
    assert all(old.vouch_for(family) for family in Family)
    assert not any(replace(old, ok=1).vouch_for(family) for family in Family)


async def test_our_line_is_cut_when_nobody_answers() -> None:
    cut = dict.fromkeys(("un", "deux", "trois"), Failure.NETWORK_UNREACHABLE)
    panel = await make_panel(Internet(FakeClock(), **cut)).probe()
    assert (panel.ok, panel.line_works) == (0, False)


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


class Forger(TimeServer):
    """Answers in server mode without having seen what was asked, from the right address."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = int.from_bytes(data[40:48], "big")
        guessed = (asked ^ 1).to_bytes(8, "big")  # one bit of the random ones
        super().datagram_received(data[:40] + guessed, addr)


class Spoiler(TimeServer):
    """Replaces some bytes of a right answer."""

    def __init__(self, at: int, spoilt: bytes) -> None:
        super().__init__(offset_s=0)
        self.at = at
        self.spoilt = spoilt

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        real = cast("asyncio.DatagramTransport", transport)
        at, spoilt = self.at, self.spoilt

        class Wrapped:
            def sendto(self, data: bytes, addr: tuple[str, int]) -> None:
                real.sendto(data[:at] + spoilt + data[at + len(spoilt) :], addr)

        self.transport = cast("asyncio.DatagramTransport", Wrapped())


class Mute(TimeServer):
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer nothing."""


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
    assert 99_000_000 < reading.offset_us <= 100_000_000 + ROUNDING_US
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
        Forger(offset_s=3),
        Spoiler(0, bytes((4 << 3 | 3,))),  # mode: client
        Spoiler(0, bytes((4 << 3 | 5,))),  # broadcast
        Spoiler(4, b"\x7f\xff\xff\xff"),  # root delay of 9 hours
        Spoiler(8, b"\xff\xff\xff\xff"),  # root dispersion
        Spoiler(40, bytes(8)),  # no transmit timestamp
        Spoiler(40, b"\x00\x00\x00\x01" + bytes(4)),  # sent before it received
        Spoiler(24, bytes(8)),  # no origin
    ],
    ids=[
        "silent",
        "garbage",
        "refusing",
        "stratum 16",
        "unsynchronised",
        "unseen question",
        "mode 3",
        "mode 5",
        "delay",
        "dispersion",
        "no time",
        "backwards",
        "no origin",
    ],
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


@pytest.mark.parametrize("seed", range(20))
async def test_no_bytes_of_a_time_server_raise(seed: int) -> None:
    """Hostile bytes are an unknown offset, or an offset that a record can hold."""
    chance = random.Random(seed)  # noqa: S311 -- a test
    at = chance.choice((0, 1, 4, 8, 16, 32, 40))
    server = Spoiler(at, chance.randbytes(chance.randrange(1, 49 - at)))
    async with time_servers(server) as (servers, port):
        reading = await read_clock(servers, clock=FakeClock(), timeout_s=0.2, port=port)
    assert reading.offset_us is None or abs(reading.offset_us) <= 2**31 * 1_000_000


async def test_a_lie_before_the_right_answer_is_passed_over() -> None:
    class Both(TimeServer):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            assert self.transport is not None
            self.transport.sendto(b"junk", addr)
            super().datagram_received(data[:40] + bytes(8), addr)  # echoes nothing of ours
            super().datagram_received(data, addr)

    async with time_servers(Both(offset_s=7)) as (servers, port):
        reading = await read_clock(servers, clock=FakeClock(), port=port)
    assert reading.offset_us is not None
    assert 6_900_000 < reading.offset_us <= 7_000_000 + ROUNDING_US


async def test_the_time_is_right_beyond_2036() -> None:
    """NTP's 32 bits of seconds begin anew on 7 February 2036."""
    clock = FakeClock(datetime(2036, 2, 7, 6, 28, 15, tzinfo=UTC))
    async with time_servers(TimeServer(offset_s=10)) as (servers, port):
        reading = await read_clock(servers, clock=clock, port=port)
    assert reading.offset_us is not None
    assert 9_900_000 < reading.offset_us <= 10_100_000


# ------------------------------------------------------------------- a family that we have not


async def test_a_family_that_is_silent_for_ten_minutes_is_lost_until_one_answers() -> None:
    clock = FakeClock()
    internet = Internet(clock)
    for host in HOSTS:
        internet.by_family[host.slug, Family.IPV6] = Failure.TIMEOUT
    internet.by_family["un", Family.IPV6] = Failure.NETWORK_UNREACHABLE

    async def read() -> ClockReading:
        return ClockReading(at=clock.now(), server="ntp", offset_us=0)

    line = LocalHealth(probe=make_panel(internet).probe, read=read, clock=clock)
    silent = {
        "un": ControlStatus.ABSENT,
        "deux": ControlStatus.SILENT,
        "trois": ControlStatus.SILENT,
    }
    lost = {"un": ControlStatus.ABSENT, "deux": ControlStatus.LOST, "trois": ControlStatus.LOST}
    for minute in range(13):
        controls = await line.check()
        assert controls.families[Family.IPV6] == (silent if minute < 10 else lost)
        assert controls.lack(Family.IPV6) is (minute >= 10)
        assert set(controls.families[Family.IPV4].values()) == {ControlStatus.PROMPT}
        assert ControlStatus.LOST not in {
            witness.said for witness in controls.witnesses
        }  # their own words
        await clock.advance(60)
    del internet.by_family["deux", Family.IPV6]
    controls = await line.check()
    assert controls.families[Family.IPV6] == {**silent, "deux": ControlStatus.PROMPT}
    internet.by_family["deux", Family.IPV6] = Failure.TIMEOUT
    await clock.advance(60)
    assert (await line.check()).families[Family.IPV6] == silent  # ten minutes, once more
