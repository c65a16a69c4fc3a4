"""The demo's own certification authority: a root, an intermediate, and leaves for each host."""

import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issuer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


class DemoAuthority:
    """Issues server certificates that only a holder of `ca_path` trusts.

    Args:
        folder: Where the root, the leaves and their keys are written; must exist.
        now: Aware instant around which certificates are valid.
        aia_url: Where a client finds the intermediate that a server forgot to send.

    """

    def __init__(self, *, folder: Path, now: datetime, aia_url: str) -> None:
        self._folder = folder
        self._now = now
        self._aia_url = aia_url
        self._root = _issue_ca("Racine de démonstration", now=now, signer=None)
        self._inner = _issue_ca("Intermédiaire de démonstration", now=now, signer=self._root)
        self.ca_path = folder / "racine.pem"
        self.ca_path.write_bytes(_pem(self._root.certificate))

    @property
    def intermediate_der(self) -> bytes:
        return self._inner.certificate.public_bytes(Encoding.DER)

    def context(
        self, host: str, *more: str, expired: bool = False, whole_chain: bool = True
    ) -> ssl.SSLContext:
        """Return a server context for a host, and for others on the same machine.

        `expired` gives a leaf that ended yesterday; without `whole_chain` the server sends
        its leaf alone, as badly set up servers do.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._leaf(host, *more, key=key, expired=expired)
        chain = [leaf, self._inner.certificate] if whole_chain else [leaf]
        path = self._folder / f"{host}-{'expire' if expired else len(chain) + len(more)}.pem"
        path.touch(mode=0o600)
        path.write_bytes(_private_pem(key) + b"".join(map(_pem, chain)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _leaf(
        self, host: str, *more: str, key: ec.EllipticCurvePrivateKey, expired: bool
    ) -> x509.Certificate:
        ends = self._now + (-_DAY if expired else 90 * _DAY)
        issuer_key = self._inner.key.public_key()
        aia = x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(self._aia_url)
        )
        builder = _builder(
            subject=_name(host),
            issuer=self._inner.certificate.subject,
            key=key,
            starts=self._now - 90 * _DAY,
            ends=ends,
        )
        return (
            builder.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in (host, *more)]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityInformationAccess([aia]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
            )
            .sign(self._inner.key, hashes.SHA256())
        )


def _issue_ca(name: str, *, now: datetime, signer: _Issuer | None) -> _Issuer:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    signing_key = signer.key if signer else key
    usage = x509.KeyUsage(
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
    builder = _builder(
        subject=subject,
        issuer=signer.certificate.subject if signer else subject,
        key=key,
        starts=now - 365 * _DAY,
        ends=now + 365 * _DAY,
    )
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()),
            critical=False,
        )
        .sign(signing_key, hashes.SHA256())
    )
    return _Issuer(certificate=certificate, key=key)


def _builder(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    starts: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
