"""Requests planned by platform against those that its spacing allows."""

from dataclasses import replace

import pytest

from monitor.config.rules.budgets import ASSETS_MAX, Load, load_of, requests_of
from monitor.core.model import Kind, Platform, Target
from monitor.fetch.budget import Limits

PLATFORM = Platform(slug="etat", name="État", spacing_s=10)
PAGE = Target(
    slug="page", name="Page", url="https://e.fr/", kind=Kind.PAGE, platform="etat", interval_s=600
)


def test_a_page_is_one_request() -> None:
    assert 1 == requests_of(PAGE)


def test_a_shell_counts_its_assets_and_its_signs_of_life() -> None:
    shell = replace(PAGE, kind=Kind.SHELL, signs_of_life=("https://e.fr/a", "https://e.fr/b"))

    assert 1 + ASSETS_MAX + 2 == requests_of(shell)


def test_what_is_counted_of_a_shell_is_what_is_fetched_of_it() -> None:
    assert Limits().parts == ASSETS_MAX


def test_a_redirect_that_is_followed_is_not_counted() -> None:
    assert 1 == requests_of(replace(PAGE, kind=Kind.REDIRECT))


def test_only_a_platform_s_own_targets_are_counted() -> None:
    targets = [PAGE, replace(PAGE, slug="b", interval_s=1_200), replace(PAGE, platform="autre")]

    load = load_of(PLATFORM, targets)

    expected = Load(platform="etat", targets=2, planned_per_hour=9.0, capacity_per_hour=360.0)
    assert expected == load


@pytest.mark.parametrize(("planned", "fits"), [(288.0, True), (288.1, False)])
def test_a_fifth_of_the_budget_is_kept_for_rechecks(planned: float, fits: bool) -> None:  # noqa: FBT001 -- a parameter of the table
    load = Load(platform="etat", targets=1, planned_per_hour=planned, capacity_per_hour=360.0)

    assert fits is load.fits
