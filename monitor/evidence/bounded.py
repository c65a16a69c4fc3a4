"""Files of a folder that someone hands over: regular ones, of a bounded size, or none.

A pipe, a device or a file of holes in the place of a file must neither hold us up nor fill
our memory.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO


class NotAFile(OSError):  # noqa: N818 -- an OSError like the others
    """Something else than a file of the size that is expected. The message is French."""


def opened(path: Path) -> BinaryIO:
    """Open a regular file to be read. Raises OSError, as for one that is missing."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotAFile(f"{path} : ce n’est pas un fichier ordinaire")  # noqa: TRY301 -- closes it
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file of `limit` bytes at most. Raises OSError."""
    with opened(path) as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise NotAFile(f"{path} : plus de {limit} octets")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise NotAFile(f"{path} : plus de {limit} octets")
    return data
