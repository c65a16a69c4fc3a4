"""What an answer holds, for its description and for whoever checks it: nothing more, nothing less.

Instants are ISO 8601 in UTC, with "Z". Lengths of time end in their unit.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.page_events import PageEdge
from monitor.core.model import Failure, GapCause, Nature, Phase, Reason, Verdict
from monitor.core.outages.at import Relation, Silence
from monitor.core.outages.span_figures import ScopeKind
from monitor.core.outages.time_accounts import Bound
from monitor.core.points.combine import Agreement, Blindness


class Exact(BaseModel):
    """An object whose members are all there, and no others."""

    model_config = ConfigDict(extra="forbid")


class PageJson(Exact):
    next: str | None = Field(description="Curseur de la suite ; null à la fin.")


class NotCoveredJson(Exact):
    from_: str | None = Field(alias="from")
    to: str | None
    why: Literal["before_first_check", "after_last_check"]


class SpanJson(Exact):
    """What is asked, and what part of it the record can speak of."""

    from_: str | None = Field(alias="from")
    to: str | None
    first_check_at: str | None
    last_check_at: str | None
    not_covered: list[NotCoveredJson]
    partly_covered_targets: list[str]


class LogPageJson(PageJson):
    span: SpanJson


class TargetStateJson(Exact):
    verdict: Verdict | None
    reason: Reason | None
    since: str | None
    last_at: str | None
    last_ok_at: str | None
    outage_number: int | None


class TargetJson(Exact):
    target: str
    name: str
    watched: bool
    url: str | None
    kind: str | None
    department: str | None
    platform: str | None
    platform_name: str | None
    interval_s: int | None
    state: TargetStateJson | None


class TargetsAnswerJson(PageJson):
    targets: list[TargetJson]


class PhaseTimesJson(Exact):
    resolve: int | None
    connect: int | None
    tls: int | None
    processing: int | None
    transfer: int | None


class ObservationJson(Exact):
    number: int | None = Field(description="Feuille du journal.")
    target: str
    point: str
    slot_at: str
    at: str
    verdict: Verdict
    reason: Reason
    rule: str
    ruleset: str
    config_sha256: str
    status: int | None
    failure: Failure | None
    phase: Phase | None
    url: str
    final_url: str
    address: str | None
    duration_us: int
    phases_us: PhaseTimesJson
    body_sha256: str | None
    body_bytes: int
    clock_offset_us: int | None


class ObservationsAnswerJson(PageJson):
    from_: str = Field(alias="from")
    to: str
    observations: list[ObservationJson]


class OutageJson(Exact):
    number: int | None
    target: str
    name: str
    watched: bool | None
    url: str | None
    department: str | None
    platform: str | None
    point: str
    nature: Nature
    reason: Reason
    last_ok_at: str | None
    first_fail_at: str
    confirmed_at: str
    last_fail_at: str
    first_ok_at: str | None
    recovered_at: str | None
    shortest_s: float
    longest_s: float | None
    checks: int
    relapses: int
    open: bool


class OutagesAnswerJson(LogPageJson):
    outages: list[OutageJson]


class IncidentJson(Exact):
    number: int | None
    platform: str
    platform_name: str
    point: str
    opened_at: str
    closed_at: str | None
    open: bool
    targets: list[str]
    outage_numbers: list[int]
    outages: list[OutageJson]


class IncidentsAnswerJson(LogPageJson):
    incidents: list[IncidentJson]


class GapJson(Exact):
    number: int | None
    target: str | None = Field(description="null : toutes les cibles du point de mesure.")
    name: str | None
    department: str | None
    platform: str | None
    point: str
    from_at: str
    to_at: str
    slots: int
    cause: GapCause


class GapsAnswerJson(LogPageJson):
    gaps: list[GapJson]


class ChangeJson(Exact):
    number: int
    target: str
    name: str
    watched: bool | None
    url: str | None
    department: str | None
    platform: str | None
    point: str
    edge: PageEdge
    kinds: list[ChangeKind]
    weight: Weight | None
    summary: str
    silent: bool
    announced: bool
    at: str
    after_at: str | None
    by_at: str
    before_sha256: str | None
    before_body_sha256: str | None
    before_updated_on: str | None
    after_sha256: str | None
    after_body_sha256: str | None
    after_updated_on: str | None


class ChangesAnswerJson(LogPageJson):
    changes: list[ChangeJson]


class ControlsSeenJson(Exact):
    at: str
    ok: int
    asked: int
    needed: int
    line_works: bool


class CitedCheckJson(Exact):
    number: int | None
    at: str
    distance_s: float
    verdict: Verdict
    reason: Reason
    rule: str
    ruleset: str
    status: int | None
    controls: ControlsSeenJson | None


class AtAnswerJson(Exact):
    target: str
    name: str
    watched: bool | None
    url: str | None
    department: str | None
    platform: str | None
    point: str
    at: str
    verdict: Verdict | None = Field(description="null : nous ne pouvons pas le dire, voir why.")
    why: Silence | None
    sentence: str
    hold_s: float
    before_holds: bool
    before: CitedCheckJson | None
    after: CitedCheckJson | None
    telling_before: CitedCheckJson | None
    telling_after: CitedCheckJson | None
    silent_since: str | None
    gap: GapJson | None
    outage: OutageJson | None
    relation: Relation | None
    incident_number: int | None


class FigureScopeJson(Exact):
    kind: ScopeKind
    slug: str
    name: str
    targets: list[str]
    needs_all: bool


_UNCOUNTED = "null : pas connu par partie (un ensemble nécessaire en entier, ou par heure)."


class TimeJson(Exact):
    span_us: int
    state_us: dict[Verdict, int]
    unobserved_us: int
    known_us: int
    coverage: float | None
    available_us: dict[Bound, int]
    availability: dict[Bound, float | None]


class AccountJson(TimeJson):
    checks: int
    failures: int


class UnannouncedAccountJson(AccountJson):
    enough_coverage: bool


class PartJson(TimeJson):
    label: str
    checks: int | None = Field(description=_UNCOUNTED)
    failures: int | None = Field(description=_UNCOUNTED)


class ReasonTimeJson(Exact):
    verdict: Verdict
    reason: Reason | None
    us: int
    checks: int


class LengthJson(Exact):
    shortest_us: int
    longest_us: int | None


class OutageFiguresJson(Exact):
    count: int
    open: int
    maintenances: int
    numbers: list[int]
    longest: LengthJson | None
    median: LengthJson | None


class TouchedJson(Exact):
    days: int
    weeks: int
    hours: int | None
    worst_day: str | None
    worst_us: int


class AvailabilityJson(AccountJson):
    scope: FigureScopeJson
    from_: str = Field(alias="from")
    to: str
    rulesets: list[str]
    first_check_at: str | None
    last_check_at: str | None
    enough_coverage: bool
    reasons: list[ReasonTimeJson]
    outages: OutageFiguresJson
    touched: TouchedJson
    unannounced: UnannouncedAccountJson | None
    announced_us: int
    parts: list[PartJson]


class AvailabilityAnswerJson(Exact):
    """`point`: the other point of whose journal these are; null for ours."""

    point: str | None
    from_: str = Field(alias="from")
    to: str
    availability: list[AvailabilityJson]


class OutlineJson(Exact):
    """A geometry of RFC 7946."""

    type: Literal["MultiPolygon"]
    coordinates: list[list[list[list[float]]]]


class DepartmentJson(Exact):
    code: str
    name: str
    state: Verdict = Field(description="L’état le plus grave de ses cibles.")
    words: str
    targets: int
    last_at: str | None


class DepartmentFeatureJson(Exact):
    type: Literal["Feature"]
    id: str
    properties: DepartmentJson
    geometry: OutlineJson


class DepartmentsJson(Exact):
    """A collection of RFC 7946."""

    type: Literal["FeatureCollection"]
    features: list[DepartmentFeatureJson]


class PointFaultJson(Exact):
    kind: Literal["fork", "size", "leaf"]
    text: str
    at: str


class PointStatusJson(Exact):
    """What came of following another point."""

    point: str
    operator: str
    heard: bool
    heard_at: str | None
    imported_leaves: int
    signed_leaves: int
    silent_because: str
    faults: list[PointFaultJson]


class PointWordJson(Exact):
    point: str
    operator: str
    verdict: Verdict
    at: str | None
    blind: Blindness | None


class CommonWordJson(Exact):
    target: str
    agreement: Agreement
    verdict: Verdict | None = Field(description="null où les points diffèrent.")
    sentence: str
    points: list[PointWordJson]


class PointsAnswerJson(Exact):
    others: list[PointStatusJson]
    targets: list[CommonWordJson]


class ProblemErrorJson(Exact):
    parameter: str
    value: str
    reason: str
    cure: str


class ProblemJson(Exact):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemErrorJson]
