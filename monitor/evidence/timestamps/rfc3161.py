"""Time-stamps (RFC 3161): encode requests, check answers.

Bytes in, values out. What is stamped is the SHA-256 of a signed checkpoint, exactly as it is in
the file: `openssl ts -verify -data` then needs no tool of ours.

pyHanko verifies the signature and the chain, at the instant that the token states: a token
outlives the certificate that signed it. What pyHanko accepts, openssl must accept too. Everything
that binds the token to our request is checked here: status, imprint, nonce, policy, use of the
certificate, time.

pyHanko speaks asyncio and is slow to load: call `check_…` from a thread without a loop.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

import structlog
from asn1crypto import cms, core, crl, tsp, x509
from cryptography.x509 import load_der_x509_certificate

from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.evidence.timestamps import openssl

MAX_ANSWER_BYTES = 64 * 1024  # real ones are under 10 kB
MAX_CERTIFICATES = 6  # of one answer; the search for a path among many could be endless
MAX_ACCURACY_US = 60_000_000  # a less accurate time-stamp is useless
MAX_SKEW = timedelta(seconds=60)  # between the authority's time and ours, its accuracy besides
_QUALIFIED = "0.4.0.19422.1.1"  # ETSI EN 319 422, 9.1: esi4-qtstStatement-1
_QC_STATEMENTS = "1.3.6.1.5.5.7.1.3"


log = structlog.get_logger(__name__)


class StampFault(StrEnum):
    """Why an answer is refused."""

    UNREADABLE = "unreadable"
    REJECTED = "rejected"  # the authority refuses the request
    IMPRINT = "imprint"  # stamped something else
    NONCE = "nonce"  # answers another question: a replay
    USAGE = "usage"  # the certificate is not for time-stamping, and for that alone
    SIGNATURE = "signature"
    CHAIN = "chain"  # a certificate expired, or may not sign the next
    REVOKED = "revoked"
    CLOCK = "clock"  # the time that it states is far from ours, or too inaccurate
    OPENSSL = "openssl"  # openssl refuses the same bytes


class StampRefused(Exception):  # noqa: N818 -- the judgement of an answer, not a fault of ours
    """An answer that is not a valid time-stamp of the request."""

    def __init__(self, fault: StampFault, why: str) -> None:
        super().__init__(f"{fault}: {why}")
        self.fault = fault
        self.why = why


class _Response(core.Sequence):  # type: ignore[misc] # asn1crypto has no types
    """TimeStampResp, whose token is absent from a refusal (asn1crypto's demands one)."""

    _fields = [  # noqa: RUF012 -- asn1crypto mends the list in place
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request: for the time of `note`, bound to this request by `nonce`."""

    note: bytes
    nonce: int  # at least 64 random bits

    @property
    def der(self) -> bytes:
        """The body of the request, which asks for the certificate too."""
        imprint = {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": sha256(self.note).digest(),
        }
        request = tsp.TimeStampReq(
            {"version": 1, "message_imprint": imprint, "nonce": self.nonce, "cert_req": True}
        )
        return bytes(request.dump())


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A time-stamp of a request.

    Attributes:
        der: The TimeStampToken, as received; its SHA-256 goes into the journal.
        at: The time that the authority states, UTC.
        accuracy_us: Its accuracy, as the authority states it; None when it does not.
        verified: The chain leads to a root that we trust, and openssl agrees. Otherwise the token
        is stored, since the root may be trusted later, but it does not count.
        qualified: The authority declares a qualified time-stamp (eIDAS): a claim, which only
            a trusted list confirms.
        chain: DER certificates, the signer's first.

    """

    der: bytes
    at: datetime
    accuracy_us: int | None
    policy: str
    serial: int
    verified: bool
    qualified: bool
    chain: tuple[bytes, ...]

    @property
    def sha256(self) -> bytes:
        return sha256(self.der).digest()


def check_answer(
    answer: bytes, question: Question, *, roots: Sequence[bytes], now: datetime
) -> Token:
    """Check an answer, just received, against its request.

    Args:
        answer: The body of the reply, at most `MAX_ANSWER_BYTES`.
        question: The request.
        roots: DER certificates that we trust for this authority.
        now: Our clock, UTC.

    Raises:
        StampRefused: It is not a time-stamp of `question.note` at about `now`.

    """
    with _hostile():
        der = _granted(_Response.load(answer, strict=True))
        nonce = _info(der)["nonce"].native
    if nonce != question.nonce:
        raise StampRefused(StampFault.NONCE, f"nonce {nonce}, not {question.nonce}")
    token = check_token(der, question.note, roots=roots)
    skew = MAX_SKEW + timedelta(microseconds=token.accuracy_us or 0)
    if abs(token.at - now) > skew:
        raise StampRefused(StampFault.CLOCK, f"{token.at.isoformat()}, ours {now.isoformat()}")
    return token


def check_token(
    der: bytes, note: bytes, *, roots: Sequence[bytes], crls: Sequence[bytes] = ()
) -> Token:
    """Check a token, now or years later, at the time that it states.

    Args:
        der: The TimeStampToken.
        note: The bytes that it should stamp.
        roots: DER certificates that we trust.
        crls: DER revocation lists, from about the token's time.

    Raises:
        StampRefused: It does not stamp `note`, or its signer was not entitled to.

    """
    with _hostile():
        signed = cms.ContentInfo.load(der, strict=True)["content"]
        info = _info(der)
        token = _token_of(der, signed, info)
        if not 0 <= (token.accuracy_us or 0) <= MAX_ACCURACY_US:
            raise StampRefused(StampFault.CLOCK, f"accurate to {token.accuracy_us} microseconds")
        _check_imprint(info["message_imprint"], note)
        _check_usage(x509.Certificate.load(token.chain[0]), token.at)
        revocation_lists = tuple(
            crl.CertificateList.load(der_list, strict=True) for der_list in crls
        )
        path = asyncio.run(_path(signed, note, at=token.at, roots=roots, crls=revocation_lists))
    if path is None:
        return token
    try:
        why = openssl.refusal(der, note, chain=path, at=token.at)
    except openssl.OpenSSLMissingError as error:
        log.warning("token not verified", why=str(error))
        return token
    if why is not None:
        raise StampRefused(StampFault.OPENSSL, why)
    return replace(token, chain=path, verified=True)


@contextmanager
def _hostile() -> Iterator[None]:
    """Turn whatever a parser raises into StampRefused, `UNREADABLE`."""
    try:
        with reading("answer", known=(StampRefused,)):
            yield
    except Unreadable as error:
        raise StampRefused(StampFault.UNREADABLE, str(error)) from error


def _granted(response: Any) -> bytes:
    status = response["status"]["status"].native
    if status not in {"granted", "granted_with_mods"}:
        reasons = response["status"]["status_string"].native or ()
        raise StampRefused(StampFault.REJECTED, " ".join((status, *reasons))[:500])
    return bytes(response["time_stamp_token"].dump())


def _info(der: bytes) -> Any:
    """Return the TSTInfo inside a token. Raises TypeError, ValueError… when there is none."""
    signed = cms.ContentInfo.load(der, strict=True)["content"]
    info = signed["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo) or info["version"].native != "v1":
        raise TypeError("not a time-stamp")
    return info


def _token_of(der: bytes, signed: Any, info: Any) -> Token:
    """Decode a token; nothing in it is checked yet."""
    if len(signed["certificates"]) > MAX_CERTIFICATES:
        raise ValueError(f"over {MAX_CERTIFICATES} certificates")
    (signer,) = signed["signer_infos"]
    digests = [algorithm["algorithm"].native for algorithm in signed["digest_algorithms"]]
    certificates = [
        choice.chosen for choice in signed["certificates"] if choice.name == "certificate"
    ]
    # Unsigned parts may have been altered in transit, so that another parser refuses them.
    if signer["digest_algorithm"]["algorithm"].native not in digests:
        raise ValueError("the digest algorithm of the signer is not announced")
    for certificate in certificates:
        load_der_x509_certificate(certificate.dump())
    # The signer first; that this name is the signer's is checked with the signature.
    chain = sorted(
        certificates, key=lambda certificate: not _names(signer["sid"].chosen, certificate)
    )
    accuracy = info["accuracy"].native
    return Token(
        der=der,
        at=info["gen_time"].native.astimezone(UTC),
        accuracy_us=_microseconds(accuracy) if accuracy else None,
        policy=str(info["policy"].dotted),
        serial=int(info["serial_number"].native),
        verified=False,
        qualified=_declares_qualified(info),
        chain=tuple(bytes(certificate.dump()) for certificate in chain),
    )


def _names(identifier: Any, certificate: Any) -> bool:
    if isinstance(identifier, cms.IssuerAndSerialNumber):
        serial = identifier["serial_number"].native == certificate.serial_number
        return bool(serial and identifier["issuer"] == certificate.issuer)
    return bool(identifier.native == certificate.key_identifier)


def _microseconds(accuracy: Any) -> int:
    seconds, millis, micros = (accuracy[part] or 0 for part in ("seconds", "millis", "micros"))
    return int(seconds * 1_000_000 + millis * 1_000 + micros)


def _declares_qualified(info: Any) -> bool:
    for extension in info["extensions"] or ():
        if extension["extn_id"].dotted == _QC_STATEMENTS:
            statements = core.SequenceOf.load(extension["extn_value"].contents, spec=_Statement)
            return any(statement["id"].native == _QUALIFIED for statement in statements)
    return False


class _Statement(core.Sequence):  # type: ignore[misc] # asn1crypto has no types
    """QCStatement (RFC 3739, 3.2.6)."""

    _fields = [  # noqa: RUF012 -- asn1crypto mends the list in place
        ("id", core.ObjectIdentifier),
        ("info", core.Any, {"optional": True}),
    ]


def _check_imprint(imprint: Any, note: bytes) -> None:
    algorithm = imprint["hash_algorithm"]["algorithm"].native
    if algorithm != "sha256" or imprint["hashed_message"].native != sha256(note).digest():
        raise StampRefused(
            StampFault.IMPRINT, f"{algorithm} {imprint['hashed_message'].native.hex()}"
        )


def _check_usage(signer: Any, at: datetime) -> None:
    """Require a critical extended key usage with time-stamping alone (RFC 3161, 2.3)."""
    uses = signer.extended_key_usage_value
    if (
        uses is None
        or uses.native != ["time_stamping"]
        or "extended_key_usage" not in signer.critical_extensions
    ):
        raise StampRefused(StampFault.USAGE, f"{uses.native if uses else 'no extended key usage'}")
    if not signer.not_valid_before <= at <= signer.not_valid_after:
        raise StampRefused(
            StampFault.CHAIN, f"signer valid until {signer.not_valid_after.isoformat()}"
        )


async def _path(
    signed: Any, note: bytes, *, at: datetime, roots: Sequence[bytes], crls: Sequence[Any]
) -> tuple[bytes, ...] | None:
    """Check the signature, and return its chain; None when it leads to no root of ours."""
    # Half a second and 14 MB to load: not before the first token.
    from pyhanko.sign.ades.report import AdESIndeterminate  # noqa: PLC0415 -- see above
    from pyhanko.sign.validation.generic_cms import (  # noqa: PLC0415 -- see above
        validate_tst_signed_data,
    )
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415 -- see above

    context = ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in roots],
        moment=at,
        best_signature_time=at,
        allow_fetching=False,
        crls=list(crls),
        revocation_mode="soft-fail",  # a missing list proves nothing; one that is there, does
    )
    status = await validate_tst_signed_data(signed, context, lambda _: sha256(note).digest())
    if not (status["intact"] and status["valid"]):
        raise StampRefused(StampFault.SIGNATURE, "does not match")
    problem = status["trust_problem_indic"]
    if problem is AdESIndeterminate.NO_CERTIFICATE_CHAIN_FOUND:
        return None
    if problem is not None:
        fault = StampFault.REVOKED if problem.name.startswith("REVOKED") else StampFault.CHAIN
        raise StampRefused(fault, f"{problem}")
    return tuple(
        bytes(certificate.dump()) for certificate in reversed(list(status["validation_path"]))
    )
