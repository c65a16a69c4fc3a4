"""Run the web pages in their own process, so that no visitor affects the record.

Visitors cost processor time, memory and descriptors, and any of them may be hostile. The
process that checks shares none of these with them: it has its own event loop and interpreter
lock, and a higher priority. When the pages' process ends, for whatever reason, it is started
again; the record goes on without pages, never pages without the record.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from monitor.runtime.cancellation import heed_cancellation
from monitor.store import StoreError
from monitor.web.serving.messages import (
    DOSSIER,
    FAILED,
    KNOWN,
    METRICS,
    PROBE,
    QUESTION_MAX,
    SUBSCRIPTION,
    UNKNOWN,
    Order,
    framed,
    packed,
)

AGAIN_S = 1.0  # before a process that ended soon is started again; doubled each time
AGAIN_MAX_S = 60.0
STEADY_S = 60.0  # a process that ran for so long did not end soon
ARENAS = "2"  # of glibc's memory; else each thread has one, which is seldom released
END_S = 5.0  # how long it may take to end; then it is killed

# Isolated: neither the current folder nor the environment adds a module.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    " from monitor.web.serving.worker import main; main()"
)
_PROGRAM = str(Path(__file__).resolve().parents[3])

log = structlog.get_logger(__name__)


class RestartDelay:
    """How long to wait before a process that ended is started again; the first time, not at all.

    Readers and a supervisor wait meanwhile. Only a process that ends again and again, each time
    soon, is worth a delay.
    """

    def __init__(self) -> None:
        self._next_s = 0.0

    def after(self, lived_s: float) -> float:
        """Return the seconds to wait after a process that lived for `lived_s`."""
        wait_s = 0.0 if lived_s >= STEADY_S else self._next_s
        self._next_s = min(AGAIN_MAX_S, max(AGAIN_S, 2 * wait_s))
        return wait_s


class WebProcess:
    """Runs the pages' process and answers its requests."""

    def __init__(  # noqa: PLR0913 -- keyword-only: whom it asks for what
        self,
        order: Order,
        listening: socket.socket,
        *,
        metrics: Callable[[], bytes],
        probe: Callable[[str], bytes],
        subscriptions: Callable[[bytes], Awaitable[bytes]] | None = None,
        dossiers: Callable[[bytes], Awaitable[bytes]] | None = None,
    ) -> None:
        """Start nothing before `serve`.

        Args:
            order: What to serve.
            listening: The socket to serve on.
            metrics: Renders `/metrics`; called from a worker thread.
            probe: Renders `/probe` for a target's slug; KeyError for an unknown one.
            subscriptions: Answers what a visitor asks of alerts; None without a mail server.
            dossiers: Answers what a visitor asks of dossiers; None while nothing is signed.

        """
        self._order = packed(order)
        self._listening = listening
        self._metrics = metrics
        self._probe = probe
        self._visitors = {
            mark: answer
            for mark, answer in ((SUBSCRIPTION, subscriptions), (DOSSIER, dossiers))
            if answer is not None
        }

    async def serve(self) -> None:
        """Keep the pages running until cancelled; then end them within `END_S`."""
        loop = asyncio.get_running_loop()
        delay = RestartDelay()
        while True:
            heed_cancellation()
            began = loop.time()
            code = await self._live()
            wait_s = delay.after(loop.time() - began)
            log.error("pages ended", code=code, again_s=wait_s)
            await asyncio.sleep(wait_s)

    async def _live(self) -> int:
        """Start the process and answer it until it ends; return its exit code."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(  # noqa: ASYNC220, S603 -- ours, and started in milliseconds
                self._command(theirs),
                pass_fds=(self._listening.fileno(), theirs.fileno()),
                stdin=subprocess.DEVNULL,
                env={"MALLOC_ARENA_MAX": ARENAS, **os.environ},
            )
        try:
            reader, writer = await asyncio.open_connection(sock=ours, limit=QUESTION_MAX)
            try:
                writer.write(self._order)
                await writer.drain()
                while question := await reader.readline():
                    writer.write(await self._answered(question.rstrip()))
                    await writer.drain()
            except (ConnectionError, ValueError):  # it ended, or sent too long a line
                pass
            finally:
                writer.close()
        finally:
            code = await asyncio.to_thread(_end, process)
        return code

    def _command(self, control: socket.socket) -> list[str]:
        numbers = (str(self._listening.fileno()), str(control.fileno()))
        return [sys.executable, "-I", "-c", _START, _PROGRAM, *numbers]

    async def _answered(self, question: bytes) -> bytes:
        try:
            if question == METRICS:
                return KNOWN + framed(await asyncio.to_thread(self._metrics))
            for mark, answer in self._visitors.items():
                if question.startswith(mark):
                    return KNOWN + framed(await answer(question.removeprefix(mark)))
            return KNOWN + framed(self._probe(question.removeprefix(PROBE).decode()))
        except KeyError:
            return UNKNOWN + framed(b"")
        except StoreError:  # nothing more can be recorded
            raise
        except Exception:  # a fault of ours in a page is no reason to stop the record
            log.exception("metrics not made")
            return FAILED + framed(b"")


def _end(process: "subprocess.Popen[Any]") -> int:
    """Wait for the end of a process, and kill it after `END_S`; return its exit code."""
    try:
        return process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
