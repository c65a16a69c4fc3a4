"""Render the text that Prometheus reads (exposition format 0.0.4).

A few thousand series of targets change only when a target is checked: their lines are cached per
target and concatenated at each scrape, which costs a small part of rendering them all (measured:
docs/decisions/0004). The rest goes through prometheus_client as usual.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.core.model import Verdict
from monitor.metrics.alert_metrics import AlertCollector
from monitor.metrics.family import MetricFamily, Sample
from monitor.metrics.figure_families import (
    MILESTONE_FIGURES,
    MILESTONE_TIMESTAMP,
    MILESTONE_TIMESTAMP_HELP,
    SCOPE_FIGURES,
    SCOPE_INFO,
    SCOPE_INFO_HELP,
    TARGET_FIGURES,
    TIMESTAMP,
    TIMESTAMP_HELP,
)
from monitor.metrics.figure_metrics import SHOWN_FOR, RollingMetrics
from monitor.metrics.journal_metrics import JournalCollector
from monitor.metrics.metrics_state import MetricsState, TargetMetrics
from monitor.metrics.point_metrics import PointCollector
from monitor.metrics.target_families import OWN_FAMILIES, PROBE_FAMILIES, is_stale
from monitor.runtime.clock import Clock

STATE_SECONDS = MetricFamily(
    name="anef_state_seconds_total",
    type="counter",
    help="Seconds spent in each state since this process first saw the target.",
    read=lambda _: iter(()),  # grows with the clock: rendered at each scrape
)


class Exposition:
    """Renders a `MetricsState`. One registry per app; nothing global."""

    def __init__(
        self, board: MetricsState, *, clock: Clock, point: str, version: str, config_sha256: str
    ) -> None:
        self._board = board
        self._clock = clock
        self._point = point
        self._rendered: dict[str, tuple[int, dict[str, str]]] = {}
        self._figures: tuple[RollingMetrics | None, str] = (None, "")
        self._labels = {slug: self._own_labels(metrics) for slug, metrics in board.targets.items()}
        # Without this, each histogram has a second series that nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self.lateness = Histogram(
            "anef_scheduler_lateness_seconds",
            "Start of a probe against its slot, the wait for the platform's budget included.",
            registry=self._registry,
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 30, 60, 300, 900),
            labelnames=("point",),
        ).labels(point)
        self._registry.register(_ServiceCollector(board, point=point))
        self._registry.register(JournalCollector(board, point=point))
        self._registry.register(PointCollector(board))
        self._registry.register(AlertCollector(board, clock=clock, point=point))
        self._registry.register(
            _BuildCollector(point=point, version=version, config_sha256=config_sha256)
        )
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        """Return all metrics. Safe from any thread: the values that it reads are replaced whole."""
        now = self._clock.now()
        lines: list[str] = []
        for family in (*PROBE_FAMILIES, *OWN_FAMILIES):
            texts = [
                text
                for metrics in self._board.targets.values()
                if (text := self._text(family, metrics, now))
            ]
            if texts:
                lines += [_header(family), *texts]
        lines += [_header(STATE_SECONDS), *self._state_seconds(now), self._figure_text(now)]
        return generate_latest(self._registry) + "".join(lines).encode()

    def probe(self, slug: str) -> bytes:
        """Return blackbox_exporter's page for one target: its last observation, not a new one.

        Raises KeyError for an unknown target.
        """
        metrics = self._board.targets[slug]
        if is_stale(metrics, self._clock.now()):
            return b""
        lines: list[str] = []
        for family in PROBE_FAMILIES:
            samples = list(family.read(metrics))
            if samples:
                lines += [_header(family), *_render(family.name, "", samples)]
        return "".join(lines).encode()

    def _text(self, family: MetricFamily, metrics: TargetMetrics, now: datetime) -> str:
        if not family.fades or not is_stale(metrics, now):
            return self._lines(metrics)[family.name]
        if family.faded is None:
            return ""
        labels = self._labels[metrics.target.slug]
        return "".join(_render(family.name, labels, family.faded(metrics)))

    def _lines(self, metrics: TargetMetrics) -> dict[str, str]:
        slug = metrics.target.slug
        version, lines = self._rendered.get(slug, (-1, {}))
        if version != metrics.version:
            version = metrics.version  # read first: a change meanwhile shows at the next scrape
            lines = {
                family.name: "".join(_render(family.name, self._labels[slug], family.read(metrics)))
                for family in (*PROBE_FAMILIES, *OWN_FAMILIES)
            }
            self._rendered[slug] = (version, lines)
        return lines

    def _figure_text(self, now: datetime) -> str:
        figures = self._board.figures
        if figures is None:
            return ""
        end = f'{TIMESTAMP}{{point="{_escaped(self._point)}"}} {figures.until.timestamp()!r}\n'
        end = f"{_head(TIMESTAMP, TIMESTAMP_HELP, 'gauge')}{end}"
        if now - figures.until > SHOWN_FOR:
            return end
        rendered, text = self._figures
        if rendered is not figures:
            text = "".join(self._figure_lines(figures))
            self._figures = (figures, text)
        return end + text

    def _figure_lines(self, figures: RollingMetrics) -> Iterator[str]:
        for family in TARGET_FIGURES:
            yield _head(family.name, family.help, "gauge")
            for slug, windows in figures.targets.items():
                yield from _render(family.name, self._labels[slug], family.read(windows))
        for family in SCOPE_FIGURES:
            yield _head(family.name, family.help, "gauge")
            for (kind, slug), windows in figures.scopes.items():
                labels = _pairs((("scope", kind), ("slug", slug), ("point", self._point)))
                yield from _render(family.name, labels, family.read(windows))
        if figures.scope_names:
            yield _head(SCOPE_INFO, SCOPE_INFO_HELP, "gauge")
        for (kind, slug), name in figures.scope_names.items():
            labels = _pairs((("scope", kind), ("slug", slug), ("point", self._point)))
            yield from _render(SCOPE_INFO, labels, [((("name", name),), 1.0)])
        yield from self._milestone_lines(figures)

    def _milestone_lines(self, figures: RollingMetrics) -> Iterator[str]:
        if not figures.dates:
            return
        yield _head(MILESTONE_TIMESTAMP, MILESTONE_TIMESTAMP_HELP, "gauge")
        for (milestone, name), at in figures.dates.items():
            labels = _pairs((("milestone", milestone), ("name", name), ("point", self._point)))
            yield from _render(MILESTONE_TIMESTAMP, labels, [((), at.timestamp())])
        for family in MILESTONE_FIGURES:
            yield _head(family.name, family.help, "gauge")
            for (milestone, kind, slug), sides in figures.milestones.items():
                pairs = (("milestone", milestone), ("scope", kind), ("slug", slug))
                labels = _pairs((*pairs, ("point", self._point)))
                yield from _render(family.name, labels, family.read(sides))

    def _state_seconds(self, now: datetime) -> Iterator[str]:
        for slug, metrics in self._board.targets.items():
            if metrics.check is None:
                continue
            seconds = metrics.seconds_until(now)
            samples = [((("state", verdict.value),), seconds[verdict]) for verdict in Verdict]
            yield from _render(STATE_SECONDS.name, self._labels[slug], samples)

    def _own_labels(self, metrics: TargetMetrics) -> str:
        target = metrics.target
        return _pairs(
            (
                ("instance", target.url),
                ("target", target.slug),
                ("group", target.group),
                ("department", target.department),
                ("platform", target.platform),
                ("module", target.kind.value),
                ("point", self._point),
            )
        )


class _ServiceCollector(Collector):
    """The metrics of the point itself: line, clock, lanes, incidents."""

    def __init__(self, board: MetricsState, *, point: str) -> None:
        self._board = board
        self._point = point

    def collect(self) -> Iterator[Metric]:
        board, point = self._board, self._point
        if board.controls is not None and board.controls.asked:
            line = GaugeMetricFamily(
                "anef_control_success_ratio",
                "Control hosts that answered in the last round; 0 means our own line is cut.",
                labels=["point"],
            )
            line.add_metric([point], board.controls.ok / board.controls.asked)
            yield line
        if board.clock is not None and board.clock.offset_us is not None:
            offset = GaugeMetricFamily(
                "anef_clock_offset_seconds",
                "What must be added to our clock to get NTP time; absent when unknown.",
                labels=["point"],
            )
            offset.add_metric([point], board.clock.offset_us / 1e6)
            yield offset
        yield from self._lanes()

    def _lanes(self) -> Iterator[Metric]:
        labels = ["platform", "point"]
        backlog = GaugeMetricFamily(
            "anef_lane_backlog", "Probes waiting for the platform's budget.", labels=labels
        )
        for platform, waiting in self._board.backlog.items():
            backlog.add_metric([platform, self._point], waiting)
        yield backlog
        until = GaugeMetricFamily(
            "anef_lane_blocked_until_timestamp_seconds",
            "No request to this platform before this Unix time, after a refusal; 0 when free.",
            labels=labels,
        )
        paused = GaugeMetricFamily(
            "anef_lane_paused", "1 while an operator has paused the platform.", labels=labels
        )
        for platform, lane in self._board.lanes.items():
            blocked = lane.blocked_until.timestamp() if lane.blocked_until else 0.0
            until.add_metric([platform, self._point], blocked)
            paused.add_metric([platform, self._point], float(lane.paused))
        yield until
        yield paused
        incident = GaugeMetricFamily(
            "anef_incident_open", "1 while an incident is open on the platform.", labels=labels
        )
        troubled = self._board.troubled
        for platform in self._board.lanes:
            incident.add_metric([platform, self._point], float(platform in troubled))
        yield incident


class _BuildCollector(Collector):
    """The metrics of the program's version and configuration."""

    def __init__(self, *, point: str, version: str, config_sha256: str) -> None:
        self._facts = (
            ("anef_build", "Version of the program.", {"version": version}),
            (
                "anef_config",
                "Digest of the effective configuration.",
                {"sha256": config_sha256},
            ),
        )
        self._point = point

    def collect(self) -> Iterator[Metric]:
        for name, text, value in self._facts:
            info = InfoMetricFamily(name, text, labels=["point"])
            info.add_metric([self._point], value)
            yield info


def _header(family: MetricFamily) -> str:
    return _head(family.name, family.help, family.type)


def _head(name: str, text: str, kind: str) -> str:
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n"


def _render(name: str, labels: str, samples: Iterable[Sample]) -> Iterator[str]:
    for pairs, value in samples:
        both = ",".join(part for part in (labels, _pairs(pairs)) if part)
        yield f"{name}{{{both}}} {value!r}\n" if both else f"{name} {value!r}\n"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs)


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
