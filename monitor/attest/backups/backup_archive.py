"""The archive of a backup: written with the digest of each file, and read against them."""

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Any

from monitor.attest.backups.backup_form import FORMAT, MANIFEST, MANIFEST_MAX, BackupError, is_key
from monitor.store.transfer import Progress

_CHUNK = 1 << 20


class ArchiveWriter:
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
            reader = DigestingReader(file, status.st_size)
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


class DigestingReader:
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


def require_whole(packed: Path, progress: Progress) -> dict[str, Any]:
    """Read an archive to its end and compare each file with the manifest, which is returned."""
    return _read_all(packed, progress, keep=lambda _name: None)


def unpack(packed: Path, folder: Path, progress: Progress) -> dict[str, Any]:
    def keep(name: str) -> IO[bytes]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return private_file(path, mode=0o600 if is_key(name) else 0o640)

    return _read_all(packed, progress, keep=keep)


def private_file(path: Path, *, mode: int = 0o600) -> IO[bytes]:
    """Make a file that other users can never read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")


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
