"""uvicorn inside our own event loop, on a socket that is already listening."""

import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp


class WebServer:
    """Serves the pages until told to stop. Signals belong to the command, not to it."""

    def __init__(self, app: ASGIApp, listening: socket.socket) -> None:
        self._listening = listening
        self._server = _Quiet(
            uvicorn.Config(
                app,
                log_config=None,  # ours: see logs.py
                access_log=False,  # an address of a reader is nobody's business
                server_header=False,
                date_header=True,
                lifespan="off",
                limit_concurrency=200,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=5,
                h11_max_incomplete_event_size=16 * 1024,
                proxy_headers=False,
            )
        )

    async def serve(self) -> None:
        """Serve; returns some seconds after `stop`."""
        await self._server.serve(sockets=[self._listening])

    def stop(self) -> None:
        """Take no more requests and let those in hand end."""
        self._server.should_exit = True


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
