"""A web server on loopback that takes what channels are sent, and answers as a test has it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, kw_only=True)
class HookRequest:
    method: str
    path: str
    headers: dict[str, str]  # by lower-case name
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


@dataclass(kw_only=True)
class HookServer:
    """What it answers, in turn, the last for ever; 0 ends the connection without an answer.

    Attributes:
        body: Of each answer.
        missing: Bytes that each answer announces and that never come.

    """

    statuses: list[int] = field(default_factory=lambda: [200])
    body: bytes = b""
    missing: int = 0
    location: str = ""
    taken: list[HookRequest] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def next_status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


@contextmanager
def hook_server(server: HookServer | None = None) -> Iterator[HookServer]:
    hooks = server or HookServer()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = HookRequest(
                method=self.command,
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(length),
            )
            hooks.taken.append(request)
            status = hooks.next_status()
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            if hooks.location:
                self.send_header("Location", hooks.location)
            self.send_header("Content-Length", str(len(hooks.body) + hooks.missing))
            self.end_headers()
            with suppress(OSError):  # who reads the status alone may be gone
                self.wfile.write(hooks.body)
            self.close_connection = bool(hooks.missing)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 -- the library's names

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hooks.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield hooks
    finally:
        listening.shutdown()
        listening.server_close()
