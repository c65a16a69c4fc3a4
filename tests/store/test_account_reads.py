"""Accounts of time, by sums of days and by checks: the same, on both engines."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, update

from monitor.cli.availability import COLUMNS, lines, rows
from monitor.core.model import Annotation, AnnotationKind, Judgement, Verdict
from monitor.core.outages.calendar import HOUR_US, Unit, cut, midnight
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.core.outages.time_accounts import Account, microseconds
from monitor.figures.answers import Basis, FigureQuestion, availabilities
from monitor.store import Store
from monitor.store.audit.audit_rollups import differences
from monitor.store.tables.check_tables import RollupRow, table_of
from tests.support.outcomes import REASON_OF, outcome, targets_named

START = datetime(2026, 10, 23, 22, tzinfo=UTC)  # midnight in Paris; the 25th has 25 hours
NOW = START + timedelta(days=9)
LATER = microseconds(NOW)
_R = table_of(RollupRow)

History = Sequence[tuple[float, Verdict]]  # hours after `START`


TARGETS = targets_named(
    ("a", "b", *(f"random-{number}" for number in range(999))), platform="ide", interval_s=1800
)
NAMES = cycle(f"random-{number}" for number in range(999))


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store.open(database_url, point="local", writer=True, rest_s=0, targets=TARGETS) as opened:
        yield opened


def record(store: Store, target: str, history: History) -> None:
    async def write() -> None:
        await asyncio.gather(
            *(
                store.record(
                    outcome(
                        target,
                        START + timedelta(hours=hours),
                        Judgement(verdict=verdict, reason=REASON_OF[verdict], rule=verdict.value),
                    )
                )
                for hours, verdict in history
            )
        )

    asyncio.run(write())


def steady(hours: float, *changes: tuple[float, Verdict]) -> History:
    """Return a check each half hour, each with the verdict of the last change before it."""
    turns = [(0.0, Verdict.UP), *changes]
    halves = range(int(hours * 2))
    return [(n / 2, [v for at, v in turns if at <= n / 2][-1]) for n in halves]


def cells(accounts: Sequence[Account]) -> list[tuple[int, dict[object, tuple[int, int, int]]]]:
    return [
        (
            account.span_us,
            {k: (c.held_us, c.doubt_us, c.checks) for k, c in account.cells.items()},
        )
        for account in accounts
    ]


def held(accounts: Sequence[Account]) -> list[dict[object, tuple[int, int]]]:
    return [
        {key: (cell.held_us, cell.doubt_us) for key, cell in account.cells.items()}
        for account in accounts
    ]


def rolled(store: Store) -> int:
    with store.reading() as connection:
        found: int = connection.scalar(select(func.count(_R.c.day.distinct()))) or 0
    return found


def read(store: Store, target: str, edges: Sequence[int]) -> list[Account]:
    return dict(store.accounts([target], edges, now=LATER))[target]


DAYS = [microseconds(START), microseconds(START + timedelta(days=9))]
EDGES = [
    cut(DAYS[0], DAYS[1], Unit.DAY).edges,
    cut(DAYS[0], DAYS[1], Unit.HOUR).edges,
    cut(DAYS[0], DAYS[1], Unit.WEEK).edges,
    [microseconds(START - timedelta(days=400)), microseconds(START + timedelta(hours=31))],
    [microseconds(START + timedelta(hours=30)), microseconds(START + timedelta(hours=77))],
]


def test_a_night_of_25_hours_is_one_day(store: Store) -> None:
    record(store, "a", steady(24 * 3))
    asyncio.run(store.roll_up(NOW))

    (sunday,) = read(store, "a", [midnight(date(2026, 10, 25)), midnight(date(2026, 10, 26))])
    assert sunday.span_us == 25 * 3_600_000_000
    assert sunday.us(Verdict.UP) == sunday.span_us
    assert sunday.checks == 25 * 2


@pytest.mark.parametrize("edges", EDGES, ids=["days", "hours", "weeks", "before", "ragged"])
def test_sums_of_days_change_no_figure(store: Store, edges: list[int]) -> None:
    history = steady(24 * 4 + 2, (20, Verdict.DOWN), (26.5, Verdict.UP), (60, Verdict.BLOCKED))
    record(store, "a", history)
    record(store, "b", steady(24 * 2, (23.9, Verdict.MAINTENANCE), (24.1, Verdict.DEGRADED)))
    by_checks = {target: cells(read(store, target, edges)) for target in ("a", "b")}
    whole = cells(store.whole_accounts(["a", "b"], edges, now=LATER))
    both = held(store.summed_accounts(["a", "b"], edges, now=LATER))

    assert asyncio.run(store.roll_up(NOW)) == 4

    for target, wanted in by_checks.items():
        found = cells(read(store, target, edges))
        if edges is not EDGES[1]:
            assert found == wanted
        else:  # of a plain day, it is not known in which hour its checks were
            assert [[(k, c[:2]) for k, c in each[1].items()] for each in found] == [
                [(k, c[:2]) for k, c in each[1].items()] for each in wanted
            ]
    assert cells(store.whole_accounts(["a", "b"], edges, now=LATER)) == whole
    assert held(store.summed_accounts(["a", "b"], edges, now=LATER)) == both
    for index, one in enumerate(both):
        assert sum(us for us, _ in one.values()) == sum(
            by_checks[target][index][0] for target in ("a", "b")
        )


@pytest.mark.parametrize("rolls", [True, False], ids=["sums", "checks"])
def test_known_times_of_groups_are_those_of_their_accounts(store: Store, *, rolls: bool) -> None:
    """Of a target that began late, one that stopped, one that was never checked, and none."""
    record(store, "a", steady(24 * 10, (20, Verdict.DOWN), (60, Verdict.BLOCKED), (90, Verdict.UP)))
    record(store, "b", [(hours + 24 * 3.5, one) for hours, one in steady(24 * 6)])
    record(store, "random-0", steady(24 * 2))
    if rolls:
        asyncio.run(store.roll_up(START + timedelta(days=10)))
    days = [midnight(date(2026, 10, 24) + timedelta(days=n)) for n in range(9)]
    groups = {"x": ["a", "b"], "y": ["b"], "stopped": ["random-0", "b"], "new": ["random-1"]}
    times = store.known_times({**groups, "none": []}, days, now=LATER)

    for name, targets in groups.items():
        (account,) = store.summed_accounts(targets, [days[0], days[-1]], now=LATER)
        assert times[name] == (account.known_us, account.span_us), name
        assert account.span_us == len(targets) * (days[-1] - days[0])
    assert times["none"] == (0, 0)


def test_a_day_waits_until_what_is_doubtful_at_its_end_is_settled(store: Store) -> None:
    record(store, "a", [(22.5, Verdict.UP), (24.2, Verdict.BLOCKED), (49.5, Verdict.BLOCKED)])
    asyncio.run(store.roll_up(NOW))
    assert rolled(store) == 1  # the second day, in which nothing is doubtful

    record(store, "a", [(50, Verdict.DOWN), (80, Verdict.UP)])
    asyncio.run(store.roll_up(NOW))
    (first,) = read(store, "a", [DAYS[0], midnight(date(2026, 10, 25))])
    assert sum(cell.doubt_us for cell in first.cells.values()) > 0
    assert rolled(store) == 3


def test_a_clock_that_runs_ahead_ends_no_day(store: Store) -> None:
    record(store, "a", [(22, Verdict.UP), (24.2, Verdict.BLOCKED), (30, Verdict.BLOCKED)])
    asyncio.run(store.roll_up(NOW))  # days too early

    record(store, "a", [(31, Verdict.DOWN), (50, Verdict.UP)])

    edges = [midnight(date(2026, 10, 25)), midnight(date(2026, 10, 26))]
    assert read(store, "a", edges)[0].us(Verdict.DOWN) == HOUR_US
    with store.reading() as connection:
        assert list(differences(connection)) == []


def test_a_check_of_the_past_makes_the_sums_again(store: Store) -> None:
    record(store, "a", steady(24 * 3))
    asyncio.run(store.roll_up(NOW))
    before = rolled(store)
    record(store, "a", [(20.3, Verdict.DOWN)])

    assert rolled(store) < before
    (day,) = read(store, "a", [DAYS[0], midnight(date(2026, 10, 25))])
    assert day.us(Verdict.DOWN) > 0
    asyncio.run(store.roll_up(NOW))
    assert cells(read(store, "a", [DAYS[0], midnight(date(2026, 10, 25))])) == cells([day])
    with store.reading() as connection:
        assert list(differences(connection)) == []


@pytest.mark.parametrize("column", ["held_us", "doubt_us", "checks", "day", "verdict", "reason"])
def test_changed_sums_are_refused(store: Store, column: str) -> None:
    record(store, "a", steady(24 * 3, (20, Verdict.DOWN), (26.5, Verdict.UP)))
    asyncio.run(store.roll_up(NOW))
    other = {"day": DAYS[0] + 7, "verdict": "blocked", "reason": "waf"}.get(column, 1)

    first = select(func.min(_R.c.day)).scalar_subquery()
    edit = update(_R).where(_R.c.day == first, _R.c.verdict == "up").values({column: other})

    def change(connection: Connection, kept: object) -> None:
        del kept
        connection.execute(edit)

    asyncio.run(store.write(change))
    with store.reading() as connection:
        found = list(differences(connection))
    assert {one.table for one in found} == {"rollup"}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    history=st.lists(
        st.tuples(st.integers(0, 96 * 60), st.sampled_from(Verdict)),
        max_size=25,
        unique_by=lambda check: check[0],
    ).map(sorted),
    ends=st.lists(st.integers(-60, 100 * 60), min_size=2, max_size=4, unique=True).map(sorted),
)
def test_random_days_are_the_same_by_sums_and_by_checks(
    store: Store, history: list[tuple[int, Verdict]], ends: list[int]
) -> None:
    name = next(NAMES)  # one that no example before has
    record(store, name, [(minute / 60, verdict) for minute, verdict in history])
    edges = [microseconds(START + timedelta(minutes=minute)) for minute in ends]
    wanted = cells(read(store, name, edges))

    asyncio.run(store.roll_up(NOW))

    assert cells(read(store, name, edges)) == wanted
    with store.reading() as connection:
        assert list(differences(connection)) == []


def test_checks_lie_on_their_side_of_a_window_when_that_is_asked(store: Store) -> None:
    """A day of one state has sums, which do not say in which hour its checks were."""
    record(store, "a", steady(24 * 3))
    asyncio.run(store.roll_up(NOW))
    edges = [microseconds(START + timedelta(hours=hours)) for hours in (0, 6, 24)]

    (_, found), *_ = store.accounts(["a"], edges, now=LATER, exact=True)
    assert [account.checks for account in found] == [12, 36]
    assert [account.us(Verdict.UP) for account in found] == [6 * HOUR_US, 18 * HOUR_US]


def test_an_answer_tells_what_it_is_without_announced_maintenance(store: Store) -> None:
    record(store, "a", steady(24 * 2, (10, Verdict.MAINTENANCE), (12, Verdict.UP)))
    record(store, "b", steady(24 * 2))
    note = Annotation(
        kind=AnnotationKind.MAINTENANCE,
        at=START,
        targets=("a",),
        from_at=START + timedelta(hours=9),
        to_at=START + timedelta(hours=13),
        sha256="ab" * 32,
    )
    scopes = [
        Scope(kind=ScopeKind.ALL, slug="all", name="", targets=("a", "b"), needs_all=needs_all)
        for needs_all in (False, True)
    ]
    questions = [
        FigureQuestion(scope=scope, since=DAYS[0], until=DAYS[0] + 40 * HOUR_US, now=LATER)
        for scope in scopes
    ]
    before = list(availabilities(store, questions, Basis()))
    assert {one.unannounced for one in before} == {None}

    for at in (START, START + timedelta(hours=9)):  # the second one comes too late
        late = replace(note, at=at, targets=("a",) if at == START else ("b",))
        asyncio.run(store.annotate(late, request=store.request_annotation(late)))
    after = list(availabilities(store, questions, Basis()))

    assert [one.account for one in after] == [one.account for one in before]
    assert [one.announced_us for one in after] == [4 * HOUR_US] * 2
    for one in after:
        assert one.account.bad_us > 0
        assert one.unannounced is not None
        assert one.unannounced.bad_us == 0
        assert one.unannounced.span_us + one.announced_us == one.account.span_us
        assert one.unannounced_enough
        assert any("hors maintenance annoncée" in line for line in lines(one))
        (row,) = rows(one)
        assert row["unannounced_availability"] == 1
        sheet = {name: value((one, "", one.account)) for name, value in COLUMNS}
        assert sheet["maintenance annoncée (secondes)"] == 4 * 3600
        assert sheet["hors maintenance annoncée (%)"] == 100
