"""What a person writes for an instant, and the nights on which it names none."""

from datetime import UTC, datetime

import pytest

from monitor.core.french.instants import instant_of


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-23", "2026-11-22T23:00"),
        ("2026-07-14", "2026-07-13T22:00"),
        ("2026-11-23T14:30", "2026-11-23T13:30"),
        ("2026-11-23 14:30:05", "2026-11-23T13:30:05"),
        ("2026-07-14T14:30", "2026-07-14T12:30"),
        ("2026-07-14T14:30Z", "2026-07-14T14:30"),
        ("2026-07-14T14:30-04:00", "2026-07-14T18:30"),
        # The night of October on which 02:00 to 03:00 is there twice.
        ("2026-10-25T01:59:59", "2026-10-24T23:59:59"),
        ("2026-10-25T02:30+02:00", "2026-10-25T00:30"),
        ("2026-10-25T02:30+01:00", "2026-10-25T01:30"),
        ("2026-10-25T03:00", "2026-10-25T02:00"),
        # The night of March on which it is not there.
        ("2026-03-29T01:59:59", "2026-03-29T00:59:59"),
        ("2026-03-29T02:30+01:00", "2026-03-29T01:30"),
        ("2026-03-29T03:00", "2026-03-29T01:00"),
    ],
)
def test_an_instant_is_of_paris_unless_it_carries_an_offset(written: str, meant: str) -> None:
    assert instant_of(written) == utc(meant)
    assert instant_of(written).tzinfo is UTC


@pytest.mark.parametrize("hour", ["02:00", "02:30", "02:59:59"])
def test_the_doubled_hour_asks_for_one_of_its_two_offsets(hour: str) -> None:
    with pytest.raises(ValueError, match="deux fois") as refused:
        instant_of(f"2026-10-25T{hour}")
    whole = hour if len(hour) > len("02:00") else f"{hour}:00"
    choices = [f"2026-10-25T{whole}{offset}" for offset in ("+02:00", "+01:00")]
    assert f"{choices[0]} (la première fois) ou {choices[1]} (la seconde)" in str(refused.value)
    first, second = map(instant_of, choices)
    assert (second - first).total_seconds() == 3600


@pytest.mark.parametrize("hour", ["02:00", "02:30", "02:59:59"])
def test_the_hour_that_march_lacks_is_refused_with_what_clocks_showed(hour: str) -> None:
    with pytest.raises(ValueError, match="n’existe pas") as refused:
        instant_of(f"2026-03-29T{hour}")
    assert f"2026-03-29T03{hour[2:]}" in str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "demain",
        "23/11/2026",
        "2026-13-01",
        "2026-11-23T25:00",
        "0001-01-01",
        "x" * 9999,
        "9999-12-31T23:59-10:00",
        "2026-11-23T14:30+99:00",
        "٢٠٢٦-١١-٢٣",
        "2026-11-23\x1b[2J",
    ],
)
def test_what_names_no_instant_is_refused_briefly(written: str) -> None:
    with pytest.raises(ValueError, match="n’est pas une date") as refused:
        instant_of(written)
    assert len(str(refused.value)) < 150
