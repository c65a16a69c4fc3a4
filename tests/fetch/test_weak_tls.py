"""TLS as current browsers take it: what they accept is up, and its weakness is noted."""

import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from monitor.core.model import Exchange, Failure, Phase
from monitor.demo.certificates import IssuedCertificate, issue
from monitor.fetch import tls
from monitor.runtime.clock import SystemClock
from tests.support import certs, sites
from tests.support.fetching import fetch
from tests.support.sites import answer

pytestmark = pytest.mark.anyio


def leaf(*, alternative_name: bool = True) -> IssuedCertificate:
    """Make a certificate with an RSA key, as the older suites need."""
    now = SystemClock().now()
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ]
    if alternative_name:
        extensions.append((x509.SubjectAlternativeName([x509.DNSName("site.test")]), False))
    return issue(
        "site.test",
        certs.root(),
        extensions,
        starts=now - certs.DAY,
        ends=now + certs.DAY,
        key=rsa.generate_private_key(65537, 2048),
    )


async def asked(ciphers: str) -> Exchange:
    """Ask a server of TLS 1.2 that has these suites only."""
    context = certs.server_context(leaf())
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    async with sites.site(sites.says(answer(b"bonjour")), tls=context) as site:
        return await fetch(site.url(host="site.test"))


@pytest.mark.parametrize(
    "cipher",
    [
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-RSA-AES256-SHA",
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-SHA",
        "AES256-SHA",
    ],
)
async def test_a_weak_suite_that_browsers_take_is_up_and_noted(cipher: str) -> None:
    exchange = await asked(cipher)

    assert (exchange.failure, exchange.status) == (None, 200)
    assert exchange.detail == f"weak cipher {cipher}"


@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"])
async def test_a_strong_suite_is_not_noted(cipher: str) -> None:
    exchange = await asked(cipher)

    assert (exchange.failure, exchange.detail) == (None, "")


@pytest.mark.parametrize(
    "cipher", ["DHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "AES128-SHA256"]
)
async def test_a_suite_that_browsers_dropped_is_refused(cipher: str) -> None:
    exchange = await asked(cipher)

    assert exchange.phase is Phase.TLS
    assert exchange.failure in {Failure.SSL_FAILED_HANDSHAKE, Failure.EOF}  # an alert, or none


async def test_a_common_name_alone_names_no_site() -> None:
    context = certs.server_context(leaf(alternative_name=False))
    async with sites.site(sites.says(answer(b"bonjour")), tls=context) as site:
        exchange = await fetch(site.url(host="site.test"))

    assert exchange.failure is Failure.SSL_INVALID_HOSTNAME


def hello(*extensions: bytes) -> bytes:
    """Make a record with a ServerHello of TLS 1.2."""
    listed = b"".join(extensions)
    body = b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x13" + b"\x00"
    body += len(listed).to_bytes(2, "big") + listed
    message = b"\x02" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message


SECURE = b"\xff\x01\x00\x01\x00"
OTHER = b"\x00\x0b\x00\x02\x01\x00"


@pytest.mark.parametrize(
    ("first_bytes", "secure"),
    [
        (hello(SECURE), True),
        (hello(OTHER, SECURE), True),
        (hello(OTHER), False),
        (hello(), False),
        (hello(OTHER)[:20], True),
        (b"", True),
    ],
    ids=["alone", "second", "absent", "no extension", "cut: nothing is said", "nothing"],
)
def test_a_server_from_before_secure_renegotiation_is_known(
    first_bytes: bytes, *, secure: bool
) -> None:
    assert tls.renegotiates_securely(first_bytes) is secure


def test_such_a_server_is_not_refused() -> None:
    """Browsers accept it; OpenSSL 3 does only with this option."""
    assert tls.Trust().context.options & 0x4
