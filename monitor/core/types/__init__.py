"""The words of the project: what is watched, what came over the wire, what we say of it.

Every type is frozen. Instants are aware UTC datetimes; names ending in `_us`, `_s` and
`_bytes` carry their unit; durations come from a monotonic clock and are never negative.
"""

from monitor.core.types.enums import (
    Confidence,
    Failure,
    Kind,
    Phase,
    Reason,
    Verdict,
)
from monitor.core.types.record import (
    Capture,
    Edge,
    Event,
    Gap,
    GapCause,
    Incident,
    Judgement,
    Keep,
    LaneState,
    Nature,
    Observation,
    Outage,
    Outcome,
    Run,
    Sighting,
    State,
    Streak,
    Trial,
)
from monitor.core.types.targets import (
    Platform,
    Policy,
    Route,
    Target,
)
from monitor.core.types.wire import (
    Attempt,
    Certificate,
    ClockReading,
    Controls,
    Exchange,
    Hop,
    Resolution,
)

__all__ = [
    "Attempt",
    "Capture",
    "Certificate",
    "ClockReading",
    "Confidence",
    "Controls",
    "Edge",
    "Event",
    "Exchange",
    "Failure",
    "Gap",
    "GapCause",
    "Hop",
    "Incident",
    "Judgement",
    "Keep",
    "Kind",
    "LaneState",
    "Nature",
    "Observation",
    "Outage",
    "Outcome",
    "Phase",
    "Platform",
    "Policy",
    "Reason",
    "Resolution",
    "Route",
    "Run",
    "Sighting",
    "State",
    "Streak",
    "Target",
    "Trial",
    "Verdict",
]
