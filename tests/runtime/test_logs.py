"""A line of the log says what came from outside, and a terminal obeys nothing of it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from monitor.runtime import logs

HOSTILE = "a\x1b]0;titre\x07\x9b31m\u202eb\r\u2028"
OBEYED = "\x1b]", "\x07", "\x9b", "\u202e", "\r", "\u2028"


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def fail() -> None:
    raise ValueError(HOSTILE)


def say_it() -> None:
    ours, library = structlog.get_logger("ours"), logging.getLogger("library")
    ours.warning("fixed", value=HOSTILE, several=[HOSTILE], raw=HOSTILE.encode())
    library.warning("event %s", HOSTILE)
    for logger in (ours, library):
        try:
            fail()
        except ValueError:
            logger.exception("it failed")


@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_in_a_line_is_obeyed(*, as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(json=as_json)

    say_it()

    output = capsys.readouterr().out
    assert output.count("titre") >= 5
    for sequence in OBEYED:
        assert sequence not in output
    if as_json:
        assert output.isascii()
        assert [json.loads(line)["level"] for line in output.splitlines()]
