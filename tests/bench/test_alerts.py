"""How soon a mail follows the first failing check, by the shipped policy and in simulated time."""

import statistics

import pytest

from bench.alerts import delays
from tests.support.shipped_config import SHIPPED

QUICK = [
    target.slug
    for target in SHIPPED.targets
    if target.platform in {"anef", "sso"} and target.interval_s <= 300
]


@pytest.mark.parametrize("slug", QUICK)
def test_a_mail_about_anef_follows_its_first_failing_check(slug: str) -> None:
    """Half the faults keep silent for the whole deadline, the worst case of a confirmation."""
    target = SHIPPED.by_slug[slug]
    times = delays(SHIPPED, target, target.policy, 400)
    assert statistics.median(times) <= 100
    assert max(times) <= 150
