"""The bench watches what a real configuration could hold."""

from pathlib import Path

import pytest

from bench.plan import Plan, write
from bench.site import PAGE_BYTES, page
from monitor.config import budget, load


@pytest.mark.parametrize("targets", [1, 25, 200])
def test_its_plan_is_a_valid_configuration_within_every_budget(
    targets: int, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("")
    write(Plan(targets=targets, interval_s=20), folder=tmp_path / "config", port=8443, ca=authority)
    config = load(tmp_path / "config")
    assert len(config.targets) == targets
    assert all(load.planned_per_hour < load.capacity_per_hour for load in budget(config))


def test_its_page_weighs_what_other_tools_were_measured_with() -> None:
    assert len(page()) == PAGE_BYTES
    page().decode()
