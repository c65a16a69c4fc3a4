"""The page of all points: which are heard, and where they differ."""

from dataclasses import dataclass
from datetime import datetime

from monitor.attest.point_reader import PointReader, PointStatus
from monitor.config import Config
from monitor.core.model import Target
from monitor.core.points.combine import Agreement, CommonWord
from monitor.web.record_reads import RecordReads


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsView:
    """What `/points` shows.

    Attributes:
        statuses: Of the points that we follow.
        differing: Targets of which two points say different things.
        agreed: How many targets have a common word.
        lone: How many have none, since the points that can tell are of one operator.

    """

    at: datetime
    statuses: tuple[PointStatus, ...]
    differing: tuple[tuple[Target, CommonWord], ...]
    agreed: int
    lone: int


def points_view(
    reader: PointReader, reads: RecordReads, *, config: Config, now: datetime
) -> PointsView:
    """Read the records of all points."""
    words = reader.common_words(reads, now)
    return PointsView(
        at=now,
        statuses=reader.statuses(),
        differing=tuple(
            (target, words[target.slug]) for target in config.targets if words[target.slug].differs
        ),
        agreed=sum(word.agreement is Agreement.ALL for word in words.values()),
        lone=sum(word.agreement is Agreement.SOME and not word.differs for word in words.values()),
    )
