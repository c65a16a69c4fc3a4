"""Durable writes: files are complete and on the disk when a call returns."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path


def write(path: Path, data: bytes, *, mode: int = 0o640) -> None:
    """Write `data` to `path` atomically; a crash leaves what was there before.

    The folder is made if it is missing. Raises OSError, for a full disk too.
    """
    make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents, durably. Raises OSError."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Flush the list of names of a folder to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hold(path: Path, until: ExitStack) -> None:
    """Lock a file or a folder itself, whatever its path, until the stack is closed.

    Raises:
        BlockingIOError: Another process has locked it.
        OSError: It does not exist, or cannot be opened.

    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    until.callback(os.close, file)
    flock(file, LOCK_EX | LOCK_NB)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for a lock that excludes every other thread and process, and hold it."""
    make_folder(path.parent)
    with path.open("ab") as file:
        flock(file, LOCK_EX)  # released when the file is closed, or the process dies
        yield
