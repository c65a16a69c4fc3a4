"""Certificates: read whatever becomes of them, and completed as a browser would."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from monitor.core.model import Certificate, Exchange, Failure
from monitor.fetch import Fetcher
from tests.support import certs, sites
from tests.support.certs import IssuedCertificate
from tests.support.fetching import PATIENT_S, fetch, make_fetcher, open_gate
from tests.support.sites import Site, answer

pytestmark = pytest.mark.anyio

PAGE = sites.says(answer(b"bonjour"))


@asynccontextmanager
async def secure_site(*chain: IssuedCertificate) -> AsyncGenerator[Site]:
    async with sites.site(PAGE, tls=certs.server_context(*chain)) as site:
        yield site


def certificate_of(exchange: Exchange) -> Certificate:
    assert exchange.last is not None
    assert exchange.last.certificate is not None
    return exchange.last.certificate


async def test_a_certificate_is_described() -> None:
    leaf = certs.leaf(certs.root(), hosts=["site.test", "127.0.0.1"])
    async with secure_site(leaf) as site:
        exchange = await fetch(site.url(host="site.test"))
    assert exchange.status == 200
    certificate = certificate_of(exchange)
    assert certificate.sha256 == leaf.certificate.fingerprint(SHA256()).hex()
    assert (certificate.subject, certificate.issuer) == ("CN=site.test", "CN=Racine de test")
    assert certificate.names == ("site.test", "127.0.0.1")
    assert certificate.not_after == leaf.certificate.not_valid_after_utc
    assert certificate.not_before == leaf.certificate.not_valid_before_utc
    assert (certificate.chain_length, certificate.verified, certificate.completed) == (
        1,
        True,
        False,
    )


async def test_a_certificate_that_is_refused_is_described_too() -> None:
    leaf = certs.leaf(certs.root(), since=-9 * certs.DAY, until=-certs.DAY)
    async with secure_site(leaf) as site:
        exchange = await fetch(site.url(host="site.test"))
        assert site.received == []  # nothing is said to a stranger
    assert exchange.failure is Failure.SSL_INVALID_CERTIFICATE
    certificate = certificate_of(exchange)
    assert certificate.not_after == leaf.certificate.not_valid_after_utc
    assert not certificate.verified


async def test_an_address_is_verified_against_the_addresses_of_the_certificate() -> None:
    async with secure_site(certs.leaf(certs.root(), hosts=["127.0.0.1"])) as site:
        assert (await fetch(site.url())).status == 200
    async with secure_site(certs.leaf(certs.root(), hosts=["site.test"])) as site:
        assert (await fetch(site.url())).failure is Failure.SSL_INVALID_HOSTNAME


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_the_version_of_tls_is_recorded(version: ssl.TLSVersion) -> None:
    context = certs.server_context(certs.leaf(certs.root()))
    context.minimum_version = context.maximum_version = version
    async with sites.site(PAGE, tls=context) as site:
        exchange = await fetch(site.url(host="site.test"))
    assert exchange.last is not None
    assert exchange.last.tls_version == version.name.replace("_", ".")
    assert exchange.last.tls_cipher


class Orphaned:
    """A site that leaves out its intermediates, which are published over HTTP."""

    def __init__(self, site: Site, publisher: Site, fetcher: Fetcher) -> None:
        self.site = site
        self.publisher = publisher
        self.fetcher = fetcher
        self.gated: list[str] = []

    async def fetch(self) -> Exchange:
        async def gate(url: str) -> None:
            self.gated.append(url)

        url = self.site.url(host="site.test")
        return await self.fetcher.fetch_url(url, deadline_s=PATIENT_S, gate=gate)


@asynccontextmanager
async def orphaned(
    published: bytes | None = None, *, root: IssuedCertificate | None = None
) -> AsyncGenerator[Orphaned]:
    """Leaf ← intermediate ← root; `published` stands where the leaf says that its issuer is."""
    intermediate = certs.authority("Intermédiaire", issuer=root or certs.root())
    pages: dict[str, bytes] = {"/i.cer": answer(published or intermediate.der)}
    async with sites.site(sites.routes(pages)) as publisher:
        leaf = certs.leaf(intermediate, aia=publisher.url("/i.cer"))
        async with secure_site(leaf) as site:
            yield Orphaned(site, publisher, make_fetcher())


async def test_an_incomplete_chain_is_completed_and_said_to_be() -> None:
    async with orphaned() as case:
        exchange = await case.fetch()
        page, issuer = case.site.url(host="site.test"), case.publisher.url("/i.cer")
        assert case.gated == [page, issuer, page]
    assert (exchange.status, exchange.body) == (200, b"bonjour")
    assert len(exchange.hops) == 1
    certificate = certificate_of(exchange)
    assert (certificate.verified, certificate.completed, certificate.chain_length) == (
        True,
        True,
        1,
    )
    assert [attempt.failure for attempt in exchange.hops[0].attempts] == [
        Failure.SSL_UNKNOWN_AUTHORITY,
        None,
    ]


async def test_an_intermediate_is_fetched_once_and_its_absence_still_seen() -> None:
    async with orphaned() as case:
        await case.fetch()
        case.gated.clear()
        again = await case.fetch()
        assert case.gated == [case.site.url(host="site.test")]
    assert certificate_of(again).completed
    assert [attempt.failure for attempt in again.hops[0].attempts] == [None]


async def test_what_one_site_forgot_does_not_mark_another_that_sends_it() -> None:
    intermediate = certs.authority("Intermédiaire", issuer=certs.root())
    pages = {"/i.cer": answer(intermediate.der)}
    async with sites.site(sites.routes(pages)) as publisher:
        leaf = certs.leaf(intermediate, aia=publisher.url("/i.cer"))
        fetcher = make_fetcher()
        async with secure_site(leaf) as site:
            assert certificate_of(await fetch(site.url(host="site.test"), fetcher)).completed
        async with secure_site(leaf, intermediate) as site:
            certificate = certificate_of(await fetch(site.url(host="site.test"), fetcher))
    assert (certificate.completed, certificate.chain_length) == (False, 2)


async def test_two_missing_intermediates_are_found_one_after_the_other() -> None:
    pages: dict[str, bytes] = {}
    async with sites.site(sites.routes(pages)) as publisher:
        upper = certs.authority("Haut", issuer=certs.root())
        lower = certs.authority("Bas", issuer=upper, aia=publisher.url("/haut.cer"))
        pages |= {"/haut.cer": answer(upper.der), "/bas.cer": answer(lower.der)}
        async with secure_site(certs.leaf(lower, aia=publisher.url("/bas.cer"))) as site:
            exchange = await fetch(site.url(host="site.test"))
    assert exchange.status == 200
    assert certificate_of(exchange).completed


@pytest.mark.parametrize("form", ["PEM", "PKCS7"])
async def test_an_intermediate_is_read_in_every_form_in_use(form: str) -> None:
    pages: dict[str, bytes] = {}
    async with sites.site(sites.routes(pages)) as publisher:
        issuer = certs.authority("Intermédiaire", issuer=certs.root())
        files = {
            "PEM": issuer.pem,
            "PKCS7": pkcs7.serialize_certificates([issuer.certificate], Encoding.DER),
        }
        pages["/i"] = answer(files[form])
        async with secure_site(certs.leaf(issuer, aia=publisher.url("/i"))) as site:
            assert (await fetch(site.url(host="site.test"))).status == 200


async def test_a_fetched_intermediate_is_not_a_root() -> None:
    """A chain completed to a root that nobody trusts proves nothing, now or later."""
    async with orphaned(root=certs.authority("Inconnue")) as case:
        for _ in range(2):
            exchange = await case.fetch()
            assert exchange.failure is Failure.SSL_UNKNOWN_AUTHORITY
            assert not certificate_of(exchange).verified
        assert case.site.received == []


async def test_a_fetched_root_is_refused() -> None:
    """Put among the roots, a self-issued certificate would be trusted."""
    pages: dict[str, bytes] = {}
    async with sites.site(sites.routes(pages)) as publisher:
        unknown = certs.authority("Inconnue")
        pages["/racine.cer"] = answer(unknown.der)
        async with secure_site(certs.leaf(unknown, aia=publisher.url("/racine.cer"))) as site:
            exchange = await fetch(site.url(host="site.test"))
            assert (exchange.failure, site.received) == (Failure.SSL_UNKNOWN_AUTHORITY, [])
        assert len(publisher.received) == 1


@pytest.mark.parametrize("published", [b"<html>", b"-----BEGIN nothing", bytes(100_000)])
async def test_what_is_no_certificate_completes_nothing(published: bytes) -> None:
    async with orphaned(published) as case:
        assert (await case.fetch()).failure is Failure.SSL_UNKNOWN_AUTHORITY


async def test_a_certificate_of_someone_else_completes_nothing() -> None:
    namesake = certs.authority("Intermédiaire", issuer=certs.root())  # same name, other key
    async with orphaned(namesake.der) as case:
        assert (await case.fetch()).failure is Failure.SSL_UNKNOWN_AUTHORITY


async def test_a_pointer_to_a_private_address_is_not_followed() -> None:
    """A certificate that is not yet verified is a stranger's word."""
    issuer = certs.authority("Intermédiaire", issuer=certs.root())
    async with sites.site(sites.says(answer(issuer.der)), host="127.0.0.2") as inside:
        async with secure_site(certs.leaf(issuer, aia=inside.url("/i.cer"))) as site:
            fetcher = make_fetcher(is_public=lambda address: address == "127.0.0.1")
            exchange = await fetch(site.url(host="site.test"), fetcher)
        assert inside.received == []
    assert exchange.failure is Failure.SSL_UNKNOWN_AUTHORITY


@pytest.mark.parametrize("pointer", ["https://site.test/i.cer", "ldap://site.test/", "http://["])
async def test_a_pointer_that_is_not_plain_http_is_not_followed(pointer: str) -> None:
    issuer = certs.authority("Intermédiaire", issuer=certs.root())
    async with secure_site(certs.leaf(issuer, aia=pointer)) as site:
        exchange = await fetch(site.url(host="site.test"))
        assert len(site.received) == 0
    assert exchange.failure is Failure.SSL_UNKNOWN_AUTHORITY


async def test_an_issuer_that_never_comes_takes_no_more_than_the_deadline() -> None:
    issuer = certs.authority("Intermédiaire", issuer=certs.root())
    drip = sites.drips(answer(b"", "Content-Length: 999"), every_s=0.05)
    async with (
        sites.site(drip) as slow,
        secure_site(certs.leaf(issuer, aia=slow.url("/i.cer"))) as site,
    ):
        exchange = await make_fetcher().fetch_url(
            site.url(host="site.test"), deadline_s=3, gate=open_gate
        )
    assert exchange.failure is Failure.SSL_UNKNOWN_AUTHORITY
