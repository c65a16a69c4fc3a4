"""uvicorn inside our own event loop, behind the door of `front_door`."""

import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from monitor.web.serving.front_door import HEADERS_MAX, IDLE_S, VISITS, Server

EVERY_S = 10.0  # between two lines on the same kind of error


class OneOf(logging.Filter):
    """Lets one record of each message through every `EVERY_S`; visitors cause them at will."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        super().__init__()
        self._every_s = every_s
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        last = self._last.get(str(record.msg))
        if last is not None and record.created - last < self._every_s:
            return False
        self._last[str(record.msg)] = record.created
        return True


class WebServer:
    """Serves the pages until told to stop. Signals belong to the command, not to it."""

    def __init__(self, app: ASGIApp, listening: socket.socket, *, visits: int = VISITS) -> None:
        # It warns of each request that is malformed or asks for an upgrade: a stranger's to fill.
        errors = logging.getLogger("uvicorn.error")
        errors.setLevel(logging.ERROR)
        errors.filters[:] = [OneOf()]
        config = uvicorn.Config(
            app,
            ws="none",
            log_config=None,  # ours: see logs.py
            access_log=False,  # an address of a reader is nobody's business
            server_header=False,
            date_header=True,
            lifespan="off",
            timeout_keep_alive=IDLE_S,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=HEADERS_MAX,
            proxy_headers=False,
        )
        self._server = Server(config, listening, visits=visits)

    async def serve(self) -> None:
        """Serve; returns some seconds after `stop`."""
        await self._server.serve()

    def stop(self) -> None:
        """Take no more requests and let those in hand end."""
        self._server.should_exit = True
