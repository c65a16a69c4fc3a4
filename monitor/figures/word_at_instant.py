"""The word of one point at a past instant, by what its record answers of it."""

from monitor.core.model import Verdict
from monitor.core.outages.fold import FAILING
from monitor.core.points.combine import Blindness, PointWord
from monitor.figures.target_at_instant import TargetAtInstant


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
