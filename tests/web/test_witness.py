"""`/temoin/…` over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import Message
from structlog.testing import capture_logs

from monitor.evidence.witness.witness_memory import Witness, hash_of
from monitor.evidence.witness.witness_protocol import MAX_REQUEST_BYTES
from monitor.web import witness_routes as pages
from monitor.web.serving.answer_cache import AnswerCache
from monitor.web.witness_routes import witness_routes
from tests.support.clock import FakeClock
from tests.support.small_log import SmallLog

LOG = SmallLog()
HASH = hash_of(LOG.origin)


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    witness = Witness(tmp_path, name="temoin.example/w", logs=[LOG.key.verifier])
    return Starlette(
        routes=witness_routes(witness, FakeClock().now, AnswerCache(FakeClock().monotonic_us))
    )


def ask(app: Starlette, path: str, body: bytes | None = None) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://v.example") as web:
            return await web.request("GET" if body is None else "POST", path, content=body)

    return asyncio.run(send())


def added(app: Starlette, body: bytes) -> httpx.Response:
    return ask(app, "/temoin/add-checkpoint", body)


def test_a_checkpoint_is_cosigned_then_served_to_monitors(app: Starlette) -> None:
    assert 404 == ask(app, f"/temoin/{HASH}/checkpoint").status_code

    answer = added(app, bytes(LOG.request(0, 5)))
    served = ask(app, f"/temoin/{HASH}/checkpoint")

    assert 200 == answer.status_code
    assert bytes(LOG.note(5)) + answer.content == served.content
    assert "text/plain; charset=utf-8" == served.headers["content-type"]
    assert "public, max-age=60" == served.headers["cache-control"]


def test_409_has_the_type_and_body_of_the_specification(app: Starlette) -> None:
    added(app, bytes(LOG.request(0, 5)))
    answer = added(app, bytes(LOG.request(0, 9)))

    assert (409, b"5\n") == (answer.status_code, answer.content)
    assert "text/x.tlog.size" == answer.headers["content-type"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"nonsense", 400),
        (bytes(LOG.request(0, 5)).replace(b"\n5\n", b"\n6\n"), 403),
        (bytes(SmallLog(origin="autre.example").request(0, 5)), 404),
        (bytes(LOG.request(0, 5)).replace(b"old 0\n", b"old 0\n" + b"A" * 43 + b"=\n"), 422),
        (bytes(MAX_REQUEST_BYTES + 1), 413),
    ],
)
def test_each_refusal_has_its_status(app: Starlette, body: bytes, status: int) -> None:
    answer = added(app, body)

    assert status == answer.status_code
    assert "no-store" == answer.headers["cache-control"]


def streamed(app: Starlette, body: AsyncIterator[bytes]) -> int:
    """Return the status for a body that comes in parts; httpx would first read it whole."""
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": await anext(body), "more_body": True}

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/temoin/add-checkpoint",
        "query_string": b"",
        "headers": [],
    }

    async def serve() -> None:
        await app(scope, receive, answer)

    asyncio.run(serve())
    return statuses[0]


def test_a_body_without_an_end_is_not_read_to_it(app: Starlette) -> None:
    chunks = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal chunks
        while True:
            chunks += 1
            yield bytes(1024)

    assert 413 == streamed(app, endless())
    assert chunks <= MAX_REQUEST_BYTES // 1024 + 1


def test_a_body_that_never_comes_is_given_up(
    app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    monkeypatch.setattr(pages, "BODY_S", 0.05)

    assert 408 == streamed(app, silent())


@pytest.mark.parametrize(
    "path", ["/temoin/cle/checkpoint", "/temoin/..%2Fcle/checkpoint", "/temoin/cle", "/temoin/"]
)
def test_our_key_cannot_be_fetched(app: Starlette, tmp_path: Path, path: str) -> None:
    added(app, bytes(LOG.request(0, 5)))

    assert (tmp_path / "cle").is_file()
    assert 404 == ask(app, path).status_code


def test_only_post_adds_a_checkpoint(app: Starlette) -> None:
    assert 405 == ask(app, "/temoin/add-checkpoint").status_code


def test_a_flood_of_requests_makes_few_lines(app: Starlette) -> None:
    with capture_logs() as said:
        for _ in range(30):
            added(app, b"nonsense")
        added(app, bytes(LOG.request(0, 5)))

    assert [(line["status"], line["unsaid"]) for line in said] == [(400, 0), (200, 0)]


def test_what_was_not_said_is_counted_later(tmp_path: Path) -> None:
    clock = FakeClock()
    witness = Witness(tmp_path, name="temoin.example/w", logs=[LOG.key.verifier])
    app = Starlette(routes=witness_routes(witness, clock.now, AnswerCache(clock.monotonic_us)))

    with capture_logs() as said:
        for _ in range(30):
            added(app, b"nonsense")
        clock.step_wall(601)
        added(app, b"nonsense")

    assert [line["unsaid"] for line in said] == [0, 29]
