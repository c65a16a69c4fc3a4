"""Whatever a library raises for bytes from outside is one exception, and nothing else is."""

import pytest

from monitor.core.untrusted.library_errors import Unreadable, reading


class PanicException(BaseException):
    """What Rust code raises when it panics."""


@pytest.mark.parametrize("error", [KeyError("a"), RecursionError("b"), PanicException("c")])
def test_a_fault_of_a_library_is_unreadable(error: BaseException) -> None:
    with pytest.raises(Unreadable, match=f"page: {type(error).__name__}: "), reading("page"):
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), Unreadable("d"), OSError()])
def test_an_order_to_end_and_what_is_known_pass(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, reading("page", known=(OSError,)):
        raise error
    assert raised.value is error


def test_a_message_is_bounded() -> None:
    with pytest.raises(Unreadable) as raised, reading("page"):
        raise ValueError("x" * 1000)
    assert len(str(raised.value)) == 300
