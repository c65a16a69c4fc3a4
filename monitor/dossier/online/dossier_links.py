"""Links to dossiers: signed with a key of this instance, and worth nothing after a day."""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from monitor.evidence import bounded, durable

FOLDER: Final = "dossiers"  # below data/
LASTS: Final = timedelta(days=1)
_KEY_BYTES: Final = 32
_SIGNED: Final = 32  # hexadecimal digits of the signature
_TOKEN: Final = re.compile(r"([0-9a-f]{24})-([0-9]{10})-([0-9a-f]{32})", re.ASCII)
_FOLDER: Final = re.compile(r"[0-9a-f]{24}-([0-9]{10})", re.ASCII)


@dataclass(frozen=True, slots=True)
class DossierLinks:
    """Makes and reads the tokens of links. A token names the folder of its files."""

    key: bytes

    @classmethod
    def of(cls, path: Path) -> "DossierLinks":
        """Read the key, or make it. Raises OSError."""
        try:
            key = bounded.read(path, _KEY_BYTES)
        except FileNotFoundError:
            key = b""
        if len(key) != _KEY_BYTES:
            key = secrets.token_bytes(_KEY_BYTES)
            durable.write(path, key, mode=0o600)
        return cls(key)

    def new(self, now: datetime) -> str:
        """Return a token that nobody can guess."""
        return self._with_signature(f"{secrets.token_hex(12)}-{int((now + LASTS).timestamp())}")

    def folder(self, token: str, now: datetime) -> str | None:
        """Return the folder that a token names; None when it is not ours, or its day is over."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        folder = f"{match[1]}-{match[2]}"
        ours = hmac.compare_digest(self._with_signature(folder), token)
        return folder if ours and int(match[2]) > now.timestamp() else None

    def _with_signature(self, folder: str) -> str:
        return f"{folder}-{hmac.digest(self.key, folder.encode(), 'sha256').hex()[:_SIGNED]}"


def is_over(folder: str, now: datetime) -> bool:
    """Return whether the day of a folder is over; True for a name that is none of ours."""
    match = _FOLDER.fullmatch(folder)
    return match is None or int(match[1]) <= now.timestamp()
