"""The tables of the journal's end, its checkpoints, time-stamps, cosignatures and captures.

The journal itself is the files of `data/journal`. SQL has its end, which is not yet in full,
signed bundles.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from monitor.core.model import AnnotationKind
from monitor.store.tables.check_tables import TableRow, metadata
from monitor.store.tables.columns import Instant, enum_column

__all__ = [  # `metadata` is whole only once this module is read
    "APPEND_ONLY",
    "IN_THE_JOURNAL",
    "AnnotationRequestRow",
    "AnnouncementRow",
    "CaptureRow",
    "CheckpointRow",
    "CosignatureRow",
    "LeafRow",
    "ReferenceRow",
    "RenderingRow",
    "TokenRow",
    "metadata",
]


class LeafRow(TableRow, table=True):
    """A leaf that is not yet in a full and signed bundle. `idx` has no hole from 0 on.

    A trigger refuses to change it, or to delete it before a checkpoint covers it.
    """

    __tablename__ = "leaf"
    idx: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    entry: bytes = Field(sa_type=LargeBinary)


class ReferenceRow(TableRow, table=True):
    """A leaf that others refer to, so that what does not change is written once.

    `sha256` is that of the leaf's bytes.
    """

    __tablename__ = "reference"
    sha256: bytes = Field(primary_key=True, sa_type=LargeBinary)
    idx: int = Field(sa_type=BigInteger)


class CheckpointRow(TableRow, table=True):
    """A checkpoint that we signed: `note` is the whole signed note, without cosignatures.

    One that nobody stamped or cosigned is deleted after a day: any later one proves as much.
    """

    __tablename__ = "checkpoint"
    size: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    root: bytes = Field(sa_type=LargeBinary)
    at: datetime = Field(sa_type=Instant)
    note: bytes = Field(sa_type=LargeBinary)


class CosignatureRow(TableRow, table=True):
    """A witness's line under one of our checkpoints. `at` is the time that it signed."""

    __tablename__ = "cosignature"
    size: int = Field(primary_key=True, foreign_key="checkpoint.size", sa_type=BigInteger)
    witness: str = Field(primary_key=True, sa_type=Text)
    at: datetime = Field(sa_type=Instant)
    line: str = Field(sa_type=Text)


class TokenRow(TableRow, table=True):
    """An answer of a time-stamp authority for a checkpoint, accepted or refused."""

    __tablename__ = "token"
    __table_args__ = (Index("ix_token_authority_asked_at", "authority", "asked_at"),)
    id: int | None = Field(default=None, primary_key=True)
    size: int = Field(foreign_key="checkpoint.size", sa_type=BigInteger)
    authority: str = Field(sa_type=Text)
    asked_at: datetime = Field(sa_type=Instant)
    at: datetime | None = Field(default=None, sa_type=Instant)  # the authority's own time
    status: str = Field(sa_type=Text)
    detail: str | None = Field(default=None, sa_type=Text)
    sha256: bytes | None = Field(default=None, sa_type=LargeBinary)
    file: str | None = Field(default=None, sa_type=Text)  # relative to the data folder
    leaf: int | None = Field(default=None, sa_type=BigInteger)


class CaptureRow(TableRow, table=True):
    """`Capture`: the exact bytes of an observation, as long as they are kept.

    One observation may have two leaves, when a failure follows the copy of its day: the row
    follows the last one.
    """

    __tablename__ = "capture"
    __table_args__ = (UniqueConstraint("subject_id", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id")
    at: datetime = Field(sa_type=Instant)  # of the observation
    file: str = Field(sa_type=Text, index=True)
    sha256: bytes = Field(sa_type=LargeBinary)
    why: str = Field(sa_type=Text)  # values of `CaptureReason`, sorted, with spaces between
    leaf: int = Field(sa_type=BigInteger)


class RenderingRow(TableRow, table=True):
    """`RecordedRendering`: what a browser showed in a check. `text` is its leaf."""

    __tablename__ = "rendering"
    __table_args__ = (UniqueConstraint("subject_id", "at"),)
    id: int | None = Field(default=None, primary_key=True)
    subject_id: int = Field(foreign_key="subject.id")
    at: datetime = Field(sa_type=Instant)  # of the observation
    text: str = Field(sa_type=Text)
    leaf: int = Field(sa_type=BigInteger)


class AnnouncementRow(TableRow, table=True):
    """`Annotation`: an announced maintenance, the withdrawal of one, or a reply."""

    __tablename__ = "announcement"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Instant)
    kind: AnnotationKind = enum_column(AnnotationKind)
    targets: str = Field(sa_type=Text)  # slugs, sorted, with spaces between
    from_at: datetime | None = Field(default=None, sa_type=Instant)
    to_at: datetime | None = Field(default=None, sa_type=Instant)
    sha256: bytes | None = Field(default=None, sa_type=LargeBinary)  # of a file of `annonces/`
    url: str | None = Field(default=None, sa_type=Text)
    change: int | None = Field(default=None, sa_type=BigInteger)  # a leaf
    withdraws: int | None = Field(default=None, sa_type=BigInteger)  # a leaf
    text: str | None = Field(default=None, sa_type=Text)  # of a reply
    leaf: int = Field(sa_type=BigInteger)


class AnnotationRequestRow(TableRow, table=True):
    """An annotation that the service is asked to record; recording it deletes the row."""

    __tablename__ = "annotation_request"
    id: int | None = Field(default=None, primary_key=True)
    text: str = Field(sa_type=Text)


# Each row of these names the leaf with the same content.
IN_THE_JOURNAL = ("observation", "round", "clock_reading", "gap", "event", "run")
# Refused to UPDATE and DELETE, beside `tables.APPEND_ONLY`; `leaf` and `checkpoint` have
# guards of their own.
APPEND_ONLY = ("cosignature", "reference", "announcement")
