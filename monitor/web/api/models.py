"""What an answer holds, for its description and for whoever checks it: nothing more, nothing less.

Instants are ISO 8601 in UTC, with "Z". Lengths of time end in their unit.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.page_events import PageEdge
from monitor.core.model import Failure, GapCause, Nature, Phase, Reason, Verdict
from monitor.core.outages.at import Relation, Silence
from monitor.core.outages.availability import Bound
from monitor.core.outages.figures import ScopeKind


class Exact(BaseModel):
    """An object whose members are all there, and no others."""

    model_config = ConfigDict(extra="forbid")


class Page(Exact):
    next: str | None = Field(description="Curseur de la suite ; null à la fin.")


class NotCovered(Exact):
    from_: str | None = Field(alias="from")
    to: str | None
    why: Literal["before_first_check", "after_last_check"]


class Span(Exact):
    """What is asked, and what part of it the record can speak of."""

    from_: str | None = Field(alias="from")
    to: str | None
    first_check_at: str | None
    last_check_at: str | None
    not_covered: list[NotCovered]
    partly_covered_targets: list[str]


class LogPage(Page):
    span: Span


class TargetState(Exact):
    verdict: Verdict | None
    reason: Reason | None
    since: str | None
    last_at: str | None
    last_ok_at: str | None
    outage_number: int | None


class Target(Exact):
    target: str
    name: str
    watched: bool
    url: str | None
    kind: str | None
    department: str | None
    platform: str | None
    platform_name: str | None
    interval_s: int | None
    state: TargetState | None


class TargetsAnswer(Page):
    targets: list[Target]


class PhaseTimes(Exact):
    resolve: int | None
    connect: int | None
    tls: int | None
    processing: int | None
    transfer: int | None


class Observation(Exact):
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
    phases_us: PhaseTimes
    body_sha256: str | None
    body_bytes: int
    clock_offset_us: int | None


class ObservationsAnswer(Page):
    from_: str = Field(alias="from")
    to: str
    observations: list[Observation]


class Outage(Exact):
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


class OutagesAnswer(LogPage):
    outages: list[Outage]


class Incident(Exact):
    number: int | None
    platform: str
    platform_name: str
    point: str
    opened_at: str
    closed_at: str | None
    open: bool
    targets: list[str]
    outage_numbers: list[int]
    outages: list[Outage]


class IncidentsAnswer(LogPage):
    incidents: list[Incident]


class Gap(Exact):
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


class GapsAnswer(LogPage):
    gaps: list[Gap]


class Change(Exact):
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


class ChangesAnswer(LogPage):
    changes: list[Change]


class ControlsSeen(Exact):
    at: str
    ok: int
    asked: int
    needed: int
    line_works: bool


class CitedCheck(Exact):
    number: int | None
    at: str
    distance_s: float
    verdict: Verdict
    reason: Reason
    rule: str
    ruleset: str
    status: int | None
    controls: ControlsSeen | None


class AtAnswer(Exact):
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
    before: CitedCheck | None
    after: CitedCheck | None
    telling_before: CitedCheck | None
    telling_after: CitedCheck | None
    silent_since: str | None
    gap: Gap | None
    outage: Outage | None
    relation: Relation | None
    incident_number: int | None


class FigureScope(Exact):
    kind: ScopeKind
    slug: str
    name: str
    targets: list[str]
    needs_all: bool


class Account(Exact):
    span_us: int
    state_us: dict[Verdict, int]
    unobserved_us: int
    known_us: int
    coverage: float | None
    available_us: dict[Bound, int]
    availability: dict[Bound, float | None]
    checks: int
    failures: int


class UnannouncedAccount(Account):
    enough_coverage: bool


class Part(Account):
    label: str


class ReasonTime(Exact):
    verdict: Verdict
    reason: Reason | None
    us: int
    checks: int


class Length(Exact):
    shortest_us: int
    longest_us: int | None


class OutageFigures(Exact):
    count: int
    open: int
    numbers: list[int]
    longest: Length | None
    median: Length | None


class Touched(Exact):
    days: int
    weeks: int
    hours: int | None
    worst_day: str | None
    worst_us: int


class Availability(Account):
    scope: FigureScope
    from_: str = Field(alias="from")
    to: str
    rulesets: list[str]
    first_check_at: str | None
    last_check_at: str | None
    enough_coverage: bool
    reasons: list[ReasonTime]
    outages: OutageFigures
    touched: Touched
    unannounced: UnannouncedAccount | None
    announced_us: int
    parts: list[Part]


class AvailabilityAnswer(Exact):
    from_: str = Field(alias="from")
    to: str
    availability: list[Availability]


class ProblemError(Exact):
    parameter: str
    value: str
    reason: str
    cure: str


class Problem(Exact):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemError]
