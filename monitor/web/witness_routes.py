"""`/temoin/…`: cosign the journals of others (C2SP tlog-witness, server side)."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from http import HTTPStatus

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.evidence.witness.witness_memory import Witness
from monitor.evidence.witness.witness_protocol import MAX_REQUEST_BYTES
from monitor.web.serving.answer_cache import AnswerCache, Busy

BODY_S = 10.0  # a request is a few kilobytes
JUDGED_MAX = 16  # requests that are being judged or wait for it; further ones are refused
HASH_LENGTH = 64  # of the name of a log, in an address
SAID_S = 600  # seconds between two log lines on one status
FRESH_S = 60  # seconds that a checkpoint may be cached; the specification allows 3,600

log = structlog.get_logger(__name__)


class _Tally:
    """Logs the answers. Anybody can ask, so each status is logged once in `SAID_S`.

    For one thread.
    """

    def __init__(self) -> None:
        self._said_at: dict[HTTPStatus, int] = {}
        self._unsaid: Counter[HTTPStatus] = Counter()

    def note(self, status: HTTPStatus, why: str, at: int) -> None:
        said_at = self._said_at.get(status)
        if said_at is not None and abs(at - said_at) < SAID_S:
            self._unsaid[status] += 1
            return
        self._said_at[status] = at
        say = log.error if status is HTTPStatus.UNPROCESSABLE_ENTITY else log.info
        say("asked to cosign", status=status.value, why=why, unsaid=self._unsaid.pop(status, 0))


def witness_routes(
    witness: Witness, now: Callable[[], datetime], files: AnswerCache
) -> list[Route]:
    """Return the two addresses of a witness, below `/temoin`; `files` reads what it serves."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="witness")  # each call locks a file
    judging = 0
    tally = _Tally()

    async def add_checkpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return _text_response(408, "request not received in time")
        if body is None:
            return _text_response(413, f"over {MAX_REQUEST_BYTES} bytes")

        def judge() -> Response:
            # Our clock is read just before the file is locked, so that times do not go back.
            at = int(now().timestamp())
            answer = witness.add_checkpoint(body, at=at)
            tally.note(answer.status, answer.why, at)
            return Response(
                answer.body,
                status_code=answer.status,
                # As a header: Starlette would add a charset to a type that clients compare.
                headers={"Content-Type": answer.media_type, "Cache-Control": "no-store"},
            )

        nonlocal judging
        if judging >= JUDGED_MAX:
            raise Busy
        judging += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, judge)
        finally:
            judging -= 1

    async def checkpoint(request: Request) -> Response:
        origin: str = request.path_params["origin"]
        body = None
        if len(origin) == HASH_LENGTH:  # other names are neither looked up nor cached
            read = partial(witness.checkpoint, origin)
            body = (await files.get(f"witness {origin}", read, fresh_s=0)).body
        if body is None:
            return _text_response(404, "no checkpoint of this log was cosigned")
        headers = {"Cache-Control": f"public, max-age={FRESH_S}"}
        return Response(body, media_type="text/plain; charset=utf-8", headers=headers)

    return [
        Route("/temoin/add-checkpoint", add_checkpoint, methods=["POST"]),
        Route("/temoin/{origin}/checkpoint", checkpoint),
    ]


async def _body(request: Request) -> bytes | None:
    """Read a body; None when it is longer than any valid request."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            return None
    return bytes(body)


def _text_response(status: int, why: str) -> Response:
    return Response(f"{why}\n", status, {"Cache-Control": "no-store"}, "text/plain")
