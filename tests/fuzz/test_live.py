"""A hostile site and a hostile network around the real service: the short form of `make fuzz`."""

import pytest

from tests.fuzz.live import attack


@pytest.mark.timeout(400)
def test_the_service_lives_and_healthy_sites_stay_up() -> None:
    result = attack(20, seed=7)
    assert result.wrong == []
    assert result.sent > 20
