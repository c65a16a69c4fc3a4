"""Our canonical JSON is that of RFC 8785, within its profile."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.journal.jcs import INTEGER_LIMIT, canonical

keys = st.text(st.characters(max_codepoint=0x7E), max_size=12)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-INTEGER_LIMIT + 1, INTEGER_LIMIT - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(values)
def test_the_bytes_are_those_of_another_implementation(value: Any) -> None:
    """RFC 8785 as the package of that name writes it."""
    assert canonical(value) == rfc8785.dumps(value)
    assert json.loads(canonical(value)) == value


@pytest.mark.parametrize("char", [chr(n) for n in (*range(0x20), 0x22, 0x2F, 0x5C, 0x7F, 0x80)])
def test_every_character_that_may_be_escaped_is_as_the_rfc_says(char: str) -> None:
    assert canonical(char) == rfc8785.dumps(char)


@pytest.mark.parametrize(
    "value",
    [1.0, 1e-7, -0.0, float("nan"), INTEGER_LIMIT, -INTEGER_LIMIT, {"é": 1}, {1: 2}, b"x", {1}],
)
def test_what_two_programs_may_write_differently_is_refused(value: Any) -> None:
    for inside in (value, [value], {"a": {"b": value}}):
        with pytest.raises(ValueError, match="canonical JSON"):
            canonical(inside)


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        canonical("\udcff")
