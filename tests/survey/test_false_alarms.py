"""A page that works, and only mentions a closure or a guard, is no surprise."""

from pathlib import Path

import pytest

from monitor.config import load
from monitor.core.model import Verdict
from monitor.core.verdict.classify import exchange_of_saved
from monitor.survey.target_surprises import SurpriseSearch
from tests.corpus.notices import KINDS, Notice
from tests.support.target_readings import reading_of

CONFIG = load(Path(__file__).parents[2] / "config")
HEALTHY = [one for group in KINDS.values() for one in group if one.said[0] is Verdict.UP]


@pytest.mark.parametrize("notice", HEALTHY, ids=range(len(HEALTHY)))
def test_a_page_that_works_is_no_surprise(notice: Notice) -> None:
    body = notice.body.encode() if isinstance(notice.body, str) else notice.body
    target, _ = exchange_of_saved(status=200, headers=(), body=b"", url=notice.url)
    headers = tuple(dict(notice.headers).items())
    reading = reading_of(target, CONFIG, body=body, status=notice.status, headers=headers)
    surprises = list(SurpriseSearch(config=CONFIG, readings=[reading]).of(reading))
    assert [surprise.observed for surprise in surprises] == []
