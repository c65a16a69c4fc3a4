"""What an exchange says of itself."""

from dataclasses import replace

import pytest

from monitor.core.model import Controls, ControlStatus, Failure, Family
from tests.support.outcomes import answer, at, hop


def test_a_header_is_found_by_its_name_in_any_case() -> None:
    headers = (("Server", "Apache"), ("LOCATION", "/a"), ("location", "/b"))
    there = replace(hop(at(0)), headers=headers)

    assert there.header("Location") == "/a"
    assert there.header("date") is None


@pytest.mark.parametrize(
    ("said", "length"),
    [
        ("0", 0),
        ("1234", 1234),
        ("9" * 15, 10**15 - 1),
        ("1" * 16, None),
        ("-1", None),
        ("١٢", None),
        ("", None),
    ],
)
def test_a_length_that_was_announced_is_a_number_or_nothing(said: str, length: int | None) -> None:
    there = replace(answer(at(0)), hops=(replace(hop(at(0)), headers=(("Content-Length", said),)),))

    assert there.content_length == length


def test_without_an_answer_or_its_header_no_length_was_announced() -> None:
    assert answer(at(0)).content_length is None
    assert replace(answer(at(0)), hops=()).content_length is None


def test_a_status_counts_when_the_answer_is_whole() -> None:
    assert answer(at(0)).status == 200
    assert replace(answer(at(0)), failure=Failure.TRUNCATED).status is None
    assert replace(answer(at(0)), hops=()).status is None


@pytest.mark.parametrize(
    ("prompt", "late", "silent", "vouched"),
    [
        (2, 0, 0, True),
        (1, 0, 0, False),  # fewer than needed
        (2, 1, 0, True),
        (2, 2, 0, True),
        (2, 3, 0, False),  # less than half of them promptly
        (2, 0, 1, True),
        (2, 0, 2, False),  # half of them answered, and not most
        (3, 1, 2, True),
    ],
)
def test_most_hosts_must_answer_and_half_of_them_promptly(
    prompt: int, late: int, silent: int, *, vouched: bool
) -> None:
    statuses = [
        *[ControlStatus.PROMPT] * prompt,
        *[ControlStatus.LATE] * late,
        *[ControlStatus.SILENT] * silent,
        ControlStatus.ABSENT,
    ]
    said = {str(number): status for number, status in enumerate(statuses)}
    controls = Controls(at=at(0), ok=0, asked=9, needed=2, families={Family.IPV4: said})

    assert controls.vouch_for(Family.IPV4) == vouched
