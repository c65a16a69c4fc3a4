"""Encode and decode certificates; read the addresses of their revocation lists. Pure."""

from collections.abc import Iterable
from contextlib import suppress

from asn1crypto import pem, x509

from monitor.core.untrusted.library_errors import Unreadable, reading


def crl_addresses(chain: Iterable[bytes]) -> tuple[str, ...]:
    """Return the addresses of the revocation lists of DER certificates.

    A certificate whose addresses cannot be parsed has none.
    """
    addresses: list[str] = []
    for der in chain:
        with suppress(Unreadable), reading("revocation lists"):
            points = [point.url for point in x509.Certificate.load(der).crl_distribution_points]
            addresses += [url for url in points if url and url.startswith(("http://", "https://"))]
    return tuple(dict.fromkeys(addresses))


def certificates(text: bytes) -> tuple[bytes, ...]:
    """Return the DER certificates of a PEM file. Raises ValueError when there is none."""
    if not pem.detect(text):
        raise ValueError("no certificate in PEM form")
    return tuple(der for kind, _, der in pem.unarmor(text, multiple=True) if kind == "CERTIFICATE")


def as_pem(chain: Iterable[bytes]) -> bytes:
    return b"".join(pem.armor("CERTIFICATE", der) for der in chain)
