"""Files that are on the disk, whole, when a call returns."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path


def write(path: Path, data: bytes, *, mode: int = 0o640) -> None:
    """Put `data` at `path`, whole or not at all; a crash leaves what was there before.

    The folder is made when it is not there. Raises OSError, as a full disk does.
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
    """Make a folder and those above it; their names are on the disk too."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Put a folder's list of names on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def hold(path: Path, until: ExitStack) -> None:
    """Lock a file or a folder itself, by whatever name, until the stack is closed.

    Raises:
        BlockingIOError: another holds it.
        OSError: it is not there, or cannot be opened.

    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    until.callback(os.close, file)
    flock(file, LOCK_EX | LOCK_NB)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that excludes every other thread and process; waits for it."""
    make_folder(path.parent)
    with path.open("ab") as file:
        flock(file, LOCK_EX)  # let go when the file is closed, or the process dies
        yield
