"""Write a ZIP archive that has one form only: the same files give the same bytes.

Nothing is compressed, the names are sorted, each file has the same date and mode, and there is
neither comment nor extra field. verify/verifier.py refuses any other form.
"""

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the oldest that the format can write
ORDINARY_FILE = 0o100644
UNIX = 3
MOST_BYTES = 4_000_000_000  # beyond, the format needs a second form
MOST_FILES = 60_000


class ArchiveTooLargeError(Exception):
    """The files do not fit in the plain form."""


def write_archive(path: Path, files: Mapping[str, Path | bytes]) -> None:
    """Write files under ASCII names.

    Raises:
        ArchiveTooLargeError: There are too many, or they are too large.
        OSError: One cannot be read, or the archive cannot be written.

    """
    sizes = {
        name: len(file) if isinstance(file, bytes) else file.stat().st_size
        for name, file in files.items()
    }
    if len(files) > MOST_FILES or sum(sizes.values()) > MOST_BYTES:
        raise ArchiveTooLargeError(f"{len(files)} files, {sum(sizes.values())} bytes")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            file = files[name]
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.create_system, entry.external_attr = UNIX, ORDINARY_FILE << 16
            entry.file_size = sizes[name]
            with archive.open(entry, "w") as out:
                if isinstance(file, bytes):
                    out.write(file)
                else:
                    with file.open("rb") as data:
                        shutil.copyfileobj(data, out)
