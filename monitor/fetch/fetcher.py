"""From a target to an `Exchange`: redirects, incomplete certificate chains, parts of a shell."""

import asyncio
import urllib.request
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from pathlib import Path

import httpx

from monitor.core.model import (
    Attempt,
    Exchange,
    Failure,
    Family,
    Kind,
    Phase,
    Target,
)
from monitor.core.text.charset import charset_of
from monitor.core.untrusted import public_addresses
from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.fetch import bodies, shell, tls
from monitor.fetch.budget import Budget, Limits
from monitor.fetch.chain import Chain
from monitor.fetch.connection import MUTE, SILENT_S, Alarm
from monitor.fetch.draft import Draft
from monitor.fetch.failures import DETAIL_CHARACTERS, FAULTS, ExchangeBroken, describe
from monitor.fetch.reachable import Address, read_url
from monitor.fetch.resolve import Resolver
from monitor.fetch.transport import RECORDING, Recording, RecordingTransport
from monitor.runtime.clock import Clock
from monitor.runtime.foreign_work import apart

#: Awaited with the URL before every request: the first, redirects, parts, certificates. The time
#: spent in it counts in no deadline and no phase. What it raises goes to the caller, except
#: `GateClosed` before a part of a shell.
Gate = Callable[[str], Awaitable[None]]


class GateClosed(Exception):  # noqa: N818 -- not an error: a gate's answer
    """A gate refuses a request. A part of a shell that it refuses is not fetched."""


@dataclass(frozen=True, slots=True)
class _RequestOptions:
    """Options of all requests of one probe."""

    gate: Gate
    family: Family | None = None
    second_first: bool = False
    alarm: Alarm = MUTE
    headers: Mapping[str, str] = field(default_factory=dict)  # in place of the usual ones


_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Language": "fr",
    "Accept-Encoding": bodies.ACCEPT_ENCODING,
    "Connection": "close",
}
_CERTIFICATE_BYTES = 64 * 1024


class _ForgetfulJar(CookieJar):
    def extract_cookies(self, response: HTTPResponse, request: urllib.request.Request) -> None:
        """Keep none: `Chain` has those of one chain of redirects."""


class Fetcher:
    """The only HTTP client for probes.

    Each request has its own resolution and connection; there are no cache, no proxy, no
    credentials and no retry. Cookies live as long as one chain of redirects.
    """

    def __init__(  # noqa: PLR0913 -- keyword-only settings; three are always given
        self,
        *,
        clock: Clock,
        resolver: Resolver,
        user_agent: str,
        allow_private: bool = False,
        is_public: Callable[[str], bool] = public_addresses.is_public,
        ports: Collection[int] | None = public_addresses.PORTS,
        extra_ca: Path | None = None,
        limits: Limits = Limits(),  # noqa: B008 -- frozen
        on_silence: Callable[[], None] = MUTE.ring,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Load the trusted roots; nothing is sent yet.

        Args:
            clock: Its monotonic clock measures phases; its wall clock only dates them.
            resolver: Resolves host names.
            user_agent: Names the project and a contact.
            allow_private: Let every IP address be reached (demo, tests).
            is_public: Returns whether an IP address may be reached otherwise.
            ports: Those that may be connected to, by redirects too; None for all (tests).
            extra_ca: PEM file of roots trusted besides certifi's.
            limits: Bounds on all that comes from outside.
            on_silence: Called after each 3 s that a probe waits in silence.
            transport: Carries the requests in place of the recording one (tests).

        Raises:
            OSError: `extra_ca` cannot be read.

        """
        self._clock = clock
        self._headers = {"User-Agent": user_agent, **_HEADERS}
        self._ports = ports
        self._limits = limits
        self.on_silence = on_silence
        self._trust = tls.Trust(extra_ca)
        self._client = httpx.AsyncClient(
            transport=transport
            or RecordingTransport(
                resolver=resolver,
                limits=limits,
                may_reach=(lambda _address: True) if allow_private else is_public,
            ),
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113 -- the budget of each probe bounds it
            cookies=_ForgetfulJar(),
        )

    async def fetch(self, target: Target, gate: Gate) -> Exchange:
        """Probe a target within its deadline; a shell's parts share it.

        `duration_us` is the page's alone; each part has its own. Never raises for failures of
        the site or of the network.
        """
        return await self._fetch(
            target, _RequestOptions(gate, alarm=self._alarm(target.deadline_s))
        )

    async def fetch_again(self, target: Target, gate: Gate) -> Exchange:
        """Probe a target as `fetch` does, by the addresses from independent resolvers.

        By those from the first resolvers when no independent one answers.
        """
        return await self._fetch(
            target, _RequestOptions(gate, second_first=True, alarm=self._alarm(target.deadline_s))
        )

    def _alarm(self, deadline_s: float) -> Alarm:
        return Alarm(self.on_silence, min(SILENT_S, deadline_s / 4))

    async def _fetch(self, target: Target, options: "_RequestOptions") -> Exchange:
        budget = Budget(self._clock, target.deadline_s)
        page = await self._follow(target.url, budget, options)
        if target.kind is not Kind.SHELL or page.status != HTTPStatus.OK:
            return page
        assets = await apart(_assets, page, self._limits.parts)
        parts: list[Exchange] = []
        for url in dict.fromkeys((*assets, *target.signs_of_life)):
            with suppress(GateClosed):  # what may not be fetched is not judged either
                parts.append(await self._follow(url, budget, options))
        return replace(page, parts=tuple(parts))

    async def fetch_url(
        self, url: str, *, deadline_s: float, gate: Gate, family: Family | None = None
    ) -> Exchange:
        """Fetch one URL and follow redirects. Never raises for failures of the site.

        With a `family`, only addresses of that family are tried; if there is none, the exchange
        fails as `dns_no_answer`.
        """
        options = _RequestOptions(gate, family=family)
        return await self._follow(url, Budget(self._clock, deadline_s), options)

    async def fetch_one(
        self, url: str, *, deadline_s: float, gate: Gate, headers: Mapping[str, str]
    ) -> Exchange:
        """Make one request of a page; what it leads to is for its browser to follow.

        `headers` are sent in place of the usual ones of the same names, which are in lower case;
        their values are printable ASCII. Never raises for failures of the site.
        """
        budget = Budget(self._clock, deadline_s)
        try:
            address = self._allowed(read_url(url))
        except ValueError as error:
            return self._unsent(url, Failure.UNKNOWN, describe(error))
        options = _RequestOptions(gate, alarm=self._alarm(deadline_s), headers=headers)
        draft = await self._hop(address, "", budget, options, complete=True)
        exchange = await self._exchange(url, [draft], None, budget, budget.spent_us)
        return replace(exchange, stalled_us=budget.stalled_us)

    async def _follow(
        self, url: str, budget: Budget, options: "_RequestOptions", *, complete: bool = True
    ) -> Exchange:
        """Follow redirects; each is a new request, checked like the first."""
        if not budget.left_s:
            return self._unsent(url, Failure.DEADLINE, "no time was left for it")
        try:
            address: Address | None = self._allowed(read_url(url))
        except ValueError as error:
            return self._unsent(url, Failure.UNKNOWN, describe(error))
        before_us, stalled_us = budget.spent_us, budget.stalled_us
        chain = Chain(self._limits.hops, self._allowed)
        while address is not None:
            cookie = chain.enter(address)
            draft = await self._hop(address, cookie, budget, options, complete=complete)
            address = chain.following(draft, address)
        drafts, refusal = chain.drafts, chain.refusal
        if len(drafts) > 1 and drafts[-1].failure is Failure.DNS_BOGON:
            refusal = ExchangeBroken(Failure.REDIRECT_REFUSED, f"private address: {drafts[-1].url}")
        elapsed_us = budget.spent_us - before_us
        exchange = await self._exchange(url, drafts, refusal, budget, elapsed_us)
        if exchange.failure is Failure.TIMEOUT:
            return replace(exchange, stalled_us=budget.unsettled_us)
        return replace(exchange, stalled_us=budget.stalled_us - stalled_us)

    def _allowed(self, address: Address) -> Address:
        """Return an address whose port is allowed. Raises ValueError."""
        if self._ports is not None and address.port not in self._ports:
            raise ValueError(f"port {address.port} is not one that is asked")
        return address

    async def _hop(
        self,
        address: Address,
        cookie: str,
        budget: Budget,
        options: "_RequestOptions",
        *,
        complete: bool,
    ) -> Draft:
        """Make one request, and again with the intermediates that the server did not send.

        The gate is asked before each new try, and the attempts that failed stay in `attempts`.
        """
        trust = self._trust
        intermediates: list[bytes] = []
        attempts: list[Attempt] = []
        while True:
            await options.gate(address.url)
            draft = Draft(clock=self._clock, url=address.url, started_at=self._clock.now())
            draft.attempts += attempts
            try:
                async with budget.spend():
                    await self._request(
                        Recording(
                            draft=draft,
                            address=address,
                            trust=trust,
                            budget=budget,
                            family=options.family,
                            second_first=options.second_first,
                            alarm=options.alarm,
                        ),
                        {**options.headers, **({"cookie": cookie} if cookie else {})},
                    )
                draft.end()
            except FAULTS as error:
                draft.broke(error)
            if intermediates and draft.certificate and draft.certificate.completed:
                self._trust = trust
            if not (complete and draft.chain_incomplete):
                return draft
            fuller = await self._complete(draft, intermediates, budget, options)
            if fuller is None:
                return draft
            trust, attempts = fuller, _with_handshake(draft)

    async def _complete(
        self, draft: Draft, intermediates: list[bytes], budget: Budget, options: "_RequestOptions"
    ) -> tls.Trust | None:
        """Add one more issuer to `intermediates`; None when there is none, or no time left."""
        if len(intermediates) >= self._limits.intermediates:
            return None
        issuer = await self._issuer((*draft.chain, *intermediates), budget, options)
        if issuer is None:
            return None
        intermediates.append(issuer)
        try:
            async with budget.spend():
                return await asyncio.to_thread(self._trust.plus, intermediates)
        except FAULTS:  # out of time; or OpenSSL cannot read it
            return None

    async def _request(self, recording: Recording, more: Mapping[str, str]) -> None:
        """Make one request, and take its answer into the draft.

        Raises:
            FAULTS: The phase `draft.phase` failed.

        """
        draft, address = recording.draft, recording.address
        usual = {name: text for name, text in self._headers.items() if name.lower() not in more}
        request = httpx.Request(
            "GET",
            address.parsed,
            headers={"Host": address.authority, **usual, **_written(more)},
            extensions={RECORDING: recording},
        )
        response = await self._client.send(request, stream=True)
        try:
            draft.take(response)
            if response.is_stream_consumed:  # by another transport than ours
                draft.body += response.content
                return
            async for piece in response.aiter_raw():
                draft.body += piece
        finally:
            await response.aclose()

    async def _issuer(
        self, chain: Sequence[bytes], budget: Budget, options: "_RequestOptions"
    ) -> bytes | None:
        """Fetch the certificate that signed the top of a chain, from the address in the top."""
        for url in tls.issuer_pointers(chain):
            answer = await self._follow(url, budget, options, complete=False)
            if answer.status == HTTPStatus.OK and len(answer.body) <= _CERTIFICATE_BYTES:
                issuer = await apart(tls.issuer_among, answer.body, chain)
                if issuer is not None:
                    return issuer
        return None

    async def _exchange(
        self,
        url: str,
        drafts: Sequence[Draft],
        refusal: ExchangeBroken | None,
        budget: Budget,
        duration_us: int,
    ) -> Exchange:
        last = drafts[-1]
        body, undecodable = await self._decoded(last, budget)
        failure, phase, detail = last.failure, last.phase, last.detail
        if refusal is not None:
            failure, phase, detail = refusal.failure, None, describe(refusal)
        elif failure is None and undecodable is not None:
            failure, detail = undecodable, f"Content-Encoding of {len(last.body)} bytes"
        return Exchange(
            url=url,
            started_at=drafts[0].started_at,
            duration_us=duration_us,
            hops=tuple(draft.hop() for draft in drafts),
            failure=failure,
            phase=phase if failure else None,
            detail=detail if failure else _noted(drafts),
            body=body,
            charset=charset_of(body, last.header("Content-Type")),
            server_offset_us=_server_offset_us(last),
        )

    async def _decoded(self, draft: Draft, budget: Budget) -> tuple[bytes, Failure | None]:
        """Decode the content coding of a body; what may take long is done in a thread.

        The time counts in the budget, and not in the site's duration. When none is left, decoding
        may still take `decode_s`: our speed proves nothing of the site.
        """
        body, codings = bytes(draft.body), ", ".join(draft.values("Content-Encoding"))
        work = partial(bodies.decode, body, codings, limit=self._limits.body_bytes)
        if bodies.is_light(body, codings):
            return work()
        begun_us = self._clock.monotonic_us()
        until_us = begun_us + round(max(budget.left_s, self._limits.decode_s) * 1_000_000)
        try:
            return await apart(work, going=lambda: self._clock.monotonic_us() < until_us)
        finally:
            budget.charge(self._clock.monotonic_us() - begun_us)

    def _unsent(self, url: str, failure: Failure, detail: str) -> Exchange:
        now = self._clock.now()
        return Exchange(url=url, started_at=now, duration_us=0, failure=failure, detail=detail)


def _written(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with their names as browsers write them."""
    return {"-".join(map(str.capitalize, name.split("-"))): text for name, text in headers.items()}


def _assets(page: Exchange, limit: int) -> tuple[str, ...]:
    return shell.assets(bodies.text(page), page.final_url, limit=limit)


def _noted(drafts: Sequence[Draft]) -> str:
    """Return, for a person, what browsers accept and a strict reader refuses."""
    return "; ".join(note for draft in drafts for note in draft.notes)[:DETAIL_CHARACTERS]


def _with_handshake(draft: Draft) -> list[Attempt]:
    """Return a draft's attempts, the last one marked with the handshake that failed."""
    *before, last = draft.attempts
    elapsed_us = last.elapsed_us + draft.phases_us[Phase.TLS]
    return [*before, replace(last, elapsed_us=elapsed_us, failure=draft.failure)]


def _server_offset_us(draft: Draft) -> int | None:
    if draft.answered_at is None:
        return None
    try:
        with reading("date"):  # also without a zone, or of the year 10000
            server_time = parsedate_to_datetime(draft.header("Date"))
            return (server_time - draft.answered_at) // timedelta(microseconds=1)
    except Unreadable:
        return None
