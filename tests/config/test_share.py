"""Three points that share a plan ask a site together what one alone would."""

import shutil
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import Config, ConfigError, budget, load
from monitor.core.scheduling.slots import grids
from tests.support.shipped_config import FOLDER, SHIPPED

SINCE = datetime(2026, 11, 23, 8, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=6)
OF = 3


def _configured(folder: Path, text: str) -> Config:
    shutil.copytree(FOLDER, folder)
    (folder / "local.toml").write_text(text)
    return load(folder)


@pytest.fixture(scope="module")
def shares(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, ...]:
    folder = tmp_path_factory.mktemp("share")
    return tuple(
        _configured(folder / str(rank), f"[share]\nrank = {rank}\nof = {OF}\n")
        for rank in range(1, OF + 1)
    )


def _slots(config: Config) -> Mapping[str, set[datetime]]:
    plan = grids(config.targets, config.share)
    return {slug: set(grid.between(SINCE, UNTIL)) for slug, grid in plan.items()}


def test_a_site_sees_of_three_points_the_slots_of_one(shares: tuple[Config, ...]) -> None:
    whole = _slots(SHIPPED)
    parts = [_slots(config) for config in shares]
    for slug, slots in whole.items():
        own = [part[slug] for part in parts]
        together = sorted(slot for part in own for slot in part)
        assert len(together) == len(set(together)) == len(slots)  # each at its own seconds
        for one, other in zip(together, sorted(slots), strict=True):
            assert abs(one - other) <= timedelta(microseconds=OF)  # phases are rounded
        assert max(map(len, own)) - min(map(len, own)) <= 1  # and each the same part


def test_the_budgets_of_three_points_add_up_to_one(shares: tuple[Config, ...]) -> None:
    whole = {load.platform: load for load in budget(SHIPPED)}
    planned, capacity = Counter[str](), Counter[str]()
    for config in shares:
        for part in budget(config):
            planned[part.platform] += part.planned_per_hour  # type: ignore[assignment]
            capacity[part.platform] += part.capacity_per_hour  # type: ignore[assignment]
            assert part.share == pytest.approx(whole[part.platform].share)
    for platform, load_of_one in whole.items():
        assert planned[platform] == pytest.approx(load_of_one.planned_per_hour)
        assert capacity[platform] == pytest.approx(load_of_one.capacity_per_hour)


def test_the_record_says_what_a_point_really_does(shares: tuple[Config, ...]) -> None:
    for config in shares:
        for target in config.targets:
            assert target.interval_s == OF * SHIPPED.by_slug[target.slug].interval_s
    assert len({config.sha256 for config in shares}) == 1  # ranks differ in phases only
    assert shares[0].sha256 != SHIPPED.sha256


def test_a_rank_beyond_the_points_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rang"):
        _configured(tmp_path / "config", "[share]\nrank = 4\nof = 3\n")
