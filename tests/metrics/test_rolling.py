"""The figures that Prometheus reads are those that every other reader gets."""

import asyncio
import shutil
import subprocess
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.config import Config, FigureSettings, load
from monitor.core.model import Target
from monitor.core.outages.calendar import midnight
from monitor.core.outages.milestones import Component, Milestone, Sure
from monitor.core.outages.span_figures import ScopeKind
from monitor.core.outages.time_accounts import microseconds
from monitor.figures import shapes
from monitor.figures.answers import Basis, FigureQuestion, availability
from monitor.figures.recorded_targets import recorded_targets
from monitor.figures.rolling import BOUNDS, WINDOWS, RollingFigures
from monitor.figures.scopes import ANEF_NAME, Scopes
from monitor.metrics import Exposition, MetricsState, RollingMetrics, WindowFigures
from monitor.runtime.faults import Faults
from monitor.store import Store
from tests.support.clock import FakeClock
from tests.support.databases import sqlite_template
from tests.support.outcomes import DEAD, OK, at, outcome

__all__ = ["sqlite_template"]  # a fixture
ROOT = Path(__file__).parents[2]
STEP_S = 900
HOURS = 40
NOW = at(HOURS * 3_600 + 200)
PAGE, LOGIN, TOWN = "page", "login", "town"

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def config() -> Config:
    """Give three targets; the first two are components, the last is a prefecture's."""
    shipped = load(ROOT / "config")
    model = shipped.targets[0]
    targets = tuple(
        replace(
            model,
            slug=slug,
            name=slug,
            department="93" if slug == TOWN else "",
            interval_s=STEP_S,
        )
        for slug in (PAGE, LOGIN, TOWN)
    )
    components = tuple(
        Component(slug=f"c-{slug}", name=slug, targets=(slug,), necessary=True, why="essai")
        for slug in (PAGE, LOGIN)
    )
    figures = FigureSettings(components=components)
    return replace(shipped, targets=targets, figures=figures)


def by_slug(config: Config) -> dict[str, Target]:
    return {target.slug: target for target in config.targets}


@pytest.fixture
def store(config: Config, sqlite_template: Path, tmp_path: Path) -> Store:
    """Give a record of forty hours, with outages of two targets, and one day summed up."""
    path = shutil.copy(sqlite_template, tmp_path / "vigie.sqlite")

    async def write(store: Store) -> None:
        for step in range(HOURS * 3_600 // STEP_S):
            seconds = step * STEP_S
            await store.record(outcome(PAGE, at(seconds), DEAD if 12 <= step < 18 else OK))
            await store.record(outcome(LOGIN, at(seconds + 7), DEAD if 100 < step < 103 else OK))
        await store.record(outcome(TOWN, at(0), OK))
        await store.roll_up(NOW)

    url = f"sqlite:///{path}"
    with Store.open(url, point="local", writer=True, rest_s=0, targets=by_slug(config)) as writer:
        asyncio.run(write(writer))
    return Store.open(url, point="local", writer=False)


def rolling(config: Config, store: Store, clock: FakeClock, board: MetricsState) -> RollingFigures:
    return RollingFigures(store, config, clock=clock, board=board, faults=Faults(clock))


async def computed(config: Config, store: Store) -> tuple[RollingMetrics, MetricsState]:
    board = MetricsState(config.targets)
    await rolling(config, store, FakeClock(NOW), board).compute()
    assert board.figures is not None
    return board.figures, board


async def test_every_figure_is_that_of_the_same_question(config: Config, store: Store) -> None:
    figures, _ = await computed(config, store)

    scopes = Scopes(recorded_targets((), (), config).by_slug, config.figures.components)
    windows = {
        (ScopeKind.TARGET.value, slug): windows for slug, windows in figures.targets.items()
    } | dict(figures.scopes)
    rates = 0
    assert len(windows) == 3 + 1 + 2 + 1  # targets, ANEF, components, prefectures
    for (kind, slug), of_scope in windows.items():
        scope = scopes.find(ScopeKind(kind), slug)
        assert scope is not None
        assert [one.window for one in of_scope] == list(WINDOWS)
        for one in of_scope:
            until = microseconds(figures.until)
            question = FigureQuestion(
                scope=scope, since=until - WINDOWS[one.window], until=until, now=microseconds(NOW)
            )
            answer = availability(store, question, Basis())
            expected = {bound.value: shapes.ratio(answer.account.ratio(bound)) for bound in BOUNDS}
            assert one.coverage == shapes.ratio(answer.account.coverage)
            assert one.rates == (expected if answer.enough else {})
            rates += len(one.rates)
    assert rates == 3 * 5  # the last 24 hours of two targets, their components, and the whole
    low, central, high = figures.targets[LOGIN][0].rates.values()
    assert low < central < high < 1


async def test_windows_end_at_a_whole_minute_when_checks_are_recorded(
    config: Config, store: Store
) -> None:
    figures, _ = await computed(config, store)

    assert figures.until.second == figures.until.microsecond == 0
    assert timedelta(minutes=2) <= NOW - figures.until < timedelta(minutes=3)


async def test_the_extreme_bounds_follow_from_what_is_shown(config: Config, store: Store) -> None:
    """As docs/metriques.md says, so that they need no series of their own."""
    figures, _ = await computed(config, store)
    one = figures.targets[LOGIN][0]
    scope = Scopes(recorded_targets((), (), config).by_slug).find(ScopeKind.TARGET, LOGIN)
    assert scope is not None
    until = microseconds(figures.until)
    question = FigureQuestion(
        scope=scope, since=until - WINDOWS["24h"], until=until, now=microseconds(NOW)
    )
    extremes = shapes.availability(availability(store, question, Basis()))["availability"]

    assert one.rates["low"] * one.coverage == pytest.approx(extremes["extreme_low"])
    assert 1 - one.coverage * (1 - one.rates["high"]) == pytest.approx(extremes["extreme_high"])


async def test_beside_a_milestone_as_long_before_as_after(config: Config, store: Store) -> None:
    """Those of the same questions; none beside a day that is to come, or long gone."""
    days = {"lately": at(24 * 3_600).date(), "past": date(2020, 1, 1), "to-come": date(2100, 1, 1)}
    dates = tuple(
        Milestone(slug=slug, date=day, name=slug, source="essai", sure=Sure.YES)
        for slug, day in days.items()
    )
    dated = replace(config, figures=replace(config.figures, milestones=dates))
    figures, board = await computed(dated, store)

    middle, until = midnight(days["lately"]), microseconds(figures.until)
    assert {slug for slug, *_ in figures.milestones} == {"lately"}
    assert len(figures.milestones) == 1 + 2 + 1  # ANEF, components, prefectures
    scopes = Scopes(recorded_targets((), (), config).by_slug, config.figures.components)
    rates = 0
    for (_, kind, slug), sides in figures.milestones.items():
        scope = scopes.find(ScopeKind(kind), slug)
        assert scope is not None
        spans = {"before": (2 * middle - until, middle), "after": (middle, until)}
        assert [one.window for one in sides] == list(spans)
        for one in sides:
            since, end = spans[one.window]
            question = FigureQuestion(scope=scope, since=since, until=end, now=microseconds(NOW))
            answer = availability(store, question, Basis())
            expected = {bound.value: shapes.ratio(answer.account.ratio(bound)) for bound in BOUNDS}
            assert one.coverage == shapes.ratio(answer.account.coverage)
            assert one.rates == (expected if answer.enough else {})
            rates += len(one.rates)
    assert rates
    page = exposition(board).render()
    assert b'{milestone="lately",scope="anef",slug="anef",point="local",side="after"} ' in page
    beginning = f'{{milestone="lately",name="lately",point="local"}} {middle / 1e6}\n'
    assert beginning in page.decode()
    named = f'anef_scope_info{{scope="anef",slug="anef",point="local",name="{ANEF_NAME}"}} 1.0\n'
    assert named in page.decode()
    assert promtool(page) == (0, "")


def exposition(board: MetricsState, now: datetime = NOW) -> Exposition:
    return Exposition(
        board, clock=FakeClock(now), point="local", version="1", config_sha256="0" * 64
    )


def promtool(page: bytes) -> tuple[int, str]:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is missing (Debian package prometheus)")
    checked = subprocess.run(
        [program, "check", "metrics"], input=page, capture_output=True, check=False
    )
    return checked.returncode, (checked.stdout + checked.stderr).decode()


def shown(page: bytes) -> dict[str, int]:
    """Return how many samples each metric of figures has."""
    return {
        family.name: len(family.samples)
        for family in text_string_to_metric_families(page.decode())
        if "_ratio" in family.name or "figures" in family.name
    }


async def test_a_rate_is_shown_only_where_enough_is_known_and_its_coverage_always(
    config: Config, store: Store
) -> None:
    _, board = await computed(config, store)
    page = exposition(board).render()

    assert shown(page) == {
        "anef_availability_ratio": 2 * 3,
        "anef_coverage_ratio": 3 * 4,
        "anef_scope_availability_ratio": 3 * 3,
        "anef_scope_coverage_ratio": 4 * 4,
        "anef_figures_timestamp_seconds": 1,
    }
    text = page.decode()
    assert 'anef_scope_coverage_ratio{scope="anef",slug="anef",point="local",window="24h"} ' in text
    assert f'target="{TOWN}",group="{config.targets[0].group}",department="93"' in text
    assert promtool(page) == (0, "")


async def test_figures_that_are_no_longer_computed_disappear_but_for_their_end(
    config: Config, store: Store
) -> None:
    figures, board = await computed(config, store)
    page = exposition(board, figures.until + timedelta(hours=2, seconds=1)).render()

    assert shown(page) == {"anef_figures_timestamp_seconds": 1}


async def test_other_figures_replace_the_text_of_those_before() -> None:
    board = MetricsState([])
    page = exposition(board)
    for coverage in (0.25, 0.75):
        window = WindowFigures(window="24h", coverage=coverage, rates={})
        board.figures = RollingMetrics(until=NOW, targets={}, scopes={("anef", "anef"): (window,)})
        assert f'window="24h"}} {coverage}\n' in page.render().decode()


@pytest.mark.parametrize(("took_s", "every_s"), [(0, 600), (20, 600), (60, 1_200)])
async def test_they_are_computed_every_ten_minutes_for_a_twentieth_of_the_time(
    config: Config, store: Store, took_s: int, every_s: int
) -> None:
    """A fault of ours in one computation stops neither the others nor the service."""
    clock, begun = FakeClock(NOW), []
    figures = rolling(config, store, clock, MetricsState([]))

    async def compute() -> None:
        begun.append(clock.now())
        await clock.sleep(took_s)
        if len(begun) == 1:
            raise ZeroDivisionError

    with patch.object(figures, "compute", compute):
        running = asyncio.create_task(figures.run())
        await clock.advance(0)  # let it begin
        await clock.advance(3 * (took_s + every_s))
        running.cancel()

    spacing = timedelta(seconds=took_s + every_s)
    assert [one - NOW for one in begun] == [spacing * number for number in range(4)]
