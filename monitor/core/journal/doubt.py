"""The unknown state of a target at its first leaf, when a store is older than its journal.

Checks from before the journal may have left a good check, failures or an open outage, of which
leaves only show the end. Two hypotheses are followed until one is refuted: no outage was open,
or one was. An edge in the journal decides, and so do good checks that would have ended any
outage. What begins at the first leaf or later is never in doubt.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.core.model import Event, Outage, Policy, Sighting, State, Streak, Transition
from monitor.core.outages.fold import FAILING, GOOD, advance, lasted


@dataclass(slots=True, kw_only=True)
class Doubt:
    """Follows one target from its first leaf until its state is known.

    Attributes:
        first_at: Of the first check in the journal.
        was_open: The journal lacks the edges that would follow had no outage been open: one was.
        awaited: Edges of the last check, under the hypothesis that no outage was open.

    """

    first_at: datetime
    was_open: bool = False
    awaited: tuple[Event, ...] = ()
    _good: Streak | None = None  # good checks in a row
    _met_good: bool = False  # one of the checks before the last was good
    _failures: int = 0
    _last_fail_at: datetime | None = None  # of the checks before the last, and the last
    _before_fail_at: datetime | None = None
    _last: Sighting | None = None
    _policy: Policy = field(default_factory=Policy)

    def follow(self, before: State, sighting: Sighting, policy: Policy) -> State:
        """Take the next check; return the state under the hypothesis that no outage was open."""
        state, events = advance(before, sighting, policy)
        self.awaited = () if self.was_open else events
        if state.verdict is not sighting.verdict or not _says_more(sighting, self._last):
            return without_streaks(state) if self.was_open else state
        self._met_good = self._met_good or self._good is not None
        self._before_fail_at = self._last_fail_at
        if sighting.verdict in GOOD:
            at = sighting.at
            single = Streak(first_at=at, last_at=at, count=1, reason=sighting.reason)
            streak = self._good
            self._good = replace(streak, last_at=at, count=streak.count + 1) if streak else single
        else:
            self._good = None
            self._failures += 1
            self._last_fail_at = sighting.at
        self._last, self._policy = sighting, policy
        return without_streaks(state) if self.was_open else state

    @property
    def is_over(self) -> bool:
        """Whether the good checks seen would have ended any outage."""
        policy = self._policy
        return self._good is not None and lasted(self._good, policy.successes, policy.recovering_s)

    def explains(self, event: Event, awaited: tuple[Event, ...]) -> bool:
        """Return whether an edge that does not follow from the checks may rest on earlier ones.

        `awaited` are the edges that followed, had no outage been open.
        """
        last = self._last
        if last is None or event.at != last.at:
            return False
        if event.edge is Transition.OUTAGE_CLOSED:
            return event.outage is not None and self._closes(event.outage, last)
        if self.was_open:
            return False
        if event.edge is Transition.OUTAGE_OPENED:
            return event.outage is not None and self._opens(event.outage, last, awaited)
        return event.blip is not None and self._ends(event.blip, last)

    def _closes(self, outage: Outage, last: Sighting) -> bool:
        good, first_ok = self._good, outage.first_ok_at
        if good is None or first_ok is None or outage.recovered_at != last.at:
            return False
        if first_ok >= self.first_at or self._failures:
            begins_here = first_ok == good.first_at and self.is_over
        else:
            begins_here = True
        return (
            begins_here
            and outage.confirmed_at < self.first_at
            and outage.first_fail_at <= outage.last_fail_at < first_ok
            and (outage.last_ok_at is None or outage.last_ok_at < outage.first_fail_at)
            and self._is_last_failure(outage.last_fail_at, self._last_fail_at)
            and outage.checks > self._failures
        )

    def _opens(self, outage: Outage, last: Sighting, awaited: tuple[Event, ...]) -> bool:
        if last.verdict in GOOD or outage.recovered_at or outage.first_ok_at:
            return False
        if outage.first_fail_at >= self.first_at:  # only the good check before it is older
            expected = next((event.outage for event in awaited if event.outage), None)
            older = outage.last_ok_at is not None and outage.last_ok_at < self.first_at
            return older and expected == replace(outage, last_ok_at=None)
        return (
            not self._met_good
            and outage.confirmed_at == outage.last_fail_at == last.at
            and (outage.last_ok_at is None or outage.last_ok_at < outage.first_fail_at)
            and outage.checks > self._failures
            and not outage.relapses
        )

    def _ends(self, blip: Streak, last: Sighting) -> bool:
        silent = (last.at - blip.last_at).total_seconds() > self._policy.silence_s
        fails = self._failures - (last.verdict not in GOOD)
        last_failure_at = self._last_fail_at if last.verdict in GOOD else self._before_fail_at
        return (
            blip.first_at < self.first_at
            and not self._met_good
            and (last.verdict in GOOD or silent)
            and self._is_last_failure(blip.last_at, last_failure_at)
            and blip.count > fails
        )

    def _is_last_failure(self, at: datetime, expected: datetime | None) -> bool:
        return at == expected if expected is not None else at < self.first_at


def after(state: State, event: Event) -> State:
    """Return the state of a target after an edge, which holds all that the fold remembers."""
    last_ok_at = state.last_ok_at
    outage: Outage | None = None
    failing: Streak | None = None
    if event.edge is Transition.OUTAGE_OPENED and event.outage is not None:
        outage, last_ok_at = event.outage, event.outage.last_ok_at
    elif state.verdict in GOOD:
        last_ok_at = event.at
    else:
        failing = state.failing  # a silence parted it from the blip
    return replace(state, last_ok_at=last_ok_at, failing=failing, recovering=None, outage=outage)


def without_streaks(state: State) -> State:
    """Return a state of which nothing but the last check is known."""
    return replace(state, failing=None, recovering=None, outage=None)


def _says_more(sighting: Sighting, last: Sighting | None) -> bool:
    """Return whether a check is good or failing, and later than the last that was."""
    return sighting.verdict in GOOD | FAILING and (last is None or sighting.at > last.at)
