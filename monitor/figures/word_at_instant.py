"""The words of points at a past instant, by what their records answer of it."""

from collections.abc import Iterable
from datetime import datetime

from monitor.config import OtherPoint
from monitor.core.model import Outage, Verdict
from monitor.core.outages.fold import FAILING
from monitor.core.points.combine import Blindness, CommonWord, PointWord, combine
from monitor.figures.recorded_targets import RecordedTargets
from monitor.figures.target_at_instant import InstantReads, TargetAtInstant, answer_of


def word_at(
    one: TargetAtInstant | None, point: str, operator: str, *, heard: bool = True
) -> PointWord:
    """Return the word of a point: a failure that no outage confirms is none yet.

    Args:
        one: What its record answers; None when it has nothing of the page.
        point: Its name here.
        operator: Who runs it.
        heard: Whether its journal is without fault.

    """
    verdict = one.answer.verdict if one else None
    blind = None
    if not heard:
        blind = Blindness.UNHEARD
    elif one is None or verdict is None:
        blind = Blindness.SILENT
    elif verdict is Verdict.UNKNOWN:
        blind = Blindness.UNKNOWN
    elif verdict in FAILING and one.answer.outage is None:
        blind = Blindness.DOUBT
    before = one.answer.around.before if one else None
    return PointWord(
        point=point,
        operator=operator,
        verdict=verdict if verdict and blind is None else Verdict.UNKNOWN,
        at=before.check.at if before else None,
        blind=blind,
    )


def middle_of(outage: Outage) -> datetime:
    """Return the instant between the first and the last failing check: all points had time."""
    return outage.first_fail_at + (outage.last_fail_at - outage.first_fail_at) / 2


def common_at(
    own: TargetAtInstant,
    operator: str,
    others: Iterable[tuple[OtherPoint, bool, InstantReads | None]],
    known: RecordedTargets,
    *,
    now: datetime,
) -> CommonWord:
    """Return what all points say of a target at an instant.

    Args:
        own: What our record answers.
        operator: Who runs our point.
        others: The other points, whether they are heard, and their records.
        known: The targets.
        now: Nothing is known after it.

    """
    words = [word_at(own, own.point, operator)]
    at = own.answer.at
    for point, heard, reads in others:
        # The same name for another address is another page.
        same = reads is not None and _url_there(reads, own.target.slug) == own.target.url
        answer = answer_of(reads, known, own.target, at, now=now) if reads and same else None
        words.append(word_at(answer, point.name, point.operator, heard=heard))
    return combine(words)


def _url_there(reads: InstantReads, slug: str) -> str | None:
    return next((plan.url for plan in reads.definitions() if plan.target == slug), None)
