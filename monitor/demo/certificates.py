"""Make certificates for simulated sites, of the demo and of the tests."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

_CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCertificate:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def issue_authority(
    name: str,
    *,
    starts: datetime,
    ends: datetime,
    issuer: IssuedCertificate | None = None,
    aia_url: str = "",
) -> IssuedCertificate:
    """Make a root, or with `issuer` an intermediate."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (_CA_USAGE, True),
    ]
    return issue(name, issuer, extensions, starts=starts, ends=ends, aia_url=aia_url)


def issue_leaf(  # noqa: PLR0913 -- each is one way for a certificate to be bad
    issuer: IssuedCertificate | None,
    *,
    hosts: Sequence[str],
    starts: datetime,
    ends: datetime,
    aia_url: str = "",
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> IssuedCertificate:
    """Make the certificate of a server, named after its first host; without `issuer` self-signed.

    `aia_url` is the address of its issuer's certificate.
    """
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName([_general_name(host) for host in hosts]), False),
        (x509.ExtendedKeyUsage([purpose]), False),
    ]
    return issue(hosts[0], issuer, extensions, starts=starts, ends=ends, aia_url=aia_url)


def server_context(*chain: IssuedCertificate) -> ssl.SSLContext:
    """Return the TLS side of a server that sends this chain, leaf first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        path = Path(folder, "chain.pem")
        path.touch(mode=0o600)
        path.write_bytes(chain[0].key_pem + b"".join(certificate.pem for certificate in chain))
        context.load_cert_chain(path)
    return context


def issue(  # noqa: PLR0913 -- the one place that builds
    name: str,
    issuer: IssuedCertificate | None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    *,
    starts: datetime,
    ends: datetime,
    aia_url: str = "",
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
) -> IssuedCertificate:
    """Make a certificate; each extension stands beside whether it is critical."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
    )
    if aia_url:
        pointer = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(aia_url)
        )
        extensions = [*extensions, (x509.AuthorityInformationAccess([pointer]), False)]
    extensions = [
        *extensions,
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False),
    ]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return IssuedCertificate(certificate=builder.sign(signer, SHA256()), key=key)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
