"""A page that works, and only mentions a closure or a guard, is no surprise."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.config import load
from monitor.core.model import Observation, Verdict
from monitor.core.verdict.classify import classify, exchange_of_saved
from monitor.evidence.captures.capture_metadata import FORMAT, CaptureMetadata
from monitor.survey.target_reading import TargetReading
from monitor.survey.target_surprises import SurpriseSearch
from tests.corpus.notices import KINDS, Notice

CONFIG = load(Path(__file__).parents[2] / "config")
HEALTHY = [one for group in KINDS.values() for one in group if one.said[0] is Verdict.UP]
AT = datetime(2026, 11, 29, tzinfo=UTC)


def read(notice: Notice) -> TargetReading:
    body = notice.body.encode() if isinstance(notice.body, str) else notice.body
    target, exchange = exchange_of_saved(
        status=notice.status, headers=notice.headers, body=body, url=notice.url
    )
    judgement = classify(
        target,
        exchange,
        controls=None,
        clock_offset_us=0,
        clock_limit_us=0,
        known_good=True,
        fingerprints=CONFIG.fingerprints,
    )
    observation = Observation(
        target=target.slug,
        point="essai",
        slot_at=AT,
        at=AT,
        judgement=judgement,
        exchange=exchange,
        controls=None,
        config_sha256="",
        ruleset="",
    )
    account = CaptureMetadata(
        format=FORMAT,
        why=(),
        target=target,
        known_good=True,
        clock_limit_us=0,
        observation=observation,
        wires=(),
    )
    return TargetReading(target=target, config=CONFIG, account=account, observation=observation)


@pytest.mark.parametrize("notice", HEALTHY, ids=range(len(HEALTHY)))
def test_a_page_that_works_is_no_surprise(notice: Notice) -> None:
    reading = read(notice)
    surprises = list(SurpriseSearch(config=CONFIG, readings=[reading]).of(reading))
    assert [surprise.observed for surprise in surprises] == []
