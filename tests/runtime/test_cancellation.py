"""A loop that was asked to end ends, whatever it awaits makes of the request."""

import ast
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.runtime.cancellation import heed_cancellation
from monitor.runtime.clock import SystemClock

MONITOR = Path(__file__).parents[2] / "monitor"
PATIENT_S = 60.0  # a bound, never reached where a loop ends
# Endless loops that neither heed it nor wait by the clock: they await nothing of libraries, or end
# with their own process, page or request.
WITHOUT = {
    "attest/following.py",
    "browser/visit.py",
    "demo/mail_sink.py",
    "fetch/connection.py",
    "fetch/fetcher.py",
    "fetch/transport.py",
    "web/serving/worker.py",
}


async def turned_into_a_fault() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        raise OSError("connection lost") from None


async def swallowed() -> None:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()


async def rounds(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(OSError):
            await work()
        await SystemClock().sleep(PATIENT_S * 10)


@pytest.mark.parametrize("work", [turned_into_a_fault, swallowed])
def test_a_loop_ends_although_the_request_is_hidden(work: Callable[[], Awaitable[None]]) -> None:
    async def story() -> bool:
        task = asyncio.create_task(rounds(work))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=PATIENT_S)
        return task.cancelled()

    assert asyncio.run(story())


def test_a_time_out_that_is_over_is_no_request() -> None:
    async def story() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.sleep(1)
        heed_cancellation()

    asyncio.run(story())


def endless(path: Path) -> Iterator[ast.While]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.AsyncFunctionDef):
            for inner in ast.walk(node):
                if isinstance(inner, ast.While) and isinstance(inner.test, ast.Constant):
                    yield inner


def heeds(loop: ast.While) -> bool:
    text = ast.unparse(loop)
    return "clock.sleep(" in text or ast.unparse(loop.body[0]) == "heed_cancellation()"


def test_each_endless_loop_of_the_service_heeds_it() -> None:
    without = {
        path.relative_to(MONITOR).as_posix()
        for path in MONITOR.rglob("*.py")
        for loop in endless(path)
        if not heeds(loop)
    }
    assert without == WITHOUT
