"""Metrics of alerts: what became of messages, how long the oldest waits. No label is a person."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.metrics.metrics_state import MetricsState
from monitor.runtime.clock import Clock


class AlertCollector(Collector):
    """Renders `MetricsState.notifications` and `outbox_since`."""

    def __init__(self, board: MetricsState, *, clock: Clock, point: str) -> None:
        self._board = board
        self._clock = clock
        self._point = point

    def collect(self) -> Iterator[Metric]:
        """Yield both families; a counter has a sample once its result has come."""
        attempts = CounterMetricFamily(
            "anef_notifications_total",
            "Attempts to deliver a message, by what the mail server answered.",
            labels=["result", "point"],
        )
        for result, number in sorted(self._board.notifications.items()):
            attempts.add_metric([result, self._point], number)
        yield attempts
        oldest = GaugeMetricFamily(
            "anef_outbox_oldest_seconds",
            "How long the message that waits longest has waited; 0 when none does.",
            labels=["point"],
        )
        since = self._board.outbox_since
        waited = (self._clock.now() - since).total_seconds() if since else 0.0
        oldest.add_metric([self._point], max(0.0, waited))
        yield oldest
