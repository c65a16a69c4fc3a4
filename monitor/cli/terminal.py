"""All output to the terminal: control characters are escaped and secrets masked."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from monitor.core.untrusted.printable import printable
from monitor.runtime import logs

FAILED = 70  # exit code of a fault of the program itself, as sysexits.h has it


class _PrintableStream:
    """A text stream whose every text is made printable first."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(printable(logs.without_secrets(text)))
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def guarded() -> Iterator[None]:
    """Escape all output to stdout and stderr while the block runs."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast("TextIO", _PrintableStream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def control(stream: TextIO, sequence: str) -> None:
    """Send the terminal a control sequence of our own: never a text from outside."""
    raw = stream._stream if isinstance(stream, _PrintableStream) else stream  # noqa: SLF001 -- its own module
    raw.write(sequence)


def fault() -> int:
    """Print the traceback of a fault of the program itself, and return its exit code."""
    traceback.print_exc()
    return FAILED
