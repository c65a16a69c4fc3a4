"""The input of the rules of classification, and their findings."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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

_AFTER_THE_PAGE = frozenset(
    {
        Failure.TRUNCATED,
        Failure.INVALID_ENCODING,
        Failure.CONNECTION_RESET,
        Failure.TIMEOUT,
        Failure.DEADLINE,
    }
)
_END_BYTES = 2048  # where a page ends, comments after it included
BARE_WORDS = 10  # a page with fewer words says nothing itself
_ADDRESS = re.compile(r"[\d.]+|\[?[0-9a-f:]+\]?")
_SHARED_SUFFIX = re.compile(r"\.(gouv|asso|co|com|org|ac|gov)\.[a-z]{2}$")
_PRIVATE = re.compile(
    r"^(10\.|127\.|192\.168\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\."
    r"|172\.(1[6-9]|2\d|3[01])\.|localhost$|\[?::1|\[?f[cd][0-9a-f]{2}:)"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The decision of a rule, and its ground (French, short)."""

    verdict: Verdict
    reason: Reason
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContext:
    """One exchange to judge, with its context.

    Attributes:
        exchange: As a visitor has it; see `as_shown`.
        broken: How its transfer ended all the same, when the page is whole.
        status: Of the last hop, also when the answer was cut; 0 when there is none.
        known_good: Whether this target was ever up.

    """

    target: Target
    exchange: Exchange
    broken: Failure | None = None
    controls: Controls | None
    clock_offset_us: int | None
    clock_limit_us: int
    known_good: bool
    fingerprints: Sequence[Fingerprint]
    status: int
    page: PageSummary
    urls: tuple[str, ...]

    def unvouched(self, exchange: Exchange) -> tuple[Family, ...]:
        """Return the address families that an exchange failed over and that no controls vouch for.

        Both of them when it is not known over which it failed, unless either is vouched for. A
        family that our line lacks is ignored when the exchange failed over the other one too: a
        visitor without it would have had the same failure.
        """
        controls, tried = self.controls, families_of(exchange)
        if controls is None:
            return tuple(tried or Family)
        tried = tuple(family for family in tried if not controls.lack(family)) or tried
        failed = tuple(family for family in tried or Family if not controls.vouch_for(family))
        return failed if tried or len(failed) == len(Family) else ()

    @property
    def line_known_bad(self) -> bool:
        return self.controls is not None and not self.controls.line_works

    @property
    def answered(self) -> bool:
        """Whether the page is there to be read: a 2xx."""
        return status_class(self.status) == StatusClass.SUCCESS

    def match_fingerprint(
        self, verdict: Verdict, *, reasons: frozenset[Reason] = frozenset()
    ) -> Finding | None:
        """Return the finding of the first fingerprint of a verdict that matches, if any.

        Only those for one of some reasons, when reasons are given.
        """
        headers = self.exchange.last.headers if self.exchange.last else ()
        answer = MatchInput(status=self.status, page=self.page, headers=headers, urls=self.urls)
        recognised = recognise(answer, self.fingerprints, verdict, reasons)
        if recognised is None:
            return None
        fingerprint, text = recognised
        return Finding(
            fingerprint.verdict, fingerprint.reason, f"empreinte {fingerprint.id} : « {text[:80]} »"
        )

    def refuses(self, part: Exchange, status: int) -> bool:
        """Return whether the answer for a part of the page is a refusal."""
        headers = part.last.headers if part.last else ()
        page = glance(part.body, content_type="text/html", charset=part.charset)
        answer = MatchInput(status=status, page=page, headers=headers, urls=leads_to(part, page))
        return recognise(answer, self.fingerprints, Verdict.BLOCKED) is not None


def as_shown(exchange: Exchange) -> Exchange:
    """Return an exchange as browsers have it: without its failure when its page is whole.

    A connection that is reset after the last line of a page, a length that is ten too many, a
    compression without its checksum: the visitor reads all of it.
    """
    complete = exchange.failure in _AFTER_THE_PAGE and exchange.last and exchange.last.status
    if not (complete and is_whole(exchange.body)):
        return exchange
    return replace(exchange, failure=None, phase=None)


def is_whole(body: bytes) -> bool:
    """Return whether a body holds the end of an HTML page."""
    return b"</html>" in body[-_END_BYTES:].lower()


def families_of(exchange: Exchange) -> tuple[Family, ...]:
    """Return the address families over which the last request of an exchange was tried.

    The one that it was connected over; else those of every address that failed. An address of a
    family that we have no route for was not tried at all.
    """
    last = exchange.last
    if last is None:
        return ()
    if last.address:
        return (family_of(last.address),)
    tried = {a.family for a in last.attempts if a.failure is not Failure.NETWORK_UNREACHABLE}
    return tuple(family for family in Family if family in tried)


def families_used(hop: Hop) -> set[Family]:
    """Return the families of every address that a request was tried at, failed or not."""
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
    """Return whether an address names a machine of a local network."""
    return bool(_PRIVATE.match(host_of(url)))


def same_site(url: str, other_url: str) -> bool:
    """Return whether two addresses are under one registered name, as far as names show it."""
    return _site(host_of(url)) == _site(host_of(other_url))


def _site(host: str) -> str:
    if _ADDRESS.fullmatch(host):
        return host
    labels = host.split(".")
    return ".".join(labels[-3:] if _SHARED_SUFFIX.search("." + host) else labels[-2:])


def leads_to(exchange: Exchange, page: PageSummary) -> tuple[str, ...]:
    """Return, in lower case, the other addresses that an answer came from or leads to.

    The frames of a page with hardly any words count as where it leads.
    """
    last = exchange.last
    base = exchange.final_url
    location = last.header("location") if last else None
    urls = [base] if base != exchange.url else []
    framed = page.frames if page.words <= BARE_WORDS else ()
    for target in (location, page.refresh, *framed):
        if target:
            try:
                urls.append(urljoin(base, target))
            except ValueError:
                urls.append(target)
    return tuple(url.lower()[:2000] for url in urls)
