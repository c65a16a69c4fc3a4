"""What the service and a probe by hand join together."""

from pathlib import Path

from monitor.config import load
from monitor.probe.build import build_fetcher, build_line
from monitor.runtime.faults import Faults
from tests.support.clock import FakeClock

CONFIG = Path(__file__).parents[1] / "config" / "good"


def test_a_probe_that_waits_makes_a_round_begin() -> None:
    """Else no control is asked within a failure, and a cut of our own line is laid on a site."""
    config, clock = load(CONFIG), FakeClock()
    fetcher = build_fetcher(config, clock)

    line = build_line(config, clock, fetcher, Faults(clock))

    assert fetcher.on_silence == line.hasten
