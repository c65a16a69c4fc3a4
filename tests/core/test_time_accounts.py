"""Seconds of a target, each in one state, and how sure that is."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from monitor.core.model import Verdict
from monitor.core.outages.time_accounts import (
    Account,
    Bound,
    Observed,
    Stretch,
    combined,
    stretches,
    tally,
)
from tests.support.outcomes import REASON_OF
from tests.support.second_by_second import SlowCheck, SlowFigures, figures, whole

S = 1_000_000
UP, DOWN, BLOCKED = Verdict.UP, Verdict.DOWN, Verdict.BLOCKED


def observed(*checks: tuple[int, Verdict], hold: int = 120) -> list[Observed]:
    return [(at * S, verdict, REASON_OF[verdict], hold * S) for at, verdict in checks]


def pieces(
    observations: list[Observed], *edges: int, now: int | None = None
) -> list[tuple[int, int, Verdict, bool]]:
    found = stretches(
        observations, [edge * S for edge in edges], now=None if now is None else now * S
    )
    return [(p.from_us // S, p.to_us // S, p.key[0], p.doubtful) for p in found]


def account(observations: list[Observed], since: int, until: int) -> Account:
    edges = [since * S, until * S]
    return tally(stretches(observations, edges), edges)[0]


def test_without_a_check_all_is_unknown() -> None:
    assert pieces([], 0, 100) == [(0, 100, Verdict.UNKNOWN, False)]


def test_nothing_holds_before_the_first_check() -> None:
    assert pieces(observed((30, UP)), 0, 100) == [
        (0, 30, Verdict.UNKNOWN, False),
        (30, 100, UP, False),
    ]


def test_a_check_before_the_span_still_holds_in_it() -> None:
    assert pieces(observed((-30, DOWN), (50, UP)), 0, 60) == [
        (0, 50, DOWN, True),
        (50, 60, UP, False),
    ]


def test_a_check_holds_as_long_as_it_may_and_no_longer() -> None:
    assert pieces(observed((0, UP)), 0, 600) == [
        (0, 120, UP, False),
        (120, 600, Verdict.UNKNOWN, False),
    ]


def test_nothing_holds_in_the_future() -> None:
    assert pieces(observed((0, UP)), 0, 600, now=45) == [
        (0, 45, UP, False),
        (45, 600, Verdict.UNKNOWN, False),
    ]


def test_each_check_holds_at_the_interval_of_its_own_time() -> None:
    slow, quick = observed((0, UP), hold=600), observed((300, UP), hold=60)
    assert pieces(slow + quick, 0, 1000) == [
        (0, 300, UP, False),
        (300, 360, UP, False),
        (360, 1000, Verdict.UNKNOWN, False),
    ]


def test_between_a_good_check_and_a_failing_one_the_time_is_ambiguous() -> None:
    found = account(observed((0, UP), (60, UP), (120, DOWN), (180, DOWN), (240, UP)), 0, 300)

    assert found.by_verdict[UP] == 180 * S
    assert found.by_verdict[DOWN] == 120 * S
    assert [found.unavailable_us(bound) // S for bound in Bound] == [180, 180, 120, 60, 60]


def test_checks_that_say_nothing_of_the_site_settle_nothing() -> None:
    """The site may have failed right after the last good check, whatever hid it then."""
    found = account(observed((0, UP), (60, BLOCKED), (120, BLOCKED), (180, DOWN)), 0, 240)

    assert [found.unavailable_us(bound) // S for bound in Bound] == [240, 120, 60, 60, 60]
    assert found.known_us == 120 * S


def test_what_comes_after_the_span_decides_what_is_doubtful_in_it() -> None:
    checks = observed((0, UP), (60, UP), (120, BLOCKED), (180, DOWN))

    assert account(checks, 0, 100).unavailable_us(Bound.LOW) == 40 * S
    assert account(checks[:-1], 0, 100).unavailable_us(Bound.LOW) == 0


def test_a_degraded_site_is_available_and_maintenance_is_not() -> None:
    found = account(observed((0, Verdict.DEGRADED), (60, Verdict.MAINTENANCE), hold=60), 0, 120)

    assert found.ratio(Bound.CENTRAL) == found.coverage / 2


def test_a_rate_of_nothing_known_is_no_rate() -> None:
    found = account([], 0, 100)

    assert found.ratio(Bound.CENTRAL) is None
    assert [found.ratio(Bound.EXTREME_LOW), found.ratio(Bound.EXTREME_HIGH)] == [0, 1]
    assert found.coverage == 0


def test_a_whole_is_down_while_one_of_its_members_is() -> None:
    edges = [0, 240 * S]
    one = stretches(observed((0, UP), (60, DOWN), (120, UP)), edges)
    other = stretches(observed((0, UP), (120, BLOCKED)), edges)

    assert [
        (p.from_us // S, p.to_us // S, p.key[0], p.doubtful) for p in combined([one, other])
    ] == [
        (0, 60, UP, True),
        (60, 120, DOWN, True),
        (120, 240, BLOCKED, False),
    ]


def test_many_checks_of_one_state_are_all_counted() -> None:
    found = account(observed(*((at * 60, UP) for at in range(10_000))), 0, 600_000)

    assert (found.checks, found.by_verdict[UP]) == (10_000, 600_000 * S)


HISTORY = st.lists(
    st.tuples(st.integers(-120, 420), st.sampled_from(Verdict), st.sampled_from((7, 20, 90))),
    max_size=14,
    unique_by=lambda check: check[0],
).map(sorted)
EDGES = st.lists(st.integers(0, 300), min_size=2, max_size=6, unique=True).map(sorted)


def slow(history: Sequence[tuple[int, Verdict, int]]) -> list[SlowCheck]:
    return [SlowCheck(at, verdict, REASON_OF[verdict], hold) for at, verdict, hold in history]


def quick(history: Sequence[tuple[int, Verdict, int]]) -> list[Observed]:
    return [(at * S, verdict, REASON_OF[verdict], hold * S) for at, verdict, hold in history]


def same(found: Account, wanted: SlowFigures) -> None:
    assert {v: us for v, us in found.by_verdict.items() if us} == {
        v: n * S for v, n in wanted.by_verdict.items() if n
    }
    assert found.available_us(Bound.CENTRAL) == wanted.good * S
    assert found.available_us(Bound.LOW) == (wanted.good - wanted.might_be_bad) * S
    assert found.available_us(Bound.HIGH) == (wanted.good + wanted.might_be_good) * S


@given(history=HISTORY, edges=EDGES)
@example(history=[(0, UP, 60), (60, DOWN, 60)], edges=[0, 60, 61])
def test_a_second_implementation_agrees(
    history: list[tuple[int, Verdict, int]], edges: list[int]
) -> None:
    cuts = [edge * S for edge in edges]
    accounts = tally(stretches(quick(history), cuts), cuts)

    for found, (since, until) in zip(accounts, pairwise(edges), strict=True):
        wanted = figures(slow(history), since, until)
        same(found, wanted)
        assert {key: cell.held_us for key, cell in found.cells.items()} == {
            key: n * S for key, n in wanted.by_reason.items()
        }
        assert found.checks == wanted.checks


@given(histories=st.lists(HISTORY, min_size=1, max_size=4), edges=EDGES)
def test_a_second_implementation_agrees_on_a_whole(
    histories: list[list[tuple[int, Verdict, int]]], edges: list[int]
) -> None:
    cuts = [edge * S for edge in edges]
    members: list[list[Stretch]] = [list(stretches(quick(history), cuts)) for history in histories]
    accounts = tally(combined(members), cuts)

    for found, (since, until) in zip(accounts, pairwise(edges), strict=True):
        same(found, whole([slow(history) for history in histories], since, until))


@given(history=HISTORY, edges=EDGES)
def test_the_pieces_cover_the_span_once_and_the_sums_are_exact(
    history: list[tuple[int, Verdict, int]], edges: list[int]
) -> None:
    cuts = [edge * S for edge in edges]
    found = list(stretches(quick(history), cuts))

    assert (cuts[0], cuts[-1]) == (found[0].from_us, found[-1].to_us)
    assert all(before.to_us == after.from_us for before, after in pairwise(found))
    for one, (since, until) in zip(tally(found, cuts), pairwise(cuts), strict=True):
        assert sum(one.by_verdict.values()) == one.span_us == until - since


@given(history=HISTORY, edges=EDGES)
def test_the_bounds_are_in_order(history: list[tuple[int, Verdict, int]], edges: list[int]) -> None:
    found = account(quick(history), edges[0], edges[-1])

    if found.known_us:
        ratios = [found.ratio(bound) for bound in Bound]
        assert ratios == sorted(ratio for ratio in ratios if ratio is not None)
    assert 0 <= found.coverage <= 1


@given(history=HISTORY, edges=EDGES)
def test_a_wider_span_never_has_less_time_down(
    history: list[tuple[int, Verdict, int]], edges: list[int]
) -> None:
    inner = account(quick(history), edges[0], edges[-1])
    outer = account(quick(history), edges[0] - 77, edges[-1] + 77)

    for bound in Bound:
        assert inner.unavailable_us(bound) <= outer.unavailable_us(bound)
