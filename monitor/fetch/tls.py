"""Verification, and what a certificate says; also when the verification failed.

OpenSSL 3 keeps the chain of a handshake that it refused, so the certificate that is recorded
is the one that failed, and no second handshake is made to read it. Before Python 3.13 the
chain is reached through a private attribute: `_chain` is the only place that knows.
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
MAX_CANDIDATES = 16  # certificates of one file that may be the issuer wanted


class Trust:
    """The roots that are trusted, and intermediates that servers forgot to send.

    One TLS context for all requests: reading the roots takes tens of milliseconds. It never
    changes once in use; `plus` makes another. An intermediate is never trusted by itself:
    OpenSSL accepts only paths that end at a self-signed root, unless told otherwise, and
    Python 3.13 would tell it otherwise.
    """

    def __init__(self, extra_ca: Path | None = None, learned: Sequence[bytes] = ()) -> None:
        """Read the roots of certifi and of `extra_ca` (PEM); `learned` are DER."""
        self._extra_ca = extra_ca
        self._learned = tuple(learned)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # TLS 1.2 or later, names checked
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(certifi.where())
        if extra_ca is not None:
            context.load_verify_locations(extra_ca)
        for der in learned:
            context.load_verify_locations(cadata=der)
        context.verify_flags &= ~ssl.VERIFY_X509_PARTIAL_CHAIN
        context.set_alpn_protocols(["http/1.1"])
        self.context = context

    def plus(self, intermediates: Iterable[bytes]) -> "Trust":
        """Return a trust that also knows these (DER); the oldest are forgotten first.

        Costs tens of milliseconds. To be kept only when it made a verification succeed: an
        intermediate that proves nothing could hide a good one of the same name.
        """
        known = dict.fromkeys((*self._learned, *intermediates))
        return Trust(self._extra_ca, tuple(known)[-MAX_LEARNED:])


def certificate_of(tls: ssl.SSLObject, *, verified: bool) -> Certificate | None:
    """Return what the peer's certificate says; None when none was sent or it is unreadable."""
    sent = sent_chain(tls)
    if not sent:
        return None
    try:
        with reading("certificate"):
            leaf = _read(sent[0])
    except Unreadable:
        return None
    completed = verified and _is_completed(sent, _chain(tls, "get_verified_chain"))
    return replace(leaf, chain_length=len(sent), verified=verified, completed=completed)


def sent_chain(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the certificates that the peer sent (DER), leaf first, verified or not."""
    return _chain(tls, "get_unverified_chain")


def issuer_pointers(chain: Sequence[bytes]) -> tuple[str, ...]:
    """Return the http URLs where the top of a chain says that its issuer is (RFC 5280 4.2.2.1).

    Only http: the signature protects what is fetched, and https could need itself.
    """
    try:
        with reading("issuer pointers"):
            top = _top(chain).extensions
            access = top.get_extension_for_class(x509.AuthorityInformationAccess).value
            urls = [
                each.access_location.value
                for each in access
                if each.access_method == AuthorityInformationAccessOID.CA_ISSUERS
                and isinstance(each.access_location, x509.UniformResourceIdentifier)
            ]
    except Unreadable:
        return ()
    return tuple(url for url in urls if url.lower().startswith("http://"))[:MAX_POINTERS]


def issuer_among(body: bytes, chain: Sequence[bytes]) -> bytes | None:
    """Find, in a file of certificates, the one that signed the top of a chain.

    A self-issued certificate is refused: in a store of roots it would be one. Of a long file
    only the start is tried. Returns DER, or None.
    """
    try:
        with reading("issuers"):
            top = _top(chain)
            return next(
                (
                    candidate.public_bytes(Encoding.DER)
                    for candidate in _certificates(body)[:MAX_CANDIDATES]
                    if _may_be_issuer(candidate) and _signed(top, candidate)
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
    """Walk from the leaf to the last issuer that is there. Raises what the library does."""
    certificates = [x509.load_der_x509_certificate(der) for der in chain[:MAX_CHAIN]]
    top = certificates[0]
    for _ in certificates:
        above = [each for each in certificates if each.subject == top.issuer and each != top]
        if not above:
            break
        top = above[0]
    return top


def _certificates(body: bytes) -> list[x509.Certificate]:
    """Read what AIA pointers lead to: DER, PKCS #7 (RFC 5280 4.2.2.1), or PEM, as some do."""
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


def _is_completed(sent: Sequence[bytes], path: Sequence[bytes]) -> bool:
    """Return whether the verified path needed an intermediate that was not sent.

    The root is never sent. A re-issue of a certificate that was sent (same name, same key)
    is not a hole.
    """
    holes = [der for der in path[1:-1] if der not in sent]
    if not holes:
        return False
    try:
        with reading("chain"):
            identities = {_identity(der) for der in sent[:MAX_CHAIN]}
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
    """Read a leaf: a target's changes every few weeks. Raises what the library does."""
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
    found = getattr(tls._sslobj, method)() or ()  # type: ignore[attr-defined]  # noqa: SLF001 -- see above
    return tuple(each.public_bytes(_ssl.ENCODING_DER) for each in found)
