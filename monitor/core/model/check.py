"""A check as it is stored: every fact of an observation except the bytes.

Most checks of a target happen under the same conditions: same addresses, same certificate,
same server. `conditions_of` takes from an exchange what does not vary from one request to
the next, so that it can be kept once and pointed at.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import unquote

from monitor.core.model.exchange import Certificate, Controls, Exchange, Hop, SecondLook
from monitor.core.model.vocabulary import Failure, Phase, Reason, Verdict
from monitor.core.untrusted.printable import is_control

# Headers whose value is kept: they name the software, the form of the answer or a refusal,
# and do not change from one request to the next. Of the others only the name is kept.
KEPT_HEADERS = frozenset(
    {
        "cf-mitigated",
        "content-encoding",
        "content-language",
        "content-type",
        "location",
        "retry-after",
        "server",
        "via",
        "x-powered-by",
    }
)
# Bounds on what a site can make us store, per hop.
MAX_TEXT = 300
MAX_URL = 2000
MAX_HEADERS = 40
MAX_NAMES = 20
MAX_PARTS = 40
STALLED_US = 500_000  # below it, a stall of ours is not worth a record of its own

_PARAMETER = re.compile(r"([?&;][^=&;#]{0,100}=)([^&;#?]*)")
_TOKEN = re.compile(r"(?=\D*\d)[\w.~+=-]{8,}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHop:
    """One hop, as stored.

    Attributes:
        url: Redirects carry one-time tokens: see `without_tokens`.
        resolver: Address of the resolver.
        answers: Its addresses, sorted: their order changes with each answer.
        attempts: Addresses that failed, and why.
        offenders: Where the ICMP errors came from that ended some of them.
        second: See `Resolution.second`.
        headers: Names in lower case; those of `KEPT_HEADERS` only.
        other_headers: Names of the rest, sorted.

    """

    url: str
    status: int | None = None
    http_version: str | None = None
    resolver: str | None = None
    answers: tuple[str, ...] = ()
    resolver_failure: Failure | None = None
    attempts: tuple[tuple[str, Failure], ...] = ()
    offenders: tuple[str, ...] = ()
    second: str | None = None
    address: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    certificate: Certificate | None = None
    headers: tuple[tuple[str, str], ...] = ()
    other_headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The result for an asset or a sign of life of a shell. `status` is None on a failure."""

    url: str
    status: int | None = None
    failure: Failure | None = None
    phase: Phase | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionProfile:
    """What a probe met, without times, bytes and one-time tokens.

    `stalled_ms` is a time all the same: 0, but for the rare check that our own process spoiled.
    """

    url: str
    steps: tuple[StoredHop, ...] = ()
    failure: Failure | None = None
    phase: Phase | None = None
    charset: str = ""
    parts: tuple[Part, ...] = ()
    second: SecondLook | None = None
    stalled_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One recorded check. Natural key: (target, point, at).

    Attributes:
        phases_us: Time in each phase that was reached, summed over the hops.
        detail: For a person only; see `Exchange.detail`.
        body_sha256: Lower-case hex, of the decoded body; None when not a byte came.
        body_bytes: Its size.

    """

    target: str
    point: str
    slot_at: datetime
    at: datetime
    verdict: Verdict
    reason: Reason
    rule: str
    ruleset: str
    config_sha256: str
    duration_us: int
    conditions: ConnectionProfile
    phases_us: Mapping[Phase, int] = field(default_factory=dict)
    detail: str = ""
    body_sha256: str | None = None
    body_bytes: int = 0
    controls: Controls | None = None
    clock_offset_us: int | None = None
    server_offset_us: int | None = None

    @property
    def failure(self) -> Failure | None:
        return self.conditions.failure

    @property
    def phase(self) -> Phase | None:
        return self.conditions.phase

    @property
    def last(self) -> StoredHop | None:
        return self.conditions.steps[-1] if self.conditions.steps else None

    @property
    def status(self) -> int | None:
        """The final status; None when no whole answer came."""
        return self.last.status if self.last and self.failure is None else None

    @property
    def final_url(self) -> str:
        return self.last.url if self.last else self.conditions.url

    @property
    def address(self) -> str | None:
        return self.last.address if self.last else None


def conditions_of(exchange: Exchange) -> ConnectionProfile:
    """Return the parts of an exchange that the next one will most likely share."""
    return ConnectionProfile(
        url=clean(exchange.url, MAX_URL),
        steps=tuple(_step(hop, first=rank == 0) for rank, hop in enumerate(exchange.hops)),
        failure=exchange.failure,
        phase=exchange.phase,
        charset=clean(exchange.charset, MAX_TEXT),
        parts=tuple(
            Part(
                url=without_tokens(clean(part.url, MAX_URL)),
                status=part.status,
                failure=part.failure,
                phase=part.phase,
            )
            for part in exchange.parts[:MAX_PARTS]
        ),
        second=exchange.second
        and replace(
            exchange.second, addresses=tuple(sorted(exchange.second.addresses)[:MAX_NAMES])
        ),
        stalled_ms=exchange.stalled_us // 1000 if exchange.stalled_us >= STALLED_US else 0,
    )


def phases_of(exchange: Exchange) -> dict[Phase, int]:
    """Sum the microseconds of each phase over the hops, as blackbox_exporter does."""
    total: dict[Phase, int] = {}
    for hop in exchange.hops:
        for phase, elapsed_us in hop.phases_us.items():
            total[phase] = total.get(phase, 0) + elapsed_us
    return total


def without_tokens(url: str) -> str:
    """Replace the values of a query that look made for one request by "…".

    Such a value has 8 characters or more, one of them a digit, and is not itself an address.
    """
    return _PARAMETER.sub(_masked, url) if "=" in url else url


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Cut a text from outside and replace its control characters.

    Those are control characters, ends of lines and directions, which a terminal or a page would
    take for its own, and what a database refuses: NUL, lone surrogates.
    """
    text = text[:limit]
    if text.isascii() and text.isprintable():
        return text
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(
        char if not is_control(char) else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )


def _masked(parameter: re.Match[str]) -> str:
    name, value = parameter.groups()
    return f"{name}…" if _TOKEN.fullmatch(unquote(value)) else parameter[0]


def _step(hop: Hop, *, first: bool) -> StoredHop:
    url = clean(hop.url, MAX_URL)
    resolution = hop.resolution
    kept_headers, other_headers = _headers(hop)
    return StoredHop(
        url=url if first else without_tokens(url),
        status=hop.status,
        http_version=hop.http_version,
        resolver=resolution.server if resolution else None,
        answers=tuple(sorted(resolution.addresses)[:MAX_NAMES]) if resolution else (),
        resolver_failure=resolution.failure if resolution else None,
        attempts=tuple((a.address, a.failure) for a in hop.attempts[:MAX_NAMES] if a.failure),
        offenders=tuple(sorted({a.offender for a in hop.attempts[:MAX_NAMES] if a.offender})),
        second=resolution.second if resolution else None,
        address=hop.address,
        tls_version=hop.tls_version,
        tls_cipher=hop.tls_cipher,
        certificate=_certificate(hop.certificate) if hop.certificate else None,
        headers=kept_headers,
        other_headers=other_headers,
    )


def _certificate(certificate: Certificate) -> Certificate:
    return replace(
        certificate,
        subject=clean(certificate.subject),
        issuer=clean(certificate.issuer),
        names=tuple(clean(name) for name in certificate.names[:MAX_NAMES]),
    )


def _headers(hop: Hop) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    kept_headers: list[tuple[str, str]] = []
    other_names: set[str] = set()
    for name, value in hop.headers:
        lower = name.lower()
        if lower not in KEPT_HEADERS:
            other_names.add(clean(lower, 40))
        elif len(kept_headers) < MAX_NAMES:
            text = clean(value)
            kept_headers.append((lower, without_tokens(text) if lower == "location" else text))
    return tuple(sorted(kept_headers)), tuple(sorted(other_names)[:MAX_HEADERS])
