"""Every way to fail, produced by a real socket and named without reading a text."""

import asyncio
import errno
import gzip
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from unittest import mock

import brotli
import dns.rcode
import pytest
import zstandard
from cryptography.x509.oid import ExtendedKeyUsageOID

from monitor.core.model import Failure, Phase, Reason
from monitor.core.untrusted.public_addresses import is_public
from monitor.fetch import Fetcher, Limits
from monitor.fetch.failures import failure_of
from tests.support import certs, sites
from tests.support.fetching import PATIENT_S, make_fetcher, open_gate
from tests.support.sites import Script, Visit, answer

pytestmark = pytest.mark.anyio

QUICK = Limits(resolve_s=1.5, connect_s=1.0, silence_s=1.0)  # what answers needs a hundredth of it
SMALL = Limits(body_bytes=100_000)
DAY = certs.DAY


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Run on both loops: the service uses uvloop, and errors are where loops differ."""
    return "asyncio", {"use_uvloop": request.param}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A URL that goes wrong, and who fetches it."""

    url: str
    fetcher: Fetcher
    deadline_s: float = PATIENT_S


Scenario = Callable[[], AbstractAsyncContextManager[Trouble]]
SCENARIOS: dict[str, tuple[Scenario, Failure, Phase | None]] = {}


def scenario(
    failure: Failure, phase: Phase | None
) -> Callable[[Callable[[], AsyncGenerator[Trouble]]], None]:
    """Register a scenario under its own name, with what must come of it."""

    def register(make: Callable[[], AsyncGenerator[Trouble]]) -> None:
        assert make.__name__ not in SCENARIOS
        SCENARIOS[make.__name__] = (asynccontextmanager(make), failure, phase)

    return register


def scripted(  # noqa: PLR0913 -- keyword-only, each with its default
    name: str,
    script: Script,
    failure: Failure,
    phase: Phase | None,
    *,
    limits: Limits | None = None,
    tls: Callable[[], ssl.SSLContext] | None = None,
    secure: bool = False,
    deadline_s: float = PATIENT_S,
) -> None:
    """Register a scenario that is one script on one site; `secure` asks a plain site for TLS."""

    @asynccontextmanager
    async def make() -> AsyncGenerator[Trouble]:
        async with sites.site(script, tls=tls() if tls else None) as site:
            url = replace(site, scheme="https" if secure or tls else "http").url(host="site.test")
            yield Trouble(url=url, fetcher=make_fetcher(limits=limits), deadline_s=deadline_s)

    assert name not in SCENARIOS
    SCENARIOS[name] = (make, failure, phase)


def named(name: str, known: list[str] | dns.rcode.Rcode | None, failure: Failure) -> None:
    """Register a scenario that is what a resolver says of one name."""

    @asynccontextmanager
    async def make() -> AsyncGenerator[Trouble]:
        async with sites.name_server({"site.test": known}) as server:
            fetcher = make_fetcher(name_server=server, limits=QUICK, is_public=is_public)
            yield Trouble(url="http://site.test/", fetcher=fetcher)

    SCENARIOS[name] = (make, failure, Phase.RESOLVE)


named("name that does not exist", dns.rcode.NXDOMAIN, Failure.DNS_NXDOMAIN)
named("name without address", [], Failure.DNS_NO_ANSWER)
named("resolver in trouble", dns.rcode.SERVFAIL, Failure.DNS_SERVFAIL)
named("resolver that lacks a feature", dns.rcode.NOTIMP, Failure.DNS_SERVFAIL)
named("resolver that refuses", dns.rcode.REFUSED, Failure.DNS_REFUSED)
named("resolver that is silent", None, Failure.TIMEOUT)
named("public name, private addresses", ["127.0.0.1", "10.0.0.1", "::1"], Failure.DNS_BOGON)


@scenario(Failure.CONNECTION_REFUSED, Phase.CONNECT)
async def nobody_listens() -> AsyncGenerator[Trouble]:
    with sites.closed_port() as port:
        yield Trouble(url=f"http://127.0.0.1:{port}/", fetcher=make_fetcher())


@scenario(Failure.TIMEOUT, Phase.CONNECT)
async def silence_at_connect() -> AsyncGenerator[Trouble]:
    with sites.full_port() as port:
        yield Trouble(url=f"http://127.0.0.1:{port}/", fetcher=make_fetcher(limits=QUICK))


@scenario(Failure.HOST_UNREACHABLE, Phase.CONNECT)
async def host_is_gone() -> AsyncGenerator[Trouble]:
    """Let a router say so; where we may not play one, put the kernel's answer in its place."""
    with sites.full_port() as port, ExitStack() as stack:
        try:
            stack.enter_context(sites.no_way_to(port))
        except PermissionError:
            gone = OSError(errno.EHOSTUNREACH, "No route to host")
            loop = asyncio.get_running_loop()
            stack.enter_context(mock.patch.object(loop, "sock_connect", side_effect=gone))
        yield Trouble(url=f"http://127.0.0.1:{port}/", fetcher=make_fetcher())


@scenario(Failure.NETWORK_UNREACHABLE, Phase.CONNECT)
async def no_route() -> AsyncGenerator[Trouble]:
    """TCP has no way to a multicast address: the kernel itself says so."""
    yield Trouble(url="http://224.0.0.1/", fetcher=make_fetcher())


@scenario(Failure.UNKNOWN, Phase.CONNECT)
async def error_without_a_name() -> AsyncGenerator[Trouble]:
    """Give a link-local address without its link: EINVAL, for which we have no name."""
    yield Trouble(url="http://[fe80::1]/", fetcher=make_fetcher())


async def reset_at_once(visit: Visit) -> None:
    visit.reset()


async def hang_up_on_hello(visit: Visit) -> None:
    await visit.receive()


PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10\r\n\r\nabc"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

for _name, _script, _failure, _phase in (
    ("reset before headers", sites.resets(), Failure.CONNECTION_RESET, Phase.PROCESSING),
    ("reset in headers", sites.resets(PARTIAL[:20]), Failure.CONNECTION_RESET, Phase.TRANSFER),
    ("reset in the body", sites.resets(PARTIAL), Failure.CONNECTION_RESET, Phase.TRANSFER),
    ("end before headers", sites.says(b""), Failure.EOF, Phase.PROCESSING),
    ("end in the first line", sites.says(b"HTT"), Failure.EOF, Phase.TRANSFER),
    ("end in headers", sites.says(PARTIAL[:30]), Failure.EOF, Phase.TRANSFER),
    ("end in the body", sites.says(PARTIAL), Failure.TRUNCATED, Phase.TRANSFER),
    ("end in a chunk", sites.says(CHUNKED + b"a\r\nabc"), Failure.TRUNCATED, Phase.TRANSFER),
    ("no last chunk", sites.says(CHUNKED + b"3\r\nabc\r\n"), Failure.TRUNCATED, Phase.TRANSFER),
    ("broken chunk", sites.says(CHUNKED + b"zz\r\nabc"), Failure.INVALID_RESPONSE, Phase.TRANSFER),
    ("not HTTP", sites.says(b"SSH-2.0-x\r\n\r\n"), Failure.INVALID_RESPONSE, Phase.TRANSFER),
    ("not HTTP, short", sites.says(b"220 mail"), Failure.INVALID_RESPONSE, Phase.TRANSFER),
    ("no status", sites.says(b"HTTP/1.1 7\r\n\r\n"), Failure.INVALID_RESPONSE, Phase.TRANSFER),
    (
        "two lengths",
        sites.says(answer(b"abc", "Content-Length: 3", "Content-Length: 4")),
        Failure.INVALID_RESPONSE,
        Phase.TRANSFER,
    ),
    (
        "unasked upgrade",
        sites.says(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
        Failure.INVALID_RESPONSE,
        Phase.TRANSFER,
    ),
    (
        "false gzip",
        sites.says(answer(b"abc", "Content-Encoding: gzip")),
        Failure.INVALID_ENCODING,
        Phase.TRANSFER,
    ),
):
    scripted(_name, _script, _failure, _phase)

scripted("silence at the request", sites.silent(), Failure.TIMEOUT, Phase.PROCESSING, limits=QUICK)
scripted(
    "silence in headers", sites.silent(b"HTTP/1.1 2"), Failure.TIMEOUT, Phase.TRANSFER, limits=QUICK
)
scripted(
    "silence in the body", sites.silent(PARTIAL), Failure.TIMEOUT, Phase.TRANSFER, limits=QUICK
)
scripted("silence in TLS", sites.deaf, Failure.TIMEOUT, Phase.TLS, limits=QUICK, secure=True)
scripted("reset in TLS", reset_at_once, Failure.CONNECTION_RESET, Phase.TLS, secure=True)
scripted("end in TLS", hang_up_on_hello, Failure.EOF, Phase.TLS, secure=True)


async def speak_plainly(visit: Visit) -> None:
    await visit.send(answer(b"plain", status="400 Bad Request"))
    await sites.deaf(visit)


scripted(
    "plain HTTP in place of TLS",
    speak_plainly,
    Failure.SSL_FAILED_HANDSHAKE,
    Phase.TLS,
    secure=True,
)

drip = sites.drips(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", every_s=0.05)
scripted("drip-fed body", drip, Failure.DEADLINE, Phase.TRANSFER, deadline_s=3)
scripted(
    "drip-fed headers",
    sites.drips(b"HTTP/1.1 200 OK\r\nX: ", every_s=0.05),
    Failure.DEADLINE,
    Phase.TRANSFER,
    deadline_s=3,
)
scripted(
    "deadline before any byte", sites.silent(), Failure.DEADLINE, Phase.PROCESSING, deadline_s=3
)

BIG = bytes(2_000_000)
for _name, _data in (
    ("long body announced", answer(b"", "Content-Length: 100001")),
    ("long body without length", b"HTTP/1.0 200 OK\r\n\r\n" + BIG),
    ("body just over the bound", b"HTTP/1.0 200 OK\r\n\r\n" + bytes(100_001)),
    ("long body in chunks", CHUNKED + b"1e8480\r\n" + BIG + b"\r\n0\r\n\r\n"),
    ("bomb in gzip", answer(gzip.compress(BIG), "Content-Encoding: gzip")),
    ("bomb in br", answer(brotli.compress(BIG), "Content-Encoding: br")),
    ("bomb in zstd", answer(zstandard.compress(BIG), "Content-Encoding: zstd")),
    (
        "bomb in gzip in gzip",
        answer(gzip.compress(gzip.compress(BIG)), "Content-Encoding: gzip, gzip"),
    ),
    ("header section over 256 kB", answer(b"", *(f"X-{n}: {'x' * 1000}" for n in range(400)))),
    ("header line over 256 kB", answer(b"", f"X: {'x' * 400_000}")),
    ("early answers without end", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20_000),
):
    scripted(_name, sites.says(_data), Failure.TOO_LARGE, Phase.TRANSFER, limits=SMALL)


def presented(
    name: str, chain: Callable[[], tuple[certs.IssuedCertificate, ...]], failure: Failure
) -> None:
    scripted(
        name,
        sites.says(answer(b"x")),
        failure,
        Phase.TLS,
        tls=lambda: certs.server_context(*chain()),
    )


def orphan() -> tuple[certs.IssuedCertificate, ...]:
    return (certs.leaf(certs.authority("Intermédiaire", issuer=certs.root())),)


presented(
    "expired",
    lambda: (certs.leaf(certs.root(), since=-9 * DAY, until=-DAY),),
    Failure.SSL_INVALID_CERTIFICATE,
)
presented(
    "not yet valid", lambda: (certs.leaf(certs.root(), since=DAY),), Failure.SSL_INVALID_CERTIFICATE
)
presented(
    "wrong use",
    lambda: (certs.leaf(certs.root(), purpose=ExtendedKeyUsageOID.CLIENT_AUTH),),
    Failure.SSL_INVALID_CERTIFICATE,
)
presented(
    "wrong name",
    lambda: (certs.leaf(certs.root(), hosts=["autre.test"]),),
    Failure.SSL_INVALID_HOSTNAME,
)
presented("self-signed", lambda: (certs.leaf(None),), Failure.SSL_UNKNOWN_AUTHORITY)
presented(
    "unknown root",
    lambda: (certs.leaf(certs.authority("Inconnue")),),
    Failure.SSL_UNKNOWN_AUTHORITY,
)
presented("incomplete chain that says nothing of its issuer", orphan, Failure.SSL_UNKNOWN_AUTHORITY)


async def refuse_modern_tls(visit: Visit) -> None:
    """Answer as a server that stopped at TLS 1.1: the fatal alert `protocol_version`."""
    await visit.receive()
    await visit.send(bytes((21, 3, 2, 0, 2, 2, 70)))


scripted("TLS 1.1", refuse_modern_tls, Failure.SSL_FAILED_HANDSHAKE, Phase.TLS, secure=True)

for _name, _location in (
    ("redirect to itself", "/"),
    ("redirect to itself, with a fragment", "/#accueil"),
):
    scripted(_name, sites.says(sites.redirect(_location)), Failure.REDIRECT_LOOP, None)
scripted(
    "redirect between two",
    sites.routes({"/": sites.redirect("/b"), "/b": sites.redirect("/")}),
    Failure.REDIRECT_LOOP,
    None,
)


async def redirect_further(visit: Visit) -> None:
    path = (await visit.request()).split(b" ", 2)[1].decode()
    await visit.send(sites.redirect(f"{path}x"))


scripted("redirect without end", redirect_further, Failure.REDIRECT_LOOP, None)

for _name, _location in (
    ("redirect to a file", "file:///etc/passwd"),
    ("redirect to an app", "intent://scan/#Intent;end"),
    ("redirect with credentials", "http://moi:secret@site.test/"),
    ("redirect to no host", "https:///"),
    ("redirect to no port", "http://site.test:99999/"),
    ("redirect to a bad host", f"http://{'a' * 70}.test/"),
    ("redirect to a long address", "/" + "a" * 33_000),
):
    scripted(_name, sites.says(sites.redirect(_location)), Failure.REDIRECT_REFUSED, None)


@scenario(Failure.REDIRECT_REFUSED, None)
async def redirect_to_a_private_address() -> AsyncGenerator[Trouble]:
    async with (
        sites.site(sites.says(answer(b"secret")), host="127.0.0.2") as inside,
        sites.site(sites.says(sites.redirect(inside.url()))) as outside,
    ):
        fetcher = make_fetcher(is_public=lambda address: address == "127.0.0.1")
        yield Trouble(url=outside.url(), fetcher=fetcher)
        assert inside.received == []


@scenario(Failure.REDIRECT_REFUSED, None)
async def redirect_to_a_name_with_a_private_address() -> AsyncGenerator[Trouble]:
    async with (
        sites.site(sites.says(answer(b"secret")), host="127.0.0.2") as inside,
        sites.site(sites.says(sites.redirect(inside.url(host="dedans.test")))) as outside,
    ):
        fetcher = make_fetcher(
            names={"dedans.test": ["127.0.0.2"]}, is_public=lambda address: address == "127.0.0.1"
        )
        yield Trouble(url=outside.url(), fetcher=fetcher)
        assert inside.received == []


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_fault_of_the_outside_is_named_with_its_phase(name: str) -> None:
    make, failure, phase = SCENARIOS[name]
    async with make() as trouble:
        exchange = await trouble.fetcher.fetch_url(
            trouble.url, deadline_s=trouble.deadline_s, gate=open_gate
        )
    assert (failure, phase) == (exchange.failure, exchange.phase), exchange.detail
    assert exchange.status is None
    assert 0 < len(exchange.detail) <= 300
    assert exchange.last is not None
    if phase is not None:
        assert phase in exchange.last.phases_us


async def test_what_has_no_name_gives_its_type() -> None:
    make, _, _ = SCENARIOS["error_without_a_name"]
    async with make() as trouble:
        exchange = await trouble.fetcher.fetch_url(
            trouble.url, deadline_s=PATIENT_S, gate=open_gate
        )
    assert exchange.detail.startswith("OSError: ")


def test_the_cause_of_an_error_names_it() -> None:
    """A library may wrap what the system said, by `from` or without."""
    for cause in (ConnectionResetError(), TimeoutError(), ssl.SSLEOFError()):
        wrapped = RuntimeError("something else: connection refused")
        wrapped.__cause__ = cause
        twice = ValueError()
        twice.__context__ = wrapped
        assert failure_of(twice) is failure_of(cause) is not Failure.UNKNOWN


def test_a_loop_of_causes_ends() -> None:
    one, other = ValueError(), ValueError()
    one.__cause__, other.__cause__ = other, one
    assert failure_of(one) is Failure.UNKNOWN


def test_no_failure_is_left_without_a_scenario() -> None:
    assert set(Failure) == {failure for _, failure, _ in SCENARIOS.values()}


def test_every_failure_is_a_reason() -> None:
    assert {each.value for each in Failure} <= {each.value for each in Reason}
