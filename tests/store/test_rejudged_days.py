"""The record by another ruleset, with the sums of calm days and without: the same figures."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.core.outages.calendar import day_of, midnight
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.core.outages.time_accounts import microseconds
from monitor.figures.answers import Basis, Division, FigureQuestion, availability
from monitor.figures.rejudged import RejudgedRecord
from monitor.store import Store, migrate
from tests.store.test_rejudged import KINDS
from tests.support.folds import Folds
from tests.support.outcomes import START, at, observation, targets_named
from tests.support.shipped_rulesets import SHIPPED

STEP_S = 3_600
# Each sign is an hour, from 9 in the morning on: trouble at midnight, over a day, on its own.
WEATHER = {
    "a": "." * 60 + "xx" + "." * 76 + "s" + "." * 53 + "x" * 30 + "." * 100 + "?" * 20 + "." * 60,
    "b": "." * 14 + "xxx" + "." * 170 + "e" + "." * 7 + "m" * 5 + "." * 200,
}
TARGETS = targets_named(WEATHER, platform="anef", interval_s=STEP_S)
NOW = at(17 * 86_400)


async def live(store: Store, folds: Folds, first: int, last: int) -> None:
    """Record the checks of some hours."""
    outcomes = [
        folds.outcome(observation(slug, at(step * STEP_S), KINDS[WEATHER[slug][step]]))
        for step in range(first, last)
        for slug in WEATHER
        if step < len(WEATHER[slug])
    ]
    await asyncio.gather(*map(store.record, outcomes))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    address = f"sqlite:///{tmp_path / 'vigie.sqlite'}"
    migrate(address)
    with Store.open(address, point="local", writer=True, rest_s=0, targets=TARGETS) as opened:
        yield opened


def answers(store: Store, name: str) -> Iterator[object]:
    start = midnight(day_of(microseconds(START)))
    record = RejudgedRecord(store, SHIPPED[name])
    for whole in (False, True):
        scope = Scope(
            kind=ScopeKind.ALL, slug="s", name="s", targets=tuple(WEATHER), needs_all=whole
        )
        for first, last in ((0, 17), (1.3, 8.5), (8, 9), (9, 12.01)):
            question = FigureQuestion(
                scope=scope,
                since=start + round(first * 86_400_000_000),
                until=start + round(last * 86_400_000_000),
                now=microseconds(NOW),
                division=Division.DAY,
            )
            yield availability(record, question, Basis())


def test_sums_of_calm_days_change_no_figure(store: Store) -> None:
    asyncio.run(live(store, Folds(TARGETS), 0, 400))
    before = {name: list(answers(store, name)) for name in SHIPPED}
    asyncio.run(store.roll_up(NOW))
    assert {name: list(answers(store, name)) for name in SHIPPED} == before

    read: list[int] = []
    RejudgedRecord(store, SHIPPED["strict"], read.append).outages(tuple(WEATHER))
    assert 0 < sum(read) < sum(map(len, WEATHER.values())) * 2 // 3  # calm days were left out


def test_hours_that_nobody_asks_for_are_not_read(store: Store) -> None:
    asyncio.run(live(store, Folds(TARGETS), 0, 400))
    asyncio.run(store.roll_up(NOW))
    start, slug = midnight(day_of(microseconds(START))), next(iter(WEATHER))
    question = FigureQuestion(
        scope=Scope(kind=ScopeKind.TARGET, slug=slug, name=slug, targets=(slug,)),
        since=start,
        until=start + 17 * 86_400_000_000,
        now=microseconds(NOW),
    )
    read: list[int] = []
    record = RejudgedRecord(store, SHIPPED["strict"], read.append)

    with_hours = availability(record, question, Basis())
    before = sum(read)
    availability(record, question, Basis())
    again = sum(read) - before
    without = availability(record, replace(question, hours=False), Basis())

    assert with_hours.touched.hours
    assert replace(with_hours, touched=without.touched) == without
    assert without.touched == replace(with_hours.touched, hours=None)
    assert sum(read) - before - again < again


def test_what_is_recorded_later_changes_nothing_of_what_was_asked_before(store: Store) -> None:
    """The last failures before an instant would be confirmed by those after it."""
    folds, until = Folds(TARGETS), microseconds(at(60 * STEP_S))
    edges = [microseconds(at(0)), midnight(day_of(until)), until]

    def told(name: str) -> object:
        record = RejudgedRecord(store, SHIPPED[name], until=until)
        return list(record.accounts(tuple(WEATHER), edges, now=until)), record.outages()

    asyncio.run(live(store, folds, 0, 61))
    before = {name: told(name) for name in SHIPPED}
    asyncio.run(live(store, folds, 61, 150))
    asyncio.run(store.roll_up(at(6 * 86_400)))
    assert {name: told(name) for name in SHIPPED} == before
