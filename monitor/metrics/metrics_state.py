"""The live state that metrics are read from."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from monitor.core.model import (
    ClockReading,
    Controls,
    GapCause,
    LaneState,
    Outcome,
    Reason,
    State,
    Target,
    Transition,
    Verdict,
)
from monitor.core.model.check import Check
from monitor.core.outages.time_accounts import held, seconds_by_verdict
from monitor.core.points.combine import CommonWord
from monitor.core.text.page import Element
from monitor.metrics.figure_metrics import RollingMetrics
from monitor.metrics.page_metrics import PageMetrics, after, offered_after


@dataclass(slots=True, kw_only=True)
class TargetMetrics:
    """The state of the metrics of one target. Counters start with the process.

    `version` changes whenever anything here does, so that rendered text can be cached.
    """

    target: Target
    state: State | None = None
    check: Check | None = None
    content_length: int | None = None  # of the check's last answer: see `Exchange`
    seconds: dict[Verdict, float] = field(default_factory=lambda: dict.fromkeys(Verdict, 0.0))
    probes: Counter[tuple[Verdict, Reason]] = field(default_factory=Counter)
    outages: int = 0
    blips: int = 0
    missed: Counter[GapCause] = field(default_factory=Counter)
    page: PageMetrics | None = None  # None when it was never read, or is not followed
    version: int = 0

    def seconds_until(self, now: datetime) -> Mapping[Verdict, float]:
        """Return seconds spent in each state since the first observation of this process.

        The running observation counts as far as it holds, so the figures only grow.
        """
        check = self.check
        if check is None:
            return self.seconds
        running = seconds_by_verdict(
            piece
            for piece in held(
                check.verdict,
                at=check.at,
                until=max(now, check.at),
                interval_s=self.target.interval_s,
            )
            if piece.seconds > 0
        )
        return {verdict: self.seconds[verdict] + running[verdict] for verdict in Verdict}


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalMetrics:
    """The state of the journal; replaced whole.

    Attributes:
        size: Leaves that the last checkpoint covers.
        sealed_at: When it was signed; None before the first.
        stamped_at: The time that each authority last stated, by slug; verified tokens only.
            None for one that has stated none.
        cosignatures: Witnesses that cosigned the last checkpoint.

    """

    size: int = 0
    sealed_at: datetime | None = None
    stamped_at: Mapping[str, datetime | None] = field(default_factory=lambda: MappingProxyType({}))
    cosignatures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPointMetrics:
    """What came of following one point. `fault_at` is when its first fault was seen."""

    name: str
    leaves: int
    heard_at: datetime | None
    fault_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointMetrics:
    """The other points, and the common word of each target, by slug; replaced whole."""

    others: tuple[OtherPointMetrics, ...] = ()
    words: Mapping[str, CommonWord] = field(default_factory=lambda: MappingProxyType({}))


class MetricsState:
    """One writer (the probing loop), any reader; values are replaced, not modified."""

    def __init__(
        self,
        targets: Iterable[Target],
        *,
        states: Iterable[State] = (),
        lanes: Iterable[LaneState] = (),
        pages: Mapping[str, PageMetrics] = MappingProxyType({}),
    ) -> None:
        state_of = {state.target: state for state in states}
        self.targets = {
            target.slug: TargetMetrics(
                target=target, state=state_of.get(target.slug), page=pages.get(target.slug)
            )
            for target in targets
        }
        self.controls: Controls | None = None
        self.clock: ClockReading | None = None
        self.lanes = {lane.platform: lane for lane in lanes}
        self.backlog: dict[str, int] = {}
        self.journal: JournalMetrics | None = None
        self.points: PointMetrics | None = None  # None without other points
        self.figures: RollingMetrics | None = None  # None until they are computed
        self.notifications: Counter[str] = Counter()  # attempts to send a message, by result
        self.mails_sent = 0
        self.outbox_since: datetime | None = None  # the message that waits longest; None: none

    def observe(
        self,
        outcome: Outcome,
        *,
        content_length: int | None = None,
        offered: frozenset[Element] | None = None,
    ) -> None:
        """Update the metrics with a check that has been recorded.

        `offered` is `offered_after` of its changes, for a caller that has computed it already.
        """
        offered = offered_after(outcome.changes) if offered is None else offered
        check = outcome.check
        metrics = self.targets[check.target]
        metrics.seconds = dict(metrics.seconds_until(check.at))
        metrics.check, metrics.content_length = check, content_length
        metrics.state = outcome.state
        metrics.probes[check.verdict, check.reason] += 1
        metrics.outages += sum(event.edge is Transition.OUTAGE_OPENED for event in outcome.events)
        metrics.blips += sum(event.edge is Transition.BLIP for event in outcome.events)
        for change in outcome.changes:
            metrics.page = after(metrics.page, change, offered)
        metrics.version += 1

    @property
    def troubled(self) -> frozenset[str]:
        """Platforms with an open incident: one of their targets is in a confirmed outage."""
        return frozenset(
            metrics.target.platform
            for metrics in self.targets.values()
            if metrics.state is not None and metrics.state.outage is not None
        )

    def missed(self, target: str, cause: GapCause, slots: int) -> None:
        """Count planned slots without an observation."""
        metrics = self.targets[target]
        metrics.missed[cause] += slots
        metrics.version += 1
