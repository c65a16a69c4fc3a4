"""The database partitions a day as the core does."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.model import Judgement, Reason, Verdict
from monitor.core.outages.time_accounts import HOLD, Span, instant, microseconds, stretches
from monitor.store import Store
from monitor.store.reads.span_reads import _filled
from tests.support.outcomes import at, outcome

INTERVAL_S = 60


def judged(verdict: Verdict) -> Judgement:
    return Judgement(verdict=verdict, reason=Reason.OK, rule=verdict.value)


def record(store: Store, target: str, checks: Sequence[tuple[int, Verdict]]) -> None:
    async def write() -> None:
        for second, verdict in checks:
            await store.record(outcome(target, at(second), judged(verdict)))

    asyncio.run(write())


def told(checks: Sequence[tuple[int, Verdict]], since: int, until: int) -> list[Span]:
    edges = [microseconds(at(since)), microseconds(at(until))]
    hold_us = HOLD * INTERVAL_S * 1_000_000
    known = [
        (microseconds(at(second)), verdict, Reason.OK, hold_us)
        for second, verdict in checks
        if second < until
    ]
    spans: list[Span] = []
    for piece in stretches(known, edges):
        from_at, verdict = instant(piece.from_us), piece.key[0]
        if spans and spans[-1].verdict is verdict:
            from_at = spans.pop().from_at
        spans.append(Span(from_at=from_at, to_at=instant(piece.to_us), verdict=verdict))
    return spans


CHECKS = [
    (0, Verdict.UP),
    (60, Verdict.UP),
    (120, Verdict.DOWN),
    (180, Verdict.DOWN),
    (240, Verdict.UNKNOWN),
    (300, Verdict.UP),  # then nothing for longer than a check holds
    (900, Verdict.UP),
    (1020, Verdict.UP),  # exactly as long as a check holds
    (1080, Verdict.BLOCKED),
]


@pytest.mark.parametrize(("since", "until"), [(0, 1200), (-500, 1081), (90, 330), (301, 899)])
def test_the_store_partitions_a_span_as_the_core_does(store: Store, since: int, until: int) -> None:
    record(store, "a", CHECKS)
    spans = store.spans({"a": 2.0 * INTERVAL_S}, at(since), at(until))
    assert list(spans["a"]) == told(CHECKS, since, until)


def test_a_target_that_was_never_checked_is_unknown_throughout(store: Store) -> None:
    record(store, "a", CHECKS)
    spans = store.spans({"b": 120.0, "c": 600.0}, at(0), at(60))
    nothing = (Span(from_at=at(0), to_at=at(60), verdict=Verdict.UNKNOWN),)
    assert spans == {"b": nothing, "c": nothing}


def test_each_target_has_its_own_past_and_its_own_hold(store: Store) -> None:
    record(store, "a", [(0, Verdict.UP)])
    record(store, "b", [(0, Verdict.DOWN)])
    spans = store.spans({"a": 60.0, "b": 120.0}, at(0), at(600))
    assert [(span.verdict, span.seconds) for span in spans["a"]] == [
        (Verdict.UP, 60),
        (Verdict.UNKNOWN, 540),
    ]
    assert [(span.verdict, span.seconds) for span in spans["b"]] == [
        (Verdict.DOWN, 120),
        (Verdict.UNKNOWN, 480),
    ]


def runs_of(checks: Sequence[tuple[int, Verdict]]) -> list[Span]:
    """Join checks as the query does."""
    hold = timedelta(seconds=2 * INTERVAL_S)
    found: list[Span] = []
    last = None
    for second, verdict in checks:
        near = last is not None and at(second) - last <= hold
        if found and near and found[-1].verdict is verdict:
            first = found.pop().from_at
        else:
            first = at(second)
        found.append(Span(from_at=first, to_at=at(second) + hold, verdict=verdict))
        last = at(second)
    return found


@given(
    st.lists(
        st.tuples(st.integers(-400, 2000), st.sampled_from(Verdict)),
        max_size=20,
        unique_by=lambda check: check[0],
    ),
    st.integers(-200, 900),
    st.integers(901, 2500),
)
def test_runs_fill_a_span_as_single_checks_do(
    checks: list[tuple[int, Verdict]], since: int, until: int
) -> None:
    ordered = sorted(c for c in checks if since - 2 * INTERVAL_S <= c[0] < until)
    filled = list(_filled(runs_of(ordered), at(since), at(until)))
    assert filled == told(ordered, since, until)
