"""Prometheus metrics: a board that the watch feeds after each commit, read when scraped.

A scrape never probes, never touches the store and never waits for the probing loop.
"""

from monitor.metrics.exposition import Exposition
from monitor.metrics.metrics_state import JournalSeen, MetricsState, TargetMetrics
from monitor.metrics.page_metrics import PageSeen, offered_after

__all__ = [
    "Exposition",
    "JournalSeen",
    "MetricsState",
    "PageSeen",
    "TargetMetrics",
    "offered_after",
]
