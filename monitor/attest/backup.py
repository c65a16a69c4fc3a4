"""Back up a whole record to one file, while the service runs, and restore it.

A backup is a tar.gz of plain files, the manifest last:

    vigie.sqlite            every row as SQLite, whichever engine it came from
    journal/                tiles, bundles and stamps of the checkpoint that the rows know last
    dernier-checkpoint      that checkpoint
    captures/, annonces/, temoin/, horodatages-refuses/, discovery/
    local.toml              the local settings
    journal.key…            only on request: whoever has it can sign in our name
    manifeste.json          the SHA-256 of each file; counts and versions

The rows and the journal agree although seals go on meanwhile: the rows are read in one snapshot;
then the files, which only grow, are copied as far as the checkpoint of that snapshot.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from sqlalchemy import Connection, select

from monitor import __version__
from monitor.attest.own_witness import WITNESS
from monitor.attest.sealing import KEY_FILE
from monitor.attest.verification import verify
from monitor.config.local import LOCAL
from monitor.config.settings import Settings
from monitor.evidence import bounded, durable
from monitor.evidence.announced import ANNOUNCED
from monitor.evidence.captures.capture_policy import CAPTURES
from monitor.evidence.log import tlog
from monitor.evidence.log.journal import FOLDER, LAST
from monitor.evidence.log.note import (
    MAX_NOTE_BYTES,
    Note,
    NoteError,
    Signature,
    SignerKey,
    VerifierKey,
)
from monitor.evidence.log.tiles import CHANGES, CHECKPOINT, Tiles
from monitor.evidence.log.tlog import TILE_WIDTH, ProofError
from monitor.evidence.timestamps.timestamping import ASIDE
from monitor.evidence.witness.witness_protocol import with_signatures
from monitor.runtime.errors import VigieError, in_french
from monitor.store import Store, StoreError, is_new
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
from monitor.store.upgrade import migrate

FORMAT = 1
DATABASE = "vigie.sqlite"
MANIFEST = "manifeste.json"
WITNESS_KEY = f"{WITNESS}/cle"
FOLDERS = (CAPTURES, ANNOUNCED, WITNESS, str(ASIDE), "discovery")
MANIFEST_MAX = 64_000_000  # bytes
_CHUNK = 1 << 20
# The record in a data folder; only the keys may be there before it is restored.
_RECORD = (DATABASE, f"{DATABASE}-wal", FOLDER, LAST, CAPTURES)


class BackupError(VigieError):
    """A backup cannot be made or restored. The message, in French, says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The content of a backup.

    Attributes:
        made_at: The instant of its snapshot.
        signed: Leaves that its checkpoint covers; 0 when nothing was signed.
        leaves: All leaves, those that are not signed yet included.
        files: The number of files, without the manifest.
        keys: Whether the private keys are in it.
        faults: The faults of the record itself that verification found.

    """

    made_at: datetime
    version: str
    signed: int
    leaves: int
    files: int
    size: int
    keys: bool
    faults: tuple[str, ...] = ()


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
    with _plainly(out), _folder_beside(out) as folder:
        rows = folder / DATABASE
        _copy_rows(settings.database_url, rows, progress)
        url = f"sqlite:///{rows.absolute()}"
        with connected(parse(url), writer=False) as connection, connection.begin():
            journal_rows = _JournalRows.read(connection)
        if journal_rows.note:
            _copy_journal(settings.data, folder, journal_rows, progress)
        faults = _faults(folder, url, settings, progress, beside=settings.data)
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
        with _private(packed) as file:
            packer = _Packer(file, progress)
            packer.add_folder(folder, skip={"archive"})
            for name in FOLDERS:
                packer.add_folder(settings.data / name, name, skip=set() if keys else {WITNESS_KEY})
            for path in _own_files(settings.data, config, keys=keys):
                packer.add(path, path.name)
            packer.finish(manifest)
            file.flush()
            os.fsync(file.fileno())
        _require_whole(packed, progress)
        packed.rename(out)
        durable.sync_folder(out.absolute().parent)
        return _summary(manifest, packer.files, out.stat().st_size, faults)


def restore(
    packed: Path, settings: Settings, *, config: Path, progress: Progress = quiet
) -> tuple[Summary, bool]:
    """Restore a backup where there is no record yet.

    1. Unpack it beside the data, and compare each file with the manifest.
    2. Upgrade its rows to this program's schema, and verify the journal and the rows.
    3. Move the files into place; the rows last, so that a half-restored record never starts.

    Returns:
        Its content, and whether its local settings were installed.

    Raises:
        BackupError, StoreError: Existing files are unchanged.

    """
    data = settings.data
    _require_empty(data, settings.database_url)
    with _plainly(packed):
        durable.make_folder(data)
        with _folder_beside(data / DATABASE) as folder:
            manifest = _unpack(packed, folder, progress)
            url = f"sqlite:///{(folder / DATABASE).absolute()}"
            for name in (KEY_FILE, WITNESS_KEY):
                if (folder / name).exists() and (data / name).exists():
                    raise BackupError(
                        f"{data / name} est déjà là, et la sauvegarde a la sienne : ôter l’une."
                    )
            migrate(url)
            _forget(
                folder, f"{DATABASE}.lock", *(p.name for p in folder.glob(f"{DATABASE}.avant-*"))
            )
            faults = _faults(folder, url, settings, progress, beside=folder)
            _place(folder, settings, url, progress)
            local = _place_settings(folder / LOCAL, config)
            _belong(data)
        size, files = packed.stat().st_size, manifest["files"]
        return _summary(manifest, files, size, faults), local


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
            _forget(out.parent, f"{out.name}.lock", f"{out.name}-wal", f"{out.name}-shm")
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


def _faults(
    folder: Path, url: str, settings: Settings, progress: Progress, *, beside: Path
) -> tuple[str, ...]:
    """Verify the copied journal, its rows and the files beside; return the faults, in French."""
    if not (folder / FOLDER).is_dir():
        return ()

    def tell(what: str, count: int) -> None:
        progress(f"vérification, {what}", count, 0)

    with Store.open(url, point=settings.point, writer=False) as store:
        faults = faults_of(
            folder / FOLDER,
            key=public_key(folder, settings),
            store=store,
            captures=beside / CAPTURES,
            announced=beside / ANNOUNCED,
            progress=tell,
        )
    _forget(folder, f"{DATABASE}-wal", f"{DATABASE}-shm")
    return faults


def faults_of(  # noqa: PLR0913 -- keyword-only
    journal: Path,
    *,
    key: VerifierKey | None,
    store: Store,
    captures: Path | None = None,
    announced: Path | None = None,
    progress: Callable[[str, int], None],
) -> tuple[str, ...]:
    """Return the faults of a record of ours, one line of French each.

    The signature is not checked when `key` is None: the key may be kept elsewhere.
    """
    all_steps = verify(
        journal, key=key, store=store, captures=captures, announced=announced, progress=progress
    )
    steps = list(all_steps)[0 if key else 1 :]
    return tuple(f"{step.title} : {fault}" for step in steps for fault in step.faults)


def public_key(folder: Path, settings: Settings) -> VerifierKey | None:
    """Return the public half of the journal's key, from a folder, the data or the settings."""
    for path in (folder / KEY_FILE, settings.data / KEY_FILE):
        with suppress(OSError, UnicodeError, NoteError):
            return SignerKey.parse(path.read_text(encoding="utf-8")).verifier
    with suppress(NoteError):
        return SignerKey.parse(settings.journal_key).verifier
    return None


def _own_files(data: Path, config: Path, *, keys: bool) -> Iterator[Path]:
    """Yield the single files of a backup."""
    if (config / LOCAL).is_file():
        yield config / LOCAL
    if keys:
        yield from (path for path in sorted(data.glob(f"{KEY_FILE}*")) if path.is_file())


class _Packer:
    """Writes the archive, and collects the digests of its files."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._tar = tarfile.open(  # noqa: SIM115 -- closed by `finish`
            fileobj=file, mode="w:gz", compresslevel=4, format=tarfile.PAX_FORMAT
        )
        self._progress = progress
        self.files: dict[str, Any] = {}

    def add_folder(self, folder: Path, name: str = "", *, skip: set[str]) -> None:
        """Add the regular files below a folder, except locks and unfinished files."""
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            inner = PurePosixPath(name, path.relative_to(folder).as_posix()).as_posix()
            temporary = path.name.startswith(".") or path.suffix in {".lock", ".tmp"}
            if path.is_file() and not path.is_symlink() and not temporary and inner not in skip:
                with suppress(FileNotFoundError):  # thinned or pruned since it was listed
                    self.add(path, inner)

    def add(self, path: Path, name: str) -> None:
        """Add a file with its present length: what is appended meanwhile is left out."""
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = status.st_size, int(status.st_mtime), 0o600
            reader = _Digesting(file, status.st_size)
            self._tar.addfile(entry, reader)
        self.files[name] = {"bytes": status.st_size, "sha256": reader.sha256.hexdigest()}
        self._progress("écriture de la sauvegarde", len(self.files), 0)

    def finish(self, manifest: dict[str, Any]) -> None:
        manifest["files"] = self.files
        data = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(data), 0o600
        self._tar.addfile(entry, io.BytesIO(data))
        self._tar.close()


class _Digesting:
    """Reads at most `size` bytes of a file, and computes their digest."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        self.sha256.update(data)
        return data


def _entries(packed: Path) -> Iterator[tuple[str, tarfile.TarInfo, IO[bytes]]]:
    """Yield the files of an archive in order. Raises BackupError for any other entry."""
    with tarfile.open(packed, mode="r|gz") as tar:
        for entry in tar:
            file = tar.extractfile(entry) if entry.isreg() else None
            if file is None or {"..", ""} & set(entry.name.split("/")):
                raise BackupError(
                    f"{packed} : « {entry.name[:80]!r} » n’a pas sa place dans une sauvegarde."
                )
            yield entry.name, entry, file


@contextmanager
def _archive(packed: Path) -> Iterator[None]:
    """Turn the errors of a damaged archive into BackupError."""
    try:
        yield
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, ValueError) as error:
        raise BackupError(
            f"{packed} : ce n’est pas une sauvegarde de Vigie, ou elle est abîmée ({error}). "
            "En prendre une autre."
        ) from error


def _require_whole(packed: Path, progress: Progress) -> dict[str, Any]:
    """Read an archive to its end and compare each file with the manifest, which is returned."""
    return _read_all(packed, progress, keep=lambda _name: None)


def _unpack(packed: Path, folder: Path, progress: Progress) -> dict[str, Any]:
    def keep(name: str) -> IO[bytes]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return _private(path, mode=0o600 if _is_key(name) else 0o640)

    return _read_all(packed, progress, keep=keep)


def _private(path: Path, *, mode: int = 0o600) -> IO[bytes]:
    """Make a file that other users can never read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")


def _is_key(name: str) -> bool:
    return name.startswith(KEY_FILE) or name == WITNESS_KEY


def _read_all(
    packed: Path, progress: Progress, *, keep: Callable[[str], IO[bytes] | None]
) -> dict[str, Any]:
    with _archive(packed):
        contents, manifest = _read_entries(packed, progress, keep)
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BackupError(
            f"{packed} : sans manifeste, ou d’un format que cette version de Vigie ne connaît pas. "
            "En prendre une autre, ou la version qui l’a écrite."
        )
    expected = manifest["files"]
    wrong = sorted(
        name for name in contents.keys() | expected if contents.get(name) != expected.get(name)
    )
    if wrong:
        raise BackupError(
            f"{packed} : {wrong[0]} n’est pas ce que dit le manifeste : en prendre une autre."
        )
    return manifest


def _read_entries(
    packed: Path, progress: Progress, keep: Callable[[str], IO[bytes] | None]
) -> tuple[dict[str, dict[str, Any]], object]:
    """Return the size and digest of each file of an archive, and its manifest, None without."""
    contents: dict[str, dict[str, Any]] = {}
    manifest: object = None
    for name, entry, file in _entries(packed):
        if name == MANIFEST and entry.size <= MANIFEST_MAX:
            manifest = json.loads(file.read())
            continue
        digest, out = hashlib.sha256(), keep(name)
        try:
            while data := file.read(_CHUNK):
                digest.update(data)
                if out is not None:
                    out.write(data)
            if out is not None:
                out.flush()
                os.fsync(out.fileno())
        finally:
            if out is not None:
                out.close()
        contents[name] = {"bytes": entry.size, "sha256": digest.hexdigest()}
        progress("relecture de la sauvegarde", len(contents), 0)
    return contents, manifest


def _require_empty(data: Path, database_url: str) -> None:
    existing = [name for name in _RECORD if (data / name).exists() or (data / name).is_symlink()]
    if existing or not is_new(database_url):
        what = f"{data} contient déjà {existing[0]}" if existing else "la base n’est pas vide"
        raise BackupError(
            f"Rien n’est restauré : {what}. Une restauration n’écrase jamais un registre : donner "
            "un autre dossier (--data), ou mettre celui-ci de côté (mv)."
        )


def _place(folder: Path, settings: Settings, url: str, progress: Progress) -> None:
    """Move the files of a backup into the data folder, and its rows to the database, last."""
    data = settings.data
    for path in sorted(folder.iterdir()):
        if path.name in {DATABASE, LOCAL}:
            continue
        if path.is_dir() and (data / path.name).is_dir():
            for inner in sorted(path.iterdir()):
                inner.rename(data / path.name / inner.name)
        else:
            path.rename(data / path.name)
    target = sqlite_path(parse(settings.database_url))
    if target is not None:
        (folder / DATABASE).chmod(0o640)
        shutil.move(folder / DATABASE, target)
        durable.sync_folder(target.parent)
    else:
        with connected(parse(url), writer=False) as connection, connection.begin():
            fill(connection, settings.database_url, progress=progress)
    durable.sync_folder(data)


def _place_settings(local: Path, config: Path) -> bool:
    """Install the local settings unless there are some; return whether that was done."""
    if not local.exists() or (config / LOCAL).exists():
        return False
    with suppress(OSError):  # a folder that we may not write to: the caller reports it
        durable.write(config / LOCAL, local.read_bytes(), mode=0o644)
        return True
    return False


def _belong(data: Path) -> None:
    """Change the owner of what root restored to that of the data folder, who must read it."""
    if os.geteuid() != 0:
        return
    owner = data.stat()
    for folder, names, files in os.walk(data):
        for name in (*names, *files):
            os.chown(Path(folder, name), owner.st_uid, owner.st_gid, follow_symlinks=False)


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """Make a private temporary folder on the same disk as `path`, and delete it at the end."""
    folder = Path(tempfile.mkdtemp(prefix=".vigie-", dir=path.absolute().parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _plainly(path: Path) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise BackupError(f"{error.filename or path} : {in_french(error)}.") from error


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _forget(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _summary(
    manifest: Mapping[str, Any], files: Mapping[str, Any], size: int, faults: tuple[str, ...]
) -> Summary:
    return Summary(
        made_at=datetime.fromisoformat(manifest["made_at"]),
        version=manifest["version"],
        signed=manifest["signed"],
        leaves=manifest["leaves"],
        files=len(files),
        size=size,
        keys=manifest["keys"],
        faults=faults,
    )
