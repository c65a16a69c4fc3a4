"""`/temoin/…`: the logs of others come here to be cosigned (C2SP tlog-witness)."""

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
JUDGED_MAX = 16  # requests that are being judged or wait for it; what comes beyond is sent away
HASH_LENGTH = 64  # of the name of a log, in an address
SAID_S = 600  # one line of each status in this time, and how many others there were
FRESH_S = 60  # seconds that a checkpoint may be kept by a cache; the specification allows 3,600

log = structlog.get_logger(__name__)


class _Tally:
    """Logs what was answered: anybody can ask, so each status is said once in a while.

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
    pool = ThreadPoolExecutor(1, thread_name_prefix="witness")  # each holds a file's lock
    judged = 0
    tally = _Tally()

    async def add_checkpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return _said(408, "request not received in time")
        if body is None:
            return _said(413, f"over {MAX_REQUEST_BYTES} bytes")

        def judge() -> Response:
            # Our clock is read when the file is locked or nearly so: times do not go back.
            at = int(now().timestamp())
            answer = witness.add_checkpoint(body, at=at)
            tally.note(answer.status, answer.why, at)
            return Response(
                answer.body,
                status_code=answer.status,
                # As a header: Starlette would add a charset to a type that clients compare.
                headers={"Content-Type": answer.media_type, "Cache-Control": "no-store"},
            )

        nonlocal judged
        if judged >= JUDGED_MAX:
            raise Busy
        judged += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, judge)
        finally:
            judged -= 1

    async def checkpoint(request: Request) -> Response:
        origin: str = request.path_params["origin"]
        found = None
        if len(origin) == HASH_LENGTH:  # no other is kept, and none is remembered
            read = partial(witness.checkpoint, origin)
            found = (await files.get(f"witness {origin}", read, fresh_s=0)).body
        if found is None:
            return _said(404, "no checkpoint of this log was cosigned")
        headers = {"Cache-Control": f"public, max-age={FRESH_S}"}
        return Response(found, media_type="text/plain; charset=utf-8", headers=headers)

    return [
        Route("/temoin/add-checkpoint", add_checkpoint, methods=["POST"]),
        Route("/temoin/{origin}/checkpoint", checkpoint),
    ]


async def _body(request: Request) -> bytes | None:
    """Read a body; None when it is longer than any request."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_REQUEST_BYTES:
            return None
    return bytes(body)


def _said(status: int, why: str) -> Response:
    return Response(f"{why}\n", status, {"Cache-Control": "no-store"}, "text/plain")
