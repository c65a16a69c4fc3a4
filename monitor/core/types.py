"""The words of the project: what is watched, what came over the wire, what we say of it.

Every type is frozen. Instants are aware UTC datetimes; names ending in `_us`, `_s` and
`_bytes` carry their unit; durations come from a monotonic clock and are never negative.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.core.changes.events import PageEvent, Version


class Verdict(StrEnum):
    """What we say of a target at one instant. The six states are disjoint."""

    UP = "up"
    DEGRADED = "degraded"  # usable, but not as it should be: slow, incomplete chain, dead asset
    DOWN = "down"
    MAINTENANCE = "maintenance"  # the site itself says so, in place of the service
    BLOCKED = "blocked"  # our robot was refused: says nothing of a visitor
    UNKNOWN = "unknown"  # our own line, clock or process: says nothing of the site


class Kind(StrEnum):
    """What a target is, hence what its check demands."""

    PAGE = "page"  # its text is compared
    SHELL = "shell"  # a single-page app: the assets that it names are parts of the check
    LOGIN = "login"  # a public log-in form; never filled in
    FORM = "form"
    HOME = "home"
    API = "api"  # an anonymous sign of life
    REDIRECT = "redirect"  # must lead elsewhere
    CONTROL = "control"  # a host that tells whether our own line works


class Confidence(StrEnum):
    """How sure an entry of the configuration is; never a live check unless `live`."""

    LIVE = "live"
    YES = "yes"
    NO = "no"
    FROM_MEMORY = "from-memory"


class Phase(StrEnum):
    """The step of a request; blackbox_exporter's names."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    PROCESSING = "processing"  # request sent, first byte of the answer awaited
    TRANSFER = "transfer"


class Failure(StrEnum):
    """Why there is no complete answer. OONI's names (df-007) first, then ours."""

    DNS_NXDOMAIN = "dns_nxdomain_error"
    DNS_NO_ANSWER = "dns_no_answer"
    DNS_SERVFAIL = "dns_servfail_error"
    DNS_REFUSED = "dns_refused_error"
    DNS_BOGON = "dns_bogon_error"  # a public name that resolves to a private address
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    EOF = "eof_error"  # closed before a whole header section
    TIMEOUT = "generic_timeout_error"  # silence in one phase; `Exchange.phase` says which
    SSL_INVALID_CERTIFICATE = "ssl_invalid_certificate"  # expired, not yet valid, wrong use
    SSL_INVALID_HOSTNAME = "ssl_invalid_hostname"
    SSL_UNKNOWN_AUTHORITY = "ssl_unknown_authority"
    SSL_FAILED_HANDSHAKE = "ssl_failed_handshake"
    UNKNOWN = "unknown_failure"  # last resort, the exception's type is in `detail`
    DEADLINE = "deadline"  # the whole probe's deadline passed while bytes still came
    TRUNCATED = "truncated"  # closed before the announced length or the last chunk
    TOO_LARGE = "too_large"  # over the bound on body, headers or decompressed size
    INVALID_RESPONSE = "invalid_response"  # not HTTP, or a broken chunk
    INVALID_ENCODING = "invalid_encoding"  # the content coding does not decode
    REDIRECT_LOOP = "redirect_loop"  # an address seen before, or more than 10 hops
    REDIRECT_REFUSED = "redirect_refused"  # private address, other scheme, unreadable Location


class Reason(StrEnum):
    """Why a judgement was given. Holds every `Failure`; French sentences are in `words`."""

    DNS_NXDOMAIN = "dns_nxdomain_error"
    DNS_NO_ANSWER = "dns_no_answer"
    DNS_SERVFAIL = "dns_servfail_error"
    DNS_REFUSED = "dns_refused_error"
    DNS_BOGON = "dns_bogon_error"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_RESET = "connection_reset"
    HOST_UNREACHABLE = "host_unreachable"
    NETWORK_UNREACHABLE = "network_unreachable"
    EOF = "eof_error"
    TIMEOUT = "generic_timeout_error"
    SSL_INVALID_CERTIFICATE = "ssl_invalid_certificate"
    SSL_INVALID_HOSTNAME = "ssl_invalid_hostname"
    SSL_UNKNOWN_AUTHORITY = "ssl_unknown_authority"
    SSL_FAILED_HANDSHAKE = "ssl_failed_handshake"
    UNKNOWN_FAILURE = "unknown_failure"
    DEADLINE = "deadline"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    INVALID_RESPONSE = "invalid_response"
    INVALID_ENCODING = "invalid_encoding"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_REFUSED = "redirect_refused"

    OK = "ok"
    MOVED = "moved"  # up, at another address of the same site
    SLOW = "slow"
    TLS_CHAIN_INCOMPLETE = "tls_chain_incomplete"
    ASSET_MISSING = "asset_missing"
    SIGN_OF_LIFE_MISSING = "sign_of_life_missing"
    MARKER_MISSING = "marker_missing"
    EMPTY_SHELL = "empty_shell"
    ERROR_TEXT = "error_text"
    HTTP_4XX = "http_4xx"
    HTTP_5XX = "http_5xx"
    GONE = "gone"
    PARKED = "parked"  # the domain shows a registrar's or a stranger's page
    MAINTENANCE_TEXT = "maintenance_text"
    WAF = "waf"
    CAPTCHA = "captcha"
    RATE_LIMITED = "rate_limited"
    LOGIN_REQUIRED = "login_required"
    ROBOTS = "robots"  # robots.txt asks us not to fetch this
    LOCAL_NETWORK = "local_network"
    LOCAL_FILTER = "local_filter"  # a page put in by a proxy or a filter on our side
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When failures make an outage and successes end it. Data, printed in every report.

    Attributes:
        failures: Failing checks needed to confirm an outage. At least 1.
        failing_s: Seconds between the first and the last of them, at least. 0 or more.
        successes: Good checks needed to confirm the end. At least 1.
        recovering_s: Seconds between the first and the last of them, at least. 0 or more.
        recheck_s: Seconds after which a target in doubt is checked again, budget allowing.
        silence_s: Seconds without a check that tells something, above which two failures are
            not one streak: they stay blips, since nobody saw what lay between.

    """

    failures: int = 3
    failing_s: int = 120
    successes: int = 2
    recovering_s: int = 60
    recheck_s: int = 60
    silence_s: int = 7200


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Sites that share machines or an anti-bot, hence one budget: a *lane*.

    Attributes:
        spacing_s: Seconds between the starts of two requests. More than 0.
        hosts: Host names, or suffixes beginning with a dot, that belong to it.

    """

    slug: str
    name: str
    spacing_s: float
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A screen of a single-page app: what follows "#" never reaches the server.

    So it is the same request as its shell's: named for readers, never fetched by itself.
    """

    name: str
    url: str  # the shell's, with a fragment
    source: str = ""
    verified: Confidence = Confidence.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One watched address.

    Attributes:
        slug: Stable name: metric label, path, key. Lower case, digits and hyphens.
        interval_s: Seconds between two slots.
        deadline_s: Seconds allowed to the whole probe, waiting for the lane excluded.
        slow_s: Seconds above which an answer is `degraded: slow`.
        markers: Texts of which at least one must stand in a healthy answer. May be empty.
        expect_path: For a redirect, a prefix that the final URL must have. May be empty.
        signs_of_life: Anonymous URLs that a visitor's browser loads with a shell.
        routes: Screens of a shell that have their own name.
        department: "01" … "976", "2A"; empty for a national service.
        source: Where the address was read.

    """

    slug: str
    name: str
    url: str
    kind: Kind
    platform: str
    department: str = ""
    city: str = ""
    group: str = ""
    interval_s: int = 300
    deadline_s: float = 30.0
    slow_s: float = 10.0
    markers: tuple[str, ...] = ()
    expect_path: str = ""
    signs_of_life: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    policy: Policy = field(default_factory=Policy)
    source: str = ""
    verified: Confidence = Confidence.NO


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One rule that was tried, whether it decided, and on what ground (French, short)."""

    rule: str
    matched: bool
    ground: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict, its reason, the id of the rule that decided, and those tried before."""

    verdict: Verdict
    reason: Reason
    rule: str
    tried: tuple[Trial, ...] = field(default=(), compare=False)


class Keep(StrEnum):
    """Why the exact bytes of an observation are kept, and not only their digest."""

    FAILURE = "failure"  # it is not a good answer
    BEFORE = "before"  # the last good check before a failure
    AFTER = "after"  # a good check that ends a failure, or may end an outage
    TEXT = "text"  # the page does not say what it said before
    DAILY = "daily"  # the first good check of the day: all that retention may remove


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """Where the exact bytes of one observation are kept.

    Attributes:
        at: Of the observation, whose natural key is (target, point, at).
        file: Name of a WARC file in the folder of captures.
        sha256: Lower-case hex, of the uncompressed `metadata` record there, which names
            every other record of the capture by its own digest.

    """

    target: str
    point: str
    at: datetime
    file: str
    sha256: str
    why: tuple[Keep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One check (*relevé*), as it is recorded. Natural key: (target, point, at).

    Attributes:
        slot_at: The instant at which the plan wanted it; a recheck has its own.
        at: The instant at which it started, lane waits over.
        config_sha256: Digest of the effective configuration.
        ruleset: Version of the classification rules.
        clock_offset_us: Our clock against NTP, None when unknown.
        capture: Where its bytes are kept; None when only their digest is.

    """

    target: str
    point: str
    slot_at: datetime
    at: datetime
    judgement: Judgement
    exchange: Exchange
    controls: Controls | None
    config_sha256: str
    ruleset: str
    clock_offset_us: int | None = None
    capture: Capture | None = None


class Edge(StrEnum):
    """What the fold of sightings can announce."""

    OUTAGE_OPENED = "outage_opened"
    OUTAGE_CLOSED = "outage_closed"
    BLIP = "blip"  # failures that were not confirmed


class Nature(StrEnum):
    """What kind of unavailability: `maintenance` when nothing but maintenance was seen."""

    DOWN = "down"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A confirmed unavailability and the checks that frame it.

    Shortest duration: `first_fail_at` to `last_fail_at`. Longest: `last_ok_at` to
    `first_ok_at`; unknown (None) while open, or when nothing was seen before it.

    Attributes:
        last_ok_at: Last good check before; None when none was ever seen.
        first_fail_at: First failing check of the streak that was confirmed.
        last_fail_at: Last failing check so far.
        first_ok_at: First good check of the confirmed recovery; None while open.
        confirmed_at: The check that made it an outage.
        recovered_at: The check that confirmed its end; None while open.
        checks: Failing checks in it.
        relapses: Times that a recovery began and was not confirmed (flapping).

    """

    target: str
    point: str
    nature: Nature
    reason: Reason  # of the first failing check
    last_ok_at: datetime | None
    first_fail_at: datetime
    last_fail_at: datetime
    confirmed_at: datetime
    first_ok_at: datetime | None = None
    recovered_at: datetime | None = None
    checks: int = 1
    relapses: int = 0

    @property
    def shortest_s(self) -> float:
        return (self.last_fail_at - self.first_fail_at).total_seconds()

    @property
    def longest_s(self) -> float | None:
        if self.last_ok_at is None or self.first_ok_at is None:
            return None
        return (self.first_ok_at - self.last_ok_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the fold needs to know of one observation."""

    at: datetime
    verdict: Verdict
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """Consecutive checks that say the same: all failing, or all good."""

    first_at: datetime
    last_at: datetime
    count: int
    reason: Reason  # of the first
    downs: int = 0  # how many were `down` rather than `maintenance`


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that the fold remembers of one target seen from one point.

    Attributes:
        verdict: Of the last observation; None before the first.
        since: Instant of the first of the observations that share this verdict in a row.
        last_at: Instant of the last observation.
        last_ok_at: Instant of the last `up` or `degraded` observation before `failing`.
        failing: Failing checks not yet confirmed as an outage.
        recovering: Good checks not yet confirmed as the end of `outage`.
        outage: The open outage.

    """

    target: str
    point: str
    verdict: Verdict | None = None
    reason: Reason | None = None
    since: datetime | None = None
    last_at: datetime | None = None
    last_ok_at: datetime | None = None
    failing: Streak | None = None
    recovering: Streak | None = None
    outage: Outage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An edge found by the fold. `outage` for the outage edges, `blip` for a blip."""

    edge: Edge
    at: datetime
    target: str
    point: str
    outage: Outage | None = None
    blip: Streak | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Outages of one platform that overlap. Natural key: (platform, point, opened_at)."""

    platform: str
    point: str
    opened_at: datetime  # first_fail_at of its first outage
    closed_at: datetime | None = None  # first_ok_at of its last; None while one is open
    outages: tuple[tuple[str, datetime], ...] = ()  # (target, first_fail_at) of each


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One observation and all that follows from it: what one transaction records."""

    observation: Observation
    state: State
    events: tuple[Event, ...] = ()
    incidents: tuple[Incident, ...] = ()  # those opened, grown or closed by it, whole
    before: Capture | None = None  # of the good check before, kept now that this one failed
    version: Version | None = None  # of the page's text, when this check read the one we believe
    changes: tuple[PageEvent, ...] = ()  # of the page's text: leaves of type `change`


class GapCause(StrEnum):
    """Why there is no observation where the plan wanted one."""

    STOPPED = "stopped"  # the service was not running
    OVERRUN = "overrun"  # the slot before was still waiting or running
    PAUSED = "paused"  # an operator paused the platform
    REFUSED = "refused"  # backing off after a refusal
    ROBOTS = "robots"  # robots.txt forbids it


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Planned slots without an observation. `target` empty: every target of the point."""

    point: str
    target: str
    from_at: datetime
    to_at: datetime
    slots: int
    cause: GapCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One life of the service.

    `alive_at` is renewed every minute; `stopped_at` is None while it runs, and for ever
    when it was killed.
    """

    point: str
    started_at: datetime
    alive_at: datetime
    stopped_at: datetime | None
    version: str
    config_sha256: str
    ruleset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """What a platform's budget remembers across restarts.

    Attributes:
        blocked_until: No request before this instant; None when free.
        strikes: Refusals in a row; decides the next back-off: 1 h, 6 h, then 24 h.
        paused: An operator's pause; `paused_why` is shown to readers.

    """

    platform: str
    blocked_until: datetime | None = None
    strikes: int = 0
    paused: bool = False
    paused_why: str = ""
