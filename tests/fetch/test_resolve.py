"""Names: a resolver's hiccup is not the site's fault, and every answer names its resolver."""

from collections.abc import Sequence
from pathlib import Path

import dns.rcode
import pytest

from monitor.core.model import Exchange, Failure, Hop, Phase, Resolution
from monitor.core.verdict.rules_local import is_ours
from monitor.fetch import Resolver
from monitor.fetch.resolve import system_servers
from monitor.runtime.clock import SystemClock
from tests.support.fetching import PATIENT_S
from tests.support.outcomes import START
from tests.support.sites import TRUNCATED, name_server

pytestmark = pytest.mark.anyio

Rcode = dns.rcode.Rcode


async def resolve(
    host: str,
    *,
    servers: Sequence[str] = ("127.0.0.1",),
    second: Sequence[str] = (),
    port: int = 53,
    try_s: float = 0.2,
) -> Resolution:
    resolver = Resolver(
        clock=SystemClock(), servers=servers, second=second, port=port, try_s=try_s, late_s=0.1
    )
    return await resolver.resolve(host, deadline_s=PATIENT_S)


async def test_families_alternate_and_ipv4_comes_first() -> None:
    zone = {"site.test": ["2001:db8::1", "192.0.2.1", "192.0.2.2", "2001:db8::2", "192.0.2.3"]}
    async with name_server(zone) as server:
        resolution = await resolve("site.test", port=server.port)
        assert server.asked == ["site.test", "site.test"]
    assert set(resolution.addresses) == set(zone["site.test"])
    assert [":" in address for address in resolution.addresses] == [False, True, False, True, False]
    assert (resolution.server, resolution.failure) == ("127.0.0.1", None)


@pytest.mark.parametrize("known", [None, Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NXDOMAIN, []])
async def test_what_one_resolver_fails_to_find_another_may(
    known: list[str] | Rcode | None,
) -> None:
    async with (
        name_server({"site.test": known}) as first,
        name_server({"site.test": ["192.0.2.1"]}, host="127.0.0.2", port=first.port),
    ):
        resolution = await resolve("site.test", second=["127.0.0.2"], port=first.port)
    assert (resolution.addresses, resolution.server, resolution.failure) == (
        ("192.0.2.1",),
        "127.0.0.2",
        None,
    )


async def test_the_second_resolver_is_left_alone_when_the_first_answers() -> None:
    async with (
        name_server({"site.test": ["192.0.2.1"]}) as first,
        name_server({}, host="127.0.0.2", port=first.port) as second,
    ):
        await resolve("site.test", second=["127.0.0.2"], port=first.port)
        assert second.asked == []


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (Rcode.SERVFAIL, Rcode.NXDOMAIN, Failure.DNS_NXDOMAIN),
        (None, Rcode.NXDOMAIN, Failure.DNS_NXDOMAIN),
        (Rcode.REFUSED, [], Failure.DNS_NO_ANSWER),
        (Rcode.SERVFAIL, Rcode.REFUSED, Failure.DNS_SERVFAIL),
        (None, Rcode.SERVFAIL, Failure.TIMEOUT),
    ],
)
async def test_what_is_said_of_the_name_counts_before_a_resolver_s_trouble(
    one: list[str] | Rcode | None, other: list[str] | Rcode | None, told: Failure
) -> None:
    async with (
        name_server({"site.test": one}) as first,
        name_server({"site.test": other}, host="127.0.0.2", port=first.port),
    ):
        resolution = await resolve("site.test", second=["127.0.0.2"], port=first.port)
    assert (resolution.failure, resolution.addresses) == (told, ())


async def test_the_failure_of_one_resolver_is_not_the_sites_while_another_is_silent() -> None:
    """SERVFAIL is also what a resolver in trouble says: it takes two."""
    async with (
        name_server({"site.test": Rcode.SERVFAIL}) as first,
        name_server({"site.test": None}, host="127.0.0.2", port=first.port),
        name_server({"site.test": Rcode.SERVFAIL}, host="127.0.0.3", port=first.port),
    ):
        one, two = ["127.0.0.2"], ["127.0.0.2", "127.0.0.3"]
        alone = await resolve("site.test", second=one, port=first.port, try_s=1)
        both = await resolve("site.test", second=two, port=first.port, try_s=1)
    assert (alone.failure, both.failure) == (Failure.TIMEOUT, Failure.DNS_SERVFAIL)


async def test_a_lost_question_is_asked_again_once() -> None:
    async with name_server({"site.test": None}) as server:
        resolution = await resolve("site.test", port=server.port)
        assert len(server.asked) == 4  # twice, for two families
    assert resolution.failure is Failure.TIMEOUT


async def test_one_deadline_holds_for_all_the_servers() -> None:
    async with name_server({"site.test": None}) as server:
        resolver = Resolver(
            clock=SystemClock(), servers=["127.0.0.1"] * 50, port=server.port, try_s=0.1
        )
        resolution = await resolver.resolve("site.test", deadline_s=0.25)
        assert len(server.asked) < 50
    assert resolution.failure is Failure.TIMEOUT


async def test_a_late_answer_about_ipv6_is_done_without() -> None:
    async with name_server({"site.test": ["192.0.2.1", "2001:db8::1"]}, late_s=5) as server:
        resolution = await resolve("site.test", port=server.port, try_s=PATIENT_S)
    assert resolution.addresses == ("192.0.2.1",)


@pytest.mark.parametrize("late_s", [0, 0.3])
async def test_a_name_with_ipv6_only_is_found_however_late(late_s: float) -> None:
    async with name_server({"site.test": ["2001:db8::1"]}, late_s=late_s) as server:
        resolution = await resolve("site.test", port=server.port, try_s=PATIENT_S)
    assert resolution.addresses == ("2001:db8::1",)


async def test_an_alias_is_followed() -> None:
    async with name_server({"site.test": "cdn.test", "cdn.test": ["192.0.2.1"]}) as server:
        resolution = await resolve("site.test", port=server.port)
    assert resolution.addresses == ("192.0.2.1",)


async def test_garbage_from_a_resolver_is_silence() -> None:
    async with name_server({"site.test": b"garbage"}) as server:
        resolution = await resolve("site.test", port=server.port)
    assert resolution.failure is Failure.TIMEOUT


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
async def test_an_address_needs_no_resolver(address: str) -> None:
    resolution = await resolve(address)
    assert (resolution.addresses, resolution.server) == ((address,), "literal")


async def test_a_fixed_name_needs_no_resolver() -> None:
    resolver = Resolver(clock=SystemClock(), static={"site.test": ["127.0.0.1"]})
    resolution = await resolver.resolve("site.test", deadline_s=1)
    assert (resolution.addresses, resolution.server) == (("127.0.0.1",), "static")


def test_there_is_always_a_system_resolver() -> None:
    assert system_servers()


@pytest.mark.parametrize(
    ("one", "other", "failure", "second"),
    [
        (Rcode.NXDOMAIN, Rcode.NXDOMAIN, Failure.DNS_NXDOMAIN, "127.0.0.2"),
        ([], [], Failure.DNS_NO_ANSWER, "127.0.0.2"),
        (Rcode.SERVFAIL, Rcode.SERVFAIL, Failure.DNS_SERVFAIL, "127.0.0.2"),
        (Rcode.NXDOMAIN, None, Failure.DNS_NXDOMAIN, None),  # port 53 is closed to the second
        (Rcode.NXDOMAIN, Rcode.REFUSED, Failure.DNS_NXDOMAIN, None),
        (Rcode.NXDOMAIN, Rcode.SERVFAIL, Failure.DNS_NXDOMAIN, None),
        (None, Rcode.NXDOMAIN, Failure.DNS_NXDOMAIN, None),
        (Rcode.SERVFAIL, Rcode.REFUSED, Failure.DNS_SERVFAIL, None),
    ],
)
async def test_a_denial_names_the_independent_resolver_that_says_it_too(
    one: list[str] | Rcode | None,
    other: list[str] | Rcode | None,
    failure: Failure,
    second: str | None,
) -> None:
    async with (
        name_server({"site.test": one}) as first,
        name_server({"site.test": other}, host="127.0.0.2", port=first.port),
    ):
        resolution = await resolve("site.test", second=["127.0.0.2"], port=first.port, try_s=0.5)
    assert (resolution.failure, resolution.second) == (failure, second)


async def test_a_resolver_that_is_named_twice_is_not_independent_of_itself() -> None:
    async with name_server({"site.test": Rcode.NXDOMAIN}) as server:
        resolution = await resolve("site.test", second=["127.0.0.1"], port=server.port)
    assert (resolution.failure, resolution.second) == (Failure.DNS_NXDOMAIN, None)


async def test_another_word_is_asked_of_the_second_resolver_first() -> None:
    async with (
        name_server({"site.test": ["192.0.2.66"]}) as first,
        name_server({"site.test": ["192.0.2.1"]}, host="127.0.0.2", port=first.port),
    ):
        resolver = Resolver(
            clock=SystemClock(), servers=["127.0.0.1"], second=["127.0.0.2"], port=first.port
        )
        lie = await resolver.resolve("site.test", deadline_s=PATIENT_S)
        truth = await resolver.resolve("site.test", deadline_s=PATIENT_S, second_first=True)
    assert (lie.addresses, lie.second) == (("192.0.2.66",), None)
    assert (truth.addresses, truth.second) == (("192.0.2.1",), "127.0.0.2")


async def test_a_cut_answer_and_a_closed_tcp_port_are_the_resolvers_trouble() -> None:
    """UDP says "too long, ask by TCP", and nobody listens there."""
    async with name_server({"site.test": TRUNCATED}) as server:
        resolution = await resolve("site.test", port=server.port)
    assert resolution.failure is Failure.CONNECTION_REFUSED
    hop = Hop(url="http://site.test/", started_at=START, resolution=resolution)
    failed = Exchange(
        url=hop.url, started_at=START, duration_us=1, hops=(hop,), failure=resolution.failure,
        phase=Phase.RESOLVE,
    )  # fmt: skip
    assert is_ours(failed)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("nameserver dns.box\nnameserver 192.0.2.53\n", ("192.0.2.53",)),
        ("nameserver 192.0.2.53 # the good one\n", ("192.0.2.53",)),
        ("# nameserver 192.0.2.1\n; nameserver 192.0.2.2\nnameserver 192.0.2.3", ("192.0.2.3",)),
        ("nameserver fe80::1%eth0\nnameserver 2001:db8::53", ("fe80::1%eth0", "2001:db8::53")),
        ("nameserver 192.0.2.1:53\nnameserver [2001:db8::1]:53\nnameserver 192.0.2.2",
         ("192.0.2.2",)),
        ("nameserver\nnameserver 256.1.1.1\nnameserver ::1", ("::1",)),
        ("search maison.test\noptions rotate timeout:1\nnameserver\t192.0.2.1  \n",
         ("192.0.2.1",)),
        ("nameservers 192.0.2.1\nNAMESERVER 192.0.2.2\nnameserver 192.0.2.3", ("192.0.2.3",)),
        ("".join(f"nameserver 192.0.2.{n}\n" for n in range(1, 6)),
         ("192.0.2.1", "192.0.2.2", "192.0.2.3")),
        ("nameserver dns.box\n" * 3 + "nameserver 192.0.2.4\n", ("192.0.2.4",)),
        ("nameserver 127.1\n", ("127.0.0.1",)),
        ("", ("127.0.0.1",)),
        ("nameserver dns.box\n", ("127.0.0.1",)),
        ("\xff\xfe\x00nameserver\nnameserver 192.0.2.1\r\n", ("192.0.2.1",)),
    ],
)  # fmt: skip
def test_resolv_conf_is_read_as_libc_does(
    text: str, servers: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "resolv.conf"
    path.write_bytes(text.encode("latin-1"))
    assert system_servers(path) == servers


def test_without_resolv_conf_the_resolver_is_on_this_machine(tmp_path: Path) -> None:
    assert system_servers(tmp_path / "absent") == ("127.0.0.1",)
