"""What a library says of bytes from outside is data, whatever it says it with.

A parser raises for hostile bytes what nobody documented: a KeyError, a RecursionError, a panic
of Rust code. Whoever hands such bytes to a library does it inside `reading`, and knows one
exception.
"""

from collections.abc import Iterator
from contextlib import contextmanager

_CHARACTERS = 300


class Unreadable(ValueError):  # noqa: N818 -- a state of the outside, not a fault of ours
    """A library could not read what came from outside; the message says what it raised."""


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
        said = f"{what}: {type(error).__name__}: {error}"[:_CHARACTERS]
        raise Unreadable(said) from error


def is_panic(error: BaseException) -> bool:
    """Tell whether Rust code panicked: PyO3 raises it beside `Exception`, under no public name."""
    return type(error).__name__ == "PanicException"
