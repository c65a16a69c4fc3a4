"""What a journal younger than its store may say of what began before it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from monitor.core.journal.doubt import Doubt, after
from monitor.core.model import (
    Event,
    Nature,
    Outage,
    Policy,
    Reason,
    Sighting,
    State,
    Streak,
    Transition,
    Verdict,
)
from tests.support.outcomes import at

POLICY = Policy(failures=2, failing_s=60, successes=2, recovering_s=60, silence_s=600)
WORDS = {
    "u": (Verdict.UP, Reason.OK),
    "d": (Verdict.DOWN, Reason.HTTP_5XX),
    "?": (Verdict.UNKNOWN, Reason.LOCAL_NETWORK),
}


def followed(*checks: tuple[str, float]) -> Doubt:
    """Follow checks, the first of the journal at second 0."""
    doubt, state = Doubt(first_at=at(0)), State(target="anef", point="local")
    for letter, seconds in checks:
        verdict, reason = WORDS[letter]
        sighting = Sighting(at=at(seconds), verdict=verdict, reason=reason)
        state = doubt.follow(state, sighting, POLICY)
    return doubt


def told(letters: str, event: Event) -> bool:
    """Return whether an edge may follow these checks, one a minute."""
    doubt = followed(*((letter, 60 * n) for n, letter in enumerate(letters)))
    return doubt.explains(event, doubt.awaited)


def event(edge: Transition, seconds: float, **subject: Any) -> Event:
    return Event(edge=edge, at=at(seconds), target="anef", point="local", **subject)


OUTAGE = Outage(
    target="anef",
    point="local",
    nature=Nature.DOWN,
    reason=Reason.HTTP_5XX,
    last_ok_at=at(-660),
    first_fail_at=at(-600),
    last_fail_at=at(-60),
    confirmed_at=at(-540),
    first_ok_at=at(0),
    recovered_at=at(60),
    checks=10,
)
CLOSED = event(Transition.OUTAGE_CLOSED, 60, outage=OUTAGE)


def closed(**fields: Any) -> Event:
    return replace(CLOSED, outage=replace(OUTAGE, **fields))


@pytest.mark.parametrize(
    "fields",
    [{}, {"last_ok_at": None}, {"first_fail_at": at(-60), "confirmed_at": at(-30), "checks": 1}],
)
def test_an_outage_from_before_may_end(fields: Mapping[str, Any]) -> None:
    assert told("uu", closed(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"recovered_at": at(0)},
        {"recovered_at": None},
        {"first_ok_at": at(30)},
        {"first_ok_at": None},
        {"confirmed_at": at(0)},
        {"last_fail_at": at(0)},
        {"first_fail_at": at(-59)},
        {"last_ok_at": at(-600)},
        {"checks": 0},
    ],
)
def test_an_end_contradicts_no_check_of_the_journal(fields: Mapping[str, Any]) -> None:
    assert not told("uu", closed(**fields))


def test_a_check_that_was_refused_or_spoiled_neither_confirms_nor_denies() -> None:
    ended = replace(closed(recovered_at=at(120)), at=at(120))

    assert told("u?u", ended)
    assert told("?d", replace(opened(last_fail_at=at(60), confirmed_at=at(60)), at=at(60)))
    assert told("?u", blip(-60, -60, 1, seconds=60))
    assert not told("u?", replace(CLOSED, at=at(60)))


def test_an_end_is_that_of_the_last_check() -> None:
    assert not told("uu", replace(CLOSED, at=at(61)))
    assert not told("", CLOSED)
    assert not told("ud", CLOSED)
    assert not told("uu", replace(CLOSED, outage=None))


def test_an_end_follows_the_last_failure_and_counts_those_of_the_journal() -> None:
    late: dict[str, Any] = {"last_fail_at": at(0), "first_ok_at": at(60), "recovered_at": at(120)}
    ended = replace(closed(**late, checks=2), at=at(120))

    assert told("duu", ended)
    assert not told("duu", replace(ended, outage=replace(OUTAGE, **late, checks=1)))
    early = replace(OUTAGE, **late | {"last_fail_at": at(-60)})
    assert not told("duu", replace(ended, outage=early))


def test_a_recovery_that_began_before_may_end_at_the_first_check() -> None:
    ended = closed(last_fail_at=at(-120), first_ok_at=at(-60), recovered_at=at(0))

    assert told("u", replace(ended, at=at(0)))
    assert not told("u", replace(closed(recovered_at=at(0)), at=at(0)))  # too few good checks


OPENED = event(
    Transition.OUTAGE_OPENED,
    0,
    outage=replace(
        OUTAGE,
        last_ok_at=at(-120),
        first_fail_at=at(-60),
        last_fail_at=at(0),
        confirmed_at=at(0),
        first_ok_at=None,
        recovered_at=None,
        checks=2,
    ),
)


def opened(**fields: Any) -> Event:
    assert OPENED.outage is not None
    return replace(OPENED, outage=replace(OPENED.outage, **fields))


def test_failures_from_before_may_make_an_outage() -> None:
    assert told("d", OPENED)
    assert told("d", opened(last_ok_at=None))


@pytest.mark.parametrize(
    "fields",
    [
        {"confirmed_at": at(-1)},
        {"last_fail_at": at(-1)},
        {"last_ok_at": at(-60)},
        {"checks": 1},
        {"relapses": 1},
        {"first_ok_at": at(0)},
        {"recovered_at": at(0)},
    ],
)
def test_a_beginning_contradicts_no_check_of_the_journal(fields: Mapping[str, Any]) -> None:
    assert not told("d", opened(**fields))


def test_an_outage_begins_with_a_failure_and_after_no_good_check() -> None:
    assert not told("u", OPENED)
    late: dict[str, Any] = {"last_fail_at": at(60), "confirmed_at": at(60)}
    assert not told("ud", replace(opened(**late), at=at(60)))
    assert not told("d", replace(OPENED, outage=None))


def test_of_an_outage_of_the_journal_only_the_good_check_before_it_may_be_older() -> None:
    whole: dict[str, Any] = {"first_fail_at": at(0), "last_fail_at": at(60), "confirmed_at": at(60)}
    begun = replace(opened(**whole, last_ok_at=at(-60)), at=at(60))

    assert told("dd", begun)
    changes: tuple[dict[str, Any], ...] = (
        {"last_ok_at": at(0)},
        {"last_ok_at": None},
        {"checks": 3},
    )
    for fields in changes:
        assert begun.outage is not None
        assert not told("dd", replace(begun, outage=replace(begun.outage, **fields)))


def blip(first: float, last: float, count: int, *, seconds: float = 0) -> Event:
    streak = Streak(
        first_at=at(first), last_at=at(last), count=count, reason=Reason.HTTP_5XX, downs=count
    )
    return event(Transition.BLIP, seconds, blip=streak)


def test_a_good_check_ends_failures_from_before() -> None:
    assert told("u", blip(-60, -60, 1))
    assert told("u", blip(-600, -60, 3))
    assert not told("u", blip(0, 0, 1))
    assert not told("u", blip(-60, -60, 0))
    assert not told("u", blip(-60, 0, 2))
    assert not told("u", replace(blip(-60, -60, 1), blip=None))


def test_such_failures_count_those_of_the_journal() -> None:
    assert told("du", blip(-60, 0, 2, seconds=60))
    assert not told("du", blip(-60, 0, 1, seconds=60))
    assert not told("du", blip(-60, -60, 2, seconds=60))
    assert not told("udu", blip(-60, 60, 2, seconds=120))


def test_a_failure_after_a_silence_ends_those_before_it() -> None:
    assert told("d", blip(-601, -601, 1))
    assert not told("d", blip(-600, -600, 1))

    doubt = followed(("d", 0), ("d", 601))
    assert doubt.explains(blip(-60, 0, 2, seconds=601), doubt.awaited)
    assert not doubt.explains(blip(-60, 0, 1, seconds=601), doubt.awaited)


@pytest.mark.parametrize(
    ("checks", "over"),
    [
        ([("u", 0)], False),
        ([("u", 0), ("u", 59)], False),
        ([("u", 0), ("u", 60)], True),
        ([("u", 0), ("?", 60)], False),
        ([("u", 0), ("?", 30), ("u", 60)], True),
        ([("u", 0), ("d", 60), ("u", 120)], False),
        ([("d", 0), ("u", 60), ("u", 120)], True),
        ([("u", 0), ("u", 60), ("d", 120)], False),
        ([("u", 0), ("u", -60)], False),
    ],
)
def test_good_checks_that_would_end_any_outage_end_the_doubt(
    checks: list[tuple[str, float]], *, over: bool
) -> None:
    assert followed(*checks).is_over == over


def test_two_failures_of_one_instant_are_one() -> None:
    doubt, state = Doubt(first_at=at(0), was_open=True), State(target="anef", point="local")
    failing = Sighting(at=at(0), verdict=Verdict.DOWN, reason=Reason.HTTP_5XX)
    for _ in range(2):
        state = doubt.follow(state, failing, POLICY)
    for seconds in (60, 120):
        good = Sighting(at=at(seconds), verdict=Verdict.UP, reason=Reason.OK)
        state = doubt.follow(state, good, POLICY)

    late = {"last_fail_at": at(0), "first_ok_at": at(60), "recovered_at": at(120)}
    assert doubt.explains(replace(closed(**late, checks=2), at=at(120)), ())


def test_nothing_opens_while_an_outage_is_open() -> None:
    doubt = followed(("d", 0))
    doubt.was_open = True

    assert not doubt.explains(OPENED, ())
    assert not doubt.explains(blip(-601, -601, 1), ())


def test_after_an_edge_only_what_it_says_is_known() -> None:
    streak = blip(-60, 0, 2).blip
    failed = State(
        target="anef", point="local", verdict=Verdict.DOWN, last_ok_at=at(-300), failing=streak
    )
    good = replace(failed, verdict=Verdict.UP)
    assert OPENED.outage is not None

    opened_state = after(failed, OPENED)
    assert (opened_state.outage, opened_state.failing) == (OPENED.outage, None)
    assert opened_state.last_ok_at == OPENED.outage.last_ok_at
    for state in (after(good, CLOSED), after(good, blip(-60, -60, 1, seconds=60))):
        assert (state.outage, state.failing, state.last_ok_at) == (None, None, at(60))
    silent = after(failed, blip(-900, -900, 1))
    assert (silent.outage, silent.failing, silent.last_ok_at) == (None, streak, at(-300))
