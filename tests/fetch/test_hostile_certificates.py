"""Whatever a certificate holds, it is data: nothing that a library raises comes out."""

import random
import ssl
import time
from collections.abc import Callable, Sequence
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtensionOID

from monitor.core.model import Failure
from monitor.fetch import tls
from tests.support import certs, sites
from tests.support.certs import IssuedCertificate
from tests.support.fetching import fetch
from tests.support.sites import answer

# GeneralNames that cryptography refuses to know, each in a way of its own.
NAMES = {
    "x400Address": b"\x30\x04\xa3\x02\x30\x00",
    "ediPartyName": b"\x30\x06\xa5\x04\xa1\x02\x0c\x00",
    "an address of five bytes": b"\x30\x07\x87\x05\x01\x02\x03\x04\x05",
    "a name that is not ASCII": b"\x30\x06\x82\x04\xff\xfe\xc3\x28",
    "an address that is no URL": b"\x30\x06\x86\x04\x00\xff\x80\x01",
    "a directory name of nothing": b"\x30\x04\xa4\x02\x30\x00",
}
# What OpenSSL would not even serve.
BROKEN = (b"\x30\x04\x8f\x02\x01\x02", b"\x04\x00", b"", b"\x30\x84\xff\xff\xff\xff")
# The signedData's place holds plain data, then other things that PKCS #7 allows.
PKCS7 = {
    "data": bytes.fromhex("300b06092a864886f70d010701"),
    "data with content": bytes.fromhex("301106092a864886f70d010701a00404025858"),
    "encrypted": bytes.fromhex("300d06092a864886f70d010706a000"),
    "signed, of nothing": bytes.fromhex("300f06092a864886f70d010702a0023000"),
    "an unknown type": bytes.fromhex("30050603550403"),
}


def with_extension(oid: x509.ObjectIdentifier, value: bytes) -> IssuedCertificate:
    """Make a self-signed certificate with one extension of these very bytes."""
    plain = certs.leaf(None)
    extension = x509.UnrecognizedExtension(oid, value)
    builder = certs.again(plain.certificate).add_extension(extension, critical=False)
    return IssuedCertificate(certificate=builder.sign(plain.key, SHA256()), key=plain.key)


def pointing(name: bytes) -> bytes:
    """Return an AuthorityInformationAccess whose one access location is this general name."""
    oid = bytes.fromhex("06082b06010505073002")
    inner = oid + name[2:]
    access = b"\x30" + bytes([len(inner)]) + inner
    return b"\x30" + bytes([len(access)]) + access


@pytest.mark.anyio
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize(
    "oid",
    [ExtensionOID.SUBJECT_ALTERNATIVE_NAME, ExtensionOID.AUTHORITY_INFORMATION_ACCESS],
    ids=["names", "pointers"],
)
async def test_a_certificate_with_an_odd_name_is_a_refused_certificate(
    oid: x509.ObjectIdentifier, names: bytes
) -> None:
    pointers = oid == ExtensionOID.AUTHORITY_INFORMATION_ACCESS
    odd = with_extension(oid, pointing(names) if pointers else names)
    context = certs.server_context(odd)
    async with sites.site(sites.says(answer(b"bonjour")), tls=context) as site:
        exchange = await fetch(site.url(host="site.test"))
    # OpenSSL refuses some of these in the handshake already; none is any fault of ours.
    assert exchange.failure in {Failure.SSL_UNKNOWN_AUTHORITY, Failure.SSL_INVALID_CERTIFICATE}
    assert exchange.last is not None
    if exchange.last.certificate is not None:
        assert exchange.last.certificate.names == ()


@pytest.mark.parametrize("value", BROKEN)
def test_an_extension_that_cannot_be_read_is_data(value: bytes) -> None:
    for oid in (
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.BASIC_CONSTRAINTS,
    ):
        read([with_extension(oid, value).der])


@pytest.mark.anyio
@pytest.mark.parametrize("published", PKCS7.values(), ids=PKCS7)
async def test_a_file_that_holds_no_issuer_completes_nothing(published: bytes) -> None:
    intermediate = certs.authority("Intermédiaire", issuer=certs.root())
    async with sites.site(sites.says(answer(published))) as publisher:
        leaf = certs.leaf(intermediate, aia=publisher.url("/i.p7c"))
        page = sites.says(answer(b"bonjour"))
        async with sites.site(page, tls=certs.server_context(leaf)) as site:
            exchange = await fetch(site.url(host="site.test"))
        assert publisher.received
    assert exchange.failure is Failure.SSL_UNKNOWN_AUTHORITY


class Peer:
    """What is asked of a TLS object when its certificates are read."""

    def __init__(self, chain: Sequence[bytes]) -> None:
        self._chain = list(chain)

    def get_unverified_chain(self) -> list[bytes]:
        return self._chain

    get_verified_chain = get_unverified_chain


def read(chain: Sequence[bytes]) -> None:
    """Read a chain in every way in which a probe does."""
    peer = cast("ssl.SSLObject", Peer(chain))
    tls.certificate_of(peer, verified=True)
    for url in tls.issuer_pointers(chain):
        assert url.lower().startswith("http://")
    tls.issuer_among(chain[-1], chain)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Change, remove, double or insert some bytes, mostly few."""
    new = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        at = dice.randrange(len(new)) if new else 0
        match dice.randrange(4):
            case 0 if new:
                new[at] = dice.randrange(256)
            case 1 if new:
                del new[at : at + dice.choice((1, 2, 8))]
            case 2:
                new[at:at] = new[at : at + dice.choice((1, 4, 32))]
            case _:
                new[at:at] = dice.randbytes(dice.choice((1, 2, 5)))
    return bytes(new)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_certificates_are_data(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 -- repeatable is what it must be
    intermediate = certs.authority("I", issuer=certs.root(), aia="http://a.test/r")
    good = certs.leaf(intermediate, hosts=["site.test", "10.0.0.1"], aia="http://a.test/i")
    odd = with_extension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, NAMES["x400Address"])
    for _ in range(700):
        chain = [each.der for each in (good, odd, intermediate)]
        at = dice.randrange(len(chain))
        chain[at] = mutated(chain[at], dice)
        dice.shuffle(chain)
        read(chain)


@pytest.mark.parametrize("seed", range(2))
def test_mutated_files_of_issuers_are_data(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 -- repeatable is what it must be
    leaf = certs.leaf(certs.root()).der
    files = [*PKCS7.values(), certs.root().pem, certs.root().der, b"-----BEGIN", b""]
    for _ in range(700):
        assert tls.issuer_among(mutated(dice.choice(files), dice), [leaf]) is None


def test_a_panic_of_rust_code_is_data_and_an_interrupt_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panic = type("PanicException", (BaseException,), {})  # as PyO3 makes its own
    chain = [certs.leaf(certs.root()).der]
    peer = cast("ssl.SSLObject", Peer(chain))

    def broken(error: type[BaseException]) -> Callable[[bytes], x509.Certificate]:
        def load(_: bytes) -> x509.Certificate:
            raise error("called `Option::unwrap()` on a `None` value")

        return load

    tls._read.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr("monitor.fetch.tls.x509.load_der_x509_certificate", broken(panic))
        assert tls.certificate_of(peer, verified=False) is None
        assert tls.issuer_pointers(chain) == ()
        assert tls.issuer_among(chain[0], chain) is None
        patch.setattr("monitor.fetch.tls.x509.load_der_x509_certificate", broken(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            tls.certificate_of(peer, verified=False)


def test_a_chain_of_hundreds_and_a_file_of_hundreds_cost_little() -> None:
    """A hundred kilobytes of small certificates is what one handshake may bring."""
    many = [certs.authority(f"A{number}").der for number in range(150)]
    begun = time.process_time()
    tls.issuer_pointers(many)
    tls.issuer_among(b"".join(certs.root().pem for _ in range(100)), many)
    assert time.process_time() - begun < 2


def test_the_pointers_of_a_good_certificate_are_still_found() -> None:
    root = certs.root()
    chain = [certs.leaf(root, aia="http://a.test/i.cer").der]
    assert tls.issuer_pointers(chain) == ("http://a.test/i.cer",)
