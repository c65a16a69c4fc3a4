"""The state of the metrics of figures: availability and coverage over rolling windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# Figures that end longer ago are no longer shown: those of a service that computes no more would
# look like those of a healthy one. Their end stays, for an alert.
SHOWN_FOR = timedelta(hours=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFigures:
    """What is known of one window.

    Attributes:
        window: Its length, such as "24h"; beside a milestone, "before" or "after".
        coverage: Share of it in which the state is known, in [0, 1].
        rates: Availability in [0, 1] by bound; none where the coverage is too low for a rate.

    """

    window: str
    coverage: float
    rates: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingMetrics:
    """All figures of one computation; replaced whole.

    Attributes:
        until: The end of every window.
        targets: The windows of each target, by slug.
        scopes: Those of each set of targets, by its kind and slug.
        scope_names: The names of these sets.
        dates: The beginning of the day of each milestone, by its slug and its name.
        milestones: What lies before and after a milestone, by its slug, then as `scopes`.

    """

    until: datetime
    targets: Mapping[str, Sequence[WindowFigures]]
    scopes: Mapping[tuple[str, str], Sequence[WindowFigures]]
    scope_names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    dates: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    milestones: Mapping[tuple[str, str, str], Sequence[WindowFigures]] = field(default_factory=dict)
