"""Whose word a failure rests on: what stands for the addresses that a resolver gave.

A name's addresses are vouched for by an independent resolver that gives one of them too, or by
an earlier good check at one of them. `SecondLook` is the request made again, elsewhere if
another resolver says so.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.model import (
    EARLIER,
    NO_WITNESS,
    UNRESOLVED,
    Controls,
    ControlStatus,
    Exchange,
    Failure,
    Family,
    Hop,
    Judgement,
    Phase,
    Reason,
    Resolution,
    SecondLook,
    Target,
    Verdict,
)
from monitor.core.model.check import Check
from monitor.core.verdict.context import host_of
from monitor.core.verdict.rules_local import NAME_RULE
from monitor.fetch import SILENT_S

HOSTS = 4096
ADDRESSES = 32  # of one host: large networks give others at each answer
_HEARD = frozenset({ControlStatus.PROMPT, ControlStatus.LATE})
_CLEAN = NO_WITNESS | {ControlStatus.PROMPT}
_HELD = frozenset({Verdict.DOWN, Verdict.MAINTENANCE, Verdict.BLOCKED})


class Places:
    """Remembers where each host answered well: its certificate was good, or its page.

    A host is named as `read_url` writes it: ASCII, lower case.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, dict[str, None]] = OrderedDict()

    def learn(self, exchange: Exchange, judgement: Judgement) -> None:
        """Take from an exchange the addresses that proved to be a host's own."""
        for hop in _hops(exchange):
            resolution = hop.resolution
            proved = hop.certificate is not None and hop.certificate.verified
            if not resolution or not resolution.asked or hop.address is None:
                continue
            if proved or judgement.verdict is Verdict.UP:
                self._note(resolution.host, resolution.addresses)

    def recall(self, checks: Iterable[Check]) -> None:
        """Take the same from checks on record, so that a restart forgets no place."""
        for check in checks:
            for step in check.conditions.steps:
                proved = step.certificate is not None and step.certificate.verified
                if step.resolver is None or step.resolver in UNRESOLVED or step.address is None:
                    continue
                if proved or check.verdict is Verdict.UP:
                    self._note(host_of(step.url), step.answers)

    def _note(self, host: str, addresses: Iterable[str]) -> None:
        known = self._known.setdefault(host, {})
        self._known.move_to_end(host)
        known.update(dict.fromkeys(addresses))
        while len(known) > ADDRESSES:
            del known[next(iter(known))]
        while len(self._known) > HOSTS:
            self._known.popitem(last=False)

    def stand_for(self, exchange: Exchange) -> Exchange:
        """Return the exchange, its resolutions vouched for by what is remembered."""

        def vouch(resolution: Resolution) -> Resolution:
            known = self._known.get(resolution.host, {})
            return (
                replace(resolution, second=EARLIER)
                if known.keys() & set(resolution.addresses)
                else resolution
            )

        return _vouched(exchange, vouch)


def wanted(exchange: Exchange, judgement: Judgement, *, sure: bool) -> bool:
    """Return whether a failure must show once more before it is laid on the site.

    `sure`: a round of control hosts began while it lasted, and nothing was lost on our line; or
    the check before failed in the same way.
    """
    if exchange.phase is Phase.RESOLVE:  # resolvers have been asked, more than one
        return False
    if judgement.rule == NAME_RULE:
        return True
    failed = any(_failed(each) for each in exchange.flat())
    return judgement.verdict in _HELD and failed and not sure


class LocalFaultMemory:
    """Remembers which targets failed last in a way that showed twice, or lay within a round.

    The next failure of the same kind is itself the repetition: no request is added to it.
    """

    def __init__(self) -> None:
        self._shown: dict[str, tuple[Reason, datetime]] = {}

    def before(self, target: Target, judgement: Judgement, at: datetime) -> bool:
        """Return whether the last check of a target failed so, within one streak."""
        reason, since = self._shown.get(target.slug, (None, at))
        lately = 0 <= (at - since).total_seconds() <= target.policy.silence_s
        return reason is judgement.reason and lately

    def learn(self, target: Target, judgement: Judgement, at: datetime) -> None:
        """Take the last check of a target."""
        if judgement.verdict in _HELD:
            self._shown[target.slug] = (judgement.reason, at)
        else:
            self._shown.pop(target.slug, None)


def nothing_lost(rounds: Sequence[Controls], families: Collection[Family]) -> bool:
    """Return whether no packet was lost or late in some rounds, over these families.

    A host that answered in none of two rounds or more is dead: it shows no loss.
    """
    for family in families:
        words = [each.families.get(family, {}) for each in rounds]
        statuses = [pair for each in words for pair in each.items()]
        heard = {slug for slug, word in statuses if word in _HEARD or len(rounds) == 1}
        if any(slug in heard and word not in _CLEAN for slug, word in statuses):
            return False
    return True


def is_proved(exchange: Exchange) -> bool:
    """Return whether all of it came whole, each hop under a good certificate."""
    return not any(_failed(each) for each in exchange.flat()) and all(
        hop.certificate is not None and hop.certificate.verified for hop in _hops(exchange)
    )


def joined(exchange: Exchange, again: Exchange | None, judgement: Judgement | None) -> Exchange:
    """Add to an exchange what the same request met when it was made again.

    An independent resolver stands for an address that it gives too; and for any, when the site
    failed at its own address as well.
    """
    if again is None or judgement is None:  # it could not be made
        nothing = SecondLook(
            resolver="", addresses=(), verdict=Verdict.UNKNOWN, reason=Reason.LOCAL_NETWORK
        )
        return replace(exchange, second=nothing)
    first = next(iter(_hops(again)), None)
    resolution = first.resolution if first else None
    second = SecondLook(
        resolver=resolution.server if resolution else "",
        addresses=resolution.addresses if resolution else (),
        verdict=judgement.verdict,
        reason=judgement.reason,
    )
    others = {
        hop.resolution.host: hop.resolution
        for hop in _hops(again)
        if hop.resolution and hop.resolution.second
    }

    def vouch(resolution: Resolution) -> Resolution:
        other = others.get(resolution.host)
        if other is None or not (
            set(other.addresses) & set(resolution.addresses) or judgement.verdict in _HELD
        ):
            return resolution
        return replace(resolution, second=other.second)

    return replace(_vouched(exchange, vouch), second=second)


def silence_us(exchange: Exchange) -> int:
    """Return how long the failure of an exchange lasted, up to its end.

    0 when some part of it failed at once; the whole probe when nothing failed.
    """
    last = exchange.last
    if exchange.failure is not None:
        return last.phases_us.get(exchange.phase, 0) if last and exchange.phase else 0
    failed = [each for each in exchange.parts if _failed(each)]
    if any(each.duration_us < SILENT_S * 1e6 for each in failed):
        return 0
    return sum(each.duration_us for each in exchange.flat())


def _failed(exchange: Exchange) -> bool:
    return exchange.failure not in {None, Failure.TOO_LARGE}


def _hops(exchange: Exchange) -> Iterator[Hop]:
    for each in exchange.flat():
        yield from each.hops


def _vouched(exchange: Exchange, vouch: Callable[[Resolution], Resolution]) -> Exchange:
    def of(hop: Hop) -> Hop:
        resolution = hop.resolution
        if (
            resolution is None
            or not resolution.asked
            or resolution.second is not None
            or resolution.failure
        ):
            return hop
        return replace(hop, resolution=vouch(resolution))

    return replace(
        exchange,
        hops=tuple(map(of, exchange.hops)),
        parts=tuple(_vouched(part, vouch) for part in exchange.parts),
    )
