"""What an exchange says of itself."""

from dataclasses import replace

import pytest

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
