"""Where a probe may go."""

import asyncio

import pytest

from monitor.core.model import Failure
from monitor.core.untrusted.public_addresses import is_public
from monitor.fetch import Fetcher, Resolver
from monitor.fetch.reachable import read_url
from monitor.runtime.clock import SystemClock
from tests.support import sites
from tests.support.fetching import fetch, make_fetcher
from tests.support.sites import answer, redirect


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "0.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fc00::1", "2001:db8::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("2001:0:a00:1::", "site.test", "", "127.1"),
        *("64:ff9b::169.254.169.254", "64:ff9b::a00:1", "64:ff9b:1::1", "64:ff9b:1::808:808"),
        *("64:ff9b::192.0.0.9", "::ffff:8.8.8.8", "::8.8.8.8", "::ffff:0:8.8.8.8"),
        *("2002:808:808::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff::1"),
        *("3fff::1", "3fff:fff::1", "100::1", "100:0:0:1::1", "5f00::1", "fec0::1", "4000::1"),
        *("192.0.0.9", "192.0.0.170", "192.31.196.1", "192.52.193.1", "192.88.99.1"),
        *("192.175.48.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "239.1.1.1"),
        *("ff0e::1", "fe80::1%eth0", "2606:4700::1%eth0", "2620:4f:8000::1"),
        *("０.8.8.8", "8.8.8.٨", "0x8.8.8.8", "8.8.8.8/32", " 8.8.8.8", "08.8.8.8", "1.1"),
    ],
)
def test_an_address_that_the_internet_cannot_reach_is_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "64:ff9b::1.1.1.1"),
        *("100.63.255.255", "100.128.0.0", "172.32.0.1", "192.0.1.1", "198.20.0.1", "223.255.1.1"),
        *("2001:200::1", "2001:4860:4860::8888", "2a00::1", "2003::1", "3ffe::1", "2620:4f::1"),
    ],
)
def test_an_address_that_all_can_reach_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("https://Site.TEST/a?b#c", ("https", "site.test", 443, "site.test", "/a?b")),
        ("http://site.test:8080", ("http", "site.test", 8080, "site.test:8080", "/")),
        ("http://site.test:443/", ("http", "site.test", 443, "site.test:443", "/")),
        ("http://[::1]:8080/", ("http", "::1", 8080, "[::1]:8080", "/")),
        ("http://é.test/é", ("http", "xn--9ca.test", 80, "xn--9ca.test", "/%C3%A9")),
        ("https://a_b.site.test./", ("https", "a_b.site.test.", 443, "a_b.site.test.", "/")),
    ],
)
def test_a_url_is_taken_apart(text: str, parts: tuple[str, str, int, str, str]) -> None:
    url = read_url(text)
    assert (url.scheme, url.host, url.port, url.authority, url.target) == parts


@pytest.mark.parametrize(
    "text",
    [
        *("", "site.test", "/chemin", "ftp://site.test/", "javascript:alert(1)", "file:///etc"),
        *("http://", "http://:80/", "http://a..b/", "http://.a/", "http://a b/", "http://%zz/"),
        *("http://a:８０/", "http://a:8_0/", "http://a:+80/", "http://a: 80/", "http://a:-1/"),
        *("http://a:٢٢/", "https://[2001:4860::1]:4٤3/", "//a:８０/", "http://a:0x50/"),
        *("http://moi@site.test/", "http://a:0/", "http://a:99999/", "http://a:x/"),
        *(
            "http://[::1",
            "http://[fe80::1%25lo]/",
            "http://☃.test/",
            "http://①27.0.0.1/",
            "http://a/\n",
            "\0",
        ),
        *(f"http://{'a' * 64}/", f"http://{'a.' * 130}/", "http://a/" + "b" * 33_000),
    ],
)
def test_a_url_that_may_not_be_fetched_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_url(text)


def test_only_the_fragment_is_left_out_of_what_the_server_sees() -> None:
    one, other = read_url("https://site.test/#/a"), read_url("https://SITE.test:443/#/b")
    assert one.without_fragment == other.without_fragment == "https://site.test/"
    assert one.url.endswith("#/a")


@pytest.mark.anyio
@pytest.mark.parametrize("port", [22, 25, 6379, 8443, 1])
async def test_a_redirect_to_a_port_that_nobody_configured_is_refused(port: int) -> None:
    async with sites.site(sites.says(redirect(f"http://127.0.0.1:{port}/"))) as site:
        fetcher = make_fetcher(ports={80, 443, site.port})
        exchange = await fetch(site.url(), fetcher)
    assert exchange.failure is Failure.REDIRECT_REFUSED
    assert len(exchange.hops) == 1


@pytest.mark.anyio
async def test_a_port_that_was_configured_is_asked() -> None:
    async with (
        sites.site(sites.says(answer(b"bonjour"))) as other,
        sites.site(sites.says(redirect(other.url()))) as site,
    ):
        exchange = await fetch(site.url(), make_fetcher(ports={site.port, other.port}))
    assert exchange.body == b"bonjour"


@pytest.mark.anyio
async def test_an_address_on_another_port_is_never_sent_to() -> None:
    async with sites.site(sites.says(answer(b"bonjour"))) as site:
        exchange = await fetch(site.url(), make_fetcher(ports={80, 443}))
        assert site.received == []
    assert exchange.failure is Failure.UNKNOWN


@pytest.mark.anyio
@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b:1::808:808"),
        *("192.88.99.1", "192.0.0.9", "2002:808:808::1", "::ffff:8.8.8.8", "fec0::1"),
    ],
)
async def test_a_probe_goes_to_none_of_them_by_default(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name or written out; some of these pass for public in other lists."""

    async def sent(*_: object) -> None:
        pytest.fail("it was sent")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", sent)
    clock = SystemClock()
    resolver = Resolver(clock=clock, static={"site.test": [address]})
    fetcher = Fetcher(clock=clock, resolver=resolver, user_agent="essai")
    literal = f"[{address}]" if ":" in address else address

    for host in ("site.test", literal):
        exchange = await fetch(f"http://{host}/", fetcher)
        assert exchange.failure is Failure.DNS_BOGON
