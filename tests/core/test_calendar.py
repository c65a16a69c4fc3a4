"""Bins of Paris: days of 23 and 25 hours, ISO weeks, opening hours, dates of the law."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.outages.calendar import (
    CLOSED,
    HOUR_US,
    OPEN,
    PARIS,
    Opening,
    Unit,
    cut,
    cut_after,
    day_of,
    midnight,
    opening_bins,
)
from monitor.core.outages.time_accounts import instant, microseconds

SUMMER_ENDS, SUMMER_BEGINS = date(2026, 10, 25), date(2026, 3, 29)
WORKDAYS = Opening(weekdays=frozenset(range(5)), from_time=time(9), to_time=time(17))


def us(*parts: int) -> int:
    """Return an instant of Paris."""
    return microseconds(datetime(*parts, tzinfo=PARIS))  # type: ignore[arg-type,misc]  # year to minute


@pytest.mark.parametrize(
    ("day", "hours"), [(SUMMER_ENDS, 25), (SUMMER_BEGINS, 23), (date(2026, 11, 5), 24)]
)
def test_a_day_has_the_hours_that_paris_gives_it(day: date, hours: int) -> None:
    after = day + timedelta(days=1)

    assert midnight(after) - midnight(day) == hours * HOUR_US
    bins = cut(midnight(day), midnight(after), Unit.HOUR)
    assert len(bins.labels) == hours
    assert bins.labels.count("02") == {25: 2, 23: 0, 24: 1}[hours]


def test_weeks_and_months_begin_at_midnight_in_paris() -> None:
    since, until = us(2026, 10, 24, 12), us(2026, 11, 3)

    weeks, months = cut(since, until, Unit.WEEK), cut(since, until, Unit.MONTH)

    assert weeks.labels == ["2026-W43", "2026-W44", "2026-W45"]
    assert list(weeks.edges) == [since, us(2026, 10, 26), us(2026, 11, 2), until]
    assert months.labels == ["2026-10", "2026-11"]


def test_opening_hours_are_those_of_workdays_that_are_not_holidays() -> None:
    # From Tuesday 10 to Thursday 12 November 2026; the 11th is a public holiday.
    since, until = us(2026, 11, 10), us(2026, 11, 13)
    bins = opening_bins(since, until, [WORKDAYS], [date(2026, 11, 11)])

    spans = zip(bins.labels, pairwise(bins.edges), strict=True)
    assert [span for label, span in spans if label == OPEN] == [
        (us(2026, 11, 10, 9), us(2026, 11, 10, 17)),
        (us(2026, 11, 12, 9), us(2026, 11, 12, 17)),
    ]
    assert set(bins.labels) == {OPEN, CLOSED}


def test_a_span_may_begin_within_opening_hours() -> None:
    bins = opening_bins(us(2026, 11, 10, 10), us(2026, 11, 10, 18), [WORKDAYS], ())

    assert bins.labels == [OPEN, CLOSED]


def test_what_lies_before_the_first_date_has_no_name() -> None:
    starts = [(us(2026, 11, 5), "term"), (us(2027, 5, 5), "second")]

    assert cut_after(us(2026, 11, 1), us(2026, 11, 9), starts).labels == ["", "term"]
    assert cut_after(us(2026, 11, 5), us(2026, 11, 9), starts).labels == ["term"]


@given(
    since=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 -- UTC below
    length=st.timedeltas(timedelta(microseconds=1), timedelta(days=70)),
    unit=st.sampled_from(Unit),
)
def test_bins_cover_the_span_and_each_lies_in_one_unit(
    since: datetime, length: timedelta, unit: Unit
) -> None:
    start = microseconds(since.replace(tzinfo=UTC))
    end = start + length // timedelta(microseconds=1)
    bins = cut(start, end, unit)

    assert (bins.edges[0], bins.edges[-1]) == (start, end)
    assert len(bins.labels) == len(bins.edges) - 1
    for label, (first, after) in zip(bins.labels, pairwise(bins.edges), strict=True):
        assert first < after
        if unit is Unit.DAY:
            assert {day_of(first).isoformat(), day_of(after - 1).isoformat()} == {label}
        elif unit is Unit.HOUR:
            assert f"{instant(after - 1).astimezone(PARIS):%H}" == label
