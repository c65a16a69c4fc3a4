"""Back-off and pause of a platform."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.model import GapCause, LaneState, Reason, State, Verdict
from monitor.core.scheduling.backoff import (
    answered,
    asked_wait,
    closed_because,
    in_page_backoff,
    is_page_specific_refusal,
    paused,
    refused,
    resumed,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
FREE = LaneState(platform="ide")
MINUTE = timedelta(minutes=1)


def test_refusals_in_a_row_close_the_lane_for_an_hour_then_six_then_a_day_at_a_time() -> None:
    state, now, waits = FREE, NOW, []
    for _ in range(4):
        state = refused(state, now)
        assert state.blocked_until is not None
        waits.append(state.blocked_until - now)
        now = state.blocked_until

    assert [timedelta(hours=hours) for hours in (1, 6, 24, 24)] == waits


def test_a_lane_is_open_again_at_the_very_end_of_its_back_off() -> None:
    state = refused(FREE, NOW)

    assert closed_because(state, NOW + timedelta(minutes=59)) is GapCause.REFUSED
    assert closed_because(state, NOW + timedelta(hours=1)) is None


def test_two_refusals_of_one_moment_count_once() -> None:
    once = refused(FREE, NOW)

    assert once == refused(once, NOW + timedelta(seconds=5))


def test_an_answer_starts_the_count_again() -> None:
    twice = refused(refused(FREE, NOW), NOW + timedelta(hours=1))

    assert answered(twice) == FREE


def test_a_pause_hides_and_outlives_a_back_off() -> None:
    state = paused(refused(FREE, NOW), "à la demande de l’hébergeur")

    assert closed_because(state, NOW) is GapCause.PAUSED
    assert closed_because(state, NOW + timedelta(days=400)) is GapCause.PAUSED
    assert closed_because(resumed(state), NOW) is GapCause.REFUSED
    assert resumed(state) == refused(FREE, NOW)


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        (None, timedelta(0)),
        ("", timedelta(0)),
        ("7200", timedelta(hours=2)),
        ("-5", timedelta(0)),
        ("bientôt", timedelta(0)),
        ("86400", timedelta(days=1)),
        ("100000", timedelta(days=1)),
        ("9" * 400, timedelta(days=1)),
        ("0", timedelta(0)),
        ("0" * 8 + "7200", timedelta(hours=2)),
        ("٣", timedelta(0)),
        ("Mon, 23 Nov 2026 11:00:00 GMT", timedelta(hours=3)),
        ("Mon, 23 Nov 2020 11:00:00 GMT", timedelta(0)),
        ("Mon, 23 Nov 9999 11:00:00 GMT", timedelta(days=1)),
        ("Mon, 23 Nov 99999 11:00:00 GMT", timedelta(0)),
    ],
)
def test_a_site_may_ask_for_a_longer_wait_up_to_a_day(said: str | None, wait: timedelta) -> None:
    asked = asked_wait(said, NOW)

    assert asked == wait
    assert refused(FREE, NOW, at_least=asked).blocked_until == NOW + max(wait, timedelta(hours=1))


def page(*, since: datetime, last_at: datetime, verdict: Verdict = Verdict.BLOCKED) -> State:
    return State(target="t", point="local", verdict=verdict, since=since, last_at=last_at)


def test_a_page_that_refuses_is_left_alone_for_longer_each_time() -> None:
    at, waits = NOW, []
    for _ in range(4):
        state = page(since=NOW, last_at=at)
        minutes = next(
            m for m in range(30, 3000, 30) if not in_page_backoff(state, at + m * MINUTE)
        )
        assert in_page_backoff(state, at + minutes * MINUTE - timedelta(seconds=1))
        waits.append(minutes / 60)
        at += minutes * MINUTE

    assert waits == [1.5, 6, 24, 24]


def test_only_a_refusal_leaves_a_page_alone_and_no_clock_that_was_ahead() -> None:
    up = page(since=NOW, last_at=NOW, verdict=Verdict.UP)

    assert not in_page_backoff(up, NOW + MINUTE)
    assert not in_page_backoff(State(target="t", point="local"), NOW)
    assert not in_page_backoff(page(since=NOW, last_at=NOW + timedelta(days=9)), NOW)


def test_a_refusal_is_the_pages_own_once_others_answered_in_between() -> None:
    none, again = timedelta(0), page(since=NOW, last_at=NOW)
    first = page(since=NOW, last_at=NOW, verdict=Verdict.UP)
    struck = refused(FREE, NOW)

    assert is_page_specific_refusal(again, FREE, Reason.WAF, none)
    assert not is_page_specific_refusal(first, FREE, Reason.WAF, none)
    assert not is_page_specific_refusal(again, struck, Reason.WAF, none)
    assert not is_page_specific_refusal(again, FREE, Reason.RATE_LIMITED, none)
    assert not is_page_specific_refusal(again, FREE, Reason.WAF, MINUTE)
