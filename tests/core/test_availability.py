"""Seconds of a target, each in one state."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Verdict
from monitor.core.outages.availability import HOLD, seconds_by_verdict, spans

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def partition(
    checks: list[tuple[float, Verdict]], *, since: float, until: float, interval_s: float = 60
) -> list[tuple[float, float, Verdict]]:
    found = spans(
        [(at(second), verdict) for second, verdict in checks],
        since=at(since),
        until=at(until),
        interval_s=interval_s,
    )
    return [
        ((s.from_at - START).total_seconds(), (s.to_at - START).total_seconds(), s.verdict)
        for s in found
    ]


def test_without_a_check_all_is_unknown() -> None:
    assert [(0, 100, Verdict.UNKNOWN)] == partition([], since=0, until=100)


def test_nothing_holds_before_the_first_check() -> None:
    assert [(0, 30, Verdict.UNKNOWN), (30, 100, Verdict.UP)] == partition(
        [(30, Verdict.UP)], since=0, until=100
    )


def test_a_check_before_the_span_still_holds_in_it() -> None:
    assert [(0, 50, Verdict.DOWN), (50, 60, Verdict.UP)] == partition(
        [(-30, Verdict.DOWN), (50, Verdict.UP)], since=0, until=60
    )


def test_a_check_holds_twice_its_interval_and_no_longer() -> None:
    assert [(0, 120, Verdict.UP), (120, 600, Verdict.UNKNOWN)] == partition(
        [(0, Verdict.UP)], since=0, until=600
    )


def test_neighbours_of_one_verdict_are_joined() -> None:
    assert [(0, 180, Verdict.UP)] == partition(
        [(0, Verdict.UP), (60, Verdict.UP), (120, Verdict.UP)], since=0, until=180
    )


@given(
    checks=st.lists(
        st.tuples(st.integers(-500, 1500), st.sampled_from(Verdict)),
        max_size=12,
        unique_by=lambda check: check[0],
    ).map(sorted),
    interval_s=st.integers(1, 300),
)
def test_the_spans_cover_every_second_once(
    checks: list[tuple[float, Verdict]], interval_s: int
) -> None:
    """Contiguous, in order, neighbours differ, and a second's state is that of its last check."""
    found = partition(checks, since=0, until=1000, interval_s=interval_s)

    assert (0, 1000) == (found[0][0], found[-1][1])
    for before, after in pairwise(found):
        assert before[1] == after[0]
        assert before[2] is not after[2]
    for second in range(0, 1000, 37):
        earlier = [(when, verdict) for when, verdict in checks if when <= second]
        expected = Verdict.UNKNOWN
        if earlier and second < earlier[-1][0] + HOLD * interval_s:
            expected = earlier[-1][1]
        assert expected is next(v for from_s, to_s, v in found if from_s <= second < to_s)


def test_the_sum_has_a_figure_for_every_verdict() -> None:
    pieces = spans([(at(0), Verdict.UP)], since=at(0), until=at(200), interval_s=60)

    total = seconds_by_verdict(pieces)

    assert set(Verdict) == set(total)
    assert (120, 80) == (total[Verdict.UP], total[Verdict.UNKNOWN])
