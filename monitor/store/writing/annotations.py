"""What persons add to the record: its rows, and what the service is asked to add."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from monitor.core.journal.decode import read_instant
from monitor.core.journal.encode import instant
from monitor.core.model import Annotation, AnnotationKind
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.journal_tables import AnnouncementRow

MAX_REQUEST = 60_000  # characters


def annotation_row(note: Annotation) -> dict[str, Any]:
    """Return the row of an annotation, without its leaf."""
    return {
        "at": note.at,
        "kind": note.kind,
        "targets": " ".join(note.targets),
        "from_at": note.from_at,
        "to_at": note.to_at,
        "sha256": bytes.fromhex(note.sha256) if note.sha256 else None,
        "url": note.url,
        "change": note.change,
        "withdraws": note.withdraws,
        "text": note.text,
    }


def write_annotation(connection: Connection, note: Annotation, leaf: int) -> None:
    """Write the row of an annotation that has its leaf."""
    row = annotation_row(note) | {"leaf": leaf}
    connection.execute(insert(table_of(AnnouncementRow)), row)


def request_text(note: Annotation) -> str:
    """Write what is asked for; when it is recorded is for the service to say."""
    return json.dumps(
        {
            "kind": note.kind.value,
            "targets": note.targets,
            "from_at": note.from_at and instant(note.from_at),
            "to_at": note.to_at and instant(note.to_at),
            "sha256": note.sha256,
            "url": note.url,
            "change": note.change,
            "withdraws": note.withdraws,
            "text": note.text,
        }
    )


def requested(text: str, *, at: datetime) -> Annotation:
    """Parse a requested annotation, to be recorded at `at`.

    Raises:
        ValueError, KeyError, TypeError: it was not written by `request_text`.

    """
    if len(text) > MAX_REQUEST:
        raise ValueError("too long")
    fields = json.loads(text)
    since, until = fields["from_at"], fields["to_at"]
    return Annotation(
        kind=AnnotationKind(fields["kind"]),
        at=at,
        targets=tuple(fields["targets"]),
        from_at=read_instant(since) if since else None,
        to_at=read_instant(until) if until else None,
        sha256=fields["sha256"],
        url=fields["url"],
        change=fields["change"],
        withdraws=fields["withdraws"],
        text=fields.get("text"),  # asked for by a version that knew no reply
    )
