"""Time-stamps, judged against a real authority (`openssl ts`) and a lying one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from asn1crypto import tsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from monitor.demo.certificates import IssuedCertificate
from monitor.evidence.timestamps import openssl
from monitor.evidence.timestamps.certificate_files import as_pem, certificates, crl_addresses
from monitor.evidence.timestamps.openssl import OpenSSLMissingError
from monitor.evidence.timestamps.rfc3161 import (
    Question,
    StampFault,
    StampRefused,
    Token,
    check_answer,
    check_token,
)
from tests.support.small_log import SmallLog
from tests.support.tsa import DAY, STAMPING, Authority, authority, revocations

NOTE = bytes(SmallLog().note(5))
QUESTION = Question(note=NOTE, nonce=2**63 + 5)  # its first bit set: DER must not make it negative


@cache
def good() -> Authority:
    return authority(Path(mkdtemp(prefix="vigie-test-tsa-")))


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 -- openssl stamps by the real clock


def checked(
    answer: bytes,
    *,
    by: Authority | None = None,
    question: Question = QUESTION,
    roots: Sequence[bytes] | None = None,
    at: datetime | None = None,
) -> Token:
    known = [(by or good()).root.der] if roots is None else roots
    return check_answer(answer, question, roots=known, now=at or now())


def kept(token: Token, *, by: Authority, crls: Sequence[bytes] = ()) -> Token:
    return check_token(token.der, NOTE, roots=[by.root.der], crls=crls)


def refused(answer: bytes, **how: object) -> StampFault:
    with pytest.raises(StampRefused) as caught:
        checked(answer, **how)  # type: ignore[arg-type] # passed on as they come
    return caught.value.fault


def test_a_real_token_is_accepted_and_openssl_agrees() -> None:
    token = checked(good().answer(QUESTION.der))

    assert token.verified
    assert not token.qualified
    assert (1_500_000, "1.2.3.4.1") == (token.accuracy_us, token.policy)
    assert [good().signer.der, good().root.der] == list(token.chain)
    assert "Verification: OK" in good().verifies(token.der, NOTE, at=token.at)
    assert "Verification: OK" not in good().verifies(token.der, NOTE + b"\n", at=token.at)


def test_several_certificates_make_one_chain(tmp_path: Path) -> None:
    long = authority(tmp_path, between=2)

    token = checked(long.answer(QUESTION.der), by=long)

    assert token.verified
    wanted = [long.signer, *reversed(long.chain), long.root]
    assert [one.der for one in wanted] == list(token.chain)
    assert list(token.chain) == list(certificates(as_pem(token.chain)))
    assert "Verification: OK" in long.verifies(token.der, NOTE, at=token.at)


def test_a_token_outlives_the_certificate_that_signed_it(tmp_path: Path) -> None:
    """Judged at its own time, for ever; openssl needs to be told it (-attime)."""
    old = now() - 100 * DAY
    past = authority(tmp_path, since=-200 * DAY, until=-50 * DAY)
    answer = past.lie(QUESTION.der, at=old)

    token = checked(answer, by=past, at=old)

    assert token.verified
    assert kept(token, by=past).verified
    assert "certificate has expired" in past.verifies(token.der, NOTE)
    assert "Verification: OK" in past.verifies(token.der, NOTE, at=token.at)


def test_a_certificate_that_had_expired_stamps_nothing(tmp_path: Path) -> None:
    expired = authority(tmp_path, since=-3 * DAY, until=-DAY)

    assert StampFault.CHAIN is refused(expired.answer(QUESTION.der), by=expired)


def test_a_certificate_not_yet_valid_stamps_nothing(tmp_path: Path) -> None:
    early = authority(tmp_path, since=DAY)

    assert StampFault.CHAIN is refused(early.answer(QUESTION.der), by=early)


def test_another_answer_of_the_same_authority_is_a_replay() -> None:
    other = good().answer(replace(QUESTION, nonce=7).der)

    assert StampFault.NONCE is refused(other)


def test_an_answer_without_our_nonce_is_a_replay() -> None:
    without = tsp.TimeStampReq.load(QUESTION.der)
    del without["nonce"]

    assert StampFault.NONCE is refused(good().answer(without.dump(force=True)))


def test_a_stamp_of_something_else_is_refused() -> None:
    other = good().answer(replace(QUESTION, note=b"autre chose\n").der)

    assert StampFault.IMPRINT is refused(other)


@pytest.mark.parametrize(
    ("uses", "critical"),
    [
        ((ExtendedKeyUsageOID.SERVER_AUTH,), True),
        ((*STAMPING, ExtendedKeyUsageOID.SERVER_AUTH), True),
        (STAMPING, False),
    ],
    ids=["another use", "another use besides", "not critical"],
)
def test_a_certificate_for_anything_else_stamps_nothing(
    tmp_path: Path, uses: tuple[ExtendedKeyUsageOID, ...], *, critical: bool
) -> None:
    """RFC 3161, 2.3: one use, and critical. openssl would not even sign with it."""
    other = authority(tmp_path, uses=uses, critical=critical)  # type: ignore[arg-type] # OIDs

    assert StampFault.USAGE is refused(other.lie(QUESTION.der, at=now()), by=other)


def test_an_authority_that_says_no_is_heard() -> None:
    refusing = authority(Path(mkdtemp(prefix="vigie-test-tsa-")))
    refusing.accept("sha512")
    answer = refusing.answer(QUESTION.der)

    with pytest.raises(StampRefused, match="digest algorithm is not supported") as caught:
        checked(answer, by=refusing)
    assert StampFault.REJECTED is caught.value.fault


def test_an_unknown_root_leaves_a_token_unverified_until_it_is_known(tmp_path: Path) -> None:
    stranger = authority(tmp_path)

    token = checked(good().answer(QUESTION.der), roots=[stranger.root.der])

    assert not token.verified
    assert kept(token, by=good()).verified


def test_a_root_of_the_same_name_is_not_the_root(tmp_path: Path) -> None:
    """A forger can copy every name; only the key counts."""
    forger = authority(tmp_path)

    token = checked(forger.answer(QUESTION.der), by=forger, roots=[good().root.der])

    assert not token.verified


def test_a_flipped_bit_is_refused_or_changes_nothing_that_was_signed() -> None:
    """Each 37th bit. An authority signs neither its status nor the certificates it adds."""
    answer = good().answer(QUESTION.der)
    whole = checked(answer)
    for bit in range(0, 8 * len(answer), 37):
        spoilt = bytearray(answer)
        spoilt[bit // 8] ^= 1 << bit % 8
        try:
            token = checked(bytes(spoilt))
        except StampRefused:
            continue
        assert whole == replace(token, der=whole.der), bit


@pytest.mark.parametrize(("between", "step"), [(0, 61), (1, 127)])
def test_what_openssl_refuses_is_never_verified(between: int, step: int, tmp_path: Path) -> None:
    """Bits of real tokens, those of the certificates that they carry among them."""
    one = authority(tmp_path, between=between)
    token = checked(one.answer(QUESTION.der), by=one)
    for bit in range(7, 8 * len(token.der), step):
        spoilt = bytearray(token.der)
        spoilt[bit // 8] ^= 1 << bit % 8
        try:
            found = check_token(bytes(spoilt), NOTE, roots=[one.root.der])
        except StampRefused:
            continue
        if found.verified:
            assert "Verification: OK" in one.verifies(bytes(spoilt), NOTE, at=found.at), bit


def test_without_openssl_nothing_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = good().answer(QUESTION.der)

    def missing(*_: object, **__: object) -> str:
        raise OpenSSLMissingError("openssl: command not found")

    monkeypatch.setattr(openssl, "refusal", missing)

    assert not checked(answer).verified


@pytest.mark.parametrize(
    ("accuracy", "good"),
    [("secs:60", True), ("secs:61", False), ("secs:59, millisecs:999, microsecs:999", True),
     ("secs:8640000", False), ("secs:2147483647", False)],
)  # fmt: skip
def test_an_authority_that_hardly_knows_the_time_dates_nothing(
    accuracy: str, *, good: bool, tmp_path: Path
) -> None:
    one = authority(tmp_path)
    config = tmp_path / "openssl.cnf"
    config.write_text(config.read_text().replace("secs:1, millisecs:500", accuracy))
    answer = one.answer(QUESTION.der)

    if good:
        assert checked(answer, by=one).verified
    else:
        with pytest.raises(StampRefused) as caught:
            checked(answer, by=one)
        assert caught.value.fault is StampFault.CLOCK


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_time_far_from_ours_is_refused(hours: int) -> None:
    """Whose clock is wrong is not known: the answer is kept aside, and it is said."""
    answer = good().lie(QUESTION.der, at=now())

    assert StampFault.CLOCK is refused(answer, at=now() + timedelta(hours=hours))


def test_a_revoked_certificate_stamps_nothing(tmp_path: Path) -> None:
    address = "http://crl.example/root.crl"
    bad = authority(tmp_path, crl=address)
    token = checked(bad.answer(QUESTION.der), by=bad)

    assert (address,) == crl_addresses(token.chain)
    assert kept(token, by=bad, crls=[revocations(bad.root)]).verified
    with pytest.raises(StampRefused) as caught:
        kept(token, by=bad, crls=[revocations(bad.root, bad.signer)])
    assert StampFault.REVOKED is caught.value.fault


def test_a_list_signed_by_another_is_told_from_a_revocation(tmp_path: Path) -> None:
    """It came over plain HTTP: whoever put it there must not be able to revoke anything."""
    bad = authority(tmp_path, crl="http://crl.example/root.crl")
    token = checked(bad.answer(QUESTION.der), by=bad)
    forged = revocations(
        IssuedCertificate(certificate=bad.root.certificate, key=good().root.key), bad.signer
    )

    with pytest.raises(StampRefused) as caught:
        kept(token, by=bad, crls=[forged])
    assert StampFault.CHAIN is caught.value.fault


def test_more_certificates_than_any_authority_sends_are_not_searched(tmp_path: Path) -> None:
    many = authority(tmp_path, between=6)

    assert StampFault.UNREADABLE is refused(many.answer(QUESTION.der), by=many)


@pytest.mark.parametrize(
    "answer", [b"", b"<html>502 Bad Gateway</html>", b"0\x80", b"\x30\x03\x02\x01\x00", bytes(9999)]
)
def test_garbage_is_refused(answer: bytes) -> None:
    assert StampFault.UNREADABLE is refused(answer)


@given(st.binary(max_size=200), st.integers(0, 1300))
def test_no_bytes_at_all_break_the_reader(garbage: bytes, at: int) -> None:
    answer = _answer()

    assert refused(garbage) in StampFault
    assert refused(answer[:at] + garbage) in StampFault


@cache
def _answer() -> bytes:
    return good().answer(QUESTION.der)
