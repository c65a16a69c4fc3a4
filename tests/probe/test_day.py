"""A whole day of the default plan on a false clock: every slot accounted for, politely."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.config import load
from monitor.core.model import Gap, GapCause, Kind, Platform, Target, Transition, Verdict
from monitor.core.outages.gaps import merged, missing
from tests.support.day import Day, Record, Trouble

CONFIG = Path(__file__).parents[2] / "config"
START = datetime(2026, 11, 23, tzinfo=UTC)
DAY_S = 86_400.0
BUSY_S = 4 * 3600.0


def hour(count: float) -> datetime:
    return START + timedelta(hours=count)


def live(day: Day, duration_s: float, *, pause: str = "") -> Record:
    """Run the plan; `pause` names a platform that an operator pauses from 14:00 to 15:00."""

    async def whole() -> None:
        async def operator() -> None:
            await day.clock.sleep(14 * 3600)
            day.lanes[pause].pause("travaux")
            await day.clock.sleep(3600)
            day.lanes[pause].resume()

        holding = asyncio.create_task(operator()) if pause else None
        await day.run(duration_s)
        if holding is not None:
            await holding

    asyncio.run(whole())
    assert day.record.errors == []
    return day.record


def check_accounts(day: Day, duration_s: float) -> None:
    """Each slot of the time lived has one observation, or lies in one gap, never both."""
    record, until = day.record, START + timedelta(seconds=duration_s)
    for target in day.targets:
        grid, seen = day.grids[target.slug], record.seen[target.slug]
        own = [found for found in record.gaps if found.target == target.slug]
        slots = list(grid.between(START + timedelta(microseconds=1), until))
        lost = [slot for one in own for slot in grid.between(one.from_at, one.to_at)]
        assert [] == list(missing(slots, set(seen), merged(own)))
        assert set(slots) <= {*seen, *lost}
        assert [] == [slot for slot, times in Counter([*seen, *lost]).items() if times > 1]
        assert len(lost) == sum(one.slots for one in own)


def check_manners(day: Day, platforms: dict[str, Platform]) -> None:
    """No two requests of a platform start closer than its spacing, robots.txt included."""
    for slug, starts_us in day.record.requests_us.items():
        closest_us = min((b - a for a, b in pairwise(starts_us)), default=None)
        assert closest_us is None or closest_us >= platforms[slug].spacing_s * 1_000_000


def causes(found: list[Gap], until: datetime) -> set[GapCause]:
    return {one.cause for one in found if one.from_at < until}


def test_a_quiet_day_of_the_default_plan_is_done_in_full_and_on_time() -> None:
    config = load(CONFIG)
    day = Day(config.targets, config.platforms.values(), start=START)

    record = live(day, DAY_S)

    check_accounts(day, DAY_S)
    check_manners(day, dict(config.platforms))
    assert set() == causes(record.gaps, hour(24))
    assert sum(record.rechecks.values()) == 0
    assert record.events == []
    # The first rounds read every robots.txt too; after them nobody waits behind many.
    settled = [late_s for slot, _, late_s in record.late_s if slot > hour(2)]
    spacing_s = max(platform.spacing_s for platform in config.platforms.values())
    assert max(settled) <= 6 * spacing_s
    assert max(late_s for _, _, late_s in record.late_s) <= 1800
    for backlog in record.backlog.values():
        assert max(backlog[len(backlog) // 4 :]) <= 3


def test_a_troubled_day_of_the_default_plan_loses_no_slot_silently() -> None:
    config = load(CONFIG)
    every_prefecture = [t.slug for t in config.targets if t.platform == "ide"]
    refusing = next(t.slug for t in config.targets if t.platform == "rdv-prefecture")
    troubles = [
        Trouble(slugs="anef", from_at=hour(3), to_at=hour(4), verdict=Verdict.DOWN, lasts_s=0.1),
        *(
            Trouble(slugs=s, from_at=hour(6), to_at=hour(9), verdict=Verdict.DOWN, lasts_s=30)
            for s in every_prefecture
        ),
        Trouble(
            slugs=refusing, from_at=hour(10), to_at=hour(14), verdict=Verdict.BLOCKED, lasts_s=1
        ),
    ]
    day = Day(config.targets, config.platforms.values(), troubles, start=START, seed=1)

    record = live(day, DAY_S, pause="anef")

    check_accounts(day, DAY_S)
    check_manners(day, dict(config.platforms))
    found = {
        (platform, cause)
        for platform in config.platforms
        for cause in causes(
            [g for g in record.gaps if g.target in {t.slug for t in _of(config.targets, platform)}],
            hour(24),
        )
    }
    assert {
        ("anef", GapCause.PAUSED),
        # Thirty seconds of silence from each of 150 sites: the round is longer than the interval.
        ("ide", GapCause.OVERRUN),
        ("rdv-prefecture", GapCause.REFUSED),
    } == found
    opened = Counter(e.target for e in record.events if e.edge is Transition.OUTAGE_OPENED)
    closed = Counter(e.target for e in record.events if e.edge is Transition.OUTAGE_CLOSED)
    assert opened == closed
    assert {1} == set(opened.values())
    assert {t.slug for t in config.targets if t.slug.startswith("anef")} <= set(opened)
    # Three hours at thirty seconds a check are 360 checks, and an outage takes three.
    assert len(set(every_prefecture) & set(opened)) > 110
    for event in record.events:
        if event.edge is Transition.OUTAGE_OPENED and event.target.startswith("anef"):
            assert event.outage is not None
            assert event.at - event.outage.first_fail_at < timedelta(minutes=5)
    # It was refused at 10:00 and one hour later, then left alone for six.
    assert day.lanes["rdv-prefecture"].state.strikes == 0
    assert sum(record.rechecks.values()) > 300


@pytest.mark.parametrize("seed", range(2))
def test_a_plan_that_its_budget_can_hardly_hold_still_accounts_for_all(seed: int) -> None:
    """Slow answers, failures and refusals without end: gaps, but each with its cause."""
    platforms = {
        slug: Platform(slug=slug, name=slug, spacing_s=spacing_s)
        for slug, spacing_s in [("a", 1.0), ("b", 7.0), ("c", 10.0)]
    }
    targets = [
        Target(
            slug=f"{platform}{number:02}",
            name="",
            url=f"https://{platform}{number % 20}.fr/{number}",
            kind=Kind.SHELL if number % 10 == 0 else Kind.HOME,
            platform=platform,
            interval_s=interval_s,
        )
        for platform, interval_s in [("a", 60), ("b", 300), ("c", 600)]
        for number in range(50)
    ]
    troubles = [
        Trouble(slugs="a1", from_at=hour(1), to_at=hour(2), verdict=Verdict.DOWN, lasts_s=15),
        Trouble(slugs="b", from_at=hour(1), to_at=hour(2), verdict=Verdict.DOWN, lasts_s=1),
        Trouble(slugs="c4", from_at=hour(1), to_at=hour(3), verdict=Verdict.BLOCKED, lasts_s=1),
    ]
    day = Day(targets, platforms.values(), troubles, start=START, seed=seed)

    record = live(day, BUSY_S)

    check_accounts(day, BUSY_S)
    check_manners(day, platforms)
    wanted = {GapCause.OVERRUN, GapCause.REFUSED}
    assert wanted == causes(record.gaps, hour(4)) - {GapCause.STOPPED}  # in hand at the end
    assert all(record.seen[target.slug] for target in targets)


def _of(targets: tuple[Target, ...], platform: str) -> list[Target]:
    return [target for target in targets if target.platform == platform]
