"""Back-off and pause of a platform."""

from datetime import UTC, datetime, timedelta

from monitor.core.lanes import answered, closed_because, paused, refused, resumed
from monitor.core.types import GapCause, LaneState

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
FREE = LaneState(platform="ide")


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
