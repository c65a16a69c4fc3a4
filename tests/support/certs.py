"""A certification authority for tests: the demo's, around the real clock."""

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from monitor.demo.certificates import (
    IssuedCertificate,
    issue_authority,
    issue_leaf,
    server_context,
)

__all__ = ["IssuedCertificate", "again", "authority", "leaf", "root", "root_file", "server_context"]

DAY = timedelta(days=1)


def authority(
    name: str = "Racine de test", *, issuer: IssuedCertificate | None = None, aia: str = ""
) -> IssuedCertificate:
    """Make a root, or with `issuer` an intermediate."""
    now = _now()
    return issue_authority(name, starts=now - DAY, ends=now + 30 * DAY, issuer=issuer, aia_url=aia)


def leaf(  # noqa: PLR0913 -- each is one way for a certificate to be bad
    issuer: IssuedCertificate | None,
    *,
    hosts: Sequence[str] = ("site.test",),
    since: timedelta = -DAY,
    until: timedelta = 30 * DAY,
    aia: str = "",
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> IssuedCertificate:
    """Make a server's certificate; `since` and `until` count from now."""
    now = _now()
    return issue_leaf(
        issuer, hosts=hosts, starts=now + since, ends=now + until, aia_url=aia, purpose=purpose
    )


def again(certificate: x509.Certificate) -> x509.CertificateBuilder:
    """Return a builder of the same certificate, without its extensions."""
    return (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(certificate.public_key())
        .serial_number(certificate.serial_number)
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
    )


@cache
def root() -> IssuedCertificate:
    """Return one root for all the tests of a process."""
    return authority()


@cache
def root_file() -> Path:
    """Write `root()` where `extra_ca` can be read."""
    path = Path(tempfile.mkdtemp(prefix="vigie-test-ca-")) / "root.pem"
    path.write_bytes(root().pem)
    return path


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 -- certificates are judged by the real clock
