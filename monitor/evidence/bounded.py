"""Read files from an untrusted folder: only regular ones of a bounded size.

A pipe, a device or a sparse file in place of a regular one must neither block us nor fill our
memory.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO


class NotAFile(OSError):  # noqa: N818 -- an OSError like the others
    """Not a regular file, or a file that is too large. The message is French."""


def opened(path: Path) -> BinaryIO:
    """Open a regular file for reading. Raises OSError, also (`NotAFile`) for any other kind."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotAFile(f"{path} : ce n’est pas un fichier ordinaire")  # noqa: TRY301 -- closes it
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file of at most `limit` bytes. Raises OSError."""
    with opened(path) as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise NotAFile(f"{path} : plus de {limit} octets")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise NotAFile(f"{path} : plus de {limit} octets")
    return data
