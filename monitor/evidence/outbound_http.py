"""HTTP client for time-stamp authorities, witnesses, journals of others and channels of notices.

Bounded in size and time; no redirects, proxies, cookies or decompression. Names are resolved
here, and the connection goes to the very address that was checked, so that a name that resolves
to a private address the second time gains nothing (DNS rebinding).
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import certifi
import httpx

from monitor.core.untrusted.library_errors import Unreadable, reading
from monitor.core.untrusted.public_addresses import PORTS, is_public

ADDRESSES_MAX = 3  # tried one after the other, within the same deadline
CONNECT_S = 10.0  # before the next of them is tried
# What the kernel has received is parsed in one go: 64 KiB of interim answers, or of chunks of one
# byte, would block the loop for a quarter of a second, again and again until the deadline.
_SMALL_WINDOW = (socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)


class Unreachable(Exception):  # noqa: N818 -- a state of the outside, not a fault of ours
    """No complete answer; the message says why."""


class NeverAsked(Unreachable):
    """No request was sent: nobody can have taken it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer; `body` is as it came, coded as `encoding` says.

    `media_type` and `encoding` are lower case, without parameters; `etag` is as it was written.
    """

    status: int
    media_type: str
    body: bytes
    encoding: str = ""
    etag: str = ""


class OutboundHttp:
    """Sends requests to addresses from the configuration or from a checked certificate chain."""

    def __init__(
        self,
        *,
        user_agent: str,
        allow_private: bool = False,
        extra_ca: Path | None = None,
        ports: Collection[int] | None = PORTS,
        reuse: bool = False,
    ) -> None:
        """Load the trusted roots.

        `ports` are those that may be connected to, None for all. `reuse`: many requests share
        connections, and the addresses that were checked first, until `aclose`.
        """
        self._ports = ports
        self._reuse = reuse
        self._addresses: dict[str, list[str]] = {}
        self._clients: dict[tuple[str, str], httpx.AsyncClient] = {}
        self._allow_private = allow_private
        # Not `create_default_context`: it obeys SSLKEYLOGFILE, and writes keys where that says.
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # names checked
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.load_verify_locations(certifi.where())
        if extra_ca is not None:
            self._tls.load_verify_locations(extra_ca)
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}

    async def post(
        self, url: str, body: bytes, *, media_type: str, limit_bytes: int, deadline_s: float
    ) -> Reply:
        """POST a body. Raises Unreachable when no answer comes within the bounds."""
        return await self.send(
            "POST",
            url,
            body,
            headers={"Content-Type": media_type},
            limit_bytes=limit_bytes,
            deadline_s=deadline_s,
        )

    async def send(  # noqa: PLR0913 -- keyword-only: a request and its bounds
        self,
        method: str,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        limit_bytes: int | None,
        deadline_s: float,
    ) -> Reply:
        """Send a request with a body. Raises as `post`, NeverAsked when it was not sent.

        Without `limit_bytes`, the answer's body is not read: its status has said it all.
        """
        try:
            with reading("address"):
                request = httpx.Request(
                    method, url, content=body, headers={**self._headers, **headers}
                )
        except Unreadable as error:
            raise NeverAsked(str(error)) from error
        return await self._send(request, limit_bytes=limit_bytes, deadline_s=deadline_s)

    async def get(
        self,
        url: str,
        *,
        limit_bytes: int | None,
        deadline_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """GET a URL; `limit_bytes` as for `send`. Raises Unreachable as `post`."""
        try:
            with reading("address"):  # it may come from a certificate
                request = httpx.Request("GET", url, headers={**self._headers, **(headers or {})})
        except Unreadable as error:
            raise Unreachable(str(error)) from error
        return await self._send(request, limit_bytes=limit_bytes, deadline_s=deadline_s)

    async def _send(
        self, request: httpx.Request, *, limit_bytes: int | None, deadline_s: float
    ) -> Reply:
        try:
            async with asyncio.timeout(deadline_s):
                return await self._try_addresses(request, limit_bytes)
        except TimeoutError as error:
            raise Unreachable(f"nothing whole within {deadline_s:g} s") from error

    async def _try_addresses(self, request: httpx.Request, limit_bytes: int | None) -> Reply:
        url = request.url
        port = url.port or {"http": 80, "https": 443}.get(url.scheme)
        if port is None or (self._ports is not None and port not in self._ports):
            raise NeverAsked(f"{url.scheme}, port {port}: never asked")
        last = NeverAsked("no address")
        for address in (await self._resolve(request.url))[:ADDRESSES_MAX]:
            try:
                return await self._exchange(request, address, limit_bytes)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                last = NeverAsked(f"{type(error).__name__}: {error}")
            except Unreachable:
                raise
            except Exception as error:
                raise Unreachable(f"{type(error).__name__}: {error}") from error
        raise last

    async def aclose(self) -> None:
        """Close the connections that were kept for reuse."""
        clients = list(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.aclose()

    async def _resolve(self, url: httpx.URL) -> list[str]:
        if url.host in self._addresses:
            return self._addresses[url.host]
        try:
            results = await asyncio.get_running_loop().getaddrinfo(
                url.host, url.port, type=socket.SOCK_STREAM
            )
        except Exception as error:
            raise NeverAsked(f"{url.host}: {error}") from error
        addresses = list(dict.fromkeys(str(result[4][0]) for result in results))
        if not self._allow_private:
            for address in addresses:
                if not is_public(address):
                    raise NeverAsked(f"{url.host} is at {address}, which is not public")
        if self._reuse:
            self._addresses[url.host] = addresses
        return addresses

    @asynccontextmanager
    async def _client(self, host: str, address: str) -> AsyncIterator[httpx.AsyncClient]:
        """Yield a client for one host at one address: connections are never shared by two hosts."""
        client = self._clients.get((host, address))
        if client is not None:
            client.cookies.clear()
            yield client
            return
        transport = httpx.AsyncHTTPTransport(
            verify=self._tls, trust_env=False, socket_options=[_SMALL_WINDOW]
        )
        times = httpx.Timeout(None, connect=CONNECT_S)  # one deadline bounds it all
        client = httpx.AsyncClient(transport=transport, trust_env=False, timeout=times)
        if self._reuse:
            self._clients[host, address] = client
            yield client
            return
        async with client:
            yield client

    async def _exchange(
        self, request: httpx.Request, address: str, limit_bytes: int | None
    ) -> Reply:
        url = request.url
        pinned = httpx.Request(
            request.method,
            url.copy_with(host=address),
            headers=request.headers,  # `Host` among them, as the URL says it
            content=request.content,
            extensions={"sni_hostname": url.host},
        )
        async with self._client(url.host, address) as client:
            answer = await client.send(pinned, stream=True)
            try:
                body = b"" if limit_bytes is None else await _read(answer, limit_bytes)
            finally:
                await answer.aclose()
        media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Reply(
            status=answer.status_code,
            media_type=media_type,
            body=body,
            encoding=answer.headers.get("content-encoding", "").strip().lower(),
            etag=answer.headers.get("etag", ""),
        )


async def _read(answer: httpx.Response, limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > limit_bytes:
            raise Unreachable(f"an answer of over {limit_bytes} bytes")
    return bytes(body)
