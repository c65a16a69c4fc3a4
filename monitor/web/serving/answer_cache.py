"""A cache of answers, each made once for all who wait for it.

Bounded: the answers made at once, those that wait to be made, the bytes of those cached.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.web.serving.compression import accepts_gzip, compressed

KEPT_BYTES = 8 << 20
ENTRY_BYTES = 500  # that an answer takes besides its text
MAKERS = 1  # threads: two would only share one interpreter, and need twice the memory
WAITING = 24  # answers that are being made or wait for it; further requests are refused
MISSING_S = 1.0  # how long it is cached that there is no answer, at most
SHARE = 20  # an answer is cached at least this many times as long as it took to make
AGAIN_S = 2  # when refused visitors may ask again
HTML = "text/html; charset=utf-8"
CSV = "text/csv; charset=utf-8"


class Busy(HTTPException):
    """Too many answers are being made already."""

    def __init__(self) -> None:
        super().__init__(503, headers={"Retry-After": str(AGAIN_S), "Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedAnswer:
    """An answer, and until when it is served from the cache.

    Attributes:
        body: None when there is nothing of that name.
        tag: A strong ETag: another body has another.
        stale_us: On the monotonic clock.
        packed: The body as gzip; None where it is not compressed.

    """

    body: bytes | None
    tag: str
    stale_us: int
    packed: bytes | None = None

    def encoded(self, request: Request) -> tuple[bytes, dict[str, str]]:
        """Return the body as a reader accepts it, and the headers that say how it is encoded."""
        vary = {"Vary": "Accept-Encoding"}
        if self.packed is None or not accepts_gzip(request.headers.get("accept-encoding", "")):
            return self.body or b"", vary
        return self.packed, {**vary, "Content-Encoding": "gzip"}


class AnswerCache:
    """Makes answers in its own threads and caches the last ones."""

    def __init__(
        self,
        monotonic_us: Callable[[], int],
        *,
        makers: int = MAKERS,
        waiting: int = WAITING,
        kept_bytes: int = KEPT_BYTES,
        compress: bool = True,
    ) -> None:
        """Cache nothing yet.

        Args:
            monotonic_us: The clock.
            makers: Threads.
            waiting: Answers that are being made, at most.
            kept_bytes: Bytes of the answers that are cached, at most.
            compress: Whether answers are compressed too; for what is not so already.

        """
        self._compress = compress
        self._monotonic_us = monotonic_us
        self._pool = ThreadPoolExecutor(makers, thread_name_prefix="answers")
        self._waiting = waiting
        self._most_bytes = kept_bytes
        self._answers: OrderedDict[str, CachedAnswer] = OrderedDict()
        self._bytes = 0
        self._making: dict[str, asyncio.Task[CachedAnswer]] = {}

    async def get(
        self, name: str, make: Callable[[], bytes | None], *, fresh_s: float
    ) -> CachedAnswer:
        """As `ask`, with a function that is called in one of our threads."""

        async def ask() -> bytes | None:
            return await asyncio.get_running_loop().run_in_executor(self._pool, make)

        return await self.ask(name, ask, fresh_s=fresh_s)

    async def ask(
        self, name: str, make: Callable[[], Awaitable[bytes | None]], *, fresh_s: float
    ) -> CachedAnswer:
        """Return the answer of a name, made by `make` unless a fresh one is cached.

        Args:
            name: The key of the cache, with all that the answer depends on.
            make: Called once for all who wait for it; returns None for nothing of that name.
            fresh_s: How long it is cached, at least; longer when it took long to make.

        Raises:
            Busy: Too many answers are being made. A cached one is served even if it is stale.

        """
        cached = self._answers.get(name)
        if cached is not None:
            self._answers.move_to_end(name)
            if self._monotonic_us() < cached.stale_us:
                return cached
        making = self._making.get(name)
        if making is None:
            if len(self._making) >= self._waiting:
                if cached is not None:
                    return cached
                raise Busy
            making = asyncio.create_task(self._made(name, make, fresh_s))
            self._making[name] = making
            making.add_done_callback(lambda done: self._done(name, done))
        return await asyncio.shield(making)  # one visitor may leave while others wait

    async def _made(
        self, name: str, make: Callable[[], Awaitable[bytes | None]], fresh_s: float
    ) -> CachedAnswer:
        begun_us = self._monotonic_us()
        body = await make()
        made_us = self._monotonic_us()
        packed = None
        if self._compress:
            loop = asyncio.get_running_loop()
            packed = await loop.run_in_executor(self._pool, compressed, body)
        least_s = fresh_s if body is not None else min(fresh_s, MISSING_S)
        answer = CachedAnswer(
            body=body,
            tag=f'"{sha256(body or b"").hexdigest()[:32]}"',
            stale_us=made_us + max(round(least_s * 1_000_000), SHARE * (made_us - begun_us)),
            packed=packed,
        )
        self._keep(name, answer)
        return answer

    def _done(self, name: str, task: asyncio.Task[CachedAnswer]) -> None:
        del self._making[name]
        if not task.cancelled():
            task.exception()  # raised to those who wait, if any are left

    def _keep(self, name: str, answer: CachedAnswer) -> None:
        old = self._answers.pop(name, None)
        self._answers[name] = answer
        self._bytes += _weight(answer) - (_weight(old) if old else 0)
        while self._bytes > self._most_bytes and len(self._answers) > 1:
            _, dropped = self._answers.popitem(last=False)
            self._bytes -= _weight(dropped)

    def response(self, request: Request, answer: CachedAnswer, *, browser_s: int = 0) -> Response:
        """Return a page as HTTP: 304 if the browser has it. Raises HTTPException(404) for none.

        `browser_s`: how long a reader's browser may cache it, at least.
        """
        if answer.body is None:
            raise HTTPException(404)
        left_s = max(0, answer.stale_us - self._monotonic_us()) // 1_000_000
        age = f"public, max-age={max(browser_s, left_s)}"
        body, encoding = answer.encoded(request)
        # Another form of the same page has another strong tag; a reader may have either.
        tag = f'{answer.tag[:-1]}-gzip"' if body is answer.packed else answer.tag
        headers = {"Cache-Control": age, "ETag": tag, "Vary": "Accept-Encoding"}
        if has_tag(request.headers.get("if-none-match", "").replace('-gzip"', '"'), answer.tag):
            return Response(status_code=304, headers=headers)
        return Response(body, headers={**headers, **encoding, "Content-Type": HTML})


def as_csv(response: Response, name: str) -> Response:
    """Return an answer as a file of data to download, called `name`."""
    response.headers["Content-Type"] = CSV
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _weight(answer: CachedAnswer) -> int:
    return len(answer.body or b"") + len(answer.packed or b"") + ENTRY_BYTES


def has_tag(if_none_match: str, tag: str) -> bool:
    """Return whether a header names a tag; the comparison is the weak one, RFC 9110, 13.1.2."""
    names = (tag_text.strip().removeprefix("W/") for tag_text in if_none_match.split(","))
    return any(name in {"*", tag} for name in names)
