"""Rows about our checkpoints: tokens of authorities, cosignatures of witnesses."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from monitor.core.journal import encode
from monitor.core.model.anchors import Cosignature, Stamp, Standing
from monitor.store.engine import connected, readable_errors
from monitor.store.reads.question import StoreReads
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.journal_tables import CheckpointRow, CosignatureRow, TokenRow
from monitor.store.writing.intern_tables import InternTables
from monitor.store.writing.recorder import Work

_TOKEN = table_of(TokenRow)
_COSIGNATURE = table_of(CosignatureRow)
_CHECKPOINT = table_of(CheckpointRow)


def stamp_work(stamp: Stamp) -> Work:
    """Return the work that writes an answer of an authority, with the leaf of a token."""
    return partial(_write_stamp, stamp=stamp)


def cosignature_work(cosignature: Cosignature) -> Work:
    """Return the work that writes a cosignature, unless this witness has one already."""

    def work(connection: Connection, interned: InternTables) -> None:
        del interned
        write_cosignature(connection, cosignature)

    return work


def _write_stamp(connection: Connection, interned: InternTables, *, stamp: Stamp) -> None:
    leaf = None
    if stamp.at is not None and stamp.sha256 is not None:
        token_leaf = encode.token(
            size=stamp.size,
            authority=stamp.authority,
            at=stamp.at,
            sha256=stamp.sha256.hex(),
        )
        leaf = interned.scribe.ledger.append(connection, token_leaf)
    write_token(connection, stamp, leaf)


def write_token(connection: Connection, stamp: Stamp, leaf: int | None) -> None:
    """Write an answer of an authority, with the index of the leaf of its token."""
    row = {
        "size": stamp.size,
        "authority": stamp.authority,
        "asked_at": stamp.asked_at,
        "at": stamp.at,
        "status": stamp.standing.value,
        "detail": stamp.detail or None,
        "sha256": stamp.sha256,
        "file": stamp.file,
        "leaf": leaf,
    }
    connection.execute(insert(_TOKEN), row)


def write_cosignature(connection: Connection, cosignature: Cosignature) -> bool:
    """Write a cosignature; return False when this witness has one already."""
    same = (_COSIGNATURE.c.size == cosignature.size, _COSIGNATURE.c.witness == cosignature.witness)
    if connection.execute(select(_COSIGNATURE.c.size).where(*same)).first() is not None:
        return False
    row = {
        "size": cosignature.size,
        "witness": cosignature.witness,
        "at": cosignature.at,
        "line": cosignature.line,
    }
    connection.execute(insert(_COSIGNATURE), row)
    return True


class AnchorReads(StoreReads):
    """Questions about tokens and cosignatures."""

    def stamps(self, since: datetime, until: datetime) -> tuple[Stamp, ...]:
        """Return the answers with `since <= asked_at < until`, refused ones included."""
        query = (
            select(_TOKEN)
            .where(_TOKEN.c.asked_at >= since, _TOKEN.c.asked_at < until)
            .order_by(_TOKEN.c.asked_at, _TOKEN.c.id)
        )
        with self._reading() as session:
            return tuple(map(_stamp, session.connection().execute(query)))

    def last_stamps(self, *, verified: bool) -> Mapping[str, Stamp]:
        """Return the last token of each authority, by slug; `verified` leaves out the others."""
        counted = [Standing.VERIFIED.value]
        if not verified:
            counted.append(Standing.UNVERIFIED.value)
        last = (
            select(func.max(_TOKEN.c.id))
            .where(_TOKEN.c.status.in_(counted))
            .group_by(_TOKEN.c.authority)
        )
        query = select(_TOKEN).where(_TOKEN.c.id.in_(last))
        with self._reading() as session:
            stamps = map(_stamp, session.connection().execute(query))
            return {stamp.authority: stamp for stamp in stamps}

    def cosignatures(self, size: int) -> tuple[Cosignature, ...]:
        """Return the cosignatures of one checkpoint, by witness."""
        query = select(_COSIGNATURE).where(_COSIGNATURE.c.size == size)
        return self._cosignatures(query.order_by(_COSIGNATURE.c.witness))

    def last_cosignatures(self) -> Mapping[str, Cosignature]:
        """Return the cosignature of the largest tree that each witness cosigned, by its name."""
        largest = (
            select(_COSIGNATURE.c.witness, func.max(_COSIGNATURE.c.size).label("size"))
            .group_by(_COSIGNATURE.c.witness)
            .subquery()
        )
        same = (
            (_COSIGNATURE.c.witness == largest.c.witness)
            & (_COSIGNATURE.c.size == largest.c.size)
        )  # fmt: skip
        cosignatures = self._cosignatures(select(_COSIGNATURE).join(largest, same))
        return {cosignature.witness: cosignature for cosignature in cosignatures}

    def recent_notes(self, limit: int) -> Iterator[tuple[bytes, datetime]]:
        """Yield our last notes and when we signed them, the newest first, without cosignatures."""
        query = (
            select(_CHECKPOINT.c.note, _CHECKPOINT.c.at)
            .order_by(_CHECKPOINT.c.size.desc())
            .limit(limit)
        )
        with self._reading() as session:
            notes = [(bytes(note), at) for note, at in session.connection().execute(query)]
        yield from notes

    def add_cosignature(self, cosignature: Cosignature) -> None:
        """Write a cosignature that was sent by mail. Safe from any process."""
        with (
            readable_errors(self._url),
            connected(self._url, writer=True) as connection,
            connection.begin(),
        ):
            write_cosignature(connection, cosignature)

    def _cosignatures(self, query: Select[Any]) -> tuple[Cosignature, ...]:
        with self._reading() as session:
            return tuple(
                Cosignature(size=row.size, witness=row.witness, at=row.at, line=row.line)
                for row in session.connection().execute(query)
            )


def _stamp(row: Row[Any]) -> Stamp:
    return Stamp(
        size=row.size,
        authority=row.authority,
        asked_at=row.asked_at,
        standing=Standing(row.status),
        at=row.at,
        detail=row.detail or "",
        sha256=None if row.sha256 is None else bytes(row.sha256),
        file=row.file or "",
    )
