"""What the soak says of what it saw."""

import pytest

from bench.soak import Point, judge, plot


def points(*, own: float = 0.0, descriptors: float = 0.0, wal: int = 1 << 20) -> list[Point]:
    """Return 30 minutes of a service that grows by a share of itself each ten minutes."""
    return [
        Point(
            at_s=5.0 * one,
            own_bytes=round(2e8 * (1 + own * one / 120)),
            web_bytes=10**8,
            descriptors=round(100 * (1 + descriptors * one / 120)) + one % 7,
            threads=9,
            wal_bytes=wal,
            checks=100 * one,
        )
        for one in range(360)
    ]


def test_what_stays_as_it_is_has_no_fault() -> None:
    verdict = judge(points(), refused=0)

    assert [] == verdict.faults
    assert pytest.approx(20) == verdict.checks_per_s


@pytest.mark.parametrize(
    ("seen", "refused", "word"),
    [
        (points(own=0.05), 0, "memory"),
        (points(descriptors=0.2), 0, "descriptors"),
        (points(wal=100 << 20), 0, "log"),
        (points(), 3, "answers"),
    ],
)
def test_what_grows_is_named(seen: list[Point], refused: int, word: str) -> None:
    (fault,) = judge(seen, refused=refused).faults

    assert word in fault


def test_the_plot_has_its_highest_and_its_length() -> None:
    drawn = plot(points(own=0.05))

    assert "30.0 min" in drawn or "29.9 min" in drawn
    assert "MB" in drawn
