"""Security headers of every answer, and bounds on requests and on pending answers."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.web.api import problem_details
from monitor.web.api.interface import PREFIX

QUERY_MAX = 1_000  # bytes; the longest of our own pages has under 300
PIECE = 64 * 1024  # bytes of an answer that are sent at once
PENDING_BYTES = 48 << 20  # of answers that are being sent
BUSY = {"Retry-After": "2", "Cache-Control": "no-store"}
HEADERS = {
    # No script anywhere; styles and pictures from here only; no inline style.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class PendingAnswers:
    """The bytes of the answers being sent; an answer to many readers counts once."""

    def __init__(self, most_bytes: int = PENDING_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._readers: dict[int, int] = {}  # by the identity of an answer's bytes

    def take(self, body: bytes) -> bool:
        """Count one more reader; False when all answers together would have too many bytes."""
        readers = self._readers.get(id(body), 0)
        if not readers and self._bytes + len(body) > self._most_bytes:
            return False
        self._readers[id(body)] = readers + 1
        self._bytes += 0 if readers else len(body)
        return True

    def give_back(self, body: bytes) -> None:
        """Undo `take`, called with the same bytes object."""
        self._readers[id(body)] -= 1
        if not self._readers[id(body)]:
            del self._readers[id(body)]
            self._bytes -= len(body)


class Guard:
    """Middleware for every answer.

    It gets `HEADERS`, and is sent piece by piece, so that only one piece is buffered for each
    reader. A query string over `QUERY_MAX` is refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._pending = PendingAnswers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _Guarded(scope, receive, send, self._pending)
        if len(scope["query_string"]) > QUERY_MAX:
            refusal = _refusal(scope, 414, "Adresse trop longue.\n")
            await refusal(scope, receive, guarded.send)
            return
        await self._app(scope, receive, guarded.send)


class _Guarded:
    """One answer, sent as `Guard` says."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, pending: PendingAnswers) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._pending = pending
        self._start: Message | None = None  # buffered until we know that its body can be sent
        self._refused = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            self._start = message
            return
        if self._refused:
            return
        body: bytes = message.get("body", b"")
        if not self._pending.take(body):
            await self._too_many()
            return
        try:
            if self._start is not None:
                start_message, self._start = self._start, None
                await self._send(start_message)
            last = max(0, len(body) - 1) // PIECE * PIECE
            for start in range(0, last, PIECE):
                piece = body[start : start + PIECE]
                await self._send({**message, "body": piece, "more_body": True})
            await self._send({**message, "body": body[last:]})
        finally:
            self._pending.give_back(body)

    async def _too_many(self) -> None:
        """Answer 503, or cut an answer that has begun: uvicorn ends the connection."""
        self._refused = True
        if self._start is not None:
            busy = _refusal(self._scope, 503, "Trop de demandes.\n", {**HEADERS, **BUSY})
            await busy(self._scope, self._receive, self._send)


def _refusal(
    scope: Scope, status: int, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a refusal in the form that the asked place has."""
    if scope["path"].startswith(f"{PREFIX}/"):
        return problem_details.response(status, headers=headers)
    return PlainTextResponse(text, status, headers)
