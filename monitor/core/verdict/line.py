"""Rules on our own clock and line, and on exchanges that brought no whole answer."""

from monitor.core.types import Exchange, Failure, Phase, Reason, Verdict
from monitor.core.verdict.case import Case, Finding, is_private

# Failures that leave an answer to read: its status and its start may still decide.
PARTIAL = frozenset(
    {Failure.TRUNCATED, Failure.TOO_LARGE, Failure.INVALID_ENCODING, Failure.DEADLINE}
)
# Failures that say nothing of the site even when the controls answer: our resolver
# refuses us, or we have no route of that family.
_OURS = frozenset({Failure.DNS_REFUSED, Failure.NETWORK_UNREACHABLE})


def clock_offset(case: Case) -> Finding | None:
    """Refuse a record whose time is wrong; an unknown offset is said beside the record."""
    offset = case.clock_offset_us
    if offset is None or abs(offset) <= case.clock_limit_us:
        return None
    return Finding(
        Verdict.UNKNOWN,
        Reason.CLOCK,
        f"notre horloge s'écarte de {offset / 1e6:.3f} s du temps NTP",
    )


def bogon(case: Case) -> Finding | None:
    """Take a public name with a private address as rewritten on our side."""
    if case.exchange.failure is not Failure.DNS_BOGON:
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, "le résolveur rend une adresse privée")


def redirected_inside(case: Case) -> Finding | None:
    """Take a redirect to a private address as a portal's or a filter's."""
    last = case.exchange.last
    location = last.header("location") if last else None
    if case.exchange.failure is not Failure.REDIRECT_REFUSED or not location:
        return None
    if not is_private(location):
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_FILTER, "redirection vers une adresse privée")


def line_in_doubt(case: Case) -> Finding | None:
    """Lay no failure on the site unless the controls answered."""
    failure = case.exchange.failure
    if failure is None or failure is Failure.TOO_LARGE or case.line_known_good:
        return None
    said = "les témoins n'ont pas été interrogés" if case.controls is None else "témoins muets"
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_NETWORK, f"{failure.value}, {said}")


def our_side(case: Case) -> Finding | None:
    """Keep for ourselves the failures of our resolver and routes, whatever the controls say."""
    failure = case.exchange.failure
    if failure is None or not is_ours(case.exchange):
        return None
    return Finding(Verdict.UNKNOWN, Reason.LOCAL_NETWORK, f"{failure.value} de notre côté")


def is_ours(exchange: Exchange) -> bool:
    """Tell whether our resolver or our routes are what failed."""
    silent = exchange.failure is Failure.TIMEOUT and exchange.phase is Phase.RESOLVE
    return silent or exchange.failure in _OURS


def cookie_loop(case: Case) -> Finding | None:
    """Suspend judgement on a loop that sets cookies: a visitor keeps them, we do not."""
    if case.exchange.failure is not Failure.REDIRECT_LOOP:
        return None
    if not any(hop.header("set-cookie") for hop in case.exchange.hops):
        return None
    return Finding(
        Verdict.UNKNOWN, Reason.REDIRECT_LOOP, "boucle qui pose un cookie ; la sonde n'en garde pas"
    )


def no_answer(case: Case) -> Finding | None:
    """Lay on the site that no answer came, our line being known to work."""
    failure = case.exchange.failure
    if failure is None or (failure in PARTIAL and case.status):
        return None
    if failure is Failure.UNKNOWN:
        return Finding(Verdict.UNKNOWN, Reason.UNKNOWN_FAILURE, "échec d'espèce inconnue")
    phase = f", étape {case.exchange.phase.value}" if case.exchange.phase else ""
    return Finding(Verdict.DOWN, Reason(failure.value), f"{failure.value}{phase}")


def cut_answer(case: Case) -> Finding | None:
    """Refuse an answer that was cut; one that is only too long is judged by its start."""
    failure = case.exchange.failure
    if failure is None or failure is Failure.TOO_LARGE:
        return None
    return Finding(Verdict.DOWN, Reason(failure.value), f"réponse inutilisable : {failure.value}")
