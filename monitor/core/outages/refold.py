"""Outages as another ruleset would have made them: the fold again, over what was kept. Pure."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter

from monitor.core.model import Event, Outage, Policy, Sighting, State, Transition
from monitor.core.outages.fold import advance
from monitor.core.outages.time_accounts import microseconds


@dataclass(slots=True)
class Refolded:
    """The outages of one target, and the failures that made none: memory grows with these alone.

    Attributes:
        outages: In order of time; the last one may be open.
        unconfirmed: Spans of such failures in microseconds since 1970, in order, both ends
            included. Good checks are in none; the last one may still be confirmed.

    """

    outages: list[Outage] = field(default_factory=list)
    unconfirmed: list[tuple[int, int]] = field(default_factory=list)

    def is_unconfirmed(self, at_us: int) -> bool:
        """Return whether a failing check at an instant is one of those that made no outage."""
        index = bisect_right(self.unconfirmed, at_us, key=itemgetter(0)) - 1
        return index >= 0 and at_us <= self.unconfirmed[index][1]

    def _take(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.edge is Transition.OUTAGE_CLOSED and event.outage is not None:
                self.outages.append(event.outage)
            elif event.blip is not None:
                first, last = event.blip.first_at, event.blip.last_at
                self.unconfirmed.append((microseconds(first), microseconds(last)))


@dataclass(slots=True)
class Refolding:
    """The fold of one target, some checks at a time."""

    _state: State
    _result: Refolded = field(default_factory=Refolded)

    @classmethod
    def of(cls, target: str, point: str) -> "Refolding":
        """Return the fold of a target of which no check is known."""
        return cls(State(target=target, point=point))

    @property
    def is_calm(self) -> bool:
        """Whether good checks can change nothing but which was the last good one."""
        state = self._state
        return state.outage is None and state.failing is None and state.recovering is None

    def add(self, sightings: Iterable[tuple[Sighting, Policy]]) -> None:
        """Fold more checks, in order of time, each with the policy of its time."""
        for sighting, policy in sightings:
            self._state, events = advance(self._state, sighting, policy)
            self._result._take(events)  # noqa: SLF001 -- its own module

    def result(self) -> Refolded:
        """Return what the checks made. Nothing may be added afterwards."""
        state, result = self._state, self._result
        if state.outage is not None:
            result.outages.append(state.outage)
        if state.failing is not None:
            first, last = state.failing.first_at, state.failing.last_at
            result.unconfirmed.append((microseconds(first), microseconds(last)))
        return result


def refold(target: str, point: str, sightings: Iterable[tuple[Sighting, Policy]]) -> Refolded:
    """Fold all checks of a target, in order of time, each with the policy of its time."""
    folding = Refolding.of(target, point)
    folding.add(sightings)
    return folding.result()
