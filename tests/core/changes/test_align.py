"""Alignment of two sequences, in bounded time."""

import random

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.changes.align import MOST_STEPS, Mismatch, gaps

ITEMS = st.lists(st.integers(0, 6), max_size=25)


@given(ITEMS, ITEMS)
def test_what_lies_in_no_gap_is_the_same_on_both_sides(before: list[int], after: list[int]) -> None:
    b = a = 0
    for gap in gaps(before, after):
        assert before[b : gap.b0] == after[a : gap.a0]
        assert gap.b0 < gap.b1 or gap.a0 < gap.a1
        b, a = gap.b1, gap.a1
    assert before[b:] == after[a:]


@given(ITEMS)
def test_equal_sequences_have_no_gap(items: list[int]) -> None:
    assert gaps(items, items) == []


@given(st.lists(st.integers(), unique=True, min_size=1, max_size=30), st.data())
def test_one_item_taken_out_is_one_gap(items: list[int], data: st.DataObject) -> None:
    """Found whatever the place, and nothing else with it."""
    place = data.draw(st.integers(0, len(items) - 1))

    assert gaps(items, items[:place] + items[place + 1 :]) == [
        Mismatch(place, place + 1, place, place)
    ]


@given(st.lists(st.sampled_from("ab"), max_size=20), st.lists(st.sampled_from("ab"), max_size=20))
def test_without_unique_items_as_much_as_can_be_is_kept(
    before: list[str], after: list[str]
) -> None:
    """The kept items are a longest common subsequence, found here the slow way."""
    before, after = before * 2, after * 2
    lengths = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for b, one in enumerate(before):
        for a, other in enumerate(after):
            longest = max(lengths[b][a + 1], lengths[b + 1][a])
            lengths[b + 1][a + 1] = lengths[b][a] + 1 if one == other else longest

    kept = len(before) - sum(gap.b1 - gap.b0 for gap in gaps(before, after))
    assert kept == lengths[-1][-1]


def test_what_is_unique_on_both_sides_parts_what_is_too_long_to_align() -> None:
    before = ["a"] * 300 + ["anchor"] + ["b"] * 300
    after = ["c"] * 300 + ["anchor"] + ["d"] * 300

    assert gaps(before, after) == [Mismatch(0, 300, 0, 300), Mismatch(301, 601, 301, 601)]
    twice = [*before, "anchor"]
    assert gaps(twice, [*after, "e"]) == [Mismatch(0, 602, 0, 602)]


def test_more_edits_than_the_bound_are_given_whole() -> None:
    def edited(removed: int, added: int) -> list[Mismatch]:
        same = ["m", "m"]
        return gaps(["a"] * removed + same + ["b"], ["c"] * added + same + ["d"])

    assert edited(99, 99) == [Mismatch(0, 99, 0, 99), Mismatch(101, 102, 101, 102)]
    assert edited(99, 100) == [Mismatch(0, 102, 0, 103)]


def test_of_anchors_that_crossed_the_longest_run_is_kept() -> None:
    def text(names: str, filler: str) -> list[str]:
        return [item for name in names for item in (*[filler] * 150, name)]

    found = gaps(text("fABCDg", "x"), text("ABgCfD", "y"))

    kept = {150 * n + n - 1 for n in range(2, 6)}  # A, B, C and D in the first
    edited = {place for gap in found for place in range(gap.b0, gap.b1)}
    assert set(range(906)) - edited == kept


def test_long_sequences_with_nothing_unique_are_given_whole_beyond_the_bound() -> None:
    chance = random.Random(1)  # noqa: S311 -- an example, not a secret
    before = [chance.randrange(2) for _ in range(20_000)]
    after = [chance.randrange(2) for _ in range(20_000)]

    assert len(gaps(before, after)) < 10


def test_the_steps_of_one_comparison_are_bounded_whatever_its_regions() -> None:
    """Counted in comparisons of two words, never in seconds."""
    compared = 0

    class Word(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    def text(seed: int) -> list[Word]:
        chosen = random.Random(seed)  # noqa: S311 -- no secret
        return [
            Word(chosen.choice("ab") if place % 150 else f"anchor {place}")
            for place in range(60_000)
        ]

    before, after = text(1), text(2)
    found = gaps(before, after)

    assert compared < 2 * MOST_STEPS
    rebuilt: list[str] = []
    start = 0
    for gap in found:
        rebuilt += [*before[start : gap.b0], *after[gap.a0 : gap.a1]]
        start = gap.b1
    assert [*rebuilt, *before[start:]] == after
