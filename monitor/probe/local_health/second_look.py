"""Confirm failures and resolved addresses by a second source.

A name's addresses are confirmed by an independent resolver that gives one of them too, or by an
earlier good check at one of them. `SecondLook` is the repeated request, to another address if
another resolver gives one.
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
ADDRESSES = 32  # of one host: large networks change them at each answer
_HEARD = frozenset({ControlStatus.PROMPT, ControlStatus.LATE})
_CLEAN = NO_WITNESS | {ControlStatus.PROMPT}
_HELD = frozenset({Verdict.DOWN, Verdict.MAINTENANCE, Verdict.BLOCKED})


class Places:
    """The addresses at which each host answered well: with a valid certificate, or a good page.

    A host is named as `read_url` writes it: ASCII, lower case.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[str, dict[str, None]] = OrderedDict()

    def learn(self, exchange: Exchange, judgement: Judgement) -> None:
        """Add the addresses from an exchange that are proved to be a host's own."""
        for hop in _hops(exchange):
            resolution = hop.resolution
            proved = hop.certificate is not None and hop.certificate.verified
            if not resolution or not resolution.asked or hop.address is None:
                continue
            if proved or judgement.verdict is Verdict.UP:
                self._note(resolution.host, resolution.addresses)

    def recall(self, checks: Iterable[Check]) -> None:
        """Add the same from recorded checks, so that a restart forgets nothing."""
        for check in checks:
            for step in check.conditions.steps:
                proved = step.certificate is not None and step.certificate.verified
                if step.resolver is None or step.resolver in UNRESOLVED or step.address is None:
                    continue
                if proved or check.verdict is Verdict.UP:
                    self._note(host_of(step.url), step.answers)

    def _note(self, host: str, addresses: Iterable[str]) -> None:
        addresses_of_host = self._known.setdefault(host, {})
        self._known.move_to_end(host)
        addresses_of_host.update(dict.fromkeys(addresses))
        while len(addresses_of_host) > ADDRESSES:
            del addresses_of_host[next(iter(addresses_of_host))]
        while len(self._known) > HOSTS:
            self._known.popitem(last=False)

    def stand_for(self, exchange: Exchange) -> Exchange:
        """Return the exchange with its resolutions confirmed by the known addresses."""

        def vouch(resolution: Resolution) -> Resolution:
            addresses_of_host = self._known.get(resolution.host, {})
            return (
                replace(resolution, second=EARLIER)
                if addresses_of_host.keys() & set(resolution.addresses)
                else resolution
            )

        return _vouched(exchange, vouch)


def wanted(exchange: Exchange, judgement: Judgement, *, sure: bool) -> bool:
    """Return whether a failure must occur again before it counts against the site.

    `sure`: a round of control hosts began while it lasted, and no packet was lost on our line; or
    the previous check failed in the same way.
    """
    if exchange.phase is Phase.RESOLVE:  # more than one resolver has been asked already
        return False
    if judgement.rule == NAME_RULE:
        return True
    failed = any(_failed(part) for part in exchange.flat())
    return judgement.verdict in _HELD and failed and not sure


class LocalFaultMemory:
    """The targets whose last failure was confirmed, by a repetition or by a round.

    The next failure of the same kind is itself the repetition: no request is added for it.
    """

    def __init__(self) -> None:
        self._shown: dict[str, tuple[Reason, datetime]] = {}

    def before(self, target: Target, judgement: Judgement, at: datetime) -> bool:
        """Return whether the last check of a target failed for the same reason, recently enough."""
        reason, since = self._shown.get(target.slug, (None, at))
        lately = 0 <= (at - since).total_seconds() <= target.policy.silence_s
        return reason is judgement.reason and lately

    def learn(self, target: Target, judgement: Judgement, at: datetime) -> None:
        """Record the last check of a target."""
        if judgement.verdict in _HELD:
            self._shown[target.slug] = (judgement.reason, at)
        else:
            self._shown.pop(target.slug, None)


def nothing_lost(rounds: Sequence[Controls], families: Collection[Family]) -> bool:
    """Return whether no packet was lost or late in these rounds, over these families.

    A host that answered in none of two rounds or more is down: it proves no loss.
    """
    for family in families:
        statuses_by_round = [round_.families.get(family, {}) for round_ in rounds]
        statuses = [pair for round_ in statuses_by_round for pair in round_.items()]
        answering = {slug for slug, status in statuses if status in _HEARD or len(rounds) == 1}
        if any(slug in answering and status not in _CLEAN for slug, status in statuses):
            return False
    return True


def is_proved(exchange: Exchange) -> bool:
    """Return whether the exchange is complete, and each hop has a valid certificate."""
    return not any(_failed(part) for part in exchange.flat()) and all(
        hop.certificate is not None and hop.certificate.verified for hop in _hops(exchange)
    )


def joined(exchange: Exchange, again: Exchange | None, judgement: Judgement | None) -> Exchange:
    """Add to an exchange the result of the repeated request.

    An independent resolver confirms an address that it gives too; and any address, when the site
    failed at the resolver's own address as well.
    """
    if again is None or judgement is None:  # it could not be repeated
        nothing = SecondLook(
            resolver="", addresses=(), verdict=Verdict.UNKNOWN, reason=Reason.LOCAL_NETWORK
        )
        return replace(exchange, second=nothing)
    first_hop = next(iter(_hops(again)), None)
    resolution = first_hop.resolution if first_hop else None
    second = SecondLook(
        resolver=resolution.server if resolution else "",
        addresses=resolution.addresses if resolution else (),
        verdict=judgement.verdict,
        reason=judgement.reason,
    )
    confirmed = {
        hop.resolution.host: hop.resolution
        for hop in _hops(again)
        if hop.resolution and hop.resolution.second
    }

    def vouch(resolution: Resolution) -> Resolution:
        confirmation = confirmed.get(resolution.host)
        if confirmation is None or not (
            set(confirmation.addresses) & set(resolution.addresses) or judgement.verdict in _HELD
        ):
            return resolution
        return replace(resolution, second=confirmation.second)

    return replace(_vouched(exchange, vouch), second=second)


def silence_us(exchange: Exchange) -> int:
    """Return how long the failure of an exchange lasted, up to its end.

    In microseconds: 0 when some part of it failed at once; the whole probe when nothing failed.
    """
    last = exchange.last
    if exchange.failure is not None:
        return last.phases_us.get(exchange.phase, 0) if last and exchange.phase else 0
    failed = [part for part in exchange.parts if _failed(part)]
    if any(part.duration_us < SILENT_S * 1e6 for part in failed):
        return 0
    return sum(part.duration_us for part in exchange.flat())


def _failed(exchange: Exchange) -> bool:
    return exchange.failure not in {None, Failure.TOO_LARGE}


def _hops(exchange: Exchange) -> Iterator[Hop]:
    for part in exchange.flat():
        yield from part.hops


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
