"""Rebuild a database from the journal, and from the captures and tokens beside it.

What follows from leaves is restored exactly. Texts of pages come from the copies that were kept,
tokens from their files, cosignatures from the checkpoints that have them. What has no source is
lost: budgets and pauses of platforms, robots.txt, refused answers of authorities.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Protocol

from sqlalchemy import Connection, insert, select

from monitor.core.journal.decode import read_instant
from monitor.core.journal.replay import REFERENCES, Replay
from monitor.core.model.anchors import Cosignature, Stamp, Standing
from monitor.store.anchor_rows import write_cosignature, write_token
from monitor.store.engine import StoreError, WriterLock, connected, name_of, parse, readable_errors
from monitor.store.reads.journal_reads import KeptCheckpoint
from monitor.store.rebuild.leaf_importer import Leaf, LeafImporter
from monitor.store.rebuild.page_restore import Lost, PageRestorer
from monitor.store.rebuild.page_stays import Texts
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.journal_tables import CheckpointRow, LeafRow, ReferenceRow
from monitor.store.upgrade import is_new, migrate

BATCH = 1000  # leaves of one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint of ours that others vouched for, with its cosignatures."""

    checkpoint: KeptCheckpoint
    cosignatures: tuple[Cosignature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A token from its file, and the checkpoint that it dates."""

    signed: SignedCheckpoint
    standing: Standing
    file: str


class Files(Texts, Protocol):
    """The files beside the journal."""

    def token(self, sha256: str, authority: str) -> Dated | None:
        """Return the token of this digest; None when its files are missing or do not match."""
        ...


@dataclass(slots=True, kw_only=True)
class Rebuilt:
    """What was restored.

    Attributes:
        leaves, texts, tokens, cosignatures: How many were read or restored.
        lost_texts: Those that only the digest is left of.
        lost_tokens: Digests of those whose files are missing.

    """

    leaves: int = 0
    texts: int = 0
    tokens: int = 0
    cosignatures: int = 0
    lost_texts: tuple[Lost, ...] = ()
    lost_tokens: list[str] = field(default_factory=list)


def rebuild(
    url: str,
    entries: Iterable[bytes],
    *,
    last: SignedCheckpoint | None,
    bundled: int,
    files: Files | None = None,
) -> Rebuilt:
    """Fill a new database from the journal, and return what could be restored.

    Args:
        url: Of an empty database.
        entries: Every leaf, from the first.
        last: The last checkpoint that was signed.
        bundled: The number of leaves in full, signed bundles.
        files: Reads the files beside the journal; None to do without.

    Raises:
        StoreError: The database is not empty, or cannot be written.
        ReplayError, ValueError, KeyError, TypeError: A leaf cannot be decoded.

    """
    if not is_new(url):
        raise StoreError(f"La base {name_of(parse(url))} n’est pas vide : donnez-en une nouvelle.")
    migrate(url)
    parsed = parse(url)
    rebuilder, count = _Rebuilder(bundled=bundled, files=files), 0
    rest = iter(entries)
    with readable_errors(parsed), connected(parsed, writer=True) as connection:
        lock = WriterLock(parsed, lambda: connection)
        try:
            while batch := list(islice(rest, BATCH)):
                with connection.begin():
                    for idx, entry in enumerate(batch, start=count):
                        rebuilder.take(connection, idx, entry)
                count += len(batch)
            with connection.begin():
                rebuilder.finish(connection, last)
        finally:
            lock.release()
    rebuilder.done.leaves = count
    return rebuilder.done


class _Rebuilder:
    def __init__(self, *, bundled: int, files: Files | None) -> None:
        self.done = Rebuilt()
        self._files = files
        self._pages = PageRestorer()
        self._importer = LeafImporter(Replay())
        self._bundled = bundled

    def take(self, connection: Connection, idx: int, entry: bytes) -> None:
        """Write what follows from one leaf."""
        if idx >= self._bundled:
            connection.execute(insert(table_of(LeafRow)), {"idx": idx, "entry": entry})
        leaf: Leaf = json.loads(entry)
        kind = leaf["type"]
        self._importer.take(connection, idx, leaf)
        if kind in REFERENCES:
            row = {"sha256": hashlib.sha256(entry).digest(), "idx": idx}
            connection.execute(insert(table_of(ReferenceRow)), row)
            if kind == "target":
                self._pages.target(leaf)
        elif kind == "change":
            self._pages.change(idx, leaf, self._gone(leaf))
        elif kind == "token":
            self._token(connection, idx, leaf)

    def finish(self, connection: Connection, last: SignedCheckpoint | None) -> None:
        """Write what depends on the whole journal."""
        self._importer.close_check()
        self._importer.flush(connection)
        if last is not None:
            self._signed(connection, last)
        self._pages.write(connection, self._importer.interned, self._files)
        self.done.texts, self.done.lost_texts = self._pages.restored, tuple(self._pages.lost)

    def _gone(self, leaf: Leaf) -> dict[str, datetime]:
        """Return the first failing check of each failing target that links lead to, by slug."""
        states = {
            slug: self._importer.replay.states.get((slug, leaf["point"]))
            for slug in leaf.get("leads_to", ())
        }
        return {
            slug: state.outage.first_fail_at
            for slug, state in states.items()
            if state is not None and state.outage is not None
        }

    def _signed(self, connection: Connection, signed: SignedCheckpoint) -> None:
        """Write a checkpoint and its cosignatures, unless they exist already."""
        checkpoint, table = signed.checkpoint, table_of(CheckpointRow)
        if connection.scalar(select(table.c.size).where(table.c.size == checkpoint.size)) is None:
            row = {
                "size": checkpoint.size,
                "root": checkpoint.root,
                "at": checkpoint.at,
                "note": checkpoint.note,
            }
            connection.execute(insert(table), row)
        for cosignature in signed.cosignatures:
            self.done.cosignatures += write_cosignature(connection, cosignature)

    def _token(self, connection: Connection, idx: int, leaf: Leaf) -> None:
        dated = self._files.token(leaf["sha256"], leaf["authority"]) if self._files else None
        if dated is None or dated.signed.checkpoint.size != leaf["size"]:
            self.done.lost_tokens.append(leaf["sha256"])
            return
        self._signed(connection, dated.signed)
        at = read_instant(leaf["at"])
        stamp = Stamp(
            size=leaf["size"],
            authority=leaf["authority"],
            asked_at=at,  # ours is not in the journal
            standing=dated.standing,
            at=at,
            sha256=bytes.fromhex(leaf["sha256"]),
            file=dated.file,
        )
        write_token(connection, stamp, idx)
        self.done.tokens += 1
