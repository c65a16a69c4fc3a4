"""Prometheus metrics: a state that is updated after each commit, and read at each scrape.

A scrape never probes, never reads the store and never waits for the probing loop.
"""

from monitor.metrics.exposition import Exposition
from monitor.metrics.figure_metrics import RollingMetrics, WindowFigures
from monitor.metrics.metrics_state import JournalMetrics, MetricsState, TargetMetrics
from monitor.metrics.page_metrics import PageMetrics, offered_after

__all__ = [
    "Exposition",
    "JournalMetrics",
    "MetricsState",
    "PageMetrics",
    "RollingMetrics",
    "TargetMetrics",
    "WindowFigures",
    "offered_after",
]
