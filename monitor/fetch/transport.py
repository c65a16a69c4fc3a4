"""The transport of the probes: one request on one new connection, recorded byte for byte.

httpx's seam for whatever carries requests. Requests and answers are httpx's own; the facts that a
record needs and that httpx has no words for go into the request's `Draft`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx

from monitor.core.model import Failure, Family, Phase, Resolution, family_of
from monitor.fetch import request as steps
from monitor.fetch.budget import Budget, Limits
from monitor.fetch.connection import MUTE, Alarm, Connection, TlsConnection
from monitor.fetch.draft import Draft
from monitor.fetch.failures import ExchangeBroken
from monitor.fetch.reachable import Address
from monitor.fetch.resolve import Resolver
from monitor.fetch.response_parser import ResponseParser
from monitor.fetch.tls import Trust

#: The key of a request's `Recording` in its extensions.
RECORDING = "vigie.recording"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What a request needs besides httpx's fields, and the draft where its facts go."""

    draft: Draft
    address: Address
    trust: Trust
    budget: Budget
    family: Family | None = None
    second_first: bool = False
    alarm: Alarm = MUTE


class RecordingTransport(httpx.AsyncBaseTransport):
    """Resolves, connects, agrees on keys and asks; each phase is timed.

    What goes wrong is raised as it came (`OSError`, `ssl.SSLError`, `ExchangeBroken`,
    `Unreadable`): which failure it is, is read from that.
    """

    def __init__(
        self, *, resolver: Resolver, limits: Limits, may_reach: Callable[[str], bool]
    ) -> None:
        self._resolver = resolver
        self._limits = limits
        self._may_reach = may_reach

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return an answer once its head is complete; its stream is the rest of the connection."""
        recording: Recording = request.extensions[RECORDING]
        draft, address = recording.draft, recording.address
        draft.enter(Phase.RESOLVE)
        draft.resolution = await self._resolver.resolve(
            address.host, deadline_s=self._limits.resolve_s, second_first=recording.second_first
        )
        addresses = self._reachable(draft.resolution, recording.family)
        draft.enter(Phase.CONNECT)
        sock = await steps.connect(
            draft,
            addresses,
            address.port,
            limits=self._limits,
            budget=recording.budget,
            alarm=recording.alarm,
        )
        plain = Connection(sock, silence_s=self._limits.silence_s, alarm=recording.alarm)
        try:
            return await self._ask(request, recording, plain)
        except BaseException:
            plain.close()
            raise

    async def _ask(
        self, request: httpx.Request, recording: Recording, plain: Connection
    ) -> httpx.Response:
        draft, address = recording.draft, recording.address
        connection: Connection | TlsConnection = plain
        if address.secure:
            draft.enter(Phase.TLS)
            connection = await steps.secure(draft, plain, address.host, recording.trust.context)
        draft.enter(Phase.PROCESSING)
        head = steps.head_of(request)
        await connection.send(head)
        draft.request_bytes = head
        answer = _Body(draft, connection, plain, self._limits, on_default=address.on_default_port)
        status = await answer.read_head()
        return _OneResponse(
            status,
            headers=answer.fields,
            stream=answer,
            extensions={"http_version": b"HTTP/" + (answer.http_version or "").encode()},
        )

    def _reachable(self, resolution: Resolution, family: Family | None) -> tuple[str, ...]:
        if resolution.failure:
            raise ExchangeBroken(resolution.failure, f"{resolution.server} on {resolution.host}")
        addresses = tuple(
            address for address in resolution.addresses if family in {None, family_of(address)}
        )
        if not addresses:
            raise ExchangeBroken(Failure.DNS_NO_ANSWER, f"no {family} address")
        allowed = tuple(filter(self._may_reach, addresses))
        if not allowed:
            raise ExchangeBroken(
                Failure.DNS_BOGON, f"only private: {', '.join(resolution.addresses)}"
            )
        return allowed[: self._limits.addresses]


class _OneResponse(httpx.Response):
    """A response whose redirect is ours to follow.

    Else httpx prepares the next request of each redirect, followed or not, and raises for a
    Location that it cannot read: one of another scheme, or longer than its bound.
    """

    @property
    def has_redirect_location(self) -> bool:
        return False


class _Body(httpx.AsyncByteStream):
    """An answer on its connection; iterating it reads the body, as sent but for its chunking."""

    def __init__(
        self,
        draft: Draft,
        connection: Connection | TlsConnection,
        plain: Connection,
        limits: Limits,
        *,
        on_default: bool,
    ) -> None:
        self._draft = draft
        self._connection = connection
        self._plain = plain
        self._parser = ResponseParser(limits, default_port=on_default, notes=draft.notes)
        self._broken: ExchangeBroken | None = None

    @property
    def http_version(self) -> str | None:
        return self._parser.http_version

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """The header lines."""
        return [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in self._parser.headers
        ]

    async def read_head(self) -> int:
        """Read until the head is complete, and return its status.

        Raises:
            ExchangeBroken: `eof_error`, `too_large`, `invalid_response`.
            OSError: The connection is reset or silent.

        """
        while self._parser.status is None:
            await self._read()
            if self._broken and self._parser.status is None:
                raise self._broken
        return self._parser.status

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body by pieces.

        Raises:
            ExchangeBroken: `truncated`, `too_large`, `invalid_response`.
            OSError: The connection is reset or silent.

        """
        while True:
            if piece := self._parser.take_body():
                yield piece
            if self._broken:
                raise self._broken
            if self._parser.done:
                return
            await self._read()

    async def aclose(self) -> None:
        """Close the connection."""
        self._plain.close()

    async def _read(self) -> None:
        """Take some bytes. A fault of the body is raised only after what came before it."""
        received = await self._connection.receive()
        draft, parser = self._draft, self._parser
        if received and not draft.response:
            draft.enter(Phase.TRANSFER)
            draft.answered_at = draft.clock.now()
        draft.response += received
        try:
            for _ in parser.feed(received):
                await asyncio.sleep(0)  # other tasks run between two slices
            if not received:
                parser.close()
        except ExchangeBroken as error:
            self._broken = error
        full = self._broken is not None and self._broken.failure is Failure.TOO_LARGE
        if parser.done or (full and parser.status is not None):
            del draft.response[parser.used :]  # the recorded bytes end where parsing did
