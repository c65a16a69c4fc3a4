"""A courier that never leaves the process: each address is a function."""

import asyncio
from collections.abc import Callable, Mapping

from monitor.evidence.outbound_http import OutboundHttp, Reply, Unreachable

Server = Callable[[bytes], bytes | Reply]


class FakeCourier(OutboundHttp):
    """Carries bodies to `servers`, by URL; an address that is not there is unreachable."""

    def __init__(self, servers: dict[str, Server]) -> None:
        self.servers = servers
        self.asked: list[str] = []

    async def post(
        self, url: str, body: bytes, *, media_type: str, limit_bytes: int, deadline_s: float
    ) -> Reply:
        del media_type, deadline_s
        return await self._carry(url, body, limit_bytes)

    async def get(
        self,
        url: str,
        *,
        limit_bytes: int | None,
        deadline_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        del deadline_s, headers
        return await self._carry(url, b"", limit_bytes)

    async def _carry(self, url: str, body: bytes, limit_bytes: int | None) -> Reply:
        self.asked.append(url)
        await asyncio.sleep(0)
        if url not in self.servers:
            raise Unreachable("connection refused")
        answer = await asyncio.to_thread(self.servers[url], body)
        reply = (
            answer if isinstance(answer, Reply) else Reply(status=200, media_type="", body=answer)
        )
        if limit_bytes is not None and len(reply.body) > limit_bytes:
            raise Unreachable("too long")
        return reply


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what other threads bring about. The test's own time limit bounds it."""
    while not condition():  # noqa: ASYNC110 -- there is no event to wait for
        await asyncio.sleep(0.005)
