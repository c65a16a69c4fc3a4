"""What an exchange says of itself."""

from dataclasses import replace

from tests.support.outcomes import at, hop


def test_a_header_is_found_by_its_name_in_any_case() -> None:
    headers = (("Server", "Apache"), ("LOCATION", "/a"), ("location", "/b"))
    there = replace(hop(at(0)), headers=headers)

    assert there.header("Location") == "/a"
    assert there.header("date") is None
