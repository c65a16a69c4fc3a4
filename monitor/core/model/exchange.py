"""What came over the wire, and what is known of our own side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from monitor.core.model.rendering import Rendering
from monitor.core.model.vocabulary import ControlStatus, Failure, Family, Phase, Reason, Verdict

LENGTH_DIGITS = 15
UNRESOLVED = frozenset({"literal", "static"})  # in place of a resolver: nobody was asked


class StatusClass(IntEnum):
    """The first digit of an HTTP status."""

    SUCCESS = 2
    REDIRECTION = 3
    CLIENT_ERROR = 4
    SERVER_ERROR = 5


def status_class(status: int) -> int:
    """Return the first digit of an HTTP status, whether HTTP names that class or not."""
    return status // 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A server's certificate, kept also when its verification failed."""

    sha256: str  # lower-case hex, of the DER leaf
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...]
    chain_length: int  # certificates that the server sent, leaf included
    verified: bool
    completed: bool = False  # the missing intermediate came from the AIA pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The answer of a resolver for one host.

    Attributes:
        second: Who else stands for it: the address of an independent resolver that gives or
            says the same, `EARLIER` for addresses where the site answered well before; None
            when one resolver's word is all that there is.

    """

    host: str
    server: str  # address of the resolver; "literal" for an IP address, "static" for a fixed map
    addresses: tuple[str, ...]  # in the order that they will be tried
    elapsed_us: int
    failure: Failure | None = None
    second: str | None = None

    @property
    def asked(self) -> bool:
        """Whether a resolver was asked at all."""
        return self.server not in UNRESOLVED


EARLIER = "earlier"
NO_WITNESS = frozenset({ControlStatus.ABSENT, ControlStatus.LOST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to connect to one address.

    `offender` is the address that an ICMP error came from, when one ended the try.
    """

    address: str
    elapsed_us: int
    failure: Failure | None = None
    offender: str | None = None

    @property
    def family(self) -> Family:
        return family_of(self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request and what came back; a redirect makes another hop.

    `request_bytes` and `response_bytes` are exactly what went over the (decrypted) wire.
    A phase that was not reached is absent from `phases_us`. `retransmits` counts how often
    our kernel sent the first packet of the connection again; None when unknown.
    """

    url: str
    started_at: datetime
    resolution: Resolution | None = None
    attempts: tuple[Attempt, ...] = ()
    address: str | None = None  # the peer that we spoke to; a ":" in it means IPv6
    tls_version: str | None = None
    tls_cipher: str | None = None
    certificate: Certificate | None = None
    phases_us: Mapping[Phase, int] = field(default_factory=dict)
    status: int | None = None
    http_version: str | None = None
    headers: tuple[tuple[str, str], ...] = ()  # as sent: order, case and repeats kept
    request_bytes: bytes = b""
    response_bytes: bytes = b""
    retransmits: int | None = None

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """The result of the same request made again, after a round of control hosts.

    Attributes:
        resolver: Who gave the addresses: an independent resolver if one could be asked.
        addresses: As it gave them.

    """

    resolver: str
    addresses: tuple[str, ...]
    verdict: Verdict
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One probe as it went over the wire, from which a verdict is derived.

    Attributes:
        url: What was asked for.
        duration_us: Whole probe without the waits for the lane.
        hops: In order; at least one unless the URL itself was refused.
        failure: None when a whole answer came, whatever its status.
        phase: Where the failure happened.
        detail: The exception's type and text, at most 300 characters: for a person only,
            never a metric label, never a ground for a verdict.
        body: Decoded (content coding removed) body of the last hop, bounded.
        charset: Name of the encoding found as browsers do, or "" for binary or no body.
        parts: For a shell: the assets that it names, then its signs of life. For a rendered
            page: what its browser loaded, in the order in which it did.
        server_offset_us: Server's `Date` minus our clock at the first byte, from the last
            hop; the header's resolution is one second. None when absent or unreadable.
        stalled_us: Time in which our own process did not run while it waited.
        second: Made when a failure was too quick for a round of control hosts to lie within
            it, or when one resolver's word was all that it rested on.
        rendering: What a browser showed, for a rendered page.

    """

    url: str
    started_at: datetime
    duration_us: int
    hops: tuple[Hop, ...] = ()
    failure: Failure | None = None
    phase: Phase | None = None
    detail: str = ""
    body: bytes = b""
    charset: str = ""
    parts: tuple["Exchange", ...] = ()
    server_offset_us: int | None = None
    stalled_us: int = 0
    second: SecondLook | None = None
    rendering: Rendering | None = None

    @property
    def last(self) -> Hop | None:
        return self.hops[-1] if self.hops else None

    @property
    def status(self) -> int | None:
        """The final status; None when no whole answer came."""
        return self.last.status if self.last and self.failure is None else None

    @property
    def final_url(self) -> str:
        return self.last.url if self.last else self.url

    @property
    def content_length(self) -> int | None:
        """The Content-Length of the last answer; None when absent or not a plausible length."""
        text = (self.last and self.last.header("content-length")) or ""
        # A header is text from outside; 15 digits are exact in a float, too.
        known = text.isascii() and text.isdigit() and len(text) <= LENGTH_DIGITS
        return int(text) if known else None

    def flat(self) -> Iterator["Exchange"]:
        """Yield this exchange, then its parts."""
        yield self
        for part in self.parts:
            yield from part.flat()


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlAnswer:
    """One control host, asked over one family.

    Attributes:
        after_us: When it was asked, after the start of the round.
        address: Where it answered from; None when no connection was made.
        retransmits: See `Hop`.

    """

    slug: str
    family: Family
    said: ControlStatus
    after_us: int
    duration_us: int
    address: str | None = None
    resolver: str | None = None
    retransmits: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What the control panel says of our own line at one instant.

    `ok` and `asked` count hosts, over whichever family they answered.

    Attributes:
        families: What each host said over each family; empty in records of before 2026-11-29.
        witnesses: The same, to be cross-examined; kept with the checks that rest on it.

    """

    at: datetime
    ok: int
    asked: int
    needed: int = 1
    answers: Mapping[str, bool] = field(default_factory=dict)
    families: Mapping[Family, Mapping[str, ControlStatus]] = field(default_factory=dict)
    witnesses: tuple[ControlAnswer, ...] = ()

    @property
    def line_works(self) -> bool:
        return self.ok >= self.needed

    def lack(self, family: Family) -> bool:
        """Return whether our line has no such family at all: nothing can be concluded over it."""
        words = set(self.families.get(family, {}).values())
        return bool(words) and words <= NO_WITNESS

    def vouch_for(self, family: Family) -> bool:
        """Return whether our line worked over a family.

        Most of the hosts must have answered, `needed` and half of them promptly.
        """
        if not self.families:
            return self.line_works
        words = self.families.get(family, {}).values()
        statuses = [word for word in words if word not in NO_WITNESS]
        prompt = statuses.count(ControlStatus.PROMPT)
        most = 2 * (prompt + statuses.count(ControlStatus.LATE)) > len(statuses)
        return prompt >= self.needed and 2 * prompt >= len(statuses) and most


def family_of(address: str) -> Family:
    """Return the family of an IP address."""
    return Family.IPV6 if ":" in address else Family.IPV4


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """Our clock against NTP. `offset_us` is None when no server answered.

    `offset_us` is what must be added to our clock to get true time.
    """

    at: datetime
    server: str
    offset_us: int | None
    dispersion_us: int | None = None
    stratum: int | None = None
