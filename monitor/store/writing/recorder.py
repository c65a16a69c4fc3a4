"""What one transaction records of an outcome: the check, and all that follows from it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from monitor.core.journal import encode
from monitor.core.journal.check_fields import stored_fields
from monitor.core.journal.jcs import canonical
from monitor.core.model import (
    Capture,
    Event,
    Incident,
    Judgement,
    Outage,
    Outcome,
    Phase,
    State,
    Streak,
)
from monitor.core.model.check import Check
from monitor.core.model.rendering import RecordedRendering
from monitor.store.tables.check_tables import (
    BodyRow,
    DefinitionRow,
    EventRow,
    IncidentOutageRow,
    IncidentRow,
    ObservationRow,
    OutageRow,
    StateRow,
    TallyRow,
    table_of,
)
from monitor.store.tables.columns import to_us
from monitor.store.tables.journal_tables import CaptureRow, RenderingRow
from monitor.store.writing.intern_tables import InternTables
from monitor.store.writing.leaf_writer import LeafWriter
from monitor.store.writing.page_writes import write_page
from monitor.store.writing.rollups import forget_from
from monitor.store.writing.statements import Replace

Work = Callable[[Connection, InternTables], None]

_OBSERVATION = table_of(ObservationRow)
_BODY = table_of(BodyRow)
_DEFINITION = table_of(DefinitionRow)
_OUTAGE = table_of(OutageRow)
_INCIDENT = table_of(IncidentRow)
_LINK = table_of(IncidentOutageRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCheck:
    """A check and all that follows from it, with the indexes of the leaves that say them."""

    outcome: Outcome
    leaf: int  # of the check
    plan: tuple[int, str] | None  # the leaf that defines its target, and its text
    edges: tuple[int, ...]  # of its events
    captures: tuple[int, ...]
    changes: tuple[int, ...] = ()
    rendering: int | None = None


class Recorder:
    """Turns outcomes into leaves and rows, a group at a time. For the writer's thread alone."""

    def __init__(self, scribe: LeafWriter) -> None:
        self._kept = InternTables(scribe)
        self._scribe = scribe
        self._bodies: dict[int, tuple[bytes, int] | None] = {}  # the last of each subject
        self._latest: dict[int, datetime | None] = {}  # the latest check of each subject
        self._plans: dict[int, int | None] = {}  # the leaf that defines each subject now
        self._states = Replace(StateRow, "subject_id")
        self._tallies = Replace(TallyRow, "subject_id", "judgement_id", add="checks")
        self._outages = Replace(OutageRow, "subject_id", "first_fail_at")
        self._incidents = Replace(IncidentRow, "platform", "point", "opened_at")
        self._links = Replace(IncidentOutageRow, "outage_id")

    def apply(self, connection: Connection, items: Sequence[Outcome | Work]) -> None:
        """Write a group: its outcomes first, in order, then the rest, in order."""
        entries = [self._say(connection, item) for item in items if isinstance(item, Outcome)]
        if entries:
            self.record(connection, entries)
        for item in items:
            if not isinstance(item, Outcome):
                item(connection, self._kept)
        self._scribe.ledger.flush(connection)

    def _say(self, connection: Connection, outcome: Outcome) -> RecordedCheck:
        """Write the leaves of an outcome: the check, then the edges that it makes."""
        check, tables, scribe = outcome.check, self._kept, self._scribe
        controls = check.controls
        leaf = scribe.check(
            connection,
            check,
            conditions_id=tables.conditions(connection, check.conditions),
            controls_id=tables.controls(connection, controls) if controls else None,
        )
        return RecordedCheck(
            outcome=outcome,
            plan=self._scribe.definition(connection, check.target),
            leaf=leaf,
            edges=tuple(scribe.edge(connection, event, leaf) for event in outcome.events),
            captures=tuple(scribe.capture(connection, capture) for capture in outcome.captures),
            changes=tuple(scribe.change(connection, event, leaf) for event in outcome.changes),
            rendering=(
                scribe.rendering(connection, outcome.rendering, leaf) if outcome.rendering else None
            ),
        )

    def record(self, connection: Connection, entries: Sequence[RecordedCheck]) -> None:
        """Write the rows of checks that have their leaves."""
        rows = [self._row(connection, entry) for entry in entries]
        self._read_latest(connection, {row["subject_id"] for row in rows})
        connection.execute(insert(_OBSERVATION), rows)
        tally = Counter((row["subject_id"], row["judgement_id"]) for row in rows)
        self._tallies.write(
            connection,
            [
                {"subject_id": subject, "judgement_id": judgement, "checks": checks}
                for (subject, judgement), checks in tally.items()
            ],
        )
        last = dict(zip((row["subject_id"] for row in rows), entries, strict=True))
        states = [state_row(subject, entry.outcome.state) for subject, entry in last.items()]
        self._states.write(connection, states)
        for row, entry in zip(rows, entries, strict=True):
            self._keep_sums(connection, row["subject_id"], entry)
            self._define(connection, row["subject_id"], entry)
            self._follow(connection, row["subject_id"], entry)

    def _read_latest(self, connection: Connection, subjects: set[int]) -> None:
        """Read the latest check of subjects that are new here, before any of theirs is written."""
        for subject in subjects - self._latest.keys():
            last = select(func.max(_OBSERVATION.c.at)).where(_OBSERVATION.c.subject_id == subject)
            self._latest[subject] = connection.scalar(last)

    def _keep_sums(self, connection: Connection, subject: int, entry: RecordedCheck) -> None:
        """Delete the sums of days that a check changes, when a clock that was set back made it."""
        at = entry.outcome.check.at
        latest = self._latest[subject]
        if latest is not None and at < latest:
            forget_from(connection, subject, at)
        self._latest[subject] = at if latest is None else max(at, latest)

    def _define(self, connection: Connection, subject: int, entry: RecordedCheck) -> None:
        """Write the plan of a target when it is not that of the check before."""
        if entry.plan is None:
            return
        if subject not in self._plans:
            last = select(_DEFINITION.c.leaf).where(_DEFINITION.c.subject_id == subject)
            last = last.order_by(_DEFINITION.c.id.desc()).limit(1)
            self._plans[subject] = connection.scalar(last)
        leaf, text = entry.plan
        if self._plans[subject] != leaf:
            row = {
                "subject_id": subject,
                "from_at": entry.outcome.check.at,
                "leaf": leaf,
                "text": text,
            }
            connection.execute(insert(_DEFINITION), row)
            self._plans[subject] = leaf

    def _follow(self, connection: Connection, subject: int, entry: RecordedCheck) -> None:
        """Write what few checks have: outages, events, incidents, a capture."""
        outcome = entry.outcome
        outages = [event.outage for event in outcome.events] + [outcome.state.outage]
        for outage in dict.fromkeys(outage for outage in outages if outage):
            self._outages.write(connection, [outage_row(subject, outage)])
        for event, leaf in zip(outcome.events, entry.edges, strict=True):
            first = event.outage and event.outage.first_fail_at
            number = _outage_id(connection, subject, first) if first else None
            row = event_row(subject, event, number) | {"leaf": leaf}
            connection.execute(insert(table_of(EventRow)), row)
        for incident in outcome.incidents:
            self._grow(connection, incident)
        for capture, leaf in zip(outcome.captures, entry.captures, strict=True):
            _write_capture(connection, capture_row(subject, capture) | {"leaf": leaf})
        changes = tuple(zip(outcome.changes, entry.changes, strict=True))
        write_page(connection, subject, version=outcome.version, changes=changes)
        if outcome.rendering is not None:
            row = rendering_row(subject, outcome.rendering, observation=entry.leaf)
            connection.execute(insert(table_of(RenderingRow)), row | {"leaf": entry.rendering})

    def _grow(self, connection: Connection, incident: Incident) -> None:
        """Write an incident whole; delete those left without outages."""
        key = {
            "platform": incident.platform,
            "point": incident.point,
            "opened_at": incident.opened_at,
        }
        self._incidents.write(connection, [key | {"closed_at": incident.closed_at}])
        number = connection.execute(select(_INCIDENT.c.id).filter_by(**key)).scalar_one()
        for target, first_fail_at in incident.outages:
            subject = self._kept.subject(connection, target, incident.point)
            outage = _outage_id(connection, subject, first_fail_at)
            self._links.write(connection, [{"outage_id": outage, "incident_id": number}])
        empty = ~select(_LINK).where(_LINK.c.incident_id == _INCIDENT.c.id).exists()
        others = select(_INCIDENT.c.id).filter_by(platform=incident.platform, point=incident.point)
        gone = others.where(_INCIDENT.c.id != number, empty)
        connection.execute(delete(_INCIDENT).where(_INCIDENT.c.id.in_(gone)))

    def _row(self, connection: Connection, entry: RecordedCheck) -> dict[str, Any]:
        tables, check = self._kept, entry.outcome.check
        controls = check.controls
        subject = tables.subject(connection, check.target, check.point)
        return check_row(
            check,
            leaf=entry.leaf,
            subject=subject,
            judgement=tables.judgement(connection, judgement_of(check), check.ruleset),
            config=tables.config(connection, check.config_sha256),
            conditions=tables.conditions(connection, check.conditions),
            body=self._body(connection, subject, check) if check.body_sha256 else None,
            controls=tables.controls(connection, controls) if controls else None,
        )

    def _body(self, connection: Connection, subject: int, check: Check) -> int:
        sha256 = bytes.fromhex(check.body_sha256 or "")
        if subject not in self._bodies:
            self._bodies[subject] = _last_body(connection, subject)
        last = self._bodies[subject]
        if last is None or last[0] != sha256:
            number: int = connection.execute(
                insert(_BODY).returning(_BODY.c.id), {"sha256": sha256, "size": check.body_bytes}
            ).scalar_one()
            last = self._bodies[subject] = (sha256, number)
        return last[1]


def judgement_of(check: Check) -> Judgement:
    return Judgement(verdict=check.verdict, reason=check.reason, rule=check.rule)


def check_row(  # noqa: PLR0913 -- keyword-only: what the row names
    check: Check,
    *,
    leaf: int,
    subject: Any,
    judgement: Any,
    config: Any,
    conditions: Any,
    body: Any,
    controls: Any,
) -> dict[str, Any]:
    """Return the row of a check; the other arguments identify the rows that it refers to."""
    at_us = to_us(check.at)
    return {
        "subject_id": subject,
        "at": check.at,
        "late_us": at_us - to_us(check.slot_at),
        "judgement_id": judgement,
        "config_id": config,
        "conditions_id": conditions,
        "body_id": body,
        **stored_fields(check),
        **{f"{phase}_us": check.phases_us.get(phase) for phase in Phase},
        "controls_id": controls,
        "controls_age_us": at_us - to_us(check.controls.at) if check.controls else None,
        "leaf": leaf,
    }


def _last_body(connection: Connection, subject: int) -> tuple[bytes, int] | None:
    row = connection.execute(
        select(_BODY.c.sha256, _BODY.c.id)
        .select_from(_OBSERVATION.outerjoin(_BODY))
        .where(_OBSERVATION.c.subject_id == subject)
        .order_by(_OBSERVATION.c.at.desc())
        .limit(1)
    ).one_or_none()
    return (row.sha256, row.id) if row and row.id is not None else None


def _outage_id(connection: Connection, subject: int, first_fail_at: Any) -> int:
    key = {"subject_id": subject, "first_fail_at": first_fail_at}
    number: int = connection.execute(select(_OUTAGE.c.id).filter_by(**key)).scalar_one()
    return number


def outage_row(subject: Any, outage: Outage) -> dict[str, Any]:
    return {
        "subject_id": subject,
        "nature": outage.nature,
        "reason": outage.reason,
        "last_ok_at": outage.last_ok_at,
        "first_fail_at": outage.first_fail_at,
        "last_fail_at": outage.last_fail_at,
        "confirmed_at": outage.confirmed_at,
        "first_ok_at": outage.first_ok_at,
        "recovered_at": outage.recovered_at,
        "checks": outage.checks,
        "relapses": outage.relapses,
    }


def state_row(subject: Any, state: State) -> dict[str, Any]:
    return {
        "subject_id": subject,
        "verdict": state.verdict,
        "reason": state.reason,
        "since": state.since,
        "last_at": state.last_at,
        "last_ok_at": state.last_ok_at,
        **_streak("failing", state.failing),
        **_streak("recovering", state.recovering),
    }


def capture_row(subject: Any, capture: Capture) -> dict[str, Any]:
    return {
        "subject_id": subject,
        "at": capture.at,
        "file": capture.file,
        "sha256": bytes.fromhex(capture.sha256),
        "why": " ".join(sorted(capture.why)),
    }


def rendering_row(
    subject: Any, rendering: RecordedRendering, *, observation: int
) -> dict[str, Any]:
    """Return the row of a rendering; `observation` is the leaf of its check."""
    text = canonical(encode.rendering(rendering, observation=observation)).decode()
    return {"subject_id": subject, "at": rendering.at, "text": text}


def _write_capture(connection: Connection, row: dict[str, Any]) -> None:
    """Write a capture; when its observation has one already, the later leaf counts.

    It is a row of its own in the place of the first, so that rows stay in the order of leaves.
    """
    table = table_of(CaptureRow)
    same = table.c.subject_id == row["subject_id"], table.c.at == row["at"]
    connection.execute(delete(table).where(*same))
    connection.execute(insert(table), row)


def event_row(subject: Any, event: Event, outage: Any) -> dict[str, Any]:
    """Return the row of an edge; `outage` stands for the outage that it opens or closes."""
    return {
        "subject_id": subject,
        "at": event.at,
        "edge": event.edge,
        "outage_id": outage,
        **_streak("blip", event.blip),
    }


def _streak(name: str, streak: Streak | None) -> dict[str, Any]:
    return {
        f"{name}_first_at": streak.first_at if streak else None,
        f"{name}_last_at": streak.last_at if streak else None,
        f"{name}_count": streak.count if streak else None,
        f"{name}_reason": streak.reason if streak else None,
        f"{name}_downs": streak.downs if streak else None,
    }
