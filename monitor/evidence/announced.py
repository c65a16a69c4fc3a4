"""The bytes of announcements of maintenance, each in a file named by its SHA-256."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from monitor.evidence import bounded, durable

ANNOUNCED = "annonces"  # below data/
MAX_BYTES = 5_000_000


def keep(data: Path, announcement: bytes) -> str:
    """Put an announcement on the disk below the data folder; return its digest.

    Raises OSError, as a full disk does.
    """
    sha256 = hashlib.sha256(announcement).hexdigest()
    durable.write(data / ANNOUNCED / sha256, announcement)
    return sha256


def faults(folder: Path, digests: Iterable[str]) -> Iterator[str]:
    """Yield, in French, each announcement that is not in the folder as it was recorded."""
    for sha256 in digests:
        try:
            data = bounded.read(folder / sha256, MAX_BYTES)
        except OSError as error:
            yield f"{ANNOUNCED}/{sha256} : annonce manquante ou illisible ({error})"
            continue
        if hashlib.sha256(data).hexdigest() != sha256:
            yield f"{ANNOUNCED}/{sha256} : ce ne sont pas les octets de l’annonce"
