"""Metrics of the journal: its checkpoints, time-stamps and cosignatures, for alerts on age."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.metrics.metrics_state import MetricsState


class JournalCollector(Collector):
    """Renders `MetricsState.journal`."""

    def __init__(self, board: MetricsState, *, point: str) -> None:
        self._board = board
        self._point = point

    def collect(self) -> Iterator[Metric]:
        """Yield the families; none before the first checkpoint."""
        journal = self._board.journal
        if journal is None or journal.sealed_at is None:
            return
        for name, text, value in (
            ("anef_journal_size", "Leaves that the last checkpoint covers.", journal.size),
            (
                "anef_journal_last_checkpoint_timestamp_seconds",
                "When the last checkpoint was signed, Unix time.",
                journal.sealed_at.timestamp(),
            ),
            (
                "anef_journal_cosignatures",
                "Witnesses that cosigned the last checkpoint.",
                journal.cosignatures,
            ),
        ):
            gauge = GaugeMetricFamily(name, text, labels=["point"])
            gauge.add_metric([self._point], value)
            yield gauge
        stamps = GaugeMetricFamily(
            "anef_journal_last_stamp_timestamp_seconds",
            "Time that an authority last stated of the journal, Unix time; 0 when never.",
            labels=["authority", "point"],
        )
        for slug, at in journal.stamped_at.items():
            stamps.add_metric([slug, self._point], at.timestamp() if at else 0.0)
        yield stamps
