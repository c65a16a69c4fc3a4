"""A client of the Chrome DevTools Protocol over two pipes: no port, and nothing else of it.

Everything that comes from the browser is text from outside: its size, its number and its form are
bounded. What is too much ends the visit.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

MESSAGE_BYTES = 24 * 1024 * 1024  # a picture in base64, or a large document
MESSAGES = 20_000  # of one visit: a page that logs without end
TOTAL_BYTES = 96 * 1024 * 1024
_END = b"\0"

Parameters = Mapping[str, Any]
Event = Callable[[str, Parameters], None]  # method, parameters


class DevToolsError(Exception):
    """The browser is gone, or sent what cannot be read, or too much; or refused a command."""


class DevToolsFloodError(DevToolsError):
    """The browser sent too much, or what is no message."""


class DevToolsRefusalError(DevToolsError):
    """The browser refuses a command, as for a document that was left meanwhile."""


class DevTools:
    """Sends commands and passes on events. All its methods belong to one event loop."""

    def __init__(self, on_event: Event) -> None:
        self._on_event = on_event
        self._reader = asyncio.StreamReader(limit=MESSAGE_BYTES)
        self._writer: asyncio.WriteTransport | None = None
        self._source: asyncio.BaseTransport | None = None
        self._listener: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Parameters]] = {}
        self._last = 0
        self._fault: DevToolsError | None = None

    async def open(self, read_fd: int, write_fd: int) -> None:
        """Take over both ends of our pipes and begin to listen."""
        loop = asyncio.get_running_loop()
        self._source, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._reader), os.fdopen(read_fd, "rb", 0)
        )
        self._writer, _ = await loop.connect_write_pipe(
            asyncio.BaseProtocol, os.fdopen(write_fd, "wb", 0)
        )
        self._listener = asyncio.create_task(self._listen())

    async def call(self, method: str, *, session: str = "", **parameters: Any) -> Parameters:
        """Send a command and return its result.

        Raises:
            DevToolsError: The browser is gone, or refuses.

        """
        if self._fault is not None or self._writer is None or self._writer.is_closing():
            raise self._fault or DevToolsError("closed")
        self._last += 1
        number = self._last
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._writer.write(json.dumps(message).encode() + _END)
        try:
            result: Parameters = await answer
            return result
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        """Close both pipes; commands that wait fail."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait({self._listener})
        self._end(DevToolsError("closed"))
        for pipe in (self._source, self._writer):
            if pipe is not None:
                pipe.close()

    async def _listen(self) -> None:
        try:
            total = 0
            for _ in range(MESSAGES):
                message = await self._reader.readuntil(_END)
                total += len(message)
                if total > TOTAL_BYTES:
                    break
                self._take(json.loads(message[:-1]))
            self._end(DevToolsFloodError("too many messages"))
        except (asyncio.IncompleteReadError, OSError):
            self._end(DevToolsError("the browser is gone"))
        except (asyncio.LimitOverrunError, ValueError, RecursionError, TypeError, KeyError):
            self._end(DevToolsFloodError("a message that cannot be read"))

    def _take(self, message: Any) -> None:
        """Take one message. Raises KeyError and TypeError for another form."""
        if "id" in message:
            answer = self._waiting.get(message["id"])
            if answer is None or answer.done():
                return
            if "error" in message:
                refusal = str(message["error"].get("message"))[:200]
                answer.set_exception(DevToolsRefusalError(refusal))
            else:
                answer.set_result(message["result"])
        else:
            self._on_event(message["method"], message.get("params", {}))

    def _end(self, fault: DevToolsError) -> None:
        self._fault = self._fault or fault
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(self._fault)
