"""What making and restoring a backup share: its files, its summary, its errors, its faults.

A backup is a tar.gz of plain files, the manifest last:

    vigie.sqlite            every row as SQLite, whichever engine it came from
    journal/                tiles, bundles and stamps of the checkpoint that the rows know last
    dernier-checkpoint      that checkpoint
    captures/, annonces/, temoin/, horodatages-refuses/, discovery/
    local.toml              the local settings
    journal.key…            only on request: whoever has it can sign in our name
    manifeste.json          the SHA-256 of each file; counts and versions
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.attest.own_witness import WITNESS
from monitor.attest.record_faults import faults_of, public_key
from monitor.attest.sealing import KEY_FILE
from monitor.config.settings import Settings
from monitor.evidence.announced import ANNOUNCED
from monitor.evidence.captures.capture_policy import CAPTURES
from monitor.evidence.log.journal import FOLDER
from monitor.evidence.timestamps.timestamping import ASIDE
from monitor.runtime.errors import VigieError, in_french
from monitor.store import Store, StoreError
from monitor.store.transfer import Progress

FORMAT = 1
DATABASE = "vigie.sqlite"
MANIFEST = "manifeste.json"
WITNESS_KEY = f"{WITNESS}/cle"
FOLDERS = (CAPTURES, ANNOUNCED, WITNESS, str(ASIDE), "discovery")
MANIFEST_MAX = 64_000_000  # bytes


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


def summary_of(
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


def is_key(name: str) -> bool:
    """Return whether a file of a backup is a private key."""
    return name.startswith(KEY_FILE) or name == WITNESS_KEY


@contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Make a private temporary folder on the same disk as `path`, and delete it at the end."""
    folder = Path(tempfile.mkdtemp(prefix=".vigie-", dir=path.absolute().parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def readable_disk_errors(path: Path) -> Iterator[None]:
    """Turn errors of the disk into BackupError. An error of the store has its own message."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise BackupError(f"{error.filename or path} : {in_french(error)}.") from error


def delete_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)


def faults_of_copy(
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
    delete_files(folder, f"{DATABASE}-wal", f"{DATABASE}-shm")
    return faults
