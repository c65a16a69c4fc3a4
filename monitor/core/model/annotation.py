"""What an operator adds to the record: announced maintenance, its withdrawal, replies, settings."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AnnotationKind(StrEnum):
    MAINTENANCE = "maintenance"
    WITHDRAWAL = "withdrawal"  # of an earlier announcement, which stays in the record
    REPLY = "reply"  # of the service concerned, to an incident
    SETTING = "setting"  # lines of configuration that a person accepted; its proof is the lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A note that a person added. It never says who.

    Attributes:
        at: When it was recorded; the announcement was archived by then.
        targets: Slugs, sorted, none twice; none for a setting of our own side.
        from_at, to_at: The announced window, [from_at, to_at); None for a withdrawal. Of a reply,
        `from_at` is the opening of the incident that it is about, and `to_at` None.
        sha256: Of the bytes of the announcement, or of the accepted lines, which are kept as
            `annonces/<sha256>`.
        url: Where the announcement, or the reply, was published.
        change: The leaf of the change of a watched page that is the announcement.
        withdraws: The number of the annotation that is withdrawn.
        text: Of a reply, word for word.
        number: Its leaf; None until it is recorded.

    """

    kind: AnnotationKind
    at: datetime
    targets: tuple[str, ...]
    from_at: datetime | None = None
    to_at: datetime | None = None
    sha256: str | None = None
    url: str | None = None
    change: int | None = None
    withdraws: int | None = None
    text: str | None = None
    number: int | None = None
