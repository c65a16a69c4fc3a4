"""Every metric of a target: name, type, help, and how it is read.

Names and semantics of `probe_*` are those of blackbox_exporter; `anef_*` are ours. A family
yields (label pairs beyond the target's own, value). No text from outside is ever a label value;
the name of a target is one of ours, from the configuration.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from monitor.core.model import GapCause, Phase, Verdict
from monitor.core.model.check import Check, StoredHop
from monitor.core.outages.fold import success
from monitor.metrics.family import MetricFamily, Sample
from monitor.metrics.metrics_state import TargetMetrics
from monitor.metrics.page_families import PAGE_FAMILIES

# A gauge older than this many intervals is no longer shown: gauges of prometheus_client never
# expire, and the last values of a monitor that is stuck would look like those of a healthy one.
STALE_INTERVALS = 3


def _one(value: float) -> Iterator[Sample]:
    yield (), value


def _of_check(
    read: Callable[[Check], Iterator[Sample]],
) -> Callable[[TargetMetrics], Iterator[Sample]]:
    def reader(metrics: TargetMetrics) -> Iterator[Sample]:
        if metrics.check is not None:
            yield from read(metrics.check)

    return reader


def _of_last_hop(
    read: Callable[[StoredHop], Iterator[Sample]],
) -> Callable[[TargetMetrics], Iterator[Sample]]:
    return _of_check(lambda check: read(check.last) if check.last is not None else iter(()))


def _success(metrics: TargetMetrics) -> Iterator[Sample]:
    answer = success(metrics.state) if metrics.state is not None else None
    if answer is not None:
        yield from _one(float(answer))


def _phases(check: Check) -> Iterator[Sample]:
    for phase in Phase:
        yield (("phase", phase.value),), check.phases_us.get(phase, 0) / 1e6


def _content_length(metrics: TargetMetrics) -> Iterator[Sample]:
    if metrics.check is not None and metrics.check.last is not None:
        yield from _one(-1.0 if metrics.content_length is None else float(metrics.content_length))


def _version(hop: StoredHop) -> Iterator[Sample]:
    return _one({"HTTP/1.0": 1.0, "HTTP/1.1": 1.1}.get(hop.http_version or "", 0.0))


def _expiry(check: Check) -> Iterator[Sample]:
    """Yield the end of the last certificate received, verified or not."""
    certificates = [
        hop.certificate for hop in check.conditions.steps if hop.certificate is not None
    ]
    if certificates:
        yield from _one(certificates[-1].not_after.timestamp())


def _tls_version(hop: StoredHop) -> Iterator[Sample]:
    if hop.tls_version in ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"):
        yield (("version", hop.tls_version.replace("v", " ")),), 1.0


def _protocol(hop: StoredHop) -> Iterator[Sample]:
    if hop.address is not None:
        yield from _one(6.0 if ":" in hop.address else 4.0)


def _states(metrics: TargetMetrics) -> Iterator[Sample]:
    verdict = metrics.state.verdict if metrics.state is not None else None
    return _one_of_six(verdict or Verdict.UNKNOWN)


def _one_of_six(current: Verdict) -> Iterator[Sample]:
    for verdict in Verdict:
        yield (("state", verdict.value),), float(current is verdict)


def _probes(metrics: TargetMetrics) -> Iterator[Sample]:
    for (verdict, reason), count in sorted(metrics.probes.items()):
        yield (("verdict", verdict.value), ("reason", reason.value)), float(count)


def _last_timestamp(metrics: TargetMetrics) -> Iterator[Sample]:
    if metrics.state is not None and metrics.state.last_at is not None:
        yield from _one(metrics.state.last_at.timestamp())


def _since(metrics: TargetMetrics) -> Iterator[Sample]:
    if metrics.state is not None and metrics.state.since is not None:
        yield from _one(metrics.state.since.timestamp())


def _outage_open(metrics: TargetMetrics) -> Iterator[Sample]:
    if metrics.state is not None:
        yield from _one(float(metrics.state.outage is not None))


def _outage_started(metrics: TargetMetrics) -> Iterator[Sample]:
    outage = metrics.state.outage if metrics.state is not None else None
    if outage is not None:
        yield (("edge", "first_fail"),), outage.first_fail_at.timestamp()
        if outage.last_ok_at is not None:
            yield (("edge", "last_ok"),), outage.last_ok_at.timestamp()


def _missed(metrics: TargetMetrics) -> Iterator[Sample]:
    """Yield each cause there was; those that are our own always, so that the first slot counts."""
    slots_of = {GapCause.OVERRUN: 0, GapCause.FAULT: 0} | metrics.missed
    for cause, slots in sorted(slots_of.items()):
        yield (("cause", cause.value),), float(slots)


PROBE_FAMILIES = (
    MetricFamily(
        name="probe_success",
        type="gauge",
        help="1 when reachable (degraded included), 0 only in a confirmed outage; "
        "no sample when unknown, refused, in maintenance or not confirmed.",
        read=_success,
    ),
    MetricFamily(
        name="probe_duration_seconds",
        type="gauge",
        help="Duration of the last probe, waits for the platform's budget excluded.",
        read=_of_check(lambda check: _one(check.duration_us / 1e6)),
    ),
    MetricFamily(
        name="probe_http_duration_seconds",
        type="gauge",
        help="Duration of each phase, summed over redirects.",
        read=_of_check(_phases),
    ),
    MetricFamily(
        name="probe_http_status_code",
        type="gauge",
        help="Final HTTP status; 0 when no whole answer came.",
        read=_of_check(lambda check: _one(float(check.status or 0))),
    ),
    MetricFamily(
        name="probe_http_redirects",
        type="gauge",
        help="Redirects followed.",
        read=_of_check(lambda check: _one(float(max(0, len(check.conditions.steps) - 1)))),
    ),
    MetricFamily(
        name="probe_http_ssl",
        type="gauge",
        help="1 when the last hop used TLS.",
        read=_of_last_hop(lambda hop: _one(float(hop.tls_version is not None))),
    ),
    MetricFamily(
        name="probe_http_version",
        type="gauge",
        help="HTTP version of the last answer; 0 when none.",
        read=_of_last_hop(_version),
    ),
    MetricFamily(
        name="probe_http_content_length",
        type="gauge",
        help="Announced length of the last answer's body; -1 when not announced.",
        read=_content_length,
    ),
    MetricFamily(
        name="probe_dns_lookup_time_seconds",
        type="gauge",
        help="Duration of name resolution, summed over redirects.",
        read=_of_check(lambda check: _one(check.phases_us.get(Phase.RESOLVE, 0) / 1e6)),
    ),
    MetricFamily(
        name="probe_ip_protocol",
        type="gauge",
        help="IP version of the last hop: 4 or 6.",
        read=_of_last_hop(_protocol),
    ),
    MetricFamily(
        name="probe_ssl_earliest_cert_expiry",
        type="gauge",
        help="Expiry of the server's certificate, in Unix time, also when verification failed.",
        read=_of_check(_expiry),
    ),
    MetricFamily(
        name="probe_tls_version_info",
        type="gauge",
        help="TLS version of the last hop.",
        read=_of_last_hop(_tls_version),
    ),
)

OWN_FAMILIES = (
    MetricFamily(
        name="anef_target_info",
        type="gauge",
        help="Always 1: the name of the target, for readers.",
        read=lambda metrics: iter([((("name", metrics.target.name),), 1.0)]),
        fades=False,
    ),
    MetricFamily(
        name="anef_target_state",
        type="gauge",
        help="1 for the state of the last observation, 0 for the five others; "
        "unknown without a recent one.",
        read=_states,
        faded=lambda _: _one_of_six(Verdict.UNKNOWN),
    ),
    MetricFamily(
        name="anef_state_since_timestamp_seconds",
        type="gauge",
        help="First of the observations that have given the state of the last one without "
        "interruption, in Unix time.",
        read=_since,
    ),
    MetricFamily(
        name="anef_probes_total",
        type="counter",
        help="Observations since this process started, by verdict and reason.",
        read=_probes,
        fades=False,
    ),
    MetricFamily(
        name="anef_probe_last_timestamp_seconds",
        type="gauge",
        help="Start of the last recorded observation, in Unix time.",
        read=_last_timestamp,
        fades=False,
    ),
    MetricFamily(
        name="anef_outage_open",
        type="gauge",
        help="1 while a confirmed outage is open.",
        read=_outage_open,
        fades=False,
    ),
    MetricFamily(
        name="anef_outage_started_timestamp_seconds",
        type="gauge",
        help="Bounds of the open outage's start: last good check, first failing check.",
        read=_outage_started,
        fades=False,
    ),
    MetricFamily(
        name="anef_outages_total",
        type="counter",
        help="Outages confirmed since this process started.",
        read=lambda metrics: _one(float(metrics.outages)),
        fades=False,
    ),
    MetricFamily(
        name="anef_blips_total",
        type="counter",
        help="Failures that were not confirmed, since this process started.",
        read=lambda metrics: _one(float(metrics.blips)),
        fades=False,
    ),
    MetricFamily(
        name="anef_slots_missed_total",
        type="counter",
        help="Planned slots without an observation since this process started, by cause.",
        read=_missed,
        fades=False,
    ),
    *PAGE_FAMILIES,
)


def is_stale(metrics: TargetMetrics, now: datetime) -> bool:
    """Return whether the last observation is too old for its gauges to be shown."""
    last_at = metrics.state.last_at if metrics.state is not None else None
    if last_at is None:
        return True
    return (now - last_at).total_seconds() > STALE_INTERVALS * metrics.target.interval_s
