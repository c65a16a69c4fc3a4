"""Bounds on the connections of the pages: how many there are, and how long each may take.

Every visitor may be hostile, and most come through one proxy, so that addresses do not
distinguish them. Bounded, for all together:

1. connections, by `Door`. When all are taken, the one that has been idle for longest is dropped
for a new one, then the slowest request, then the slowest reader;
2. time, by `Visit`: a whole request within `REQUEST_S`, its answer read within `ANSWER_S`;
3. bytes: headers by h11, a body by `Requests`.

Some connections are reserved for health checks and metrics, `FIRST`; when all others are taken, a
new one is accepted there until its request is known.
"""

import asyncio
import errno
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import h11
import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from monitor.web.serving.request_bounds import FULL, HEADERS_MAX, LATE, Requests, canned

VISITS = 384  # connections at once
KEPT_VISITS = 128  # more, for `FIRST`, and for those whose request is not known yet
FIRST = (b"GET /sante", b"HEAD /sante", b"GET /metrics")
BACKLOG = 4_096  # connections that wait in the kernel, which may have a lower limit
ACCEPTS = 64  # at once, before accepted connections are served
REQUEST_S = 10.0  # from the first byte, or from the connection, to the last byte of a request
ANSWER_S = 60.0  # from there until the answer has been received
IDLE_S = 5  # between two requests of one connection
# How long a connection is not dropped when all are taken and another one comes.
LEFT_ALONE_S = {"NOTHING": 0.5, "REQUEST": 0.5, "ANSWER": 2.0}
PARK_S = 0.02  # without accepting, when even the reserved connections are taken
REST_S = 0.1  # without accepting, when the system has no descriptor or memory to give
TELL_S = 60.0  # between two log lines with the counts of refusals
PIECE = 8 * 1024  # bytes that are parsed at once
UPLOAD_S = 300.0  # for its whole request
DOWNLOAD_S = 1_800.0  # for an answer there; a slow reader is still dropped when all are taken
SEND_BUFFER = 128 * 1024  # bytes of the kernel's memory for a slow reader

_OUT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

log = structlog.get_logger(__name__)


class Waits(Enum):
    """What a connection waits for, in the order in which connections are dropped."""

    NOTHING = "its visitor has said nothing since its last answer"
    REQUEST = "a request has begun"
    ANSWER = "an answer is being made, or read"


class Visit(H11Protocol):
    """One connection."""

    def __init__(self, door: "Door", *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.conn = self._requests = Requests(h11.SERVER, HEADERS_MAX)
        self._door = door
        self._request_due: asyncio.TimerHandle | None = None
        self._answer_due: asyncio.TimerHandle | None = None
        self.waits = Waits.NOTHING
        self._has_longer = False  # whether its request has the time of a file
        self.only_first = False  # whether it has a connection reserved for `FIRST`

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._request_due = self.loop.call_later(REQUEST_S, self._too_late)
        self._door.note(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_request_due()
        self._cancel_answer_due()
        self._unset_keepalive_if_required()
        self._door.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.only_first:
            self.only_first = False
            if not data.startswith(FIRST):
                self._end(FULL)
                return
        self._expect_request()
        for start in range(0, len(data), PIECE):  # h11 bounds what is incomplete after each
            super().data_received(data[start : start + PIECE])
            if self.transport.is_closing():
                return
        self._look()

    def handle_events(self) -> None:
        try:
            super().handle_events()
        except h11.LocalProtocolError:  # it violates the protocol while it is being answered
            self.drop()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection open for an answer if the request is complete; else close it."""
        if self.waits is Waits.ANSWER and self._request_due is None:
            self.cycle.keep_alive = False
            return True
        return False

    def send_400_response(self, msg: str) -> None:
        """Answer what h11 refuses. uvicorn calls this."""
        del msg
        if self._answering:
            self.drop()
            return
        self._end(canned(self._requests.refusal))

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.SEND_BODY:  # answered before its body was received
            self.transport.close()
            return
        if not self._answering and self.conn.trailing_data[0]:
            self._expect_request()
        self._look()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():  # still being sent: `ANSWER_S` bounds it
            return
        with self._protocol_errors():
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        with self._protocol_errors():
            super().shutdown()

    def drop(self) -> None:
        """Abort the connection now, whatever is still to be sent."""
        self._door.forget(self)
        self.transport.abort()

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # there is none before the first request
        return cycle is not None and not cycle.response_complete

    def _look(self) -> None:
        """Update what the connection waits for, and until when."""
        if self.transport.is_closing():
            return
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._cancel_request_due()
        elif self._requests.uploads and not self._has_longer:
            self._has_longer = True
            self._cancel_request_due()
            self._request_due = self.loop.call_later(UPLOAD_S, self._too_late)
        unread = self.transport.get_write_buffer_size() > 0
        if self._answering or unread:
            self.waits = Waits.ANSWER
            if self._answer_due is None:
                limit_s = ANSWER_S
                if self._requests.uploads or self._requests.downloads:
                    limit_s = DOWNLOAD_S
                self._answer_due = self.loop.call_later(limit_s, self._unread)
        else:
            self._cancel_answer_due()
            self.waits = Waits.REQUEST if self._request_due else Waits.NOTHING
        self._door.note(self)

    def _expect_request(self) -> None:
        if not self._requests.uploads:
            self._has_longer = False
        if self._request_due is None and not self._answering:
            self._request_due = self.loop.call_later(REQUEST_S, self._too_late)

    def _too_late(self) -> None:
        self._request_due = None
        if self._answering or self.waits is Waits.ANSWER:
            self.drop()
        else:
            self._end(LATE)

    def _unread(self) -> None:
        self._answer_due = None
        if self._answering or self.transport.get_write_buffer_size():
            self.drop()
        else:
            self._look()

    def _end(self, answer: bytes) -> None:
        """Send a last answer and close; `ANSWER_S` bounds how long that may take."""
        self.transport.write(answer)
        self.transport.close()
        if self._answer_due is None:
            self._answer_due = self.loop.call_later(ANSWER_S, self.drop)

    def _cancel_request_due(self) -> None:
        if self._request_due is not None:
            self._request_due.cancel()
            self._request_due = None

    def _cancel_answer_due(self) -> None:
        if self._answer_due is not None:
            self._answer_due.cancel()
            self._answer_due = None

    @contextmanager
    def _protocol_errors(self) -> Iterator[None]:
        try:
            yield
        except h11.LocalProtocolError:
            self.drop()


class Door:
    """Accepts connections on a listening socket and tracks them all."""

    def __init__(
        self,
        listening: socket.socket,
        make: Callable[["Door"], Visit],
        *,
        visits: int = VISITS,
        kept_visits: int = KEPT_VISITS,
    ) -> None:
        """Accept nothing before `open`.

        Args:
            listening: The socket, which the door closes.
            make: Makes the protocol of one connection.
            visits: Connections at once.
            kept_visits: How many more are reserved for `FIRST`.

        """
        self._listening = listening
        self._make = make
        self._visits = visits
        self._kept_visits = kept_visits
        self._loop = asyncio.get_running_loop()
        self._in: dict[Waits, dict[Visit, float]] = {waits: {} for waits in Waits}
        self._entering: set[asyncio.Task[Any]] = set()
        self._rest: asyncio.TimerHandle | None = None
        self._counts = {"refused": 0, "dropped": 0, "exhausted": 0}
        self._told_at = self._loop.time() - TELL_S

    def open(self) -> None:
        self._listening.setblocking(False)  # noqa: FBT003 -- its only argument
        self._listening.listen(BACKLOG)
        self._start_accepting()

    def close(self) -> None:
        """Accept no more. uvicorn calls it as for a server of asyncio."""
        if self._rest is not None:
            self._rest.cancel()
        self._loop.remove_reader(self._listening.fileno())
        self._listening.close()

    async def wait_closed(self) -> None:
        for task in list(self._entering):
            task.cancel()

    @property
    def count(self) -> int:
        return len(self._entering) + sum(map(len, self._in.values()))

    def note(self, visit: Visit) -> None:
        """Queue a connection by what it waits for; it keeps its place while that is unchanged."""
        if visit not in self._in[visit.waits]:
            self.forget(visit)
            self._in[visit.waits][visit] = self._loop.time()

    def forget(self, visit: Visit) -> None:
        for queue in self._in.values():
            queue.pop(visit, None)

    def _accept(self) -> None:
        for _ in range(ACCEPTS):
            try:
                visitor, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                if error.errno in _OUT:
                    self._exhausted()
                    return
                continue  # it was closed before it was accepted
            if not self._admit(visitor):
                self._stop_accepting(PARK_S, partial(self._admit_parked, visitor))
                return

    def _admit(self, visitor: socket.socket) -> bool:
        """Accept or refuse a connection; False when neither is possible yet."""
        visitor.setblocking(False)  # noqa: FBT003 -- its only argument
        full = self.count >= self._visits and not self._make_room()
        if full:
            first = _asks_first(visitor)
            if first is not False and self.count >= self._visits + self._kept_visits:
                return False
            if first is False:
                self._tell("refused")
                with visitor, suppress(OSError):
                    visitor.send(FULL)
                return True
        task = self._loop.create_task(self._enter(visitor, only_first=full))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)
        return True

    def _admit_parked(self, visitor: socket.socket) -> None:
        if self._admit(visitor):
            self._start_accepting()
        else:
            self._stop_accepting(PARK_S, partial(self._admit_parked, visitor))

    def _start_accepting(self) -> None:
        self._rest = None
        self._loop.add_reader(self._listening.fileno(), self._accept)

    def _stop_accepting(self, seconds: float, then: Callable[[], None]) -> None:
        """Leave new connections to the kernel for a while, then call `then`."""
        self._loop.remove_reader(self._listening.fileno())
        self._rest = self._loop.call_later(seconds, then)

    async def _enter(self, visitor: socket.socket, *, only_first: bool) -> None:
        def make() -> Visit:
            visit = self._make(self)
            visit.only_first = only_first
            return visit

        try:
            with suppress(OSError):
                visitor.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
                visitor.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(make, visitor)
        except OSError:
            visitor.close()

    def _make_room(self) -> bool:
        """Drop the connection that matters least, if there is one."""
        now = self._loop.time()
        for waits in Waits:
            oldest = next(iter(self._in[waits].items()), None)
            if oldest is not None and now - oldest[1] >= LEFT_ALONE_S[waits.name]:
                self._tell("dropped")
                oldest[0].drop()
                return True
        return False

    def _exhausted(self) -> None:
        """Stop accepting for a while when the system has no descriptors or memory left."""
        self._tell("exhausted")
        self._make_room()
        self._stop_accepting(REST_S, self._start_accepting)

    def _tell(self, what: str) -> None:
        """Count an event; the counts are logged once a minute at most."""
        self._counts[what] += 1
        now = self._loop.time()
        if now - self._told_at >= TELL_S:
            log.warning("pages crowded", connections=self.count, **self._counts)
            self._told_at = now
            self._counts = dict.fromkeys(self._counts, 0)


def _asks_first(visitor: socket.socket) -> bool | None:
    """Return whether a request is one of `FIRST`; None when nothing was received yet."""
    try:
        return visitor.recv(16, socket.MSG_PEEK).startswith(FIRST)
    except BlockingIOError:
        return None
    except OSError:
        return False


class Server(uvicorn.Server):
    """uvicorn behind a `Door`. The command handles signals, not uvicorn."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket, *, visits: int) -> None:
        super().__init__(config)
        self._listening = listening
        self._visits = visits

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        del sockets
        await self.lifespan.startup()
        door = Door(self._listening, self._visit, visits=self._visits)
        door.open()
        self.servers = [door]  # type: ignore[list-item]  # it is only ever closed and awaited
        self.started = True

    def _visit(self, door: Door) -> Visit:
        return Visit(door, self.config, self.server_state, self.lifespan.state)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def room_for_visits() -> int:
    """Return how many connections the descriptors of this process allow.

    Some are left for the database, the files that are served and the link to the service.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    open_count = len(list(Path("/dev/fd").iterdir()))
    return max(8, min(VISITS, (soft - open_count) // 2 - KEPT_VISITS))
