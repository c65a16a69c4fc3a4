"""Rules on our own clock and line, and on exchanges that brought no whole answer."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from monitor.core.model import Exchange, Failure, Family, Phase, Reason, Verdict
from monitor.core.model.check import STALLED_US
from monitor.core.untrusted.public_addresses import PORTS
from monitor.core.verdict.context import Finding, RuleContext, host_of, is_private

# Failures that leave an answer to read: its status and its start may still decide.
PARTIAL = frozenset(
    {Failure.TRUNCATED, Failure.TOO_LARGE, Failure.INVALID_ENCODING, Failure.DEADLINE}
)
# Failures that say nothing of the site even when the controls answer: our resolver
# refuses us, or we have no route of that family.
_OURS = frozenset({Failure.DNS_REFUSED, Failure.NETWORK_UNREACHABLE})
_DENIALS = frozenset({Failure.DNS_NXDOMAIN, Failure.DNS_NO_ANSWER})
_OF_THE_NAME = _DENIALS | {Failure.DNS_SERVFAIL, Failure.DNS_BOGON}
_LIMITS = frozenset({Failure.TIMEOUT, Failure.DEADLINE})  # what a limit of ours ended
_TOO_LATE = 408
FROZEN_US = 2_000_000
NAME_RULE = "name-in-doubt"


def clock_offset(case: RuleContext) -> Finding | None:
    """Refuse a record whose time is wrong; an unknown offset is said beside the record."""
    offset = case.clock_offset_us
    if offset is None or abs(offset) <= case.clock_limit_us:
        return None
    return Finding(
        Verdict.UNKNOWN,
        Reason.CLOCK,
        f"notre horloge s'écarte de {offset / 1e6:.3f} s du temps NTP",
    )


def bogon(case: RuleContext) -> Finding | None:
    """Take a public name with a private address as rewritten on our side."""
    if case.exchange.failure is not Failure.DNS_BOGON:
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, "le résolveur rend une adresse privée")


def redirected_inside(case: RuleContext) -> Finding | None:
    """Take a redirect to a private address as a portal's or a filter's."""
    last = case.exchange.last
    location = last.header("location") if last else None
    if case.exchange.failure is not Failure.REDIRECT_REFUSED or not location:
        return None
    if _port_of(location) not in PORTS:  # a browser might follow; that we do not is our choice
        return Finding(
            Verdict.UNKNOWN, Reason.REDIRECT_REFUSED, "redirection vers un port non demandé"
        )
    if not is_private(location):
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, "redirection vers une adresse privée")


def frozen(case: RuleContext) -> Finding | None:
    """Lay no failure on the site that our own process slept through.

    Any failure, when the stall was long; one that a limit of ours ended, when it was shorter. A
    408 is the server's word for a request of ours that came too late.
    """
    exchange = case.exchange
    failed = exchange.failure not in {None, Failure.TOO_LARGE} or case.status == _TOO_LATE
    if not failed or not was_frozen(exchange):
        return None
    stalled_s = exchange.stalled_us / 1e6
    ground = f"notre processus est resté arrêté {stalled_s:.1f} s pendant la demande"
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_PROCESS, ground)


def was_frozen(exchange: Exchange) -> bool:
    """Tell whether a stall of our own process may be why an exchange failed."""
    limit_us = STALLED_US if exchange.failure in _LIMITS else FROZEN_US
    return exchange.stalled_us >= limit_us


def _port_of(location: str) -> int:
    """Return the port that a redirect names; that of the web when it names none."""
    try:
        return urlsplit(location).port or min(PORTS)
    except ValueError:
        return min(PORTS)


def line_in_doubt(case: RuleContext) -> Finding | None:
    """Lay no failure on the site unless controls answered over the families that it failed over."""
    failure = case.exchange.failure
    if failure is None or failure is Failure.TOO_LARGE:
        return None
    doubted = case.unvouched(case.exchange)
    if not doubted:
        return None
    said = "les témoins n'ont pas été interrogés" if case.controls is None else "témoins muets"
    return Finding(Verdict.UNKNOWN, reason_of(case, doubted), f"{failure.value}, {said}")


def reason_of(case: RuleContext, doubted: Collection[Family]) -> Reason:
    """Name the family that does not work when the other one does; else the whole line."""
    controls = case.controls
    if controls is None or not any(controls.vouch_for(each) for each in Family):
        return Reason.LOCAL_NETWORK
    return Reason.LOCAL_IPV4 if Family.IPV4 in doubted else Reason.LOCAL_IPV6


def our_side(case: RuleContext) -> Finding | None:
    """Keep for ourselves the failures of our resolver and routes, whatever the controls say."""
    failure = case.exchange.failure
    if failure is None or not is_ours(case.exchange):
        return None
    resolving = case.exchange.phase is Phase.RESOLVE
    reason = Reason.LOCAL_RESOLVER if resolving else Reason.LOCAL_NETWORK
    return Finding(Verdict.UNKNOWN, reason, f"{failure.value} de notre côté")


def is_ours(exchange: Exchange) -> bool:
    """Tell whether our resolver or our routes are what failed.

    Of the failures of a resolution, only what was said of the *name* may be the site's; and one
    resolver's trouble may be its own, so that SERVFAIL takes two. An ICMP error that comes from
    this machine or from a private network is that of our own router.
    """
    failure, last = exchange.failure, exchange.last
    if failure in _OURS:
        return True
    if exchange.phase is Phase.RESOLVE:
        found = last.resolution if last else None
        alone = failure is Failure.DNS_SERVFAIL and found is not None and found.second is None
        return alone or failure not in _OF_THE_NAME
    offenders = [each.offender for each in last.attempts if each.offender] if last else []
    return failure is Failure.HOST_UNREACHABLE and any(map(_is_private_host, offenders))


def _is_private_host(address: str) -> bool:
    url = f"//[{address}]/" if ":" in address else f"//{address}/"
    return is_private(url) or ip_address(address).is_link_local


def controls_failed(case: RuleContext) -> Finding | None:
    """Lay nothing on the site while no control answers; a healthy answer proves the line."""
    if not case.line_known_bad:
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_NETWORK, "témoins muets : rien n'est retenu")


def name_in_doubt(case: RuleContext) -> Finding | None:
    """Lay nothing on the site that rests on one resolver's word, which a filter may have put in.

    A hop whose certificate was good has proved its name, whatever led to it.
    """
    for hop in case.exchange.hops:
        found = hop.resolution
        if found is None or not found.asked or found.second is not None:
            continue
        if hop.certificate is not None and hop.certificate.verified:
            continue
        if found.failure is None or found.failure in _DENIALS:
            ground = f"{host_of(hop.url)} : seul {found.server} le dit"
            return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, ground)
    return None


def not_repeated(case: RuleContext) -> Finding | None:
    """Lay nothing on the site that did not show again when the request was made again."""
    second = case.exchange.second
    if second is None or second.verdict in {Verdict.DOWN, Verdict.MAINTENANCE, Verdict.BLOCKED}:
        return None
    last = case.exchange.last
    found = last.resolution if last else None
    elsewhere = found is not None and not set(found.addresses) & set(second.addresses)
    known = second.verdict is not Verdict.UNKNOWN
    reason = Reason.LOCAL_FILTER if known and elsewhere else Reason.LOCAL_NETWORK
    if not known:
        reason = second.reason
    ground = f"demande refaite par {second.resolver or 'personne'} : {second.verdict.value}"
    return Finding(Verdict.UNKNOWN, reason, ground)


def cookie_loop(case: RuleContext) -> Finding | None:
    """Suspend judgement on a loop that sets cookies: a visitor keeps them, we do not."""
    if case.exchange.failure is not Failure.REDIRECT_LOOP:
        return None
    if not any(hop.header("set-cookie") for hop in case.exchange.hops):
        return None
    return Finding(
        Verdict.UNKNOWN, Reason.REDIRECT_LOOP, "boucle qui pose un cookie ; la sonde n'en garde pas"
    )


def no_answer(case: RuleContext) -> Finding | None:
    """Lay on the site that no answer came, our line being known to work."""
    failure = case.exchange.failure
    if failure is None or (failure in PARTIAL and case.status):
        return None
    if failure is Failure.UNKNOWN:
        return Finding(Verdict.UNKNOWN, Reason.UNKNOWN_FAILURE, "échec d'espèce inconnue")
    phase = f", étape {case.exchange.phase.value}" if case.exchange.phase else ""
    return Finding(Verdict.DOWN, Reason(failure.value), f"{failure.value}{phase}")


def cut_answer(case: RuleContext) -> Finding | None:
    """Refuse an answer that was cut; one that is only too long is judged by its start."""
    failure = case.exchange.failure
    if failure is None or failure is Failure.TOO_LARGE:
        return None
    return Finding(Verdict.DOWN, Reason(failure.value), f"réponse inutilisable : {failure.value}")
