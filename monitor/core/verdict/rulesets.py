"""Published rulesets: what each recorded check counts as, besides what was said at the time. Pure.

A ruleset is data. Its lines are tried in order, and the first one that matches a recorded check
says what it counts as. The last line of each verdict has no condition, so that every check has its
line, those of rules to come included.

What our own side spoiled stays unknown, whatever a ruleset says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from monitor.core.model import Controls, Failure, Family, Policy, Reason, Verdict, family_of
from monitor.core.model.check import ConnectionProfile, StoredHop
from monitor.core.model.exchange import status_class

# Faults of our own: they prove nothing of the site, whatever the rest of the check is.
OUR_FAULTS = frozenset(
    {
        Reason.LOCAL_NETWORK,
        Reason.LOCAL_IPV4,
        Reason.LOCAL_IPV6,
        Reason.LOCAL_RESOLVER,
        Reason.LOCAL_FILTER,
        Reason.LOCAL_BROWSER,
        Reason.LOCAL_PROCESS,
        Reason.CLOCK,
    }
)
# What each recorded verdict may count as. A check that found nothing wrong, or that says nothing
# of the site, can never be made to accuse it.
MAY_COUNT_AS = {
    Verdict.UP: frozenset({Verdict.UP, Verdict.DEGRADED, Verdict.UNKNOWN}),
    Verdict.DEGRADED: frozenset({Verdict.UP, Verdict.DEGRADED, Verdict.DOWN, Verdict.UNKNOWN}),
    Verdict.DOWN: frozenset({Verdict.UP, Verdict.DEGRADED, Verdict.DOWN, Verdict.UNKNOWN}),
    Verdict.MAINTENANCE: frozenset(
        {Verdict.UP, Verdict.MAINTENANCE, Verdict.DOWN, Verdict.UNKNOWN}
    ),
    Verdict.BLOCKED: frozenset({Verdict.BLOCKED, Verdict.UNKNOWN}),
    Verdict.UNKNOWN: frozenset({Verdict.UNKNOWN}),
}
_VERDICTS = frozenset(verdict.value for verdict in Verdict)
_REASONS = frozenset(reason.value for reason in Reason)


class Recorded(NamedTuple):
    """The judgement of a recorded check. The reason is None when this program knows no such."""

    verdict: Verdict
    reason: Reason | None
    rule: str


def recorded(verdict: str, reason: str, rule: str) -> Recorded:
    """Return a judgement from its words, which may be those of a newer program.

    A verdict that is not known is `unknown`: nothing is claimed that is not understood.
    """
    known = verdict in _VERDICTS
    return Recorded(
        Verdict(verdict) if known else Verdict.UNKNOWN,
        Reason(reason) if known and reason in _REASONS else None,
        rule,
    )


class Facts(NamedTuple):
    """What a line may ask of a check besides its judgement.

    Attributes:
        status: Of the last hop, also when the answer was cut; 0 when there is none.
        answered_us: How long the answer took, without the time that our own process stood still.
        vouched: Whether control hosts vouch for the address family that the check went over.

    """

    status: int
    answered_us: int
    vouched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What some recorded checks count as.

    Attributes:
        reasons, rules, statuses: One of them must be the check's; empty for any. A status below
            10 is a class of statuses.
        over_s: The answer must have taken longer, in seconds, and control hosts must vouch for
            our line.
        vouched: Whether control hosts must vouch for our line.
        announced: Whether the check must lie in announced maintenance, or out of it; None for
            either.
        why: French, for readers.

    """

    verdict: Verdict
    counts_as: Verdict
    why: str
    reasons: frozenset[Reason] = frozenset()
    rules: frozenset[str] = frozenset()
    statuses: frozenset[int] = frozenset()
    over_s: float | None = None
    vouched: bool = False
    announced: bool | None = None

    @property
    def asks_facts(self) -> bool:
        return bool(self.statuses) or self.over_s is not None or self.vouched

    @property
    def is_last(self) -> bool:
        """Whether it matches every check of its verdict."""
        conditions = self.reasons or self.rules or self.asks_facts
        return not conditions and self.announced is None

    def concerns(self, judgement: Recorded) -> bool:
        """Return whether a check with this judgement may match."""
        return (
            self.verdict is judgement.verdict
            and (not self.reasons or judgement.reason in self.reasons)
            and (not self.rules or judgement.rule in self.rules)
        )

    def matches(self, facts: Callable[[], Facts], *, announced: bool) -> bool:
        """Return whether a check matches that the line concerns."""
        if self.announced is not None and self.announced is not announced:
            return False
        if not self.asks_facts:
            return True
        check = facts()
        if self.statuses and self.statuses.isdisjoint({check.status, status_class(check.status)}):
            return False
        if self.over_s is not None and check.answered_us <= self.over_s * 1_000_000:
            return False
        return check.vouched or not (self.vouched or self.over_s is not None)


class WithOwn(StrEnum):
    """What a ruleset's thresholds are beside the policy by which a target was watched."""

    HARDEST = "hardest"  # of the two, whichever makes fewer or shorter outages
    EASIEST = "easiest"  # whichever makes more or longer ones
    ALONE = "alone"  # the ruleset's, for every target


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What makes an outage, and what a failure counts as that makes none.

    Attributes:
        unconfirmed: What such a failure counts as; None for what its line says.
        why: French, for readers.

    """

    with_own: WithOwn
    failures: int
    failing_s: int
    successes: int
    recovering_s: int
    silence_s: int
    why: str
    unconfirmed: Verdict | None = None

    def policy(self, own: Policy) -> Policy:
        """Return the policy by which a target is followed again that was watched by `own`."""
        more, less = _CHOICES[self.with_own]
        return replace(
            own,
            failures=more(self.failures, own.failures),
            failing_s=more(self.failing_s, own.failing_s),
            successes=less(self.successes, own.successes),
            recovering_s=less(self.recovering_s, own.recovering_s),
            silence_s=less(self.silence_s, own.silence_s),
        )


_Choice = Callable[[int, int], int]  # of a ruleset's threshold and the target's own
_CHOICES: Mapping[WithOwn, tuple[_Choice, _Choice]] = {
    WithOwn.HARDEST: (max, min),
    WithOwn.EASIEST: (min, max),
    WithOwn.ALONE: (lambda one, _own: one, lambda one, _own: one),
}


@dataclass(frozen=True, kw_only=True)
class Ruleset:
    """A published ruleset.

    Attributes:
        slug, version: By which it is cited, with `sha256`: the digest of its file, lower-case hex.
        name, summary: French, for readers.
        lines: In order; each verdict has one that asks nothing, its last.

    """

    slug: str
    version: str
    name: str
    summary: str
    lines: Sequence[Line]
    confirmation: Confirmation
    sha256: str

    @property
    def cited(self) -> str:
        """How a figure names it: "lenient 1 (sha256 0123…)"."""
        return f"{self.slug} {self.version} (sha256 {self.sha256})"

    @cached_property
    def by_verdict(self) -> dict[Verdict, tuple[Line, ...]]:
        return {
            verdict: tuple(line for line in self.lines if line.verdict is verdict)
            for verdict in Verdict
        }

    def candidates(self, judgement: Recorded) -> tuple[Line, ...]:
        """Return the lines that checks with this judgement may match, up to one that all match.

        The first that matches decides. Of a fault of our own, it is a line that says `unknown`.
        """
        if judgement.reason in OUR_FAULTS:
            return (_OURS,)
        lines: list[Line] = []
        for line in self.by_verdict[judgement.verdict]:
            if line.concerns(judgement):
                lines.append(line)
                if not line.asks_facts and line.announced is None:
                    break
        return tuple(lines)


_OURS = Line(
    verdict=Verdict.UNKNOWN,
    counts_as=Verdict.UNKNOWN,
    why="défaut de notre côté : ne prouve rien du site, sous aucun jeu de règles",
)


def decided(candidates: Sequence[Line], facts: Callable[[], Facts], *, announced: bool) -> Line:
    """Return the line that decides of a check; `facts` is called only when one asks for them."""
    return next(line for line in candidates if line.matches(facts, announced=announced))


def status_of(profile: ConnectionProfile) -> int:
    """Return the status of the last hop; 0 when there is none."""
    return (profile.steps[-1].status or 0) if profile.steps else 0


def is_vouched(profile: ConnectionProfile, controls: Controls | None) -> bool:
    """Return whether control hosts vouch for the families that a recorded check went over.

    As `RuleContext.unvouched` has it, from what was kept: for either family when it is not known
    over which the check failed, and a family that our line lacks is ignored beside another.
    """
    if controls is None:
        return False
    tried = _families(profile.steps[-1]) if profile.steps else ()
    tried = tuple(family for family in tried if not controls.lack(family)) or tried
    vouched = [controls.vouch_for(family) for family in tried or Family]
    return all(vouched) if tried else any(vouched)


def _families(last: StoredHop) -> tuple[Family, ...]:
    if last.address:
        return (family_of(last.address),)
    tried = {
        family_of(address)
        for address, failure in last.attempts
        if failure is not Failure.NETWORK_UNREACHABLE
    }
    return tuple(family for family in Family if family in tried)
