"""The rows. They never leave this room: what comes in and goes out are core types.

Three kinds of table:

- The record, append-only (triggers refuse UPDATE and DELETE): `observation` and what it
  points at, `subject judgement config content body`. What is said many times is kept once.
- The present, derived from the record: `state tally outage event incident definition`.
- Sums of the record, made again at any time: `rollup`.
- The service's own life: `run round clock_reading gap lane pause robots`.

Instants are microseconds since 1970, UTC; durations end in `_us`. `leaf` is the index in the
journal of what says the same; NULL for what was recorded before there was a journal.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from monitor.core.journal.check_fields import FIELDS
from monitor.core.model import GapCause, Nature, Reason, Transition, Verdict
from monitor.store.tables.columns import BIG_KEY, Instant, enum_column

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_TYPES = {"integer": BigInteger, "text": Text}


class TableRow(SQLModel):
    metadata: ClassVar[MetaData] = metadata


class SubjectRow(TableRow, table=True):
    """A target seen from a point. `target` is empty for what concerns the whole point."""

    __tablename__ = "subject"
    __table_args__ = (UniqueConstraint("target", "point"),)
    id: int | None = Field(default=None, primary_key=True)
    target: str = Field(sa_type=Text)
    point: str = Field(sa_type=Text)


class JudgementRow(TableRow, table=True):
    """A verdict, its reason and the rule that gave it, under one version of the rules."""

    __tablename__ = "judgement"
    __table_args__ = (UniqueConstraint("ruleset", "verdict", "reason", "rule"),)
    id: int | None = Field(default=None, primary_key=True)
    ruleset: str = Field(sa_type=Text)
    verdict: Verdict = enum_column(Verdict, check="verdict")
    reason: Reason = enum_column(Reason, check="reason")
    rule: str = Field(sa_type=Text)


class ConfigRow(TableRow, table=True):
    """The digest of an effective configuration, hex."""

    __tablename__ = "config"
    __table_args__ = (UniqueConstraint("sha256"),)
    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(sa_type=Text)


class ContentRow(TableRow, table=True):
    """A text kept once: JSON of `Conditions` or of a control panel, a robots.txt."""

    __tablename__ = "content"
    __table_args__ = (UniqueConstraint("sha256"),)
    id: int | None = Field(default=None, primary_key=True)
    sha256: bytes = Field(sa_type=LargeBinary)
    text: str = Field(sa_type=Text)


class BodyRow(TableRow, table=True):
    """The digest of a body; a new row when it is not the one that the target gave before.

    Without an index: nobody looks a body up here, and one digest may stand twice.
    """

    __tablename__ = "body"
    id: int | None = Field(default=None, primary_key=True)
    sha256: bytes = Field(sa_type=LargeBinary)
    size: int = Field(sa_type=BigInteger)


class ObservationRow(TableRow, table=True):
    """One check, in few bytes: one is written every minute for every target.

    The fields that its leaf has by the same name are columns as `check_fields` says.
    """

    __tablename__ = "observation"
    __table_args__ = (
        *(Column(field.name, _TYPES[field.kind], nullable=field.optional) for field in FIELDS),
        UniqueConstraint("subject_id", "at"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    subject_id: int = Field(foreign_key="subject.id")
    at: datetime = Field(sa_type=Instant)
    late_us: int = Field(sa_type=BigInteger)  # at - slot_at
    judgement_id: int = Field(foreign_key="judgement.id")
    config_id: int = Field(foreign_key="config.id")
    conditions_id: int = Field(foreign_key="content.id")
    body_id: int | None = Field(default=None, foreign_key="body.id")
    resolve_us: int | None = Field(default=None, sa_type=BigInteger)
    connect_us: int | None = Field(default=None, sa_type=BigInteger)
    tls_us: int | None = Field(default=None, sa_type=BigInteger)
    processing_us: int | None = Field(default=None, sa_type=BigInteger)
    transfer_us: int | None = Field(default=None, sa_type=BigInteger)
    controls_id: int | None = Field(default=None, foreign_key="content.id")
    controls_age_us: int | None = Field(default=None, sa_type=BigInteger)  # at - controls.at
    leaf: int | None = Field(default=None, sa_type=BigInteger)


class StateRow(TableRow, table=True):
    """`State`, whose open outage is the open row of `outage`."""

    __tablename__ = "state"
    subject_id: int = Field(primary_key=True, foreign_key="subject.id")
    verdict: Verdict | None = enum_column(Verdict, nullable=True)
    reason: Reason | None = enum_column(Reason, nullable=True)
    since: datetime | None = Field(default=None, sa_type=Instant)
    last_at: datetime | None = Field(default=None, sa_type=Instant)
    last_ok_at: datetime | None = Field(default=None, sa_type=Instant)
    failing_first_at: datetime | None = Field(default=None, sa_type=Instant)
    failing_last_at: datetime | None = Field(default=None, sa_type=Instant)
    failing_count: int | None = None
    failing_reason: Reason | None = enum_column(Reason, nullable=True)
    failing_downs: int | None = None
    recovering_first_at: datetime | None = Field(default=None, sa_type=Instant)
    recovering_last_at: datetime | None = Field(default=None, sa_type=Instant)
    recovering_count: int | None = None
    recovering_reason: Reason | None = enum_column(Reason, nullable=True)
    recovering_downs: int | None = None


class DefinitionRow(TableRow, table=True):
    """A target as it was planned, from its first check under that plan on.

    `text` is the leaf `target` whose index is `leaf`.
    """

    __tablename__ = "definition"
    __table_args__ = (UniqueConstraint("subject_id", "from_at"),)
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id")
    from_at: datetime = Field(sa_type=Instant)
    leaf: int = Field(sa_type=BigInteger)
    text: str = Field(sa_type=Text)


class RollupRow(TableRow, table=True):
    """The time of one subject in one state, over one day of Paris: a `Cell` of its account.

    A day has all of its rows, which add up to its length, or none. `reason` is empty where no
    observation holds. Nothing rests on these rows but speed.
    """

    __tablename__ = "rollup"
    subject_id: int = Field(primary_key=True, foreign_key="subject.id")
    day: int = Field(  # its start in Paris, in microseconds since 1970
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    verdict: str = Field(primary_key=True, sa_type=Text)
    reason: str = Field(primary_key=True, sa_type=Text)
    held_us: int = Field(sa_type=BigInteger)
    doubt_us: int = Field(sa_type=BigInteger)
    checks: int


class TallyRow(TableRow, table=True):
    """How many checks of a subject were given a judgement: what counters show."""

    __tablename__ = "tally"
    subject_id: int = Field(primary_key=True, foreign_key="subject.id")
    judgement_id: int = Field(primary_key=True, foreign_key="judgement.id")
    checks: int = Field(sa_type=BigInteger)


_OPEN = text("recovered_at IS NULL")


class OutageRow(TableRow, table=True):
    """`Outage`. At most one of a subject is open."""

    __tablename__ = "outage"
    __table_args__ = (
        UniqueConstraint("subject_id", "first_fail_at"),
        Index(
            "uq_outage_open", "subject_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id")
    nature: Nature = enum_column(Nature, check="nature")
    reason: Reason = enum_column(Reason)
    last_ok_at: datetime | None = Field(default=None, sa_type=Instant)
    first_fail_at: datetime = Field(sa_type=Instant)
    last_fail_at: datetime = Field(sa_type=Instant)
    confirmed_at: datetime = Field(sa_type=Instant)
    first_ok_at: datetime | None = Field(default=None, sa_type=Instant)
    recovered_at: datetime | None = Field(default=None, sa_type=Instant)
    checks: int
    relapses: int


class EventRow(TableRow, table=True):
    """`Event`: an edge of an outage, or a blip with its streak."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("subject_id", "at", "edge"),)
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id")
    at: datetime = Field(sa_type=Instant, index=True)
    edge: Transition = enum_column(Transition, check="edge")
    outage_id: int | None = Field(default=None, foreign_key="outage.id")
    blip_first_at: datetime | None = Field(default=None, sa_type=Instant)
    blip_last_at: datetime | None = Field(default=None, sa_type=Instant)
    blip_count: int | None = None
    blip_reason: Reason | None = enum_column(Reason, nullable=True)
    blip_downs: int | None = None
    leaf: int | None = Field(default=None, sa_type=BigInteger, index=True)


class IncidentRow(TableRow, table=True):
    """`Incident`, whose outages are in `incident_outage`."""

    __tablename__ = "incident"
    __table_args__ = (UniqueConstraint("platform", "point", "opened_at"),)
    id: int | None = Field(default=None, primary_key=True)
    platform: str = Field(sa_type=Text)
    point: str = Field(sa_type=Text)
    opened_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class IncidentOutageRow(TableRow, table=True):
    """An outage belongs to one incident at most."""

    __tablename__ = "incident_outage"
    outage_id: int = Field(primary_key=True, foreign_key="outage.id")
    incident_id: int = Field(foreign_key="incident.id", index=True)


class RunRow(TableRow, table=True):
    """`Run`: one life of the service."""

    __tablename__ = "run"
    __table_args__ = (UniqueConstraint("point", "started_at"),)
    id: int | None = Field(default=None, primary_key=True)
    point: str = Field(sa_type=Text)
    started_at: datetime = Field(sa_type=Instant)
    alive_at: datetime = Field(sa_type=Instant)
    stopped_at: datetime | None = Field(default=None, sa_type=Instant)
    version: str = Field(sa_type=Text)
    config_sha256: str = Field(sa_type=Text)
    ruleset: str = Field(sa_type=Text)
    leaf: int | None = Field(default=None, sa_type=BigInteger)


class RoundRow(TableRow, table=True):
    """One round of the control panel: the proof that we were alive, and our line's health."""

    __tablename__ = "round"
    __table_args__ = (UniqueConstraint("subject_id", "at"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=BIG_KEY)
    subject_id: int = Field(foreign_key="subject.id")  # the point's: no target
    at: datetime = Field(sa_type=Instant)
    controls_id: int = Field(foreign_key="content.id")
    leaf: int | None = Field(default=None, sa_type=BigInteger)


class ClockReadingRow(TableRow, table=True):
    """`ClockReading`: our clock against NTP."""

    __tablename__ = "clock_reading"
    __table_args__ = (UniqueConstraint("point", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    point: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Instant)
    server: str = Field(sa_type=Text)
    offset_us: int | None = Field(default=None, sa_type=BigInteger)
    dispersion_us: int | None = Field(default=None, sa_type=BigInteger)
    stratum: int | None = None
    leaf: int | None = Field(default=None, sa_type=BigInteger)


class GapRow(TableRow, table=True):
    """`Gap`: planned slots without an observation, and why."""

    __tablename__ = "gap"
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id")
    from_at: datetime = Field(sa_type=Instant)
    to_at: datetime = Field(sa_type=Instant, index=True)
    slots: int
    cause: GapCause = enum_column(GapCause, check="cause")
    leaf: int | None = Field(default=None, sa_type=BigInteger, index=True)


class LaneRow(TableRow, table=True):
    """What a platform's budget remembers; its pause is in `pause`."""

    __tablename__ = "lane"
    platform: str = Field(primary_key=True, sa_type=Text)
    blocked_until: datetime | None = Field(default=None, sa_type=Instant)
    strikes: int


class PauseRow(TableRow, table=True):
    """A platform that an operator paused: written by the command line, read by the service."""

    __tablename__ = "pause"
    platform: str = Field(primary_key=True, sa_type=Text)
    why: str = Field(sa_type=Text)


class RobotsRow(TableRow, table=True):
    """A robots.txt as it was found. `status` and `content_id` are NULL without an answer."""

    __tablename__ = "robots"
    __table_args__ = (UniqueConstraint("host", "fetched_at"),)
    id: int | None = Field(default=None, primary_key=True)
    host: str = Field(sa_type=Text)
    fetched_at: datetime = Field(sa_type=Instant)
    status: int | None = None
    content_id: int | None = Field(default=None, foreign_key="content.id")


# What an observation rests on; the guard against accidents, not against an operator.
APPEND_ONLY = ("observation", "body", "content", "judgement", "subject", "config")


def table_of(row: type[TableRow]) -> Table:
    """Return the table beneath a row, for statements that must be fast."""
    return metadata.tables[str(row.__tablename__)]
