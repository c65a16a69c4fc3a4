"""A hop in progress: what is known when it fails is recorded."""

from dataclasses import dataclass, field
from datetime import datetime

import httpx

from monitor.core.model import Attempt, Certificate, Failure, Hop, Phase, Resolution
from monitor.fetch.failures import describe, failure_of
from monitor.runtime.clock import Clock


@dataclass(slots=True, kw_only=True)
class Draft:
    """The facts of one request, in the order in which they come; `hop` freezes them.

    Attributes:
        chain: Certificates that the server sent, DER, leaf first.
        chain_incomplete: The verification failed because an issuer is missing.
        response: Everything received, decrypted.
        body: Payload of the answer, without chunking.
        answered_at: Instant of the first byte of the answer.
        notes: What browsers accept and a strict reader refuses.
        phase: The running phase; after a failure, the one that failed.

    """

    clock: Clock
    url: str
    started_at: datetime
    resolution: Resolution | None = None
    attempts: list[Attempt] = field(default_factory=list)
    address: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    certificate: Certificate | None = None
    chain: tuple[bytes, ...] = ()
    chain_incomplete: bool = False
    phases_us: dict[Phase, int] = field(default_factory=dict)
    status: int | None = None
    http_version: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    request_bytes: bytes = b""
    response: bytearray = field(default_factory=bytearray)
    body: bytearray = field(default_factory=bytearray)
    answered_at: datetime | None = None
    notes: list[str] = field(default_factory=list)
    phase: Phase | None = None
    failure: Failure | None = None
    detail: str = ""
    retransmits: int | None = None
    _since_us: int = 0

    def enter(self, phase: Phase) -> None:
        """End the running phase and begin another."""
        self.end()
        self.phase, self._since_us = phase, self.clock.monotonic_us()

    def end(self) -> None:
        """End the running phase."""
        if self.phase is not None:
            self.phases_us[self.phase] = self.clock.monotonic_us() - self._since_us

    def broke(self, error: Exception) -> None:
        """Record a failure in the running phase."""
        self.end()
        self.failure, self.detail = failure_of(error), describe(error)

    def take(self, response: httpx.Response) -> None:
        """Record the head of an answer."""
        self.status = response.status_code
        self.http_version = response.http_version.removeprefix("HTTP/")
        self.headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.headers.raw
        )

    def header(self, name: str) -> str:
        """Return the first value of a header, whatever its case; "" when absent."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> list[str]:
        lower_name = name.lower()
        return [value for key, value in self.headers if key.lower() == lower_name]

    def hop(self) -> Hop:
        return Hop(
            url=self.url,
            started_at=self.started_at,
            resolution=self.resolution,
            attempts=tuple(self.attempts),
            address=self.address,
            tls_version=self.tls_version,
            tls_cipher=self.tls_cipher,
            certificate=self.certificate,
            phases_us=self.phases_us,
            status=self.status,
            http_version=self.http_version,
            headers=self.headers,
            request_bytes=self.request_bytes,
            response_bytes=bytes(self.response),
            retransmits=self.retransmits,
        )
