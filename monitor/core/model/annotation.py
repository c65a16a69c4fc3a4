"""What an operator adds to the record: an announced maintenance, and the withdrawal of one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AnnotationKind(StrEnum):
    MAINTENANCE = "maintenance"
    WITHDRAWAL = "withdrawal"  # of an earlier annotation, which stays in the record


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A note of the register of maintenance. It never says who wrote it.

    Attributes:
        at: When it was recorded; the announcement was archived by then.
        targets: Slugs, sorted, none twice.
        from_at, to_at: The announced window, [from_at, to_at); None for a withdrawal.
        sha256: Of the bytes of the announcement, which are kept as `annonces/<sha256>`.
        url: Where the announcement was published.
        change: The leaf of the change of a watched page that is the announcement.
        withdraws: The number of the annotation that is withdrawn.
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
    number: int | None = None
