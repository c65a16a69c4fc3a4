"""What the rules of classification look at, and what they find."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from monitor.core.model import (
    Controls,
    Exchange,
    Failure,
    Family,
    Hop,
    Reason,
    Target,
    Verdict,
    family_of,
)
from monitor.core.model.exchange import StatusClass, status_class
from monitor.core.verdict.fingerprints import Fingerprint, MatchInput, recognise
from monitor.core.verdict.page_summary import PageSummary, glance

BARE_WORDS = 10  # a page with fewer words says nothing itself
_ADDRESS = re.compile(r"[\d.]+|\[?[0-9a-f:]+\]?")
_SHARED_SUFFIX = re.compile(r"\.(gouv|asso|co|com|org|ac|gov)\.[a-z]{2}$")
_PRIVATE = re.compile(
    r"^(10\.|127\.|192\.168\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\."
    r"|172\.(1[6-9]|2\d|3[01])\.|localhost$|\[?::1|\[?f[cd][0-9a-f]{2}:)"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule decides, and on what ground (French, short)."""

    verdict: Verdict
    reason: Reason
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContext:
    """One exchange to judge, with what is known around it.

    Attributes:
        status: Of the last hop, also when the answer was cut; 0 when there is none.
        known_good: Whether this target was ever seen up.

    """

    target: Target
    exchange: Exchange
    controls: Controls | None
    clock_offset_us: int | None
    clock_limit_us: int
    known_good: bool
    marks: Sequence[Fingerprint]
    status: int
    page: PageSummary
    urls: tuple[str, ...]

    def unvouched(self, exchange: Exchange) -> tuple[Family, ...]:
        """Return the families that an exchange failed over and no round of controls vouches for.

        Both of them when it is not known over which it failed, unless either is vouched for. A
        family that our line lacks counts for nothing when it failed over the other one too: a
        visitor without it would have met the same failure.
        """
        controls, tried = self.controls, families_of(exchange)
        if controls is None:
            return tuple(tried or Family)
        tried = tuple(each for each in tried if not controls.lack(each)) or tried
        failed = tuple(each for each in tried or Family if not controls.vouch_for(each))
        return failed if tried or len(failed) == len(Family) else ()

    @property
    def line_known_bad(self) -> bool:
        return self.controls is not None and not self.controls.line_works

    @property
    def answered(self) -> bool:
        """Whether the page is there to be read: a 2xx."""
        return status_class(self.status) == StatusClass.SUCCESS

    def mark(self, *verdicts: Verdict) -> Finding | None:
        """Look for a mark of these verdicts; its ground names the mark."""
        headers = self.exchange.last.headers if self.exchange.last else ()
        scene = MatchInput(status=self.status, glance=self.page, headers=headers, urls=self.urls)
        found = recognise(scene, self.marks, verdicts)
        if found is None:
            return None
        mark, seen = found
        return Finding(mark.verdict, mark.reason, f"empreinte {mark.id} : « {seen[:80]} »")

    def refuses(self, part: Exchange, status: int) -> bool:
        """Tell whether what came for a part is a guard's page."""
        headers = part.last.headers if part.last else ()
        page = glance(part.body, content_type="text/html", charset=part.charset)
        scene = MatchInput(status=status, glance=page, headers=headers, urls=leads_to(part, page))
        return recognise(scene, self.marks, {Verdict.BLOCKED}) is not None


def families_of(exchange: Exchange) -> tuple[Family, ...]:
    """Return the families over which the last request of an exchange was tried.

    The one that it was connected over; else those of every address that was tried in vain. An
    address of a family of which we have no route was not tried at all.
    """
    last = exchange.last
    if last is None:
        return ()
    if last.address:
        return (family_of(last.address),)
    tried = {a.family for a in last.attempts if a.failure is not Failure.NETWORK_UNREACHABLE}
    return tuple(each for each in Family if each in tried)


def families_used(hop: Hop) -> set[Family]:
    """Return the families of every address that a request was tried at, in vain or not."""
    used = {family_of(hop.address)} if hop.address else set()
    return used | {a.family for a in hop.attempts}


Rule = Callable[[RuleContext], Finding | None]


def host_of(url: str) -> str:
    """Return the host of an address, lower case; empty when it cannot be read."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def path_of(url: str) -> str:
    try:
        return urlsplit(url).path.rstrip("/") or "/"
    except ValueError:
        return "/"


def is_private(url: str) -> bool:
    """Tell whether an address names a machine of a local network."""
    return bool(_PRIVATE.match(host_of(url)))


def same_site(one: str, other: str) -> bool:
    """Tell whether two addresses are under one registered name, as far as names show it."""
    return _site(host_of(one)) == _site(host_of(other))


def _site(host: str) -> str:
    if _ADDRESS.fullmatch(host):
        return host
    labels = host.split(".")
    return ".".join(labels[-3:] if _SHARED_SUFFIX.search("." + host) else labels[-2:])


def leads_to(exchange: Exchange, page: PageSummary) -> tuple[str, ...]:
    """Return, lower case, the addresses that an answer came from or leads to, if elsewhere.

    The frames of a page that says nothing itself are where it leads.
    """
    last = exchange.last
    base = exchange.final_url
    location = last.header("location") if last else None
    found = [base] if base != exchange.url else []
    framed = page.frames if page.words <= BARE_WORDS else ()
    for target in (location, page.refresh, *framed):
        if target:
            try:
                found.append(urljoin(base, target))
            except ValueError:
                found.append(target)
    return tuple(url.lower()[:2000] for url in found)
