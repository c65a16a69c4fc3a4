"""A server on an address of loopback, whose conversations end with it."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable

LINE_MAX = 1 << 16  # bytes that are read up to a separator, unless it is said otherwise

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LoopbackServer:
    """Holds one conversation for each connection, then closes it.

    `converse` may raise whatever its client made it raise: OSError, TimeoutError, and what the
    streams of asyncio raise for a client that leaves early or says too much.
    """

    def __init__(self, converse: Converse, *, line_max: int = LINE_MAX) -> None:
        self._converse = converse
        self._line_max = line_max
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()

    @property
    def listens(self) -> bool:
        return self._server is not None

    async def start(
        self, address: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None
    ) -> int:
        """Listen; return the port. Does nothing when it listens already.

        Raises:
            OSError: The port is in use on this address.

        """
        if self._server is None:
            self._server = await asyncio.start_server(
                self._visit,
                address,
                port,
                limit=self._line_max,
                ssl=tls,
                ssl_shutdown_timeout=1.0 if tls else None,
            )
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Refuse new connections and drop the open ones. Safe to call twice."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        await server.wait_closed()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- asyncio runs this callback in a task
        self._visits.add(task)
        try:
            await self._converse(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, TimeoutError):
            pass  # the client left, or sent nonsense
        except asyncio.CancelledError:
            pass  # the server stops; asyncio's streams would report a cancelled task as an error
        finally:
            self._visits.discard(task)
            writer.close()
            with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
                await writer.wait_closed()
