"""Metrics of other points, and of what all points say together."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.core.points.combine import CommonWord
from monitor.metrics.metrics_state import MetricsState


class PointCollector(Collector):
    """Renders `MetricsState.points`."""

    def __init__(self, board: MetricsState) -> None:
        self._board = board

    def collect(self) -> Iterator[Metric]:
        """Yield the families; none without other points."""
        points = self._board.points
        if points is None:
            return
        heard = GaugeMetricFamily(
            "anef_point_heard", "Whether a point is without fault.", labels=["point"]
        )
        last = GaugeMetricFamily(
            "anef_point_last_heard_timestamp_seconds",
            "When all that a point had signed was read last, Unix time; 0 when never.",
            labels=["point"],
        )
        leaves = GaugeMetricFamily(
            "anef_point_leaves", "Leaves of a point that were imported.", labels=["point"]
        )
        for one in points.others:
            heard.add_metric([one.name], float(one.fault_at is None))
            last.add_metric([one.name], one.heard_at.timestamp() if one.heard_at else 0.0)
            leaves.add_metric([one.name], one.leaves)
        yield from (heard, last, leaves)
        yield from _words(points.words)


def _words(words: Mapping[str, CommonWord]) -> Iterator[Metric]:
    saying = GaugeMetricFamily(
        "anef_points_saying",
        "Points that say a state of a target, ours included; unknown: those that cannot tell.",
        labels=["target", "state"],
    )
    common = GaugeMetricFamily(
        "anef_common_state",
        "1 for the state that all points that can tell give; no sample where they differ.",
        labels=["target", "state"],
    )
    for slug, word in words.items():
        for verdict, points in sorted(word.counts.items()):
            saying.add_metric([slug, verdict.value], points)
        if word.verdict is not None:
            common.add_metric([slug, word.verdict.value], 1.0)
    yield from (saying, common)
