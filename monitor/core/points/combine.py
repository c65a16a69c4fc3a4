"""From the words of several points to a common one. Pure.

A word is common when at least two operators say it and nobody who can tell says another. There is
no average, and no majority: where points differ, all that is said is what each of them saw.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from monitor.core.model import Nature, State, Verdict
from monitor.core.outages.fold import FAILING
from monitor.core.outages.time_accounts import HOLD

OPERATORS_MIN: Final = 2  # that a common word needs: one operator is one voice
CLOCKS_APART: Final = timedelta(minutes=5)  # a check of later than that would hold until then
# What a point saw of the site itself. One whose robot is refused did not see it.
TELLS: Final = frozenset({Verdict.UP, Verdict.DEGRADED, Verdict.DOWN, Verdict.MAINTENANCE})


class Blindness(StrEnum):
    """Why a point says nothing of a target."""

    UNHEARD = "unheard"  # its journal is at fault
    ABSENT = "absent"  # it never checked this target
    SILENT = "silent"  # its last check is too old, or did not come to us yet
    AHEAD = "ahead"  # its last check is of a time that has not come
    LINE = "line"  # its own line did not work
    DOUBT = "doubt"  # its last check failed, and no other confirms it yet
    UNKNOWN = "unknown"  # it says itself that it does not know


@dataclass(frozen=True, slots=True, kw_only=True)
class PointView:
    """What is known here of one target at one point.

    Attributes:
        point: The point's name here.
        operator: Two points of one operator are one voice.
        state: Its fold; None when it never checked the target.
        line_works: Whether its line worked at its last round of controls.
        interval_s: Between two checks there: how long one holds follows from it.
        heard: Whether its journal is without fault.
        late_s: How much later than a check its word may come to us.

    """

    point: str
    operator: str
    state: State | None = None
    line_works: bool = True
    interval_s: int = 0
    heard: bool = True
    late_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PointWord:
    """The word of one point: unknown with `blind`, which says why, and only then.

    `at` is the instant of the check that it rests on.
    """

    point: str
    operator: str
    verdict: Verdict
    at: datetime | None = None
    since: datetime | None = None
    blind: Blindness | None = None


class Agreement(StrEnum):
    """How many points a common word rests on."""

    ALONE = "alone"  # there is only one point: its word
    ALL = "all"  # of all that can tell, of two operators at least
    SOME = "some"  # they differ, or too few can tell
    NONE = "none"  # nobody can tell


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonWord:
    """What the points say together. `verdict` is None for `Agreement.SOME`: there is no word."""

    agreement: Agreement
    verdict: Verdict | None
    words: tuple[PointWord, ...]

    @property
    def telling(self) -> int:
        """The number of points that can tell: the coverage is this, of `len(words)`."""
        return sum(word.blind is None for word in self.words)

    @property
    def differs(self) -> bool:
        """Whether two points saw different things, and not only too few of them can tell."""
        return len({word.verdict for word in self.words if word.verdict in TELLS}) > 1

    @property
    def counts(self) -> Counter[Verdict]:
        """How many points say what, unknown included."""
        return Counter(word.verdict for word in self.words)


def word_of(view: PointView, *, at: datetime) -> PointWord:
    """Return the word of a point at an instant: a state of it, while its last check holds."""
    state = view.state
    blind = _blindness(view, at)
    last_at = state.last_at if state else None
    if blind is not None or state is None or state.verdict is None:
        return PointWord(
            point=view.point,
            operator=view.operator,
            verdict=Verdict.UNKNOWN,
            at=last_at,
            blind=blind or Blindness.ABSENT,
        )
    outage = state.outage
    return PointWord(
        point=view.point,
        operator=view.operator,
        verdict=_confirmed(state),
        at=last_at,
        since=outage.first_fail_at if outage else state.since,
    )


def _blindness(view: PointView, at: datetime) -> Blindness | None:  # noqa: PLR0911 -- a line each
    state = view.state
    if not view.heard:
        return Blindness.UNHEARD
    if state is None or state.verdict is None or state.last_at is None:
        return Blindness.ABSENT
    if state.last_at > at + CLOCKS_APART:
        return Blindness.AHEAD
    if at - state.last_at > timedelta(seconds=HOLD * view.interval_s + view.late_s):
        return Blindness.SILENT
    if not view.line_works:
        return Blindness.LINE
    if state.verdict is Verdict.UNKNOWN:
        return Blindness.UNKNOWN
    if state.verdict in FAILING and state.outage is None:
        return Blindness.DOUBT
    return None


def _confirmed(state: State) -> Verdict:
    """Return the state, or that of the outage that is still open while a good check waits."""
    if state.outage is None:
        return state.verdict or Verdict.UNKNOWN
    return Verdict.DOWN if state.outage.nature is Nature.DOWN else Verdict.MAINTENANCE


def combine(words: Sequence[PointWord]) -> CommonWord:
    """Return what these points say together, of one target at one instant."""
    everyone = tuple(words)
    if len(everyone) == 1:
        return CommonWord(agreement=Agreement.ALONE, verdict=everyone[0].verdict, words=everyone)
    speaking = [word for word in everyone if word.blind is None]
    telling = [word for word in speaking if word.verdict in TELLS] or speaking
    if not telling:
        return CommonWord(agreement=Agreement.NONE, verdict=Verdict.UNKNOWN, words=everyone)
    verdicts = {word.verdict for word in telling}
    operators = {word.operator for word in telling}
    if len(verdicts) == 1 and len(operators) >= OPERATORS_MIN:
        return CommonWord(agreement=Agreement.ALL, verdict=verdicts.pop(), words=everyone)
    return CommonWord(agreement=Agreement.SOME, verdict=None, words=everyone)
