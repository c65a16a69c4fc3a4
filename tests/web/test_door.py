"""What visitors who hold their connections open can do: nothing to the others."""

import asyncio
import errno
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.web.serving import front_door
from monitor.web.serving.http_server import OneOf, WebServer

VISITS = 12
PATIENT_S = 30.0
BIG = 8 << 20  # more than the kernel keeps of an answer that nobody reads


async def _ask(request: Request) -> Response:
    body = await request.body()
    return PlainTextResponse(f"well {len(body)}\n")


async def _big(_: Request) -> Response:
    return PlainTextResponse(b"x" * BIG)


@contextmanager
def serving() -> Iterator[int]:
    """Serve a small application in a thread, on the loop of the service; yield its port."""
    app = Starlette(
        routes=[
            Route("/sante", _ask),
            Route("/page", _ask, methods=["GET", "POST"]),
            Route("/gros", _big),
        ]
    )
    listening = socket.create_server(("127.0.0.1", 0))
    port: int = listening.getsockname()[1]
    loop = uvloop.new_event_loop()
    stop: list[Callable[[], None]] = []

    async def run() -> None:
        server = WebServer(app, listening, visits=VISITS)
        stop.append(server.stop)
        await server.serve()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(stop[0])
        thread.join(PATIENT_S)
        loop.close()
        assert not thread.is_alive()


@pytest.fixture
def port() -> Iterator[int]:
    with serving() as number:
        yield number


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Serve with bounds that are short enough for a test to reach."""
    monkeypatch.setattr(front_door, "REQUEST_S", 0.5)
    monkeypatch.setattr(front_door, "ANSWER_S", 1.0)
    with serving() as number:
        yield number


def connect(port: int, said: bytes = b"") -> socket.socket:
    visitor = socket.create_connection(("127.0.0.1", port), timeout=PATIENT_S)
    visitor.sendall(said)
    return visitor


def everything(visitor: socket.socket) -> bytes:
    """Read until the other side ends the connection, however it does."""
    found = b""
    with visitor, suppress(ConnectionResetError):
        while piece := visitor.recv(1 << 16):
            found += piece
    return found


def get(port: int, path: str = "/page") -> bytes:
    asked = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    return everything(connect(port, asked))


HELD = {
    "idle": b"",
    "blank lines": b"\r\n",
    "half a request line": b"GET /pa",
    "headers without an end": b"GET /page HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "a body that does not come": b"POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1",
    "an answer to keep for later": b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n",
    "many requests at once": b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n" * 50,
    "an answer that is not read": b"GET /gros HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("said", HELD.values(), ids=HELD)
def test_a_visitor_is_answered_beside_many_who_hold_their_connections(
    port: int, said: bytes
) -> None:
    with ExitStack() as held:
        for _ in range(5 * VISITS):
            with suppress(ConnectionError):
                held.enter_context(connect(port, said))
        _until(lambda: b" 200 " in get(port))
        assert b" 200 " in get(port, "/sante")


def _until(is_so: Callable[[], bool]) -> None:
    """Wait as long as a slow machine may need: a door that is full lets somebody in soon."""
    for _ in range(int(PATIENT_S / 0.1)):
        with suppress(ConnectionError):
            if is_so():
                return
        time.sleep(0.1)
    raise AssertionError("it never was")


def test_no_more_connections_are_open_than_there_are_places(port: int) -> None:
    with ExitStack() as held:
        visitors = [held.enter_context(connect(port)) for _ in range(5 * VISITS)]
        _until(lambda: sum(map(_is_open, visitors)) <= VISITS + front_door.KEPT_VISITS)


def _is_open(visitor: socket.socket) -> bool:
    visitor.setblocking(False)  # noqa: FBT003 -- its only argument
    try:
        return bool(visitor.recv(1_000))
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


@pytest.mark.parametrize(
    "said",
    [HELD[name] for name in list(HELD)[:5]],
    ids=list(HELD)[:5],
)
def test_a_request_that_does_not_come_in_time_is_ended(quick: int, said: bytes) -> None:
    found = everything(connect(quick, said))

    assert found[:13] in {b"", b"HTTP/1.1 408 ", b"HTTP/1.1 400 "}  # blank lines are malformed


def test_bytes_that_trickle_do_not_buy_time(quick: int) -> None:
    visitor = connect(quick, b"GET /page HTTP/1.1\r\nX: ")
    stop = threading.Event()

    def trickle() -> None:
        while not stop.wait(0.05):
            with suppress(OSError):
                visitor.send(b"x")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        with suppress(ConnectionError):
            assert visitor.recv(20).startswith((b"HTTP/1.1 408 ", b""))
    finally:
        stop.set()
        thread.join()
        visitor.close()


def test_an_answer_that_is_not_read_is_given_up(quick: int) -> None:
    visitor = connect(quick, HELD["an answer that is not read"])
    time.sleep(3)  # longer than the bound; more only makes the test surer

    assert len(everything(visitor)) < BIG


def test_a_visitor_that_says_no_more_still_gets_its_answer(port: int) -> None:
    visitor = connect(port, b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
    visitor.shutdown(socket.SHUT_WR)

    assert b"well 0" in everything(visitor)


def test_http_1_0_is_spoken(port: int) -> None:
    assert everything(connect(port, b"GET /page HTTP/1.0\r\n\r\n")).endswith(b"well 0\n")


REFUSED = {
    "411": b"POST /page HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    "413": b"POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n",
    "400": b"GET /page HTTP/1.1\r\nHost: x\r\n" + b"X-Long: y\r\n" * 5_000 + b"\r\n",
}


@pytest.mark.parametrize("status", REFUSED)
def test_what_costs_too_much_to_read_is_refused_at_once(port: int, status: str) -> None:
    visitor = connect(port)
    with suppress(ConnectionError):
        visitor.sendall(REFUSED[status])

    assert everything(visitor)[:13] in {f"HTTP/1.1 {status} ".encode(), b""}
    assert b" 200 " in get(port)


def test_a_body_that_an_address_reads_reaches_it(port: int) -> None:
    body = b"z" * 70_000
    head = f"POST /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}"

    assert b"well 70000" in everything(connect(port, head.encode() + b"\r\n\r\n" + body))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
async def test_a_system_without_descriptors_is_waited_for(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door rests, keeps who waits in the kernel, and then goes on."""
    monkeypatch.setattr(front_door, "REST_S", 0.01)
    listening = Failing(number)
    opened = front_door.Door(listening, lambda _: pytest.fail("nobody came in"))
    opened.open()
    with socket.create_connection(listening.getsockname()):
        await asyncio.wait_for(listening.thrice.wait(), PATIENT_S)
    opened.close()


def test_a_fault_that_visitors_can_repeat_is_logged_now_and_then() -> None:
    one = OneOf(every_s=10)
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "a fault %s", (1,), None)
    other = logging.LogRecord("x", logging.ERROR, "x", 1, "another", None, None)
    found = []
    for second in range(25):
        record.created = other.created = float(second)
        found.append((one.filter(record), one.filter(other)))

    assert [0, 10, 20] == [second for second in range(25) if found[second][0]]
    assert [0, 10, 20] == [second for second in range(25) if found[second][1]]


class Failing(socket.socket):
    def __init__(self, number: int) -> None:
        super().__init__(socket.AF_INET)
        self.bind(("127.0.0.1", 0))
        self.number = number
        self.failures = 0
        self.thrice = asyncio.Event()

    def accept(self) -> tuple[socket.socket, object]:
        self.failures += 1
        if self.failures >= 3:
            self.thrice.set()
        raise OSError(self.number, "none left")


pytestmark = pytest.mark.anyio
