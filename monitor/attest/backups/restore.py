"""Restore a backup where there is no record yet."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from monitor.attest.backups.backup_archive import unpack
from monitor.attest.backups.backup_form import (
    DATABASE,
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
from monitor.evidence import durable
from monitor.evidence.captures.capture_policy import CAPTURES
from monitor.evidence.log.journal import FOLDER, LAST
from monitor.store import is_new
from monitor.store.engine import (
    connected,
    parse,
    sqlite_path,
)
from monitor.store.transfer import Progress, fill, quiet
from monitor.store.upgrade import migrate

# The record in a data folder; only the keys may be there before it is restored.
_RECORD = (DATABASE, f"{DATABASE}-wal", FOLDER, LAST, CAPTURES)


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
    with readable_disk_errors(packed):
        durable.make_folder(data)
        with folder_beside(data / DATABASE) as folder:
            manifest = unpack(packed, folder, progress)
            url = f"sqlite:///{(folder / DATABASE).absolute()}"
            for name in (KEY_FILE, WITNESS_KEY):
                if (folder / name).exists() and (data / name).exists():
                    raise BackupError(
                        f"{data / name} est déjà là, et la sauvegarde a la sienne : ôter l’une."
                    )
            migrate(url)
            delete_files(
                folder, f"{DATABASE}.lock", *(p.name for p in folder.glob(f"{DATABASE}.avant-*"))
            )
            faults = faults_of_copy(folder, url, settings, progress, beside=folder)
            _place(folder, settings, url, progress)
            local = _place_settings(folder / LOCAL, config)
            _belong(data)
        size, files = packed.stat().st_size, manifest["files"]
        return summary_of(manifest, files, size, faults), local


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
