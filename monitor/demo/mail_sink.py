"""The mail server of the demo: it takes every message, and delivers none."""

import asyncio
import contextlib
from collections.abc import Callable

_LINE_S = 60.0  # a client that is silent for so long is disconnected
MESSAGE_MAX = 500_000  # bytes
_TAKES_DATA = "354 end with a dot"


class MailSink:
    """Speaks as much SMTP as one careful client needs; `take` gets a recipient and a message."""

    def __init__(self, take: Callable[[str, bytes], None]) -> None:
        self._take = take
        self._server: asyncio.Server | None = None
        self._visits: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen on a free port of loopback; return it."""
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0, limit=MESSAGE_MAX)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Drop every connection. Safe to call twice."""
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
            pass  # the demo ends; asyncio's streams would report a cancelled task as an error
        finally:
            self._visits.discard(task)
            writer.close()
            with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient, answer = "", "220 demo.test"
        while True:
            writer.write(f"{answer}\r\n".encode())
            await writer.drain()
            if answer.startswith("221"):
                return
            async with asyncio.timeout(_LINE_S):
                if answer == _TAKES_DATA:
                    message = await reader.readuntil(b"\r\n.\r\n")
                    self._take(recipient, message[:-3].replace(b"\r\n..", b"\r\n."))
                    answer = "250 taken"
                    continue
                line = (await reader.readuntil(b"\r\n")).decode("latin-1").strip()
            if line.upper().startswith("RCPT TO:"):
                recipient = line[len("RCPT TO:") :].partition(">")[0].strip(" <")
            answer = _answer(line)


def _answer(line: str) -> str:
    command = line.partition(" ")[0].upper()
    if command in {"EHLO", "HELO", "MAIL", "RCPT", "RSET", "NOOP"}:
        return "250 demo.test"
    return {"DATA": _TAKES_DATA, "QUIT": "221 bye"}.get(command, "502 not here")
