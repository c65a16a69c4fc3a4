"""When a message is due, in the hours of Paris, on the days that have 23 and 25 of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.french.formatting import PARIS
from monitor.core.notices import timing
from monitor.core.notices.notice import Pace

NIGHT = datetime(2026, 10, 24, 21, 30, tzinfo=UTC)  # 23:30 in Paris, before the hour goes back


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)))  # noqa: DTZ001 -- naive, then UTC
def test_a_digest_is_at_eight_in_paris_within_a_day_and_after_now(naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)
    daily = timing.held_until(Pace.DAILY, now, rests=False)
    weekly = timing.held_until(Pace.WEEKLY, now, rests=True)
    assert daily is not None
    assert weekly is not None
    assert now < daily <= now + timedelta(days=1, hours=1)
    assert daily <= weekly <= now + timedelta(days=7, hours=1)
    assert {due.astimezone(PARIS).hour for due in (daily, weekly)} == {8}
    assert weekly.astimezone(PARIS).weekday() == 0


def test_the_night_ends_at_seven_even_when_it_has_an_hour_more() -> None:
    assert timing.is_rest(NIGHT)
    due = timing.held_until(Pace.AT_ONCE, NIGHT, rests=True)
    assert due == datetime(2026, 10, 25, 6, 0, tzinfo=UTC)  # 7:00 in winter time
    assert timing.held_until(Pace.AT_ONCE, NIGHT, rests=False) is None
    assert timing.held_until(Pace.AT_ONCE, due, rests=True) is None


@pytest.mark.parametrize(
    ("hours", "milestone"), [(0, 0), (1.99, 0), (2, 2), (23.9, 2), (24, 24), (49, 48), (-3, 0)]
)
def test_milestones(hours: float, milestone: int) -> None:
    assert timing.milestone(NIGHT, NIGHT + timedelta(hours=hours)) == milestone


def test_a_message_is_tried_again_for_two_days() -> None:
    now, attempts = NIGHT, 0
    while (following := timing.retry_at(attempts := attempts + 1, now, NIGHT)) is not None:
        assert following > now
        now = following
    assert timedelta(days=1, hours=18) < now - NIGHT <= timing.PATIENCE
    assert attempts < 25
