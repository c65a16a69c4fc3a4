"""Back up a whole record to one file, while the service runs.

The rows and the journal agree although seals go on meanwhile: the rows are read in one snapshot;
then the files, which only grow, are copied as far as the checkpoint of that snapshot.
"""

import gzip
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from monitor import __version__
from monitor.attest.backups.backup_archive import ArchiveWriter, private_file, require_whole
from monitor.attest.backups.backup_form import (
    DATABASE,
    FOLDERS,
    FORMAT,
    WITNESS_KEY,
    BackupError,
    Summary,
    delete_files,
    faults_of_copy,
    folder_beside,
    readable_disk_errors,
    summary_of,
)
from monitor.attest.sealing import KEY_FILE
from monitor.config.files.local import LOCAL
from monitor.config.settings import Settings
from monitor.evidence import bounded, durable
from monitor.evidence.log import tlog
from monitor.evidence.log.journal import FOLDER, LAST
from monitor.evidence.log.note import (
    MAX_NOTE_BYTES,
    Note,
    Signature,
)
from monitor.evidence.log.tiles import CHANGES, CHECKPOINT, Tiles
from monitor.evidence.log.tlog import TILE_WIDTH, ProofError
from monitor.evidence.witness.witness_protocol import with_signatures
from monitor.store import is_new
from monitor.store.engine import (
    SCHEMA,
    check_schema,
    connected,
    parse,
    readable_errors,
    sqlite_path,
)
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.journal_tables import CheckpointRow, CosignatureRow, LeafRow, TokenRow
from monitor.store.transfer import Progress, fill, quiet


def backup(  # noqa: PLR0913 -- keyword-only
    settings: Settings,
    out: Path,
    *,
    config: Path,
    now: datetime,
    keys: bool,
    progress: Progress = quiet,
) -> Summary:
    """Write a backup of the whole record to a new file. The service may run meanwhile.

    1. Copy the rows in one snapshot.
    2. Copy the journal as far as the last checkpoint of these rows.
    3. Verify the one against the other: faults of the record itself are returned.
    4. Write all of it to a temporary file beside `out`, and read that file again.
    5. Rename it to `out`, which is never an unfinished backup.

    Raises:
        BackupError, StoreError: Nothing was written to `out`.

    """
    if out.exists() or out.is_symlink():
        raise BackupError(f"{out} existe déjà : donner le nom d’un fichier à créer.")
    if is_new(settings.database_url):
        raise BackupError(
            f"Rien à sauvegarder : aucune base dans {settings.data}. Donner le dossier du registre "
            "avec --data, ou sa base avec VIGIE_DATABASE_URL."
        )
    with readable_disk_errors(out), folder_beside(out) as folder:
        rows = folder / DATABASE
        _copy_rows(settings.database_url, rows, progress)
        url = f"sqlite:///{rows.absolute()}"
        with connected(parse(url), writer=False) as connection, connection.begin():
            journal_rows = _JournalRows.read(connection)
        if journal_rows.note:
            _copy_journal(settings.data, folder, journal_rows, progress)
        faults = faults_of_copy(folder, url, settings, progress, beside=settings.data)
        packed = folder / "archive"
        manifest = {
            "format": FORMAT,
            "made_at": now.isoformat(),
            "version": __version__,
            "schema": SCHEMA,
            "signed": journal_rows.size,
            "leaves": journal_rows.leaves,
            "keys": keys,
        }
        with private_file(packed) as file:
            packer = ArchiveWriter(file, progress)
            packer.add_folder(folder, skip={"archive"})
            for name in FOLDERS:
                packer.add_folder(settings.data / name, name, skip=set() if keys else {WITNESS_KEY})
            for path in _own_files(settings.data, config, keys=keys):
                packer.add(path, path.name)
            packer.finish(manifest)
            file.flush()
            os.fsync(file.fileno())
        require_whole(packed, progress)
        packed.rename(out)
        durable.sync_folder(out.absolute().parent)
        return summary_of(manifest, packer.files, out.stat().st_size, faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class _JournalRows:
    """The journal as the rows have it. `stamps`: folders of tokens, relative to the data."""

    size: int
    note: bytes
    public: bytes
    leaves: int
    stamps: frozenset[str]

    @classmethod
    def read(cls, connection: Connection) -> "_JournalRows":
        checkpoint, leaf = table_of(CheckpointRow), table_of(LeafRow)
        last = connection.execute(
            select(checkpoint.c.size, checkpoint.c.note).order_by(checkpoint.c.size.desc()).limit(1)
        ).first()
        size, note = (last.size, last.note) if last else (0, b"")
        newest = connection.scalar(select(leaf.c.idx).order_by(leaf.c.idx.desc()).limit(1))
        cosignature, token = table_of(CosignatureRow), table_of(TokenRow)
        lines = connection.scalars(select(cosignature.c.line).where(cosignature.c.size == size))
        signatures = [Signature.parse(line) for line in lines] if note else []
        files = connection.scalars(select(token.c.file).where(token.c.file.is_not(None)))
        return cls(
            size=size,
            note=note,
            public=bytes(with_signatures(Note.parse(note), signatures)) if note else b"",
            leaves=size if newest is None else max(size, newest + 1),
            stamps=frozenset(file for file in files if file.startswith(f"{FOLDER}/")),
        )


def _copy_rows(url: str, out: Path, progress: Progress) -> None:
    """Copy a database, in one snapshot, to a SQLite file."""
    parsed = parse(url)
    path = sqlite_path(parsed)
    with readable_errors(parsed), connected(parsed, writer=False) as connection, connection.begin():
        check_schema(connection, parsed)
        if path is None:
            fill(connection, f"sqlite:///{out.absolute()}", progress=progress)
            delete_files(out.parent, f"{out.name}.lock", f"{out.name}-wal", f"{out.name}-shm")
            return
    progress("copie de la base", 0, path.stat().st_size)
    with (
        readable_errors(parsed),
        closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source,
    ):
        # Reads one snapshot without blocking the writer.
        source.execute("VACUUM INTO ?", (str(out),))
    progress("copie de la base", out.stat().st_size, out.stat().st_size)


def _copy_journal(data: Path, out: Path, journal_rows: _JournalRows, progress: Progress) -> None:
    """Copy the journal as far as a checkpoint; partial tiles are cut from newer full ones."""
    source, target = Tiles(data / FOLDER), out / FOLDER
    try:
        needed = list(tlog.tiles(journal_rows.size))
        for number, tile in enumerate(needed):
            _put(target / tile.path, source.tile(tile))
            if tile.level == 0:
                name = tlog.bundle_path(tile.index, tile.width)
                entries = tlog.pack_bundle(source.entries(tile.index, tile.width))
                level = 9 if tile.width == TILE_WIDTH else 1
                _put(target / f"{name}.gz", gzip.compress(entries, level, mtime=0))
            progress("copie du journal", number, len(needed))
    except ProofError as error:
        raise BackupError(
            f"{source.folder} : le journal est endommagé ({error}). « vigie verify {data} » dit "
            "quoi ; sauvegarder ce dossier tel quel avant toute réparation."
        ) from error
    for path in source.changes(journal_rows.size):
        _put(target / CHANGES / path.name, bounded.read(path, MAX_NOTE_BYTES))
    _put(target / CHECKPOINT, journal_rows.public)
    _put(out / LAST, journal_rows.note)
    for name in sorted(journal_rows.stamps):
        with suppress(FileNotFoundError):  # the verification reports which are missing
            shutil.copytree(data / name, out / name)


def _own_files(data: Path, config: Path, *, keys: bool) -> Iterator[Path]:
    """Yield the single files of a backup."""
    if (config / LOCAL).is_file():
        yield config / LOCAL
    if keys:
        yield from (path for path in sorted(data.glob(f"{KEY_FILE}*")) if path.is_file())


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
