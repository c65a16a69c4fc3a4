"""What others say of a checkpoint of ours: an authority's time, a witness's signature."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Standing(StrEnum):
    """Whether an answer of a time-stamping authority counts, or why not."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"  # a sound token, but no root of ours is at its end: not counted
    REFUSED = "refused"  # kept aside, with what is wrong in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """An answer about the checkpoint of `size` leaves.

    Attributes:
        asked_at: When we asked, by our clock.
        at: The authority's time; None when refused.
        detail: What is wrong, for REFUSED.
        sha256: Of the token; None when refused. It goes into the journal.
        file: Folder where it is kept, relative to the data folder.

    """

    size: int
    authority: str
    asked_at: datetime
    standing: Standing
    at: datetime | None = None
    detail: str = ""
    sha256: bytes | None = None
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A witness's signature line under the checkpoint of `size` leaves, checked."""

    size: int
    witness: str
    at: datetime
    line: str
