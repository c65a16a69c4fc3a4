"""What the stand-alone verifier refuses in a leaf that two programs could read differently."""

import runpy
from collections.abc import Callable
from typing import Any

import pytest

from monitor.evidence.log.mirror import verifier_path

Reader = Callable[[bytes], Any]

DIFFERENT = {
    "a long number": b'{"n":123456789012345678}',
    "a long negative number": b'{"n":-12345678901234567}',
    "a long number deep inside": b'{"a":[{"b":[1,2,999999999999999999]}]}',
    "a long number after a digest": b'{"a":"00000000000000000000","n":123456789012345678}',
    "a fraction": b'{"n":1.5}',
    "an exponent": b'{"n":1e5}',
    "no number": b'{"n":NaN}',
    "a name twice": b'{"n":1,"n":1}',
    "a name twice deep inside": b'{"a":[{"n":1,"m":2,"n":1}]}',
    "more after it": b'{"n":1}{}',
}
SAME = {
    b'{"n":12345678901234567}': {"n": 12345678901234567},
    b'{"n":-1234567890123456}': {"n": -1234567890123456},
    b'{"n":"123456789012345678901234567890"}': {"n": "123456789012345678901234567890"},
    b'{"a":{"n":1},"b":{"n":1}}': {"a": {"n": 1}, "b": {"n": 1}},
}


@pytest.fixture(scope="module")
def read() -> Reader:
    reader: Reader = runpy.run_path(str(verifier_path()), run_name="verifier")["strict_json"]
    return reader


@pytest.mark.parametrize("leaf", DIFFERENT.values(), ids=DIFFERENT)
def test_what_two_programs_could_read_differently_is_refused(read: Reader, leaf: bytes) -> None:
    with pytest.raises(ValueError, match=r"nombre|deux fois|Extra data"):
        read(leaf)


@pytest.mark.parametrize("leaf", SAME)
def test_what_has_one_reading_is_read(read: Reader, leaf: bytes) -> None:
    assert read(leaf) == SAME[leaf]
