"""Pages of a log: each item once, whatever order a database gives to those of one instant."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.core.outages.time_accounts import instant, microseconds
from monitor.web.api.cursors import CURSOR_MAX, Place, newest_first, read, written

Item = tuple[int, str]
ITEMS = st.lists(
    st.tuples(st.integers(0, 3), st.text("abcdefgh-", min_size=1, max_size=3)), unique=True
)
MANY_AT_ONCE = [(1, f"cible-{number:02}") for number in range(40)]


def place_of(item: Item) -> Place:
    return Place(*item)


class Log:
    """A log whose items of one instant come in an order of its own, as with another collation."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = sorted(items, key=lambda item: (-item[0], item[1]))

    def last(self, until: datetime | None, newest: int) -> list[Item]:
        end = 1 << 50 if until is None else microseconds(until)
        return [item for item in self._items if item[0] < end][:newest]


@given(ITEMS, st.integers(1, 5), st.sets(st.integers(0, 3)))
@example(MANY_AT_ONCE, 1, set())
@example([*MANY_AT_ONCE, (0, "a"), (2, "a")], 3, {0})
def test_each_item_is_on_one_page(items: list[Item], limit: int, hidden: set[int]) -> None:
    log, pages = Log(items), []
    after: Place | None = None
    while True:
        page, after = newest_first(
            log.last, place_of, after=after, limit=limit, chosen=lambda item: item[0] not in hidden
        )
        pages.append(page)
        if after is None:
            break
    assert all(len(page) == limit for page in pages[:-1])
    assert len(pages) == 1 or pages[-1]
    listed = [item for page in pages for item in page]
    assert listed == sorted((i for i in items if i[0] not in hidden), reverse=True)


@given(st.integers(-(1 << 52), 1 << 52), st.text("abc-0123", max_size=80), st.text())
def test_a_cursor_is_read_as_it_was_written(at_us: int, name: str, question: str) -> None:
    cursor = written(Place(at_us, name), question)
    assert len(cursor) <= CURSOR_MAX
    assert read(cursor, question) == Place(at_us, name)
    assert instant(at_us) == read(cursor, question).at
    with pytest.raises(ValueError, match="another question"):
        read(cursor, question + "!")


@given(st.text(max_size=300) | st.binary(max_size=100).map(lambda data: data.hex()))
@example("W10")  # []
@example("W3RydWUsIiIsIiJd")  # [true,"",""]
@example("WzllOTk5LCIiLCIiXQ")  # [9e999,"",""]
@example("W1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tb")
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cursor|too long"):
        read(text, "a question")
