"""uvicorn inside our own event loop, behind the door of `door.py`."""

import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from monitor.web.door import HEADERS_MAX, IDLE_S, VISITS, Server


class WebServer:
    """Serves the pages until told to stop. Signals belong to the command, not to it."""

    def __init__(self, app: ASGIApp, listening: socket.socket, *, visits: int = VISITS) -> None:
        # It warns of each request that is malformed or asks for an upgrade: a stranger's to fill.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
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
