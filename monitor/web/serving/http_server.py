"""uvicorn in our own event loop, behind the bounds of `front_door`."""

import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from monitor.web.serving.front_door import IDLE_S, VISITS, Server
from monitor.web.serving.request_bounds import HEADERS_MAX

EVERY_S = 10.0  # between two lines on the same kind of error


class OneOf(logging.Filter):
    """Passes one record of each message every `EVERY_S`, since visitors can cause any number."""

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
    """Serves the pages until `stop`. The command handles signals, not this server."""

    def __init__(self, app: ASGIApp, listening: socket.socket, *, visits: int = VISITS) -> None:
        # uvicorn warns of each malformed request and of each upgrade: anybody could fill the log.
        errors = logging.getLogger("uvicorn.error")
        errors.setLevel(logging.ERROR)
        errors.filters[:] = [OneOf()]
        config = uvicorn.Config(
            app,
            ws="none",
            log_config=None,  # ours: see logs.py
            access_log=False,  # the addresses of readers are private
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
        """Serve. Returns some seconds after `stop`."""
        await self._server.serve()

    def stop(self) -> None:
        """Accept no more requests and let those in progress end."""
        self._server.should_exit = True
