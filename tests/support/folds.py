"""Outcomes as the service makes them: each check folded into what was known before."""

from collections.abc import Iterable, Mapping

from monitor.core.journal.recorded import check_of
from monitor.core.model import Observation, Outage, Outcome, Sighting, State, Target
from monitor.core.model.rendering import recorded
from monitor.core.outages.fold import advance
from monitor.core.outages.incidents import RecentOutages


class Folds:
    """The states and the incidents of some targets, seen from one point."""

    def __init__(
        self,
        targets: Mapping[str, Target],
        *,
        states: Iterable[State] = (),
        outages: Iterable[Outage] = (),
    ) -> None:
        self._targets = targets
        self.states = {state.target: state for state in states}
        self._outages = RecentOutages()
        for outage in outages:
            self._outages.add(outage, targets[outage.target].platform)

    def outcome(self, seen: Observation) -> Outcome:
        """Fold one check; bytes and text are the caller's."""
        target, check = self._targets[seen.target], check_of(seen)
        before = self.states.get(target.slug) or State(target=target.slug, point=check.point)
        sighting = Sighting(at=check.at, verdict=check.verdict, reason=check.reason)
        state, events = advance(before, sighting, target.policy)
        self.states[target.slug] = state
        incidents = tuple(
            self._outages.absorb(event.outage, target.platform, at=check.at)
            for event in events
            if event.outage
        )
        shown = seen.exchange.rendering
        rendering = (
            recorded(shown, target=check.target, point=check.point, at=check.at) if shown else None
        )
        return Outcome(
            check=check, state=state, events=events, incidents=incidents, rendering=rendering
        )
