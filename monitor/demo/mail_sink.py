"""The mail server of the demo: it takes every message, and delivers none."""

import asyncio
from collections.abc import Callable

from monitor.demo.loopback_server import LoopbackServer

_LINE_S = 60.0  # a client that is silent for so long is disconnected
MESSAGE_MAX = 500_000  # bytes
_TAKES_DATA = "354 end with a dot"


class MailSink:
    """Speaks as much SMTP as one careful client needs; `take` gets a recipient and a message."""

    def __init__(self, take: Callable[[str, bytes], None]) -> None:
        self._take = take
        self._server = LoopbackServer(self._converse, line_max=MESSAGE_MAX)

    async def start(self) -> int:
        """Listen on a free port of loopback; return it."""
        return await self._server.start()

    async def stop(self) -> None:
        """Drop every connection. Safe to call twice."""
        await self._server.stop()

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
