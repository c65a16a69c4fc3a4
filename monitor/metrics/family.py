"""The definition of a metric of a target."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor.metrics.metrics_state import TargetMetrics

Sample = tuple[tuple[tuple[str, str], ...], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFamily:
    """One metric.

    Attributes:
        fades: Dropped when the last observation is too old.
        faded: What is shown then, instead of nothing.

    """

    name: str
    type: str
    help: str
    read: Callable[[TargetMetrics], Iterator[Sample]]
    fades: bool = True
    faded: Callable[[TargetMetrics], Iterator[Sample]] | None = None
