"""The journal told again: from its leaves to checks, and to what followed from each.

States, outages and incidents are not taken from the journal but folded anew from the checks,
by the policy that the journal gives for each target: its outage leaves must then agree. Of a
store that is older than its journal, each target is in doubt for a while: see `doubt`.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from monitor.core.journal import doubt
from monitor.core.journal.decode import check_from, conditions_from, event_from, policy_of
from monitor.core.model import Event, Incident, Policy, Sighting, State
from monitor.core.model.check import Check, ConnectionProfile
from monitor.core.outages.fold import advance
from monitor.core.outages.incidents import RecentOutages

REFERENCES = frozenset({"setup", "target", "conditions", "panel", "plan"})  # others name them
EDGES = frozenset({"outage", "blip"})
_CACHED = 1024  # conditions and policies in memory

Key = tuple[str, str]  # target, point


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A check of the journal, and what follows from it; of a target in doubt, no events."""

    leaf: int
    check: Check
    state: State
    events: tuple[Event, ...]
    incidents: tuple[Incident, ...]


class ReplayError(Exception):
    """A leaf contradicts those before it, or cannot be read."""


class References(Protocol):
    """Where leaves that others name are kept; a mapping is one."""

    def __getitem__(self, idx: int, /) -> Mapping[str, Any]:
        """Return a leaf. Raises KeyError."""
        ...

    def __setitem__(self, idx: int, leaf: Mapping[str, Any], /) -> None:
        """Keep a leaf."""
        ...


@dataclass(slots=True)
class Replay:
    """Reads leaves in order. It remembers what others name, and one state for each target.

    `on_trust` counts the edges that rest on checks of before the journal.
    """

    states: dict[Key, State] = field(default_factory=dict)
    on_trust: int = 0
    references: References = field(default_factory=dict[int, Mapping[str, Any]])
    _met: dict[int, ConnectionProfile] = field(default_factory=dict)
    _policies: dict[int, Policy] = field(default_factory=dict)
    _awaited: deque[tuple[int, Event]] = field(default_factory=deque)
    _outages: RecentOutages = field(default_factory=RecentOutages)
    _older: bool = False  # the store is older than its journal
    _doubts: dict[Key, doubt.Doubt | None] = field(default_factory=dict)  # None: it is over
    _doubtful: tuple[int, Key] | None = None  # the last check, of a target in doubt

    def refer(self, idx: int) -> Mapping[str, Any]:
        """Return an earlier leaf that others may name. Raises ReplayError."""
        try:
            return self.references[idx]
        except KeyError:
            raise ReplayError(f"leaf {idx} is named, and is nothing that can be") from None

    def remember(self, idx: int, leaf: Mapping[str, Any]) -> None:
        """Take a leaf that others may name."""
        self.references[idx] = leaf

    def begin(self, leaf: Mapping[str, Any]) -> None:
        """Take the leaf `origin`."""
        self._older = any(leaf["rows_before"].values())

    def observation(self, idx: int, leaf: Mapping[str, Any]) -> Told:
        """Read a check and fold it; `settle` comes before.

        Raises:
            ReplayError, ValueError, KeyError, TypeError: it cannot be read.

        """
        check = check_from(leaf, self.refer, met=self._conditions(leaf["conditions"]))
        plan = self.refer(leaf["plan"]) if "plan" in leaf else None
        policy = self._policy(leaf["plan"], plan) if plan else Policy()
        key = check.target, check.point
        before = self.states.get(key) or State(target=check.target, point=check.point)
        sighting = Sighting(at=check.at, verdict=check.verdict, reason=check.reason)
        doubtful = self._doubt(key, check.at) if self._older else None
        if doubtful is not None:
            self._doubtful = idx, key
            state = self.states[key] = doubtful.follow(before, sighting, policy)
            return Told(leaf=idx, check=check, state=state, events=(), incidents=())
        state, events = advance(before, sighting, policy)
        self.states[key] = state
        self._awaited.extend((idx, event) for event in events)
        return Told(
            leaf=idx,
            check=check,
            state=state,
            events=events,
            incidents=tuple(self._incidents(plan, events)),
        )

    def _doubt(self, key: Key, at: datetime) -> doubt.Doubt | None:
        if key not in self._doubts:
            self._doubts[key] = doubt.Doubt(first_at=at)
        return self._doubts[key]

    def restarted(self, at: datetime) -> None:
        """Forget what the service no longer knows of when it starts."""
        self._outages.restart(at)

    def _conditions(self, idx: int) -> ConnectionProfile:
        """Read conditions once, however many checks met them."""
        met = self._met.get(idx)
        if met is None:
            if len(self._met) >= _CACHED:
                self._met.clear()
            met = self._met[idx] = conditions_from(self.refer(idx))
        return met

    def _policy(self, idx: int, plan: Mapping[str, Any]) -> Policy:
        policy = self._policies.get(idx)
        if policy is None:
            if len(self._policies) >= _CACHED:
                self._policies.clear()
            policy = self._policies[idx] = policy_of(plan)
        return policy

    def edge(self, leaf: Mapping[str, Any]) -> Event:
        """Compare an outage or a blip of the journal with what follows from the checks."""
        said = leaf["observation"], event_from(leaf)
        doubtful = self._doubtful
        known = self._doubts[doubtful[1]] if doubtful is not None else None
        if doubtful is not None and known is not None:
            self._resolve(said, doubtful, known)
        elif not self._awaited or self._awaited.popleft() != said:
            raise ReplayError(f"the {leaf['type']} does not follow from the checks")
        return said[1]

    def _resolve(self, said: tuple[int, Event], check: tuple[int, Key], known: doubt.Doubt) -> None:
        """Take the first edge of a target in doubt: it says all of its state."""
        (named, event), (idx, key) = said, check
        awaited, known.awaited = known.awaited, ()
        self._doubts[key] = None
        if awaited and said == (idx, awaited[0]):
            self._awaited.extend((idx, one) for one in awaited[1:])
            return
        if named != idx or (event.target, event.point) != key or not known.explains(event, awaited):
            raise ReplayError(f"the {event.edge} does not follow from the checks")
        self.on_trust += 1
        self.states[key] = doubt.after(self.states[key], event)

    def settle(self) -> None:
        """Raise ReplayError when an edge follows from the checks and is not in the journal."""
        last, self._doubtful = self._doubtful, None
        known = last and self._doubts[last[1]]
        if last is not None and known is not None:
            self._leave(*last, known)
        if self._awaited:
            idx, event = self._awaited[0]
            self._awaited.clear()  # said once
            raise ReplayError(f"{event.edge} follows from leaf {idx}, and is not said")

    def _leave(self, idx: int, key: Key, known: doubt.Doubt) -> None:
        """Go on after a check of a target in doubt of which no edge was told."""
        if known.awaited:
            known.was_open, known.awaited = True, ()
            self.states[key] = doubt.without_streaks(self.states[key])
            self.on_trust += 1
        if known.is_over:
            self._doubts[key] = None
            if known.was_open:
                raise ReplayError(f"the end of an outage follows from leaf {idx}, and is not said")

    def _incidents(
        self, plan: Mapping[str, Any] | None, events: tuple[Event, ...]
    ) -> list[Incident]:
        return [
            self._outages.absorb(event.outage, plan["platform"], at=event.at)
            for event in events
            if plan is not None and event.outage is not None
        ]
