"""Verify certificates, and read them even when the verification failed.

OpenSSL 3 keeps the chain of a handshake that it refused, so the recorded certificate is the one
that failed, and no second handshake is needed to read it. Before Python 3.13 the chain is only in
a private attribute, which `_chain` alone uses.
"""

import _ssl
import hashlib
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID

from monitor.core.model import Certificate
from monitor.core.untrusted.library_errors import Unreadable, reading

MAX_NAMES = 100
MAX_LEARNED = 64
MAX_POINTERS = 2
MAX_CHAIN = 16  # certificates of one handshake that are read; real chains have four
# What current browsers offer over TLS 1.2, the best first: what they refuse is down for a visitor,
# what they accept is not. OpenSSL adds those of TLS 1.3.
_STRONG = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
_WEAK = (  # no forward secrecy, or CBC with SHA-1
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
)
CIPHERS = ":".join((*_STRONG, *_WEAK))
# Servers from before RFC 5746 are accepted by browsers; the ssl module names it from 3.12 on.
_LEGACY_SERVER_CONNECT = 0x4
MAX_CANDIDATES = 16  # certificates of one file that may be the missing issuer


class Trust:
    """The trusted roots, and intermediates that servers did not send.

    One TLS context for all requests: loading the roots takes tens of milliseconds. It never
    changes once in use; `plus` makes another. An intermediate is never trusted by itself: without
    the flag VERIFY_X509_PARTIAL_CHAIN, which Python 3.13 sets, OpenSSL accepts only paths that
    end at a self-signed root.
    """

    def __init__(self, extra_ca: Path | None = None, learned: Sequence[bytes] = ()) -> None:
        """Load the roots of certifi and of `extra_ca` (PEM); `learned` are intermediates, DER."""
        self._extra_ca = extra_ca
        self._learned = tuple(learned)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # TLS 1.2 or later, names checked
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.options |= _LEGACY_SERVER_CONNECT
        context.hostname_checks_common_name = False  # browsers stopped in 2017 (RFC 9110 4.3.4)
        context.load_verify_locations(certifi.where())
        if extra_ca is not None:
            context.load_verify_locations(extra_ca)
        for der in learned:
            context.load_verify_locations(cadata=der)
        context.verify_flags &= ~ssl.VERIFY_X509_PARTIAL_CHAIN
        context.set_alpn_protocols(["http/1.1"])
        self.context = context

    def plus(self, intermediates: Iterable[bytes]) -> "Trust":
        """Return a `Trust` with these intermediates (DER) too; the oldest are dropped first.

        Takes tens of milliseconds. Keep it only when it made a verification succeed: a useless
        intermediate could hide a good one of the same name.
        """
        distinct = dict.fromkeys((*self._learned, *intermediates))
        return Trust(self._extra_ca, tuple(distinct)[-MAX_LEARNED:])


def weaknesses(tls: ssl.SSLObject, hello: bytes) -> list[str]:
    """Return what browsers still accept of a handshake, and advise against.

    Args:
        tls: After the handshake.
        hello: The first bytes that the server sent.

    """
    name = (tls.cipher() or ("",))[0]
    weak = [f"weak cipher {name}"] if name in _WEAK else []
    if tls.version() == "TLSv1.2" and not renegotiates_securely(hello):
        weak.append("no secure renegotiation")
    return weak


def renegotiates_securely(hello: bytes) -> bool:
    """Return whether a ServerHello of TLS 1.2 has renegotiation_info (RFC 5746); True if unread."""
    at = 5 + 4 + 2 + 32  # the headers of record and message, the version, the random
    if hello[:1] != b"\x16" or hello[5:6] != b"\x02" or len(hello) <= at:
        return True
    at += 1 + hello[at] + 2 + 1  # the session, the cipher, the compression
    end = 9 + int.from_bytes(hello[6:9], "big")
    if len(hello) < end:
        return True
    at += 2  # the length of the extensions
    while at + 4 <= end:
        if hello[at : at + 2] == b"\xff\x01":
            return True
        at += 4 + int.from_bytes(hello[at + 2 : at + 4], "big")
    return False


def certificate_of(tls: ssl.SSLObject, *, verified: bool) -> Certificate | None:
    """Return the fields of the peer's certificate; None when there is none, or it is unreadable."""
    chain = sent_chain(tls)
    if not chain:
        return None
    try:
        with reading("certificate"):
            leaf = _read(chain[0])
    except Unreadable:
        return None
    completed = verified and _is_completed(chain, _chain(tls, "get_verified_chain"))
    return replace(leaf, chain_length=len(chain), verified=verified, completed=completed)


def sent_chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the certificates that the peer sent (DER), leaf first, verified or not."""
    return _chain(tls, "get_unverified_chain")


def issuer_pointers(chain: Sequence[bytes]) -> tuple[str, ...]:
    """Return the http URLs of the issuer, from the top of a chain (RFC 5280 4.2.2.1).

    Only http: the signature protects the certificate, and https could need that very issuer.
    """
    try:
        with reading("issuer pointers"):
            top = _top(chain).extensions
            access = top.get_extension_for_class(x509.AuthorityInformationAccess).value
            urls = [
                description.access_location.value
                for description in access
                if description.access_method == AuthorityInformationAccessOID.CA_ISSUERS
                and isinstance(description.access_location, x509.UniformResourceIdentifier)
            ]
    except Unreadable:
        return ()
    return tuple(url for url in urls if url.lower().startswith("http://"))[:MAX_POINTERS]


def issuer_among(body: bytes, chain: Sequence[bytes], *, roots: bool = False) -> bytes | None:
    """Return, from a file of certificates, the one that signed the top of a chain.

    A self-issued certificate is refused without `roots`: it would act as a root. Of a long file
    only the first `MAX_CANDIDATES` are tried. Returns DER, or None.
    """
    try:
        with reading("issuers"):
            top = _top(chain)
            return next(
                (
                    candidate.public_bytes(Encoding.DER)
                    for candidate in _certificates(body)[:MAX_CANDIDATES]
                    if (roots or _may_be_issuer(candidate)) and _signed(top, candidate)
                ),
                None,
            )
    except Unreadable:
        return None


def _may_be_issuer(candidate: x509.Certificate) -> bool:
    try:
        with reading("candidate"):
            return candidate.subject != candidate.issuer
    except Unreadable:
        return False


def _top(chain: Sequence[bytes]) -> x509.Certificate:
    """Walk from the leaf to the last issuer in the chain. Raises what the library raises."""
    certificates = [x509.load_der_x509_certificate(der) for der in chain[:MAX_CHAIN]]
    top = certificates[0]
    for _ in certificates:
        issuers = [
            certificate
            for certificate in certificates
            if certificate.subject == top.issuer and certificate != top
        ]
        if not issuers:
            break
        top = issuers[0]
    return top


def _certificates(body: bytes) -> list[x509.Certificate]:
    """Decode a file that AIA points to: DER, PKCS #7 (RFC 5280 4.2.2.1), or PEM, as some do."""
    if body.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificates(body)
    try:
        return [x509.load_der_x509_certificate(body)]
    except ValueError:  # not one certificate: it may be the other form
        return pkcs7.load_der_pkcs7_certificates(body)


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        with reading("signature"):
            certificate.verify_directly_issued_by(issuer)
    except Unreadable:
        return False
    return True


def _is_completed(chain: Sequence[bytes], path: Sequence[bytes]) -> bool:
    """Return whether the verified path needed an intermediate that was not sent.

    The root is never sent. A re-issue of a certificate that was sent (same name, same key)
    is not a hole.
    """
    holes = [der for der in path[1:-1] if der not in chain]
    if not holes:
        return False
    try:
        with reading("chain"):
            identities = {_identity(der) for der in chain[:MAX_CHAIN]}
            return any(_identity(der) not in identities for der in holes)
    except Unreadable:
        return True


def _identity(der: bytes) -> tuple[x509.Name, bytes]:
    certificate = x509.load_der_x509_certificate(der)
    return certificate.subject, certificate.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


@lru_cache(maxsize=1024)
def _read(der: bytes) -> Certificate:
    """Decode a leaf certificate. Raises what the library raises."""
    leaf = x509.load_der_x509_certificate(der)
    return Certificate(
        sha256=hashlib.sha256(der).hexdigest(),
        subject=leaf.subject.rfc4514_string(),
        issuer=leaf.issuer.rfc4514_string(),
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        names=_names(leaf)[:MAX_NAMES],
        chain_length=1,
        verified=False,
    )


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    try:
        with reading("names"):
            names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            addresses = map(str, names.get_values_for_type(x509.IPAddress))
            return (*names.get_values_for_type(x509.DNSName), *addresses)
    except Unreadable:  # also when there are none
        return ()


def _chain(tls: ssl.SSLObject, method: str) -> tuple[bytes, ...]:
    """Call `get_verified_chain` or `get_unverified_chain`, public since Python 3.13.

    Before, the same C methods are on the private `_sslobj` since 3.10 and give objects whose
    `public_bytes` takes `ENCODING_DER`.
    """
    if hasattr(tls, method):
        return tuple(getattr(tls, method)())
    certificates = getattr(tls._sslobj, method)() or ()  # type: ignore[attr-defined]  # noqa: SLF001 -- see above
    return tuple(certificate.public_bytes(_ssl.ENCODING_DER) for certificate in certificates)
