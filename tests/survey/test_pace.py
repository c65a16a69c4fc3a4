"""The whole shipped list, surveyed in simulated time: within every platform's budget, once each."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.simulated_survey import Simulation, shipped

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def by_platform(simulation: Simulation) -> Iterator[tuple[float, list[int]]]:
    """Yield the spacing of each platform, and the instants of all its requests."""
    instants: dict[str, list[int]] = defaultdict(list)
    for host, visits in simulation.sites.visits.items():
        if lane := simulation.config.lane_of(host):
            instants[lane] += visits
    for lane, visits in instants.items():
        yield simulation.config.platforms[lane].spacing_s, sorted(visits)


async def test_the_whole_list_is_surveyed_politely_and_resumes(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path, shipped())
    total = len(simulation.config.targets)

    left, lives = await simulation.live(90), 1
    assert 0 < left.done < total
    assert left.left_s > 60
    while left.done < total:
        left = await simulation.live(700)
        lives += 1

    assert lives > 3
    assert left.left_s == 0
    closest = [
        (spacing_s, min(later - earlier for earlier, later in pairwise(visits)))
        for spacing_s, visits in by_platform(simulation)
        if len(visits) > 1
    ]
    assert len(closest) > 10
    assert [pair for pair in closest if pair[1] < pair[0] * 1e6] == []
    controls = {host.url for host in simulation.config.controls.hosts}
    urls = [url for url in simulation.sites.urls if url not in controls]
    # Some targets, and their signs of life, share one address: each target is asked once.
    repeated = {url for url in urls if urls.count(url) > 1}
    shared = [url for target in simulation.config.targets for url in target.signs_of_life]
    assert repeated <= set(shared)
    estimates = [one.left_s for one in simulation.progress]
    assert estimates[-1] < estimates[0]
    assert simulation.clock.monotonic_us() / 1e6 < 90 * 60
