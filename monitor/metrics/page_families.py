"""The metrics of a page's text."""

from collections.abc import Callable, Iterator

from monitor.metrics import page_metrics
from monitor.metrics.family import MetricFamily, Sample
from monitor.metrics.metrics_state import TargetMetrics


def _of_page(
    read: Callable[[page_metrics.PageMetrics], Iterator[float]],
) -> Callable[[TargetMetrics], Iterator[Sample]]:
    def reader(metrics: TargetMetrics) -> Iterator[Sample]:
        for value in read(metrics.page) if metrics.page is not None else ():
            yield (), value

    return reader


def _of_page_by(
    label: str, read: Callable[[page_metrics.PageMetrics], Iterator[tuple[str, float]]]
) -> Callable[[TargetMetrics], Iterator[Sample]]:
    def reader(metrics: TargetMetrics) -> Iterator[Sample]:
        for name, value in read(metrics.page) if metrics.page is not None else ():
            yield ((label, name),), value

    return reader


PAGE_FAMILIES = (
    MetricFamily(
        name="anef_page_changes_total",
        type="counter",
        help="Announced changes of the page's text since this process started, by kind; "
        "one change may be of several kinds.",
        read=_of_page_by("kind", page_metrics.changes),
        fades=False,
    ),
    MetricFamily(
        name="anef_page_last_change_timestamp_seconds",
        type="gauge",
        help="First reading of the newest announced change, in Unix time; "
        "the change lies between it and the reading before.",
        read=_of_page(page_metrics.last_change),
        fades=False,
    ),
    MetricFamily(
        name="anef_page_displayed_update_timestamp_seconds",
        type="gauge",
        help="Midnight UTC of the update date that the page displays; absent when it shows none.",
        read=_of_page(page_metrics.displayed_update),
    ),
    MetricFamily(
        name="anef_page_information_present",
        type="gauge",
        help="1 when the page's text states the element, 0 when we did not find it there "
        "or the page says that it is not offered.",
        read=_of_page_by("element", page_metrics.information),
    ),
    MetricFamily(
        name="anef_page_compared_ratio",
        type="gauge",
        help="Share of the page's prose that is compared; below one half the page is not compared.",
        read=_of_page(page_metrics.compared),
    ),
    MetricFamily(
        name="anef_page_dead_links",
        type="gauge",
        help="Links of the page's text that lead to a watched address confirmed not to exist; "
        "links to addresses that nothing watches are not judged.",
        read=_of_page(page_metrics.dead_links),
    ),
)
