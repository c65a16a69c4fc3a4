"""Rules on our own clock and line, and on exchanges without a complete answer."""

import re
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from monitor.core.model import Exchange, Failure, Family, Phase, Reason, Verdict
from monitor.core.model.check import STALLED_US
from monitor.core.untrusted.public_addresses import PORTS
from monitor.core.verdict.context import Finding, RuleContext, host_of, is_private, is_whole

# Failures with a partial answer: its status and its start may still decide.
PARTIAL = frozenset(
    {Failure.TRUNCATED, Failure.TOO_LARGE, Failure.INVALID_ENCODING, Failure.DEADLINE}
)
# Failures that prove nothing against the site even when the controls answer: our resolver
# refuses us, or we have no route of that family.
_OURS = frozenset({Failure.DNS_REFUSED, Failure.NETWORK_UNREACHABLE})
_DENIALS = frozenset({Failure.DNS_NXDOMAIN, Failure.DNS_NO_ANSWER})
_OF_THE_NAME = _DENIALS | {Failure.DNS_SERVFAIL, Failure.DNS_BOGON}
_LIMITS = frozenset({Failure.TIMEOUT, Failure.DEADLINE})  # what a limit of ours ended
_TOO_LATE = 408
_SCHEME = re.compile(r"\s{0,9}([a-zA-Z][a-zA-Z0-9+.-]{0,40}):")
FROZEN_US = 2_000_000
NAME_RULE = "name-in-doubt"


def clock_offset(case: RuleContext) -> Finding | None:
    """Refuse a check whose time is wrong. An unknown offset is accepted, and is recorded."""
    offset = case.clock_offset_us
    if offset is None or abs(offset) <= case.clock_limit_us:
        return None
    return Finding(
        Verdict.UNKNOWN,
        Reason.CLOCK,
        f"notre horloge s'écarte de {offset / 1e6:.3f} s du temps NTP",
    )


def bogon(case: RuleContext) -> Finding | None:
    """Treat a private address for a public name as an answer rewritten on our side."""
    if case.exchange.failure is not Failure.DNS_BOGON:
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, "le résolveur rend une adresse privée")


def redirected_inside(case: RuleContext) -> Finding | None:
    """Leave a redirect that we alone refuse to follow unjudged.

    One to a private address is that of a portal or a filter on our side.
    """
    last = case.exchange.last
    location = last.header("location") if last else None
    if case.exchange.failure is not Failure.REDIRECT_REFUSED or not location:
        return None
    if _port_of(location) not in PORTS:  # a browser might follow; that we do not is our choice
        return Finding(
            Verdict.UNKNOWN, Reason.REDIRECT_REFUSED, "redirection vers un port non demandé"
        )
    if is_private(location):
        return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, "redirection vers une adresse privée")
    scheme = _SCHEME.match(location)
    if scheme is None or scheme[1].lower() in {"http", "https"}:
        ground = "redirection que la sonde ne suit pas, et un navigateur peut-être"
        return Finding(Verdict.UNKNOWN, Reason.REDIRECT_REFUSED, ground)
    return None


def frozen(case: RuleContext) -> Finding | None:
    """Count no failure against the site while our own process was suspended.

    Any failure when the stall was long; only one caused by a time limit of ours when it was
    shorter. A 408 means that our request reached the server too late.
    """
    exchange = case.exchange
    failed = exchange.failure not in {None, Failure.TOO_LARGE} or case.status == _TOO_LATE
    if not failed or not was_frozen(exchange):
        return None
    stalled_s = exchange.stalled_us / 1e6
    ground = f"notre processus est resté arrêté {stalled_s:.1f} s pendant la demande"
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_PROCESS, ground)


def was_frozen(exchange: Exchange) -> bool:
    """Return whether a stall of our own process may have caused the failure of an exchange."""
    limit_us = STALLED_US if exchange.failure in _LIMITS else FROZEN_US
    return exchange.stalled_us >= limit_us


def _port_of(location: str) -> int:
    """Return the port of a redirect; that of HTTP when it names none."""
    try:
        return urlsplit(location).port or min(PORTS)
    except ValueError:
        return min(PORTS)


def line_in_doubt(case: RuleContext) -> Finding | None:
    """Count a failure against the site only if controls answered over the same address families."""
    failure = case.exchange.failure
    if failure is None or failure is Failure.TOO_LARGE:
        return None
    unvouched = case.unvouched(case.exchange)
    if not unvouched:
        return None
    controls_text = (
        "les témoins n'ont pas été interrogés" if case.controls is None else "témoins muets"
    )
    return Finding(Verdict.UNKNOWN, reason_of(case, unvouched), f"{failure.value}, {controls_text}")


def reason_of(case: RuleContext, unvouched: Collection[Family]) -> Reason:
    """Return the reason for a family that failed if the other works; else for the whole line."""
    controls = case.controls
    if controls is None or not any(controls.vouch_for(family) for family in Family):
        return Reason.LOCAL_NETWORK
    return Reason.LOCAL_IPV4 if Family.IPV4 in unvouched else Reason.LOCAL_IPV6


def our_side(case: RuleContext) -> Finding | None:
    """Count no failure of our own resolver or routes against the site."""
    failure = case.exchange.failure
    if failure is None or not is_ours(case.exchange):
        return None
    resolving = case.exchange.phase is Phase.RESOLVE
    reason = Reason.LOCAL_RESOLVER if resolving else Reason.LOCAL_NETWORK
    return Finding(Verdict.UNKNOWN, reason, f"{failure.value} de notre côté")


def is_ours(exchange: Exchange) -> bool:
    """Return whether our resolver or our routes failed.

    Of the failures of a resolution, only an answer about the *name* may be the site's; and one
    resolver's SERVFAIL may be its own, so that two are required. An ICMP error that comes from
    this machine or from a private network is that of our own router.
    """
    failure, last = exchange.failure, exchange.last
    if failure in _OURS:
        return True
    if exchange.phase is Phase.RESOLVE:
        resolution = last.resolution if last else None
        alone = (
            failure is Failure.DNS_SERVFAIL and resolution is not None and resolution.second is None
        )
        return alone or failure not in _OF_THE_NAME
    offenders = [attempt.offender for attempt in last.attempts if attempt.offender] if last else []
    return failure is Failure.HOST_UNREACHABLE and any(map(_is_private_host, offenders))


def _is_private_host(address: str) -> bool:
    url = f"//[{address}]/" if ":" in address else f"//{address}/"
    return is_private(url) or ip_address(address).is_link_local


def controls_failed(case: RuleContext) -> Finding | None:
    """Count nothing against the site while no control answers. A healthy answer proves the line."""
    if not case.line_known_bad:
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_NETWORK, "témoins muets : rien n'est retenu")


def name_in_doubt(case: RuleContext) -> Finding | None:
    """Count nothing against the site that rests on one resolver, whose answer may be a filter's.

    A hop with a valid certificate has proved its name, whatever address was resolved.
    """
    for hop in case.exchange.hops:
        resolution = hop.resolution
        if resolution is None or not resolution.asked or resolution.second is not None:
            continue
        if hop.certificate is not None and hop.certificate.verified:
            continue
        if resolution.failure is None or resolution.failure in _DENIALS:
            ground = f"{host_of(hop.url)} : seul {resolution.server} le dit"
            return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, ground)
    return None


def not_repeated(case: RuleContext) -> Finding | None:
    """Count nothing against the site that did not occur again when the request was repeated."""
    second = case.exchange.second
    if second is None or second.verdict in {Verdict.DOWN, Verdict.MAINTENANCE, Verdict.BLOCKED}:
        return None
    last = case.exchange.last
    resolution = last.resolution if last else None
    elsewhere = resolution is not None and not set(resolution.addresses) & set(second.addresses)
    conclusive = second.verdict is not Verdict.UNKNOWN
    reason = Reason.LOCAL_FILTER if conclusive and elsewhere else Reason.LOCAL_NETWORK
    if not conclusive:
        reason = second.reason
    ground = f"demande refaite par {second.resolver or 'personne'} : {second.verdict.value}"
    return Finding(Verdict.UNKNOWN, reason, ground)


def cookie_loop(case: RuleContext) -> Finding | None:
    """Leave a redirect loop that sets cookies unjudged: scripts may set others in a browser."""
    if case.exchange.failure is not Failure.REDIRECT_LOOP:
        return None
    if not any(hop.header("set-cookie") for hop in case.exchange.hops):
        return None
    return Finding(
        Verdict.UNKNOWN,
        Reason.REDIRECT_LOOP,
        "boucle avec cookies : un navigateur en sort peut-être",
    )


def no_answer(case: RuleContext) -> Finding | None:
    """Count a missing answer against the site, since our line is known to work by then."""
    failure = case.exchange.failure
    if failure is None or (failure in PARTIAL and case.status):
        return None
    if failure is Failure.TOO_LARGE:  # no head within our bounds
        return Finding(Verdict.UNKNOWN, Reason.TOO_LARGE, "en-têtes au-delà de nos limites")
    if failure is Failure.INVALID_RESPONSE and is_whole(case.exchange.body):
        ground = "page entière, mal découpée : un navigateur la montre, ou non"
        return Finding(Verdict.UNKNOWN, Reason.INVALID_RESPONSE, ground)
    if failure is Failure.UNKNOWN:
        return Finding(Verdict.UNKNOWN, Reason.UNKNOWN_FAILURE, "échec d'espèce inconnue")
    phase = f", étape {case.exchange.phase.value}" if case.exchange.phase else ""
    return Finding(Verdict.DOWN, Reason(failure.value), f"{failure.value}{phase}")


def cut_answer(case: RuleContext) -> Finding | None:
    """Find a truncated answer; one that is only too long is judged by its start."""
    failure = case.exchange.failure
    if failure is None or failure is Failure.TOO_LARGE:
        return None
    return Finding(Verdict.DOWN, Reason(failure.value), f"réponse inutilisable : {failure.value}")
