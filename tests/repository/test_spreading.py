"""The order of tests loses none, and gives every worker some of the longest first."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.support.spreading import LONGEST, spread

COUNT = st.integers(0, 60)


def test_the_longest_modules_are_there() -> None:
    folder = Path(__file__).parents[1]
    assert [name for name in LONGEST if not (folder / name).is_file()] == []


@given(st.lists(st.integers(1, 5), max_size=6), COUNT, st.integers(1, 6))
def test_no_item_is_lost_or_doubled(sizes: list[int], short: int, workers: int) -> None:
    long = [[f"{number} {n}" for n in range(size)] for number, size in enumerate(sizes)]
    items = [f"short {number}" for number in range(short)] + [one for some in long for one in some]
    assert sorted(spread(items, long, workers)) == sorted(items)


def test_each_worker_begins_with_a_long_one() -> None:
    long = [[f"long {number}"] for number in range(4)]
    items = [*(f"short {number:02}" for number in range(16)), *(group[0] for group in long)]
    found = spread(items, long, 4)
    assert [found[start] for start in range(0, 20, 5)] == [group[0] for group in long]
    assert [one for one in found if one.startswith("short")] == items[:16]
