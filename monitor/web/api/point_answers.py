"""What several points say, for programs: `/api/v1/points`, where there are several."""

from datetime import datetime
from typing import Any

from monitor.attest.point_reader import OwnReads, PointReader, PointStatus
from monitor.core.french.point_sentences import common_word
from monitor.core.points.combine import CommonWord
from monitor.figures.log_shapes import utc
from monitor.web.api.questions import PointsQuestion


def points_answer(
    reader: PointReader | None, reads: OwnReads, _: PointsQuestion, now: datetime
) -> dict[str, Any]:
    """Return the points that we follow, and what all of them say of each target."""
    if reader is None:
        return {"others": [], "targets": []}
    words = reader.common_words(reads, now)
    return {
        "others": [_status(one) for one in reader.statuses()],
        "targets": [_common(slug, word) for slug, word in words.items()],
    }


def _status(status: PointStatus) -> dict[str, Any]:
    """Return what came of following a point."""
    return {
        "point": status.name,
        "operator": status.operator,
        "heard": not status.faults,
        "heard_at": utc(status.state.heard_at) if status.state.heard_at else None,
        "imported_leaves": status.state.leaves,
        "signed_leaves": status.state.size,
        "silent_because": status.state.why,
        "faults": [
            {"kind": one.kind, "text": one.text, "at": utc(one.at)} for one in status.faults
        ],
    }


def _common(slug: str, word: CommonWord) -> dict[str, Any]:
    """Return what all points say of a target."""
    return {
        "target": slug,
        "agreement": word.agreement,
        "verdict": word.verdict,
        "sentence": common_word(word),
        "points": [
            {
                "point": one.point,
                "operator": one.operator,
                "verdict": one.verdict,
                "at": utc(one.at) if one.at else None,
                "blind": one.blind,
            }
            for one in word.words
        ],
    }
