"""The fold from readings to versions: what is believed, what is told, and when."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.changes import text_history
from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.page_events import TURNS, PageEdge, PageEvent, PageReading
from monitor.core.changes.text_history import (
    CONFIRMING,
    SETTLING,
    TextHistory,
    advance,
    gone,
    in_doubt,
)
from monitor.core.text.page import Page
from tests.support.readings import follow, minute, page, reading

PAGES = {letter: page(letter) for letter in "ABCDEFGHIJ"}


def told(letters: str) -> list[str]:
    """Return the edges of a story in which each letter is one reading of that text."""
    _, events = follow(PAGES[letter] for letter in letters)
    return [event.edge.value for event in events]


@pytest.mark.parametrize(
    ("letters", "edges"),
    [
        ("", []),
        ("AAAA", ["first"]),
        ("AB", ["first"]),
        ("ABB", ["first", "changed"]),
        ("ABA", ["first", "unconfirmed"]),
        ("ABABB", ["first", "unconfirmed", "changed"]),
        ("ABBCC", ["first", "changed", "changed"]),
        ("ABBAA", ["first", "changed", "returned"]),
        ("ABCB", ["first", "unconfirmed", "changed"]),
        ("ABABA", ["first", "unconfirmed", "unconfirmed", "flapping"]),
        ("ABBAABB", ["first", "changed", "returned", "returned", "flapping"]),
        ("ABCDEFG", ["first", "flapping"]),
    ],
)
def test_a_text_is_believed_at_its_second_reading_and_every_transition_is_noted(
    letters: str, edges: list[str]
) -> None:
    assert edges == told(letters)


def test_texts_that_take_turns_are_told_once_and_then_silent() -> None:
    assert ["first", "unconfirmed", "unconfirmed", "flapping"] == told("AB" * 40)


def test_a_new_text_is_believed_as_quickly_while_others_take_turns() -> None:
    """A flapping banner hides no change: C then D are new, whatever A and B did."""
    flapping = "ABABABAB"

    assert [*told(flapping), "changed"] == told(flapping + "CDC")


def test_a_text_that_took_turns_is_believed_when_it_stays() -> None:
    short, long = "ABABA" + "B" * (SETTLING - 1), "ABABA" + "B" * SETTLING

    assert "changed" not in told(short)
    assert ["changed", "settled"] == told(long + "B")[-2:]


def test_texts_that_took_turns_are_settled_by_a_long_calm() -> None:
    assert "settled" == told("ABABA" + "A" * SETTLING)[-1]


def test_it_takes_twelve_calm_readings_after_the_last_return_and_no_fewer() -> None:
    # The last A of ABABA is the first reading of the stable text.
    assert told("ABABA" + "A" * 10)[-1] == "flapping"
    assert told("ABABA" + "A" * 11)[-1] == "settled"
    assert told("ABABA" + "A" * 5 + "BA" + "A" * 10)[-1] == "flapping"
    assert told("ABABA" + "A" * 5 + "BA" + "A" * 11)[-1] == "settled"


def test_a_change_lies_between_two_readings() -> None:
    track, events = follow(PAGES[letter] for letter in "AABBB")
    changed = events[-1]

    assert changed.before is not None
    assert changed.after is not None
    assert (minute(1), minute(2), minute(3)) == (
        changed.before.last_at,
        changed.after.version.first_at,
        changed.at,
    )
    assert changed.change is not None
    assert (ChangeKind.PHONE,) == changed.change.kinds
    assert changed.announced
    assert track.current is not None
    assert (3, minute(4)) == (track.current.version.checks, track.current.version.last_at)


def test_only_what_the_page_did_is_announced() -> None:
    _, events = follow(PAGES[letter] for letter in "ABABABBAA")

    assert {PageEdge.CHANGED, PageEdge.RETURNED} >= {e.edge for e in events if e.announced}


def test_a_change_without_a_new_displayed_date_is_silent_and_the_reverse_is_told_apart() -> None:
    _, silent = follow([PAGES["A"], PAGES["B"], PAGES["B"]])
    dated = page("B", updated="23/11/2026")
    _, both = follow([PAGES["A"], dated, dated])
    _, date_only = follow([PAGES["B"], dated, dated])

    found = [events[-1].change for events in (silent, both, date_only)]
    assert [(True, False), (False, False), (False, True)] == [
        (change.silent, change.date_only) for change in found if change
    ]
    assert not date_only[-1].announced


def test_a_new_version_of_our_own_rules_is_never_announced() -> None:
    old = replace(PAGES["B"], extraction_version="0")
    track, events = follow([old, old, PAGES["A"], PAGES["A"], PAGES["B"], PAGES["B"]])

    assert [PageEdge.FIRST, PageEdge.TECHNICAL, PageEdge.CHANGED] == [e.edge for e in events]
    assert [False, False, True] == [event.announced for event in events]
    assert track.current is not None


def retaken(letter: str, at: int, version: str = "1") -> PageReading:
    """Return what rules of a version read in a copy."""
    return reading(replace(PAGES[letter], extraction_version=version), minute(at))


def test_the_same_bytes_read_by_new_rules_keep_the_bounds_of_their_stay() -> None:
    old = [replace(PAGES[letter], extraction_version="0") for letter in "ABBB"]
    track, _ = follow(old)

    track, (technical,) = text_history.retake(track, retaken("B", 3), minute(5))

    assert (PageEdge.TECHNICAL, minute(5), False) == (
        technical.edge,
        technical.at,
        technical.announced,
    )
    assert technical.change is not None
    assert ((ChangeKind.TECHNICAL,), text_history.RETAKEN) == (
        technical.change.kinds,
        technical.change.summary,
    )
    assert track.current is not None
    stay = track.current.version
    assert (minute(0), minute(3), minute(3), 1) == (
        stay.before_at,
        stay.first_at,
        stay.last_at,
        stay.checks,
    )


def test_after_that_the_next_reading_is_like_any_other() -> None:
    track, _ = follow([replace(PAGES["A"], extraction_version="0")] * 3)
    track, _ = text_history.retake(track, retaken("A", 2), minute(3))

    _, same = advance(track, retaken("A", 3))
    doubt, none = advance(track, retaken("B", 3))
    _, (changed,) = advance(doubt, retaken("B", 4))

    assert ((), ()) == (same, none)
    assert PageEdge.CHANGED is changed.edge
    assert changed.before is not None
    assert changed.after is not None
    assert (minute(2), minute(3)) == (changed.before.last_at, changed.after.version.first_at)


@pytest.mark.parametrize("at", [-1, 0])
def test_a_copy_that_is_not_of_after_the_start_of_its_stay_is_not_taken_up(at: int) -> None:
    """Then the next reading is, and the summary says what that hides."""
    track, _ = follow([replace(PAGES["A"], extraction_version="0")] * 3)

    assert (track, ()) == text_history.retake(track, retaken("A", at), minute(5))
    _, (technical,) = advance(track, retaken("B", 5))
    assert technical.change is not None
    assert technical.change.summary == text_history.NO_COPY


def test_texts_of_before_are_known_by_their_new_names_once_each() -> None:
    track = TextHistory(target="a", point="p", previous=("1", "2", "3"), rejected=("4", "1"))

    track = text_history.renamed(track, {"1": "2", "4": "5"})

    assert (("2", "3"), ("5", "2")) == (track.previous, track.rejected)


def test_a_text_with_nothing_in_common_replaces_the_page_only_after_a_long_stay() -> None:
    """It may be an error page that no fingerprint knows."""
    words = " ".join(f"mot{number}" for number in range(900))
    long = page(words)
    short = replace(PAGES["A"], title="Service", blocks=PAGES["A"].blocks[-1:])

    brief, long_stay = ([long, *[short] * times] for times in (SETTLING - 1, SETTLING))

    assert [PageEdge.FIRST] == [event.edge for event in follow(brief)[1]]
    event = follow(long_stay)[1][-1]
    assert PageEdge.REPLACED is event.edge
    assert event.change is not None
    assert (Weight.MAJOR, text_history.REPLACED) == (event.change.weight, event.change.summary)


def test_a_page_that_is_gone_is_told_once_and_so_is_its_return() -> None:
    track, _ = follow([PAGES["A"]])
    track, first = gone(track, minute(5))
    track, second = gone(track, minute(6))
    _, back = advance(track, reading(PAGES["A"], minute(7)))

    assert [PageEdge.REMOVED, PageEdge.RESTORED] == [e.edge for e in (*first, *second, *back)]
    assert all(event.announced for event in (*first, *back))
    assert ((), ()) == (gone(TextHistory(target="a", point="p"), minute(1))[1], second)


def test_only_an_unsettled_text_wants_a_reading_soon() -> None:
    doubts = {
        letters: in_doubt(follow(PAGES[letter] for letter in letters)[0])
        for letters in ("", "A", "AB", "ABB", "ABA", "ABABAB")
    }

    assert {"AB"} == {letters for letters, doubt in doubts.items() if doubt}


def test_a_reading_that_is_not_later_is_left_out() -> None:
    track, _ = follow(PAGES[letter] for letter in "AAA")

    for earlier in (minute(2), minute(1)):
        assert (track, ()) == advance(track, reading(PAGES["B"], earlier))


def naive(letters: str) -> list[str]:
    """Return the texts that were believed, by brute force, as long as none takes turns."""
    believed: list[str] = []
    current, run = "", ""
    for letter in letters:
        if not believed or letter == current:
            current, run = letter, ""
            believed = believed or [letter]
            continue
        run += letter
        if run.count(letter) == CONFIRMING:
            believed.append(letter)
            current, run = letter, ""
    return believed


stories = st.text("ABCDE", min_size=1, max_size=30)


@given(stories)
@settings(max_examples=60, deadline=None)
def test_the_fold_believes_what_a_naive_reader_believes(letters: str) -> None:
    _, events = follow(PAGES[letter] for letter in letters)
    until = next((e.at for e in events if e.edge is PageEdge.FLAPPING), minute(len(letters)))
    seen = letters[: (until - minute(0)) // timedelta(minutes=1) + 1]
    turns = [event for event in events if event.edge in TURNS and event.at <= until]

    assert naive(seen) == [letter_of(event) for event in turns]


@given(stories)
@settings(max_examples=60, deadline=None)
def test_whatever_is_read_the_believed_texts_follow_each_other_in_time(letters: str) -> None:
    track, events = follow(PAGES[letter] for letter in letters)
    turns = [event for event in events if event.edge in TURNS]

    assert [None, *(e.after.version.sha256 for e in turns if e.after)][: len(turns)] == [
        event.before.sha256 if event.before else None for event in turns
    ]
    for event in events:
        assert event.after is not None or event.edge is PageEdge.SETTLED
        if event.before and event.after:
            assert event.before.last_at < event.after.version.first_at <= event.at
            assert event.after.version.before_at == event.before.last_at
    flips = [e.edge for e in events if e.edge in {PageEdge.FLAPPING, PageEdge.SETTLED}]
    assert flips == [PageEdge.FLAPPING, PageEdge.SETTLED][: len(flips)] or len(flips) > 2
    assert len(track.candidates) <= text_history.MOST_CANDIDATES


def letter_of(event: PageEvent) -> str:
    assert event.after is not None
    found: Page = event.after.page
    return next(letter for letter, known in PAGES.items() if known == found)
