"""The process that serves the web pages (`page_process`). It never writes the record."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path

import structlog
import uvloop
from starlette.applications import Starlette

from monitor.alerts.requests import SubscriptionAnswer, SubscriptionRequest, encoded
from monitor.attest.own_witness import build_witness
from monitor.attest.point_reader import PointReader
from monitor.config.settings import secrets_of
from monitor.dossier.online.dossier_links import FOLDER as DOSSIERS
from monitor.dossier.online.dossier_wishes import DossierState, DossierWish
from monitor.dossier.online.dossier_wishes import encoded as encoded_wish
from monitor.evidence.captures.capture_policy import CAPTURES
from monitor.runtime import logs, process_setup
from monitor.runtime.clock import SystemClock
from monitor.runtime.process_setup import end_with_parent
from monitor.store import Store, StoreError
from monitor.web.api.application import build_interface
from monitor.web.pages_app import build
from monitor.web.serving.answer_cache import Busy
from monitor.web.serving.front_door import room_for_visits
from monitor.web.serving.http_server import WebServer
from monitor.web.serving.messages import (
    DOSSIER,
    KNOWN,
    LENGTH_BYTES,
    METRICS,
    PROBE,
    SUBSCRIPTION,
    UNKNOWN,
    Order,
    unpacked,
)

NICE = 3  # below the process that checks; much lower, and `/sante` would wait on a busy machine
OOM_SCORE = 500  # of 1,000: when memory is short the kernel kills us, and not the other
ANSWER_S = 5.0  # how long the other process may take to answer; then we answer "busy"
MOST_QUESTIONS = 64  # pending
READ_S = 10.0  # the longest that one question to the database may take

log = structlog.get_logger(__name__)


def main() -> None:
    """Serve on the descriptors named by the last two arguments until the other process ends."""
    listening, control = (socket.socket(fileno=int(number)) for number in sys.argv[-2:])
    end_with_parent()
    # These are for the other process, which ends us.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    order = _order(control)
    if order is None:
        return
    logs.hide(*secrets_of(order.settings))
    logs.configure(level=logging.getLevelName(order.log_level))
    _give_way()
    process_setup.prepare()
    url, point = order.settings.database_url, order.settings.point
    try:
        with (
            Store.open(url, point=point, writer=False, read_s=READ_S) as store,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(_serve(order, store, listening, control))
    except StoreError as error:
        log.error("pages without a record", why=str(error))  # noqa: TRY400 -- its message says all
        sys.exit(1)


def _give_way() -> None:
    """Give priority, for the processor and the memory, to the process that checks."""
    with suppress(OSError):  # a sandbox may forbid it
        os.nice(NICE)
    with suppress(OSError):  # elsewhere than on Linux
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))


def _order(control: socket.socket) -> Order | None:
    """Read the order; None when the other process ended first."""
    length = _exactly(control, LENGTH_BYTES)
    data = _exactly(control, int.from_bytes(length, "big")) if length else b""
    return unpacked(data) if data else None


def _exactly(control: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        piece = control.recv(length - len(received))
        if not piece:
            return b""
        received += piece
    return bytes(received)


async def _serve(
    order: Order, store: Store, listening: socket.socket, control: socket.socket
) -> None:
    reader, writer = await asyncio.open_connection(sock=control)
    service = Service(reader, writer)
    web = WebServer(_pages(order, store, service), listening, visits=room_for_visits())
    answering = asyncio.create_task(service.answers())
    serving = asyncio.create_task(web.serve())
    await asyncio.wait({answering, serving}, return_when=asyncio.FIRST_COMPLETED)
    web.stop()
    answering.cancel()
    await serving


def _pages(order: Order, store: Store, service: "Service") -> Starlette:
    clock = SystemClock()
    points = PointReader(order.config, order.settings.data) if order.config.points else None
    return build(
        store,
        config=order.config,
        clock=clock,
        point=order.settings.point,
        metrics=service,
        version=order.version,
        journal=order.journal,
        captures=order.settings.data / CAPTURES,
        journal_key=order.journal_key,
        witness=build_witness(order.config, order.settings),
        subscriptions=service.subscription if order.alerts else None,
        dossiers=service.dossier if order.dossiers else None,
        made_dossiers=order.settings.data / DOSSIERS,
        points=points,
        interface=build_interface(
            store,
            config=order.config,
            clock=clock,
            version=order.version,
            dossiers=order.dossiers,
            points=points,
        ),
    )


class Service:
    """Requests metrics from the process that checks. It answers in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._asked: deque[asyncio.Future[tuple[bytes, bytes]]] = deque()

    async def metrics(self) -> bytes:
        return await self._ask(METRICS)

    async def probe(self, slug: str) -> bytes:
        return await self._ask(PROBE + slug.encode())

    async def subscription(self, request: SubscriptionRequest) -> SubscriptionAnswer:
        """Pass on what a visitor asks. Raises Busy."""
        try:
            answer = await self._ask(SUBSCRIPTION + encoded(request))
        except RuntimeError:  # the service says so in its own log, or stops
            raise Busy from None
        return SubscriptionAnswer.model_validate_json(answer)

    async def dossier(self, wish: DossierWish) -> DossierState:
        """Pass on what a visitor asks of dossiers. Raises Busy."""
        answer = await self._ask(DOSSIER + encoded_wish(wish))
        return DossierState.model_validate_json(answer)

    async def answers(self) -> None:
        """Receive answers until the other process ends."""
        try:
            while True:
                head = await self._reader.readexactly(1 + LENGTH_BYTES)
                text = await self._reader.readexactly(int.from_bytes(head[1:], "big"))
                pending = self._asked.popleft()
                if not pending.done():
                    pending.set_result((head[:1], text))
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def _ask(self, question: bytes) -> bytes:
        """Send a request. Raises Busy without an answer in time, KeyError for an unknown slug."""
        if len(self._asked) >= MOST_QUESTIONS:
            raise Busy
        pending: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()
        self._asked.append(pending)
        self._writer.write(question + b"\n")
        try:
            async with asyncio.timeout(ANSWER_S):
                status, text = await pending
        except TimeoutError:
            raise Busy from None
        if status == UNKNOWN:
            raise KeyError(question)
        if status != KNOWN:
            raise RuntimeError("the service could not render its metrics: see its log")
        return text
