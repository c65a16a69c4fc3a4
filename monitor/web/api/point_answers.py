"""What other points say, for programs: `/api/v1/points`, and rates after one's journal."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from monitor.attest.point_reader import OwnReads, PointReader, PointStatus
from monitor.core.french.point_sentences import common_word
from monitor.core.points.combine import CommonWord
from monitor.figures.log_shapes import utc
from monitor.web.api.problem_details import Fault, QuestionFaults
from monitor.web.api.questions import AvailabilityQuestion, PointsQuestion
from monitor.web.api.record_answers import Answers


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


def availability_answer(
    reader: PointReader | None, own: Answers, question: AvailabilityQuestion, now: datetime
) -> dict[str, Any]:
    """Answer after our record, or after that of the point that is named, by our plan.

    Raises:
        QuestionFaults: Of the question, or no point is heard under that name.
        StoreError: The record cannot be read.

    """
    if question.point is None:
        return own.availability(question, now)
    if reader is not None:
        with reader.record_of(question.point) as record:
            if record is not None:
                return own.of(record).availability(question, now)
    names = ", ".join(one.name for one in reader.statuses()) if reader else ""
    fault = Fault(
        parameter="point",
        value=question.point,
        reason="aucun point n’est écouté sous ce nom",
        cure=f"nous suivons : {names} ; /api/v1/points dit si un point est en faute"
        if names
        else "le retirer",
    )
    detail = "point : aucun point n’est écouté sous ce nom."
    raise QuestionFaults(HTTPStatus.NOT_FOUND, detail, fault)


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
