"""A survey of the demo's sites over real sockets: what is asked, kept and said."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.survey.survey_report import as_json
from monitor.survey.target_reading import TargetClass
from tests.support.surveying import Surveyed, of, surveyed

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Surveyed]:
    async with surveyed(tmp_path) as one:
        yield one


async def test_healthy_sites_answer_as_expected_and_each_thing_is_asked_once(
    demo: Surveyed,
) -> None:
    report = await demo.ask()

    assert [s.observed for s in report.surprises] == []
    assert report.counts[TargetClass.EXPECTED] == len(demo.config.targets)
    assert report.own_side.right
    repeated = [
        one
        for one, number in Counter(demo.requests).items()
        if number > 1 and not one[0].startswith("temoin")
    ]
    assert repeated == []
    assert "cibles répondent comme prévu, 0 à corriger" in report.sum_sentence
    assert of(report, "prefecture-34").robots == "autorise (1 règle)"
    assert of(report, "prefecture-34").page.compared_permille


async def test_a_survey_that_stops_resumes_and_asks_nothing_twice(demo: Surveyed) -> None:
    report = await demo.ask(most=1)
    assert report.counts[TargetClass.NOT_ASKED]
    assert "relancez la même commande" in report.next_step
    while report.counts[TargetClass.NOT_ASKED]:
        report = await demo.ask(most=4)
    before = len(demo.requests)

    assert as_json(await demo.ask()) == as_json(report)
    assert len(demo.requests) == before
    assert max(Counter(demo.requests).values()) <= 2  # a control is asked over two families
    assert report.counts[TargetClass.EXPECTED] == len(demo.config.targets)
