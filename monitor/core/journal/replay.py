"""Replay the journal: from its leaves to checks, and to the outages that follow from them.

States, outages and incidents are not taken from the journal but folded anew from the checks,
by the policy that the journal gives for each target: its outage leaves must then agree. When a
store is older than its journal, each target is in doubt for a while: see `doubt`.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from monitor.core.journal import doubt
from monitor.core.journal.decode import (
    check_from,
    conditions_from,
    controls_from,
    event_from,
    policy_of,
)
from monitor.core.model import (
    Controls,
    Event,
    Incident,
    Outage,
    Policy,
    Sighting,
    State,
    Transition,
)
from monitor.core.model.check import Check, ConnectionProfile
from monitor.core.outages.fold import advance
from monitor.core.outages.incidents import RecentOutages

REFERENCES = frozenset({"setup", "target", "conditions", "panel", "plan"})  # others name them
EDGES = frozenset({"outage", "blip"})
_CACHED = 1024  # conditions and policies in memory

Key = tuple[str, str]  # target, point

_FRENCH = {
    Transition.OUTAGE_OPENED: "le début d’une indisponibilité",
    Transition.OUTAGE_CLOSED: "la fin d’une indisponibilité",
    Transition.BLIP: "un échec isolé",
}


def _not_following(kind: str) -> str:
    what = "cet échec isolé" if kind == "blip" else "cette indisponibilité"
    return f"{what} ne suit pas des relevés"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedCheck:
    """A check of the journal, and what follows from it; no events for a target in doubt.

    `plan`: the index and the leaf of its target as it was planned.
    """

    leaf: int
    check: Check
    plan: tuple[int, Mapping[str, Any]] | None
    state: State
    events: tuple[Event, ...]
    incidents: tuple[Incident, ...]


class ReplayError(Exception):
    """A leaf contradicts those before it, or cannot be read. French, for who verifies."""


class References(Protocol):
    """Storage of the leaves that others refer to, by index; a `dict` will do."""

    def __getitem__(self, idx: int, /) -> Mapping[str, Any]:
        """Return a leaf. Raises KeyError."""
        ...

    def __setitem__(self, idx: int, leaf: Mapping[str, Any], /) -> None:
        """Keep a leaf."""
        ...


@dataclass(slots=True)
class Replay:
    """Reads leaves in order. Keeps the leaves that others refer to, and one state per target.

    `on_trust` counts the edges that rest on checks from before the journal.
    """

    states: dict[Key, State] = field(default_factory=dict)
    on_trust: int = 0
    references: References = field(default_factory=dict[int, Mapping[str, Any]])
    _met: dict[int, ConnectionProfile] = field(default_factory=dict)
    _round: tuple[int, str, Controls] | None = None  # the last that a check rested on
    _policies: dict[int, Policy] = field(default_factory=dict)
    _awaited: deque[tuple[int, Event]] = field(default_factory=deque)
    _outages: RecentOutages = field(default_factory=RecentOutages)
    _older: bool = False  # the store is older than its journal
    _doubts: dict[Key, doubt.Doubt | None] = field(default_factory=dict)  # None: it is over
    _doubtful: tuple[int, Key] | None = None  # the last check, of a target in doubt

    def refer(self, idx: int) -> Mapping[str, Any]:
        """Return an earlier leaf that others may refer to. Raises ReplayError."""
        try:
            return self.references[idx]
        except KeyError:
            raise ReplayError(
                f"la feuille {idx} est nommée, et n’est pas de celles qui peuvent l’être"
            ) from None

    def remember(self, idx: int, leaf: Mapping[str, Any]) -> None:
        """Store a leaf that others may refer to."""
        self.references[idx] = leaf

    def begin(self, leaf: Mapping[str, Any]) -> None:
        """Read the leaf `origin`."""
        self._older = any(leaf["rows_before"].values())

    def observation(self, idx: int, leaf: Mapping[str, Any]) -> ReplayedCheck:
        """Decode a check and fold it. Call `settle` first.

        Raises:
            ReplayError, ValueError, KeyError, TypeError: The leaf cannot be decoded.

        """
        check = check_from(
            leaf,
            self.refer,
            conditions=self._conditions(leaf["conditions"]),
            controls=self._controls(leaf["controls"]) if leaf.get("controls") else None,
        )
        plan = self.refer(leaf["plan"]) if "plan" in leaf else None
        planned = (leaf["plan"], plan) if plan else None
        policy = self._policy(leaf["plan"], plan) if plan else Policy()
        key = check.target, check.point
        before = self.states.get(key) or State(target=check.target, point=check.point)
        sighting = Sighting(at=check.at, verdict=check.verdict, reason=check.reason)
        doubtful = self._doubt(key, check.at) if self._older else None
        if doubtful is not None:
            self._doubtful = idx, key
            state = self.states[key] = doubtful.follow(before, sighting, policy)
            return ReplayedCheck(
                leaf=idx, check=check, plan=planned, state=state, events=(), incidents=()
            )
        state, events = advance(before, sighting, policy)
        self.states[key] = state
        self._awaited.extend((idx, event) for event in events)
        return ReplayedCheck(
            leaf=idx,
            check=check,
            plan=planned,
            state=state,
            events=events,
            incidents=tuple(self._incidents(plan, events)),
        )

    def _doubt(self, key: Key, at: datetime) -> doubt.Doubt | None:
        if key not in self._doubts:
            self._doubts[key] = doubt.Doubt(first_at=at)
        return self._doubts[key]

    def remember_outage(self, outage: Outage, platform: str) -> None:
        """Take an outage that was read before, which an incident may still grow from."""
        self._outages.add(outage, platform)

    def restarted(self, at: datetime) -> None:
        """Forget the outages that the service does not load when it starts at `at`."""
        self._outages.restart(at)

    def _conditions(self, idx: int) -> ConnectionProfile:
        """Decode a `conditions` leaf once, however many checks refer to it."""
        profile = self._met.get(idx)
        if profile is None:
            if len(self._met) >= _CACHED:
                self._met.clear()
            profile = self._met[idx] = conditions_from(self.refer(idx))
        return profile

    def _controls(self, leaf: Mapping[str, Any]) -> Controls:
        """Decode a round once, however many checks in a row rest on it."""
        panel, at = leaf["panel"], leaf["at"]
        if self._round is None or self._round[:2] != (panel, at):
            self._round = panel, at, controls_from(self.refer(panel), at)
        return self._round[2]

    def _policy(self, idx: int, plan: Mapping[str, Any]) -> Policy:
        policy = self._policies.get(idx)
        if policy is None:
            if len(self._policies) >= _CACHED:
                self._policies.clear()
            policy = self._policies[idx] = policy_of(plan)
        return policy

    def edge(self, leaf: Mapping[str, Any]) -> Event:
        """Compare an outage or a blip of the journal with what follows from the checks."""
        recorded = leaf["observation"], event_from(leaf)
        doubtful = self._doubtful
        doubt_of_target = self._doubts[doubtful[1]] if doubtful is not None else None
        if doubtful is not None and doubt_of_target is not None:
            self._resolve(recorded, doubtful, doubt_of_target)
        elif not self._awaited or self._awaited.popleft() != recorded:
            raise ReplayError(_not_following(leaf["type"]))
        return recorded[1]

    def _resolve(
        self, recorded: tuple[int, Event], check: tuple[int, Key], doubt_of_target: doubt.Doubt
    ) -> None:
        """Take the first edge of a target in doubt: it determines the state of the target."""
        (named, event), (idx, key) = recorded, check
        awaited, doubt_of_target.awaited = doubt_of_target.awaited, ()
        self._doubts[key] = None
        if awaited and recorded == (idx, awaited[0]):
            self._awaited.extend((idx, following) for following in awaited[1:])
            return
        if (
            named != idx
            or (event.target, event.point) != key
            or not doubt_of_target.explains(event, awaited)
        ):
            raise ReplayError(_not_following("blip" if event.outage is None else "outage"))
        self.on_trust += 1
        self.states[key] = doubt.after(self.states[key], event)

    def settle(self) -> None:
        """Raise ReplayError when an edge follows from the checks and is not in the journal."""
        last, self._doubtful = self._doubtful, None
        doubt_of_target = last and self._doubts[last[1]]
        if last is not None and doubt_of_target is not None:
            self._leave(*last, doubt_of_target)
        if self._awaited:
            idx, event = self._awaited[0]
            self._awaited.clear()  # one error is enough
            raise ReplayError(f"{_FRENCH[event.edge]} suit de la feuille {idx}, et n’est pas dit")

    def _leave(self, idx: int, key: Key, doubt_of_target: doubt.Doubt) -> None:
        """Continue after a check of a target in doubt that the journal has no edge for."""
        if doubt_of_target.awaited:
            doubt_of_target.was_open, doubt_of_target.awaited = True, ()
            self.states[key] = doubt.without_streaks(self.states[key])
            self.on_trust += 1
        if doubt_of_target.is_over:
            self._doubts[key] = None
            if doubt_of_target.was_open:
                raise ReplayError(
                    f"{_FRENCH[Transition.OUTAGE_CLOSED]} suit de la feuille {idx},"
                    " et n’est pas dit"
                )

    def _incidents(
        self, plan: Mapping[str, Any] | None, events: tuple[Event, ...]
    ) -> list[Incident]:
        return [
            self._outages.absorb(event.outage, plan["platform"], at=event.at)
            for event in events
            if plan is not None and event.outage is not None
        ]
