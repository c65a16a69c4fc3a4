"""Turn whatever a parser raises for bytes from outside into one exception.

A parser raises undocumented exceptions for hostile bytes: a KeyError, a RecursionError, a panic
of Rust code. Code that passes such bytes to a library does it inside `reading`, and handles one
exception, `Unreadable`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

_CHARACTERS = 300


class Unreadable(ValueError):  # noqa: N818 -- a state of the outside, not a fault of ours
    """A library could not read bytes from outside; the message says what it raised."""


@contextmanager
def reading(what: str, *, known: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn whatever a library raises inside the block into `Unreadable`.

    For calls that end: nothing is awaited inside. `known` exceptions pass as they are.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, (Unreadable, *known)):
            raise
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        message = f"{what}: {type(error).__name__}: {error}"[:_CHARACTERS]
        raise Unreadable(message) from error


def is_panic(error: BaseException) -> bool:
    """Return whether Rust code panicked: PyO3 raises a `BaseException` without a public name."""
    return type(error).__name__ == "PanicException"
