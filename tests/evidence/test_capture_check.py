"""A capture must be there, whole, with the body that its observation says."""

import hashlib
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.core.model import Failure, Kind, Target
from monitor.evidence.captures import capture_check
from monitor.evidence.captures.capture_check import Claim, Claims
from monitor.evidence.captures.capture_policy import Captures
from monitor.fetch.reparse import reread
from tests.support.captured import PAGE, spoken
from tests.support.outcomes import START, observation
from tests.support.sites import answer

pytestmark = pytest.mark.anyio
TARGET = Target(slug="cible", name="Cible", url="http://site.test/", kind=Kind.PAGE, platform="x")


async def kept(folder: Path, *, failure: Failure | None = None) -> Claim:
    """Keep one answer, and say of it what the journal would."""
    captures = Captures(folder, software="essai/1", clock_limit_us=500_000)
    exchange = spoken(START, answer(PAGE, "Date: Mon, 23 Nov 2026 08:00:00 GMT"))
    exchange = replace(exchange, failure=failure)
    seen = observation("cible", START, exchange=exchange)
    (capture,) = await captures.keep(TARGET, seen, known_good=True, in_outage=False)
    return Claim(
        leaf=7,
        target=capture.target,
        point=capture.point,
        at=capture.at,
        file=capture.file,
        sha256=capture.sha256,
        why=tuple(sorted(why.value for why in capture.why)),
        body_sha256=hashlib.sha256(exchange.body).hexdigest(),
        body_bytes=len(exchange.body),
    )


def found(folder: Path, claim: Claim) -> list[str]:
    with closing(Claims()) as claims:
        claims.add(claim)
        return list(capture_check.faults(folder, claims, reread))


async def test_a_capture_that_is_whole_agrees_with_its_leaf(tmp_path: Path) -> None:
    claim = await kept(tmp_path)
    assert found(tmp_path, claim) == []
    assert found(tmp_path, replace(claim, body_sha256="")) == []


async def test_another_body_than_the_observation_s_is_found(tmp_path: Path) -> None:
    claim = await kept(tmp_path)
    assert "le corps" in found(tmp_path, replace(claim, body_sha256="00" * 32))[0]
    assert "le corps" in found(tmp_path, replace(claim, body_sha256=None))[0]


async def test_a_body_of_which_the_probe_read_a_part_is_the_beginning_of_the_kept_one(
    tmp_path: Path,
) -> None:
    """It gives up a decompression that takes too long, and its leaf says how far it went."""
    claim = await kept(tmp_path, failure=Failure.TOO_LARGE)
    part = replace(claim, body_sha256=hashlib.sha256(PAGE[:100]).hexdigest(), body_bytes=100)
    assert found(tmp_path, part) == []
    assert "le corps" in found(tmp_path, replace(part, body_bytes=101))[0]
    whole = await kept(tmp_path / "whole")
    other = replace(whole, body_sha256=part.body_sha256, body_bytes=100)
    assert "le corps" in found(tmp_path / "whole", other)[0]


async def test_a_copy_of_another_check_or_for_another_reason_is_found(tmp_path: Path) -> None:
    claim = await kept(tmp_path)
    for other in (replace(claim, target="autre"), replace(claim, point="autre"),
                  replace(claim, at=claim.at + timedelta(microseconds=1))):  # fmt: skip
        assert "autre relevé" in found(tmp_path, other)[0]
    assert "raisons" in found(tmp_path, replace(claim, why=("failure",)))[0]


async def test_a_capture_that_is_gone_is_found_unless_retention_may_have_taken_it(
    tmp_path: Path,
) -> None:
    claim = await kept(tmp_path)
    for gone in (replace(claim, sha256="00" * 32), replace(claim, file="2020-01-01.warc.gz")):
        assert found(tmp_path, gone) == [f"feuille 7, {gone.file} : octets absents"]
        assert found(tmp_path, replace(gone, why=("daily",))) == []


async def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    claim = await kept(tmp_path)
    path = tmp_path / claim.file
    data = path.read_bytes()
    for at in range(40, len(data), 97):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        if at < len(data) // 2:
            found(tmp_path, claim)  # the first record says nothing of the answer
        else:
            assert found(tmp_path, claim)


async def test_a_file_outside_the_folder_is_not_read(tmp_path: Path) -> None:
    claim = replace(await kept(tmp_path), file="../secret")
    assert "hors du dossier" in found(tmp_path, claim)[0]
