"""Names: a resolver's hiccup is not the site's fault, and every answer names its resolver."""

from collections.abc import Sequence

import dns.rcode
import pytest

from monitor.clock import SystemClock
from monitor.core.types import Failure, Resolution
from monitor.fetch import Resolver
from monitor.fetch.resolve import system_servers
from tests.support.fetching import PATIENT_S
from tests.support.sites import name_server

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
        found = await resolve("site.test", port=server.port)
        assert server.asked == ["site.test", "site.test"]
    assert set(found.addresses) == set(zone["site.test"])
    assert [":" in each for each in found.addresses] == [False, True, False, True, False]
    assert (found.server, found.failure) == ("127.0.0.1", None)


@pytest.mark.parametrize("known", [None, Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NXDOMAIN, []])
async def test_what_one_resolver_fails_to_find_another_may(
    known: list[str] | Rcode | None,
) -> None:
    async with (
        name_server({"site.test": known}) as first,
        name_server({"site.test": ["192.0.2.1"]}, host="127.0.0.2", port=first.port),
    ):
        found = await resolve("site.test", second=["127.0.0.2"], port=first.port)
    assert (found.addresses, found.server, found.failure) == (("192.0.2.1",), "127.0.0.2", None)


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
        found = await resolve("site.test", second=["127.0.0.2"], port=first.port)
    assert (found.failure, found.addresses) == (told, ())


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
        found = await resolve("site.test", port=server.port)
        assert len(server.asked) == 4  # twice, for two families
    assert found.failure is Failure.TIMEOUT


async def test_one_deadline_holds_for_all_the_servers() -> None:
    async with name_server({"site.test": None}) as server:
        resolver = Resolver(
            clock=SystemClock(), servers=["127.0.0.1"] * 50, port=server.port, try_s=0.1
        )
        found = await resolver.resolve("site.test", deadline_s=0.25)
        assert len(server.asked) < 50
    assert found.failure is Failure.TIMEOUT


async def test_a_late_answer_about_ipv6_is_done_without() -> None:
    async with name_server({"site.test": ["192.0.2.1", "2001:db8::1"]}, late_s=5) as server:
        found = await resolve("site.test", port=server.port, try_s=PATIENT_S)
    assert found.addresses == ("192.0.2.1",)


@pytest.mark.parametrize("late_s", [0, 0.3])
async def test_a_name_with_ipv6_only_is_found_however_late(late_s: float) -> None:
    async with name_server({"site.test": ["2001:db8::1"]}, late_s=late_s) as server:
        found = await resolve("site.test", port=server.port, try_s=PATIENT_S)
    assert found.addresses == ("2001:db8::1",)


async def test_an_alias_is_followed() -> None:
    async with name_server({"site.test": "cdn.test", "cdn.test": ["192.0.2.1"]}) as server:
        found = await resolve("site.test", port=server.port)
    assert found.addresses == ("192.0.2.1",)


async def test_garbage_from_a_resolver_is_silence() -> None:
    async with name_server({"site.test": b"garbage"}) as server:
        found = await resolve("site.test", port=server.port)
    assert found.failure is Failure.TIMEOUT


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
async def test_an_address_needs_no_resolver(address: str) -> None:
    found = await resolve(address)
    assert (found.addresses, found.server) == ((address,), "literal")


async def test_a_fixed_name_needs_no_resolver() -> None:
    resolver = Resolver(clock=SystemClock(), static={"site.test": ["127.0.0.1"]})
    found = await resolver.resolve("site.test", deadline_s=1)
    assert (found.addresses, found.server) == (("127.0.0.1",), "static")


def test_there_is_always_a_system_resolver() -> None:
    assert system_servers()
