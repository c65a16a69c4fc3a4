"""Prometheus metrics: a board that the watch feeds after each commit, read when scraped.

A scrape never probes, never touches the store and never waits for the probing loop.
"""

from monitor.metrics.exposition import Exposition
from monitor.metrics.metrics_state import Board, JournalSeen, Seen
from monitor.metrics.page_metrics import PageSeen, offered_after

__all__ = ["Board", "Exposition", "JournalSeen", "PageSeen", "Seen", "offered_after"]
