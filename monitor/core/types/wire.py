"""What came over the wire, and what is known of our own side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.types.enums import Failure, Phase


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
    """What a resolver said of one host."""

    host: str
    server: str  # address of the resolver; "literal" for an IP address, "static" for a fixed map
    addresses: tuple[str, ...]  # in the order that they will be tried
    elapsed_us: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to connect to one address."""

    address: str
    elapsed_us: int
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One request and what came back; a redirect makes another hop.

    `request_bytes` and `response_bytes` are exactly what went over the (decrypted) wire.
    A phase that was not reached is absent from `phases_us`.
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

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One probe as it went over the wire: the raw from which a verdict is derived.

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
        parts: For a shell: the assets that it names, then its signs of life.
        server_offset_us: Server's `Date` minus our clock at the first byte, from the last
            hop; the header's resolution is one second. None when absent or unreadable.

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

    def flat(self) -> Iterator["Exchange"]:
        """Yield this exchange, then its parts."""
        yield self
        for part in self.parts:
            yield from part.flat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What the control panel says of our own line at one instant.

    `ok` and `asked` count hosts; the line works when at least `needed` of them answered.
    """

    at: datetime
    ok: int
    asked: int
    needed: int = 1
    answers: Mapping[str, bool] = field(default_factory=dict)

    @property
    def line_works(self) -> bool:
        return self.ok >= self.needed


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
