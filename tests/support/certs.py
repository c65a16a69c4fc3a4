"""A certification authority for tests: real certificates, made on the spot, never stored."""

import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def authority(
    name: str = "Racine de test", *, issuer: Issued | None = None, aia: str = ""
) -> Issued:
    """Make a root, or with `issuer` an intermediate."""
    return _issue(name, issuer=issuer, aia=aia, is_ca=True)


def leaf(  # noqa: PLR0913 -- each is one way for a certificate to be bad
    issuer: Issued | None,
    *,
    hosts: Sequence[str] = ("site.test",),
    since: timedelta = -DAY,
    until: timedelta = 30 * DAY,
    aia: str = "",
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> Issued:
    """Make a server's certificate; without `issuer` it is self-signed.

    `since` and `until` count from now. `aia` is where it says that its issuer is.
    """
    return _issue(
        hosts[0], issuer=issuer, hosts=hosts, since=since, until=until, aia=aia, purpose=purpose
    )


@cache
def root() -> Issued:
    """Return one root for all the tests of a process."""
    return authority()


@cache
def root_file() -> Path:
    """Write `root()` where `extra_ca` can be read."""
    path = Path(tempfile.mkdtemp(prefix="vigie-test-ca-")) / "root.pem"
    path.write_bytes(root().pem)
    return path


def server_context(*chain: Issued) -> ssl.SSLContext:
    """Return the TLS side of a server that sends this chain, leaf first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "chain.pem")
        path.write_bytes(chain[0].key_pem + b"".join(each.pem for each in chain))
        context.load_cert_chain(path)
    return context


def _issue(  # noqa: PLR0913 -- the one place that builds
    name: str,
    *,
    issuer: Issued | None,
    hosts: Sequence[str] = (),
    since: timedelta = -DAY,
    until: timedelta = 30 * DAY,
    aia: str = "",
    purpose: x509.ObjectIdentifier | None = None,
    is_ca: bool = False,
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    above = issuer.certificate.subject if issuer else subject
    now = datetime.now(UTC)  # noqa: TID251 -- certificates are judged by the real clock
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if hosts:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False
        )
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    if aia:
        pointer = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(aia)
        )
        builder = builder.add_extension(x509.AuthorityInformationAccess([pointer]), critical=False)
    certificate = builder.sign(issuer.key if issuer else key, SHA256())
    return Issued(certificate=certificate, key=key)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
