"""What one probe keeps of a good answer, and how it goes from one request to the next."""

import asyncio
import gzip
import socket
from datetime import UTC, datetime

import httpx
import pytest

from monitor.core.model import Failure, Phase
from monitor.fetch import Limits, text
from monitor.runtime.clock import SystemClock
from tests.support import certs, sites
from tests.support.fetching import PATIENT_S, USER_AGENT, fetch, make_fetcher, open_gate
from tests.support.sites import Visit, answer, redirect

pytestmark = pytest.mark.anyio


async def test_the_bytes_are_those_of_the_wire() -> None:
    sent = (
        b"HTTP/1.1 200 Tout va bien\r\nX-Un: 1\r\nx-un:  2 \r\nContent-Type: text/html\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nbonj\r\n3\r\nour\r\n0\r\nX-Fin: 1\r\n\r\n"
    )
    async with sites.site(sites.says(sent)) as site:
        exchange = await fetch(site.url("/chemin?q=1#/route"))
    assert exchange.failure is None
    assert exchange.body == b"bonjour"
    (hop,) = exchange.hops
    assert hop.response_bytes == sent
    assert hop.request_bytes == site.received[0]
    assert hop.headers[:2] == (("X-Un", "1"), ("x-un", "2"))
    assert (hop.status, hop.http_version) == (200, "1.1")
    assert hop.url.endswith("/chemin?q=1#/route")


async def test_the_bytes_are_those_under_tls() -> None:
    sent = answer(gzip.compress(b"bonjour"), "Content-Encoding: gzip")
    tls = certs.server_context(certs.leaf(certs.root()))
    async with sites.site(sites.says(sent), tls=tls) as site:
        exchange = await fetch(site.url(host="site.test"))
    assert exchange.body == b"bonjour"
    assert exchange.hops[0].response_bytes == sent
    assert list(exchange.hops[0].phases_us) == list(Phase)


async def test_the_request_says_who_asks_and_brings_nothing_else() -> None:
    async with sites.site(sites.says(answer(b"", "Set-Cookie: a=b", "ETag: x"))) as site:
        fetcher = make_fetcher()
        for _ in range(2):
            await fetch(site.url("/a", host="site.test"), fetcher)
    assert site.received[0] == site.received[1]  # no cookie, no cache
    assert site.received[0].decode().split("\r\n") == [
        "GET /a HTTP/1.1",
        f"Host: site.test:{site.port}",
        f"User-Agent: {USER_AGENT}",
        "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
        "Accept-Language: fr",
        "Accept-Encoding: gzip, br, deflate, zstd",
        "Connection: close",
        "",
        "",
    ]


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with sites.closed_port() as port:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        async with sites.site(sites.says(answer(b"direct"))) as site:
            assert (await fetch(site.url())).body == b"direct"


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + answer(b"page"), b"page"),
        (b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\npage", b"page"),
        (answer(b"page", *(f"X-{n}: {n}" for n in range(150))), b"page"),
        (answer(b"page", f"X: {'x' * 100_000}"), b"page"),
        (answer(b"", status="204 No Content"), b""),
        (answer(b"page", "Content-Encoding: inconnu"), b"page"),
        (answer(b"", "Content-Encoding: gzip"), b""),
        (b"HTTP/1.1 200\n\npage", b"page"),
    ],
    ids=["1xx", "1.0", "150 headers", "100 kB line", "204", "coding", "empty gzip", "bare"],
)
async def test_an_unusual_answer_is_an_answer(sent: bytes, body: bytes) -> None:
    async with sites.site(sites.says(sent)) as site:
        exchange = await fetch(site.url())
    assert (exchange.failure, exchange.body) == (None, body), exchange.detail
    assert exchange.last is not None
    assert exchange.last.response_bytes == sent


async def test_what_comes_after_the_message_is_no_part_of_it() -> None:
    whole = answer(b"page", "Content-Length: 4")
    async with sites.site(sites.says(whole + b" et plus")) as site:
        exchange = await fetch(site.url())
    assert (exchange.failure, exchange.body) == (None, b"page")
    assert exchange.hops[0].response_bytes == whole


async def test_what_was_received_before_a_failure_is_kept() -> None:
    async with sites.site(sites.says(answer("été".encode(), "Content-Length: 99"))) as site:
        exchange = await fetch(site.url())
    assert (exchange.failure, exchange.status) == (Failure.TRUNCATED, None)
    assert exchange.hops[0].status == 200
    assert text(exchange) == "été"


async def test_the_clock_of_the_server_is_compared_with_ours() -> None:
    class Noon(SystemClock):
        def now(self) -> datetime:
            return datetime(2026, 11, 23, 12, tzinfo=UTC)

    dated = answer(b"", "Date: Mon, 23 Nov 2026 12:00:07 GMT")
    async with sites.site(sites.says(dated)) as site:
        exchange = await fetch(site.url(), make_fetcher(clock=Noon()))
    assert exchange.server_offset_us == 7_000_000


@pytest.mark.parametrize(
    "date", ["hier", "", "Mon, 23 Nov 2026 12:00:07 -0000", "Mon, 99 Nov 99999 12:00:07 GMT"]
)
async def test_an_unreadable_date_is_no_offset(date: str) -> None:
    async with sites.site(sites.says(answer(b"", f"Date: {date}"))) as site:
        exchange = await fetch(site.url())
    assert (exchange.failure, exchange.server_offset_us) == (None, None)


async def test_each_redirect_is_a_hop_with_its_own_facts() -> None:
    tls = certs.server_context(certs.leaf(certs.root()))
    async with sites.site(sites.says(answer(b"fin")), tls=tls) as end:
        pages = {
            "/": redirect("/a/b"),
            "/a/b": redirect("c?d=é", status="303 See Other"),
            "/a/c?d=%C3%A9": redirect(end.url("/fin", host="site.test"), status="308 P"),
        }
        async with sites.site(sites.routes(pages)) as start:
            exchange = await fetch(start.url(host="autre.test"))
    assert [hop.status for hop in exchange.hops] == [302, 303, 308, 200]
    assert exchange.final_url == end.url("/fin", host="site.test")
    assert [hop.certificate is None for hop in exchange.hops] == [True, True, True, False]
    assert all(hop.resolution and hop.attempts and hop.request_bytes for hop in exchange.hops)
    assert exchange.body == b"fin"


async def test_nine_redirects_are_followed_and_the_tenth_is_not() -> None:
    async def count_down(visit: Visit) -> None:
        left = int((await visit.request()).split(b" ", 2)[1].removeprefix(b"/"))
        await visit.send(redirect(f"/{left - 1}") if left else answer(b"fin"))

    async with sites.site(count_down) as site:
        followed = await fetch(site.url("/9"))
        lost = await fetch(site.url("/10"))
    assert (followed.body, len(followed.hops)) == (b"fin", 10)
    assert (lost.failure, len(lost.hops)) == (Failure.REDIRECT_LOOP, 10)


async def test_a_redirect_is_followed_from_its_headers() -> None:
    """As browsers do: what is wrong with a body that nobody sees is no failure."""
    pages = {"/": answer(b"x", "Location: /fin", "Content-Length: 9", status="302 Found")}
    async with sites.site(sites.routes(pages | {"/fin": answer(b"fin")})) as site:
        exchange = await fetch(site.url())
    assert (exchange.failure, exchange.body) == (None, b"fin")


@pytest.mark.parametrize("status", ["300 Multiple Choices", "304 Not Modified", "302 Found"])
async def test_a_redirect_to_nowhere_is_an_answer(status: str) -> None:
    async with sites.site(sites.says(answer(b"", status=status))) as site:
        assert (await fetch(site.url())).status == int(status[:3])


async def test_a_failure_after_a_redirect_keeps_the_hops_before() -> None:
    with sites.closed_port() as port:
        async with sites.site(sites.says(redirect(f"http://127.0.0.1:{port}/"))) as site:
            exchange = await fetch(site.url())
    assert exchange.failure is Failure.CONNECTION_REFUSED
    assert [hop.status for hop in exchange.hops] == [302, None]


async def test_the_gate_is_asked_before_each_request() -> None:
    pages = {"/": redirect("/a"), "/a": redirect("/b"), "/b": answer(b"fin")}
    async with sites.site(sites.routes(pages)) as site:
        seen: list[tuple[str, int]] = []

        async def gate(url: str) -> None:
            seen.append((url, len(site.received)))

        await make_fetcher().fetch_url(site.url(), deadline_s=PATIENT_S, gate=gate)
        assert seen == [(site.url(path), n) for n, path in enumerate(("/", "/a", "/b"))]


async def test_the_wait_at_the_gate_is_no_part_of_the_probe() -> None:
    """Three waits, together longer than the deadline, and the probe is in time."""
    deadline_s, wait_s = 5, 2  # for three requests on the loopback, beside busy loops

    async def slow_gate(_url: str) -> None:
        await asyncio.sleep(wait_s)

    pages = {"/": redirect("/a"), "/a": redirect("/b"), "/b": answer(b"fin")}
    async with sites.site(sites.routes(pages)) as site:
        before = datetime.now(UTC)  # noqa: TID251 -- the system's clock is what is tested
        exchange = await make_fetcher().fetch_url(site.url(), deadline_s=deadline_s, gate=slow_gate)
    assert exchange.failure is None
    assert exchange.duration_us < deadline_s * 1_000_000
    assert (exchange.started_at - before).total_seconds() >= wait_s
    phases = sum(sum(hop.phases_us.values()) for hop in exchange.hops)
    assert phases < deadline_s * 1_000_000


async def test_a_gate_that_refuses_is_heard() -> None:
    class ShutError(Exception):
        pass

    async def gate(_url: str) -> None:
        raise ShutError

    async with sites.site(sites.says(answer())) as site:
        with pytest.raises(ShutError):
            await make_fetcher().fetch_url(site.url(), deadline_s=PATIENT_S, gate=gate)
        assert site.received == []


async def test_a_probe_can_be_cancelled() -> None:
    asked = asyncio.Event()

    async def never_answer(visit: Visit) -> None:
        await visit.request()
        asked.set()
        await asyncio.Event().wait()

    async with sites.site(never_answer) as site:
        task = asyncio.create_task(fetch(site.url()))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    "url", ["ftp://site.test/", "http://moi@site.test/", "site.test", "", "http://[", "http:///"]
)
async def test_a_url_that_cannot_be_fetched_makes_no_request(url: str) -> None:
    async def gate(_url: str) -> None:
        raise AssertionError

    exchange = await make_fetcher().fetch_url(url, deadline_s=PATIENT_S, gate=gate)
    assert (exchange.failure, exchange.hops) == (Failure.UNKNOWN, ())
    assert exchange.detail


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


@needs_ipv6
async def test_a_site_with_ipv6_only_is_reached() -> None:
    async with (
        sites.site(sites.says(answer(b"six")), host="::1") as site,
        sites.name_server({"six.test": ["::1"]}) as server,
    ):
        exchange = await fetch(site.url(host="six.test"), make_fetcher(name_server=server))
        literal = await fetch(site.url())
    assert (exchange.body, exchange.hops[0].address) == (b"six", "::1")
    assert (literal.body, literal.hops[0].address) == (b"six", "::1")
    assert literal.hops[0].resolution is not None
    assert literal.hops[0].resolution.server == "literal"


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    async with sites.site(sites.says(answer(b"bonjour")), host="127.0.0.2") as site:
        fetcher = make_fetcher(names={"site.test": ["127.0.0.3", "127.0.0.2"]})
        exchange = await fetch(site.url(host="site.test"), fetcher)
    (hop,) = exchange.hops
    assert hop.address == "127.0.0.2"
    assert [(attempt.address, attempt.failure) for attempt in hop.attempts] == [
        ("127.0.0.3", Failure.CONNECTION_REFUSED),
        ("127.0.0.2", None),
    ]


@needs_ipv6
async def test_a_silent_family_leaves_time_for_the_other() -> None:
    with sites.full_port() as port:
        async with sites.site(sites.says(answer(b"six")), host="::1", port=port) as site:
            fetcher = make_fetcher(names={"site.test": ["127.0.0.1", "::1"]})
            exchange = await fetcher.fetch_url(
                site.url(host="site.test"), deadline_s=2.0, gate=open_gate
            )
    assert exchange.body == b"six"
    assert [attempt.failure for attempt in exchange.hops[0].attempts] == [Failure.TIMEOUT, None]


async def test_a_failure_that_says_more_than_no_route_is_told() -> None:
    with sites.closed_port() as port:
        fetcher = make_fetcher(names={"site.test": ["224.0.0.1", "127.0.0.1", "224.0.0.2"]})
        exchange = await fetch(f"http://site.test:{port}/", fetcher)
    assert exchange.failure is Failure.CONNECTION_REFUSED
    assert len(exchange.hops[0].attempts) == 3


async def test_an_attempt_that_the_deadline_cuts_is_kept() -> None:
    with sites.full_port() as port:
        exchange = await make_fetcher(limits=Limits(connect_s=60)).fetch_url(
            f"http://127.0.0.1:{port}/", deadline_s=2, gate=open_gate
        )
    assert [attempt.failure for attempt in exchange.hops[0].attempts] == [exchange.failure]


async def test_the_private_addresses_of_a_public_name_are_not_tried() -> None:
    async with sites.site(sites.says(answer(b"dehors")), host="127.0.0.2") as site:
        fetcher = make_fetcher(
            names={"site.test": ["127.0.0.1", "127.0.0.2"]},
            is_public=lambda address: address == "127.0.0.2",
        )
        exchange = await fetch(site.url(host="site.test"), fetcher)
    assert [attempt.address for attempt in exchange.hops[0].attempts] == ["127.0.0.2"]
    assert exchange.body == b"dehors"


# ------------------------------------------------------------------------- httpx's seam


async def test_another_transport_of_httpx_takes_the_place_of_ours() -> None:
    """What others know of httpx holds: its mock transport, its requests, its answers."""
    requests: list[httpx.Request] = []

    def answer_by_hand(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.path == "/":
            return httpx.Response(302, headers={"Location": "/b", "Set-Cookie": "a=1"})
        return httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<p>bonjour")

    fetcher = make_fetcher(transport=httpx.MockTransport(answer_by_hand))
    exchange = await fetch("http://site.test/", fetcher)

    assert [hop.status for hop in exchange.hops] == [302, 200]
    assert exchange.body == b"<p>bonjour"
    assert [request.headers.get("cookie") for request in requests] == [None, "a=1"]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (httpx.ConnectTimeout("x"), Failure.TIMEOUT),
        (httpx.ConnectError("x"), Failure.CONNECTION_REFUSED),
        (httpx.ReadError("x"), Failure.CONNECTION_RESET),
        (httpx.RemoteProtocolError("x"), Failure.INVALID_RESPONSE),
        (httpx.UnsupportedProtocol("x"), Failure.UNKNOWN),
    ],
)
async def test_an_error_of_another_transport_is_a_failure(
    error: httpx.HTTPError, failure: Failure
) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    exchange = await fetch("http://site.test/", make_fetcher(transport=httpx.MockTransport(fail)))

    assert exchange.failure is failure


async def test_cookies_live_as_long_as_one_chain() -> None:
    script = sites.routes(
        {
            "/": answer(b"", "Location: /b", "Set-Cookie: s=1; Path=/", status="302 Found"),
            "/b": answer(b"x"),
        }
    )
    fetcher = make_fetcher()
    async with sites.site(script) as site:
        await fetch(site.url(), fetcher)
        await fetch(site.url("/b"), fetcher)

    assert [b"Cookie: s=1" in request for request in site.received] == [False, True, False]


async def test_a_page_that_sends_on_by_its_header_is_followed() -> None:
    script = sites.routes({"/": answer(b"", "Refresh: 0; url=/b"), "/b": answer(b"arrived")})
    async with sites.site(script) as site:
        exchange = await fetch(site.url())

    assert (exchange.final_url, exchange.body) == (site.url("/b"), b"arrived")


@pytest.mark.parametrize("refresh", ["300; url=/b", "5", "0", "0; url=/", "soon; url=/b"])
async def test_a_page_that_reloads_itself_stays(refresh: str) -> None:
    script = sites.routes({"/": answer(b"here", f"Refresh: {refresh}"), "/b": answer(b"arrived")})
    async with sites.site(script) as site:
        exchange = await fetch(site.url())

    assert exchange.body == b"here"
