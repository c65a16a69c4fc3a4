"""A real time-stamping authority: `openssl ts -reply` behind certificates of our own."""

import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import pem, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from monitor.demo import certificates
from monitor.demo.certificates import IssuedCertificate

DAY = timedelta(days=1)
RSA_KEYS = 6  # taken by turns: more than a test has signers
_SIGNERS = count()
STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)

CONFIG = """\
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
certs = {folder}/certs.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1, millisecs:500
ess_cert_id_alg = sha256
crypto_device = builtin
"""


@cache
def _rsa_key(number: int) -> rsa.RSAPrivateKey:
    """Return one of some keys: to make one takes as long as a whole test."""
    del number
    return rsa.generate_private_key(65537, 2048)


def issue(  # noqa: PLR0913 -- each is one way for an authority to be bad
    name: str,
    issuer: IssuedCertificate | None = None,
    *,
    since: timedelta = -DAY,
    until: timedelta = 30 * DAY,
    uses: tuple[ObjectIdentifier, ...] = (),
    critical: bool = True,
    crl: str = "",
) -> IssuedCertificate:
    """Make a certificate: a CA without `uses`, a signer with them. Times count from now."""
    now = datetime.now(UTC)  # noqa: TID251 -- openssl stamps by the real clock
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=not uses, path_length=None), True)
    ]
    if uses:
        extensions.append((x509.ExtendedKeyUsage(uses), critical))
    if crl:
        place = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
        extensions.append((x509.CRLDistributionPoints([place]), False))
    # RSA for who stamps: what lies in their name (`Authority.lie`) knows nothing else.
    key = _rsa_key(next(_SIGNERS) % RSA_KEYS) if uses else None
    return certificates.issue(
        name, issuer, extensions, starts=now + since, ends=now + until, key=key
    )


def revocations(issuer: IssuedCertificate, *revoked: IssuedCertificate) -> bytes:
    """Return the DER list of what an authority revoked, an hour ago."""
    now = datetime.now(UTC)  # noqa: TID251 -- openssl stamps by the real clock
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - timedelta(minutes=30))
        .next_update(now + DAY)
    )
    for one in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(one.certificate.serial_number)
            .revocation_date(now - timedelta(hours=1))
            .build()
        )
    return builder.sign(issuer.key, SHA256()).public_bytes(serialization.Encoding.DER)


class Authority:
    """A root, a signer, and openssl between them. `chain` goes into each answer."""

    def __init__(
        self,
        folder: Path,
        *,
        signer: IssuedCertificate,
        root: IssuedCertificate,
        chain: tuple[IssuedCertificate, ...] = (),
    ) -> None:
        self.root, self.signer, self.chain = root, signer, chain
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "signer.pem").write_bytes(signer.pem)
        (folder / "certs.pem").write_bytes(b"".join(one.pem for one in (*chain, root)))
        (folder / "root.pem").write_bytes(root.pem)
        (folder / "serial").write_text("01\n")
        (folder / "signer.key").write_bytes(signer.key_pem)
        self.accept("sha256")

    @property
    def root_pem(self) -> Path:
        return self._folder / "root.pem"

    def accept(self, digests: str) -> None:
        """Stamp imprints by these algorithms alone; others are rejected."""
        text = CONFIG.format(folder=self._folder, digests=digests)
        (self._folder / "openssl.cnf").write_text(text)

    def answer(self, query: bytes) -> bytes:
        """Return the reply to a request, as `openssl ts` makes it."""
        folder = self._folder
        (folder / "query.tsq").write_bytes(query)
        openssl("-reply", "-config", folder / "openssl.cnf", "-queryfile", folder / "query.tsq",
            "-out", folder / "answer.tsr", check=True)  # fmt: skip
        return (folder / "answer.tsr").read_bytes()

    def lie(self, query: bytes, *, at: datetime) -> bytes:
        """Return a reply that `openssl ts` would not make: at any time, by any certificate."""
        stamper = DummyTimeStamper(
            tsa_cert=asn1_x509.Certificate.load(self.signer.der),
            tsa_key=asn1_keys.PrivateKeyInfo.load(pem.unarmor(self.signer.key_pem)[2]),
            certs_to_embed=SimpleCertificateStore.from_certs(  # type: ignore[no-untyped-call] # it has none
                [asn1_x509.Certificate.load(one.der) for one in (*self.chain, self.root)]
            ),
            fixed_dt=at,
        )
        return bytes(stamper.request_tsa_response(tsp.TimeStampReq.load(query)).dump())

    def verifies(self, token: bytes, note: bytes, *, at: datetime | None = None) -> str:
        """Return what `openssl ts -verify` says of a bare token; at another time than now."""
        folder = self._folder
        (folder / "token.tst").write_bytes(token)
        (folder / "note").write_bytes(note)
        when = () if at is None else ("-attime", str(int(at.timestamp())))
        return openssl(
            *("-verify", "-token_in", "-in", folder / "token.tst", "-data", folder / "note"),
            *("-CAfile", self.root_pem, "-untrusted", folder / "certs.pem", *when),
        )


def openssl(*arguments: str | Path, check: bool = False) -> str:
    """Return what `openssl ts` says."""
    command = ["openssl", "ts", *map(str, arguments)]
    done = subprocess.run(command, check=check, capture_output=True, text=True)
    return done.stdout + done.stderr


def authority(  # noqa: PLR0913 -- each is one way for an authority to be bad
    folder: Path,
    *,
    between: int = 0,
    since: timedelta = -DAY,
    until: timedelta = 30 * DAY,
    uses: tuple[ObjectIdentifier, ...] = STAMPING,
    critical: bool = True,
    crl: str = "",
) -> Authority:
    """Make an authority with `between` intermediate certificates above its signer."""
    root = issuer = issue("Racine de test", since=-400 * DAY, until=4000 * DAY)
    chain: list[IssuedCertificate] = []
    for number in range(between):
        issuer = issue(f"Intermédiaire {number}", issuer, since=-300 * DAY, until=3000 * DAY)
        chain.append(issuer)
    signer = issue(
        "Horodatage de test",
        issuer,
        since=since,
        until=until,
        uses=uses,
        critical=critical,
        crl=crl,
    )
    return Authority(folder, signer=signer, root=root, chain=tuple(chain))
