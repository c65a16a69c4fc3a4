import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.french.formatting import (
    apart,
    clock_time,
    count,
    duration,
    short_duration,
    short_when,
    spell,
    when,
)

INSTANTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 -- hypothesis wants naive bounds
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 -- hypothesis wants naive bounds
    timezones=st.just(UTC),
)
UNITS = {"j": 86_400, "h": 3_600, "min": 60, "s": 1}


def seconds_in(text: str) -> int:
    """Read a duration back, as a reader would."""
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+) (\w+)", text))


def test_an_instant_is_written_in_paris_time_with_utc_beside_it() -> None:
    at = datetime(2026, 11, 23, 8, 14, 5, 999_999, tzinfo=UTC)
    assert when(at) == "23 novembre 2026 à 09:14:05 (heure de Paris ; 08:14:05 UTC)"
    assert clock_time(at) == "09:14:05"


def test_an_instant_at_the_edge_of_the_calendar_is_written() -> None:
    """RFC 5280: a certificate without an end says the last second of the year 9999."""
    assert "9999" in when(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))


def test_the_utc_date_is_written_when_it_is_another_day() -> None:
    at = datetime(2026, 7, 31, 22, 30, tzinfo=UTC)
    expected = "1er août 2026 à 00:30:00 (heure de Paris ; 31 juillet 2026 à 22:30:00 UTC)"
    assert when(at) == expected


def test_the_two_hours_of_the_october_night_are_told_apart() -> None:
    """On 25 October 2026 Paris reads 02:30 twice."""
    first = when(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    second = when(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert "02:30:00 (heure de Paris" in first
    assert "02:30:00 (heure de Paris" in second
    assert first != second


def test_the_night_of_march_has_no_second_hour() -> None:
    assert "à 03:30:00" in when(datetime(2026, 3, 29, 1, 30, tzinfo=UTC))


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        when(datetime(2026, 1, 1))  # noqa: DTZ001 -- this is the fault under test


@given(INSTANTS, INSTANTS)
def test_two_instants_a_second_apart_or_more_never_read_the_same(
    one: datetime, other: datetime
) -> None:
    if abs(one - other) >= timedelta(seconds=1):
        assert when(one) != when(other)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (7503, "2 h 05 min 03 s"),
        (86_400, "1 j 00 h 00 min 00 s"),
    ],
)
def test_durations_are_written_as_they_are_said(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@given(st.floats(min_value=0, max_value=1e10))
def test_a_duration_reads_back_within_a_second_and_on_the_right_side(seconds: float) -> None:
    assert 0 <= seconds - seconds_in(duration(seconds)) < 1
    assert 0 <= seconds_in(duration(seconds, up=True)) - seconds <= 1


@given(st.integers(min_value=0, max_value=10**10))
def test_a_whole_number_of_seconds_reads_back_exactly(seconds: int) -> None:
    assert seconds_in(duration(seconds)) == seconds == seconds_in(duration(seconds, up=True))


@given(st.integers(min_value=0, max_value=10**10))
def test_only_the_first_part_of_a_duration_may_have_one_digit(seconds: int) -> None:
    assert re.fullmatch(r"\d+ \w+( \d\d \w+)*", duration(seconds))


@pytest.mark.parametrize("seconds", [-0.001, float("nan"), float("inf")])
def test_what_is_no_length_of_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="length of time"):
        duration(seconds)


def test_a_chosen_length_of_time_is_spelled_in_its_largest_whole_unit() -> None:
    assert spell(86_400) == "24 heures"
    assert spell(3600) == "1 heure"
    assert spell(120) == "2 minutes"
    assert spell(90) == "90 secondes"
    assert spell(0) == "0 seconde"


def test_zero_and_one_are_singular() -> None:
    assert count(0, "cible") == "0 cible"
    assert count(1, "cible") == "1 cible"
    assert count(2, "relevé conforme", "relevés conformes") == "2 relevés conformes"
    assert count(12_345, "relevé") == "12\N{NARROW NO-BREAK SPACE}345 relevés"


def test_a_length_beside_two_instants_is_what_a_reader_subtracts() -> None:
    """23:04:01,9 and 23:04:16,1 are printed 23:04:01 and 23:04:16: 15 s, not 14."""
    first = datetime.fromisoformat("2026-11-28T22:04:01.900000+00:00")
    for last, seconds in (("16.100000", 15), ("16.950000", 15), ("01.999999", 0), ("02.000000", 1)):
        assert apart(first, datetime.fromisoformat(f"2026-11-28T22:04:{last}+00:00")) == seconds
    assert apart(first, first.replace(second=0)) == 0


def spoken(at: datetime, now: datetime) -> str:
    return short_when(at, now).replace("\N{NO-BREAK SPACE}", " ")


def test_a_recent_instant_is_written_as_one_speaks_of_it() -> None:
    now = datetime(2026, 11, 23, 13, 2, 59, tzinfo=UTC)

    assert spoken(now, now) == "aujourd’hui 14 h 02"
    assert spoken(datetime(2026, 11, 22, 21, 29, tzinfo=UTC), now) == "hier 22 h 29"
    assert spoken(datetime(2026, 11, 24, 8, 0, tzinfo=UTC), now) == "demain 9 h 00"
    assert spoken(datetime(2026, 11, 1, 8, 0, tzinfo=UTC), now) == "le 1er novembre à 9 h 00"
    assert spoken(datetime(2025, 11, 12, 8, 0, tzinfo=UTC), now) == ("le 12 novembre 2025 à 9 h 00")


def test_days_are_those_of_paris() -> None:
    """At 23:30 UTC in winter Paris is in the next day."""
    now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)

    assert spoken(datetime(2026, 12, 31, 22, 59, tzinfo=UTC), now) == "hier 23 h 59"
    assert spoken(datetime(2026, 12, 30, 22, 0, tzinfo=UTC), now) == (
        "le 30 décembre 2026 à 23 h 00"
    )


@given(INSTANTS, INSTANTS)
def test_a_short_instant_does_not_break_at_its_hour(at: datetime, now: datetime) -> None:
    assert re.search(r"\d\u00a0h\u00a0\d\d$", short_when(at, now))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7500, "2 h 05"),
        (86_400, "1 j"),
        (187_200, "2 j 4 h"),
    ],
)
def test_a_short_length_of_time_is_never_longer_than_the_true_one(
    seconds: float, text: str
) -> None:
    assert short_duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == text
