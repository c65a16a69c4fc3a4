"""A length of time beside two instants is what a reader finds by subtracting them, everywhere."""

from dataclasses import replace
from datetime import timedelta

from monitor.cli.outage_log import outage_described
from monitor.core.model import Outage
from monitor.demo.screen import _span
from monitor.figures.recorded_targets import RecordedTarget
from tests.support.reads import NOW, FakeReads, outage
from tests.web.test_app import client

# Printed to the second: fails from :01 to :16, which is 15 s (14.2 in truth), good checks at :01
# and :31 of the minutes before and after, which is 2 min 30 s (2 min 29.2 s in truth).
HOUR = (NOW - timedelta(hours=1)).replace(minute=4, second=0, microsecond=0)
SHORTEST, LONGEST = "15 s", "2 min 30 s"


def measured(slug: str = "a") -> Outage:
    return replace(
        outage(slug, closed=True),
        last_ok_at=HOUR + timedelta(seconds=-59 + 0.9),
        first_fail_at=HOUR + timedelta(seconds=1.9),
        last_fail_at=HOUR + timedelta(seconds=16.1),
        confirmed_at=HOUR + timedelta(seconds=16.1),
        first_ok_at=HOUR + timedelta(seconds=91.1),
        recovered_at=HOUR + timedelta(seconds=95),
    )


def test_in_the_list_of_the_command() -> None:
    said = outage_described(measured(), RecordedTarget(slug="a", name="a"))

    assert SHORTEST in said
    assert LONGEST in said


def test_on_the_screen_of_the_demo() -> None:
    said = _span(measured(), NOW)

    assert f"au moins {SHORTEST}" in said
    assert f"au plus {LONGEST}" in said


def test_on_the_pages() -> None:
    web = client(FakeReads(confirmed=[measured()]))
    for path in ("/", "/cibles/a"):
        said = web.get(path).text.replace("\N{NO-BREAK SPACE}", " ")
        assert SHORTEST in said, path
        assert LONGEST in said, path
