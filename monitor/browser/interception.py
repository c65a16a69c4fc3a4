"""The requests of a page: intercepted, handed over one at a time, answered or refused."""

import asyncio
import base64
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from monitor.browser.devtools import DevToolsError, Parameters
from monitor.config.rules.budgets import SHOWN_MAX
from monitor.core.model.check import clean
from monitor.core.model.rendering import RefusalCause, RefusedRequests

BYTES = 24_000_000  # of their answers, decoded
INTERCEPTED = 2_000  # refused ones included: a page that asks without end is left alone after that
ORIGINS = 40  # of refused requests that are listed
_ORIGIN_CHARACTERS = 120
_METHODS = frozenset({"GET", "HEAD"})
_NEEDLESS = frozenset(
    {"Media", "TextTrack", "Prefetch", "EventSource", "WebSocket", "Ping", "CSPViolationReport"}
)
# What was decoded, or speaks of our own connection.
_NOT_PASSED = frozenset(
    {"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRequest:
    """A request that a page makes. `headers` has names in lower case."""

    url: str
    method: str
    kind: str  # Document, Script, Fetch…, in the words of the protocol
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserAnswer:
    """An answer for the browser: `body` is decoded."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class NoAnswer:
    """No whole answer came: for the browser, the connection failed."""


Call = Callable[..., Awaitable[Parameters]]
Answer = Callable[[BrowserRequest], Awaitable[BrowserAnswer | NoAnswer | RefusalCause]]


class Interception:
    """Answers what the browser asks, one request at a time, in the order in which it asks."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._turn = asyncio.Lock()
        self._made = 0
        self._bytes = 0
        self._intercepted = 0
        self._refused: Counter[tuple[str, RefusalCause]] = Counter()
        self._pending = 0
        self.idle = asyncio.Event()  # set while no request waits for its answer
        self.idle.set()

    def refused(self) -> tuple[RefusedRequests, ...]:
        """Return the requests that were not made."""
        return tuple(
            RefusedRequests(origin=origin, cause=cause, count=count)
            for (origin, cause), count in sorted(self._refused.items())
        )

    async def paused(self, event: Parameters, call: Call) -> None:
        """Answer one intercepted request. Raises KeyError and TypeError for another form."""
        self._intercepted += 1
        if self._intercepted > INTERCEPTED:
            return  # it is never answered: the page waits for it
        head = event["request"]
        request = BrowserRequest(
            url=str(head["url"]) + str(head.get("urlFragment", "")),
            method=str(head["method"]),
            kind=str(event.get("resourceType", "")),
            headers={str(name).lower(): str(text) for name, text in head["headers"].items()},
        )
        self._pending += 1
        self.idle.clear()
        try:
            outcome = await self._outcome(request)
            with suppress(DevToolsError):  # the page does not wait for it any more
                await _settle(call, event["requestId"], outcome)
        finally:
            self._pending -= 1
            if not self._pending:
                self.idle.set()

    async def _outcome(self, request: BrowserRequest) -> BrowserAnswer | NoAnswer | RefusalCause:
        outcome: BrowserAnswer | NoAnswer | RefusalCause
        if request.method not in _METHODS:
            outcome = RefusalCause.METHOD
        elif request.kind in _NEEDLESS:
            outcome = RefusalCause.NEEDLESS
        elif _is_icon(request):
            return NoAnswer()  # nobody sees it: it is not worth a line of the record
        else:
            async with self._turn:
                outcome = await self._made_one(request)
        if isinstance(outcome, RefusalCause):
            self._list(request.url, outcome)
        return outcome

    async def _made_one(self, request: BrowserRequest) -> BrowserAnswer | NoAnswer | RefusalCause:
        if self._made >= SHOWN_MAX or self._bytes >= BYTES:
            return RefusalCause.LIMIT
        outcome = await self._answer(request)
        if not isinstance(outcome, RefusalCause):
            self._made += 1
        if isinstance(outcome, BrowserAnswer):
            self._bytes += len(outcome.body)
        return outcome

    def _list(self, url: str, cause: RefusalCause) -> None:
        key = origin_of(url), cause
        if key in self._refused or len(self._refused) < ORIGINS:
            self._refused[key] += 1


def _is_icon(request: BrowserRequest) -> bool:
    """Return whether a request is for the icon of a window, of which there is none."""
    return request.kind == "Other" and request.headers.get("accept", "").startswith("image/")


def origin_of(url: str) -> str:
    """Return the scheme and the authority of an address, cut and clean."""
    try:
        parts = urlsplit(url)
        authority = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "?"
    return clean(f"{parts.scheme}://{authority}", _ORIGIN_CHARACTERS)


async def _settle(
    call: Call, request: str, outcome: BrowserAnswer | NoAnswer | RefusalCause
) -> None:
    match outcome:
        case BrowserAnswer():
            await call(
                "Fetch.fulfillRequest",
                requestId=request,
                responseCode=outcome.status,
                responseHeaders=[
                    {"name": name, "value": value}
                    for name, value in outcome.headers
                    if name.lower() not in _NOT_PASSED
                ],
                body=base64.b64encode(outcome.body).decode("ascii"),
            )
        case RefusalCause():
            await call("Fetch.failRequest", requestId=request, errorReason="BlockedByClient")
        case NoAnswer():
            await call("Fetch.failRequest", requestId=request, errorReason="ConnectionFailed")
