"""The one way out: bounded, direct, and never to a private address."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import h11
import pytest

from monitor.evidence.outbound_http import OutboundHttp, Reply, Unreachable
from monitor.fetch.tls import Trust
from tests.support.certs import authority, leaf, server_context

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: Application/Timestamp-Reply; x=1\r\n"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return head + await reader.readexactly(length[0] if length else 0)


class Server:
    """Answers every request on loopback with the same bytes, then hangs or closes."""

    def __init__(
        self, answer: bytes, *, hang: bool = False, tls: ssl.SSLContext | None = None
    ) -> None:
        self.asked: list[bytes] = []
        self._answer, self._hang, self._tls = answer, hang, tls
        self._handling: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        async with server:
            yield server.sockets[0].getsockname()[1]
        for task in self._handling:
            task.cancel()
        await asyncio.gather(*self._handling, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._handling.add(asyncio.create_task(self._handle(reader, writer)))

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append(await read_request(reader))
            writer.write(self._answer)
            await writer.drain()
            if self._hang:
                await reader.read()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def exchanged(
    answer: bytes, *, hang: bool = False, deadline_s: float = 20, host: str = "127.0.0.1"
) -> tuple[Reply, bytes]:
    """Serve one answer on loopback; return what the courier made of it, and what it sent."""
    server = Server(answer, hang=hang)

    async def exchange() -> Reply:
        async with server.listening() as port:
            return await OutboundHttp(user_agent="essai", allow_private=True, ports=None).post(
                f"http://{host}:{port}/tsa?a=b",
                b"question",
                media_type="application/timestamp-query",
                limit_bytes=1000,
                deadline_s=deadline_s,
            )

    return asyncio.run(exchange()), b"".join(server.asked)


def test_a_question_is_carried_and_its_answer_brought_back() -> None:
    reply, asked = exchanged(HEAD + b"Content-Length: 2\r\n\r\nok")

    assert Reply(status=200, media_type="application/timestamp-reply", body=b"ok") == reply
    head, _, body = asked.partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert "post /tsa?a=b http/1.1" == lines[0]
    assert b"question" == body
    assert {"user-agent: essai", "content-type: application/timestamp-query"} <= set(lines)
    assert "accept-encoding: identity" in lines


def test_the_name_is_sent_and_the_address_is_what_it_resolved_to() -> None:
    _, asked = exchanged(HEAD + b"Content-Length: 0\r\n\r\n", host="localhost")

    assert b"host: localhost:" in asked.lower()


def test_an_answer_over_the_limit_is_given_up() -> None:
    with pytest.raises(Unreachable, match="over 1000 bytes"):
        exchanged(HEAD + b"\r\n" + bytes(5_000_000))


def test_a_drip_is_given_up_at_the_deadline() -> None:
    with pytest.raises(Unreachable, match=r"within 0\.2 s"):
        exchanged(HEAD + b"Content-Length: 100\r\n\r\nx", hang=True, deadline_s=0.2)


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", HEAD + b"Content-Length: 9\r\n\r\nok"])
def test_what_is_not_a_whole_answer_is_none(answer: bytes) -> None:
    with pytest.raises(Unreachable):
        exchanged(answer)


def test_a_redirect_is_not_followed() -> None:
    reply, _ = exchanged(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    )

    assert 302 == reply.status


def test_a_coded_body_is_left_as_it_came() -> None:
    """No bomb can be unpacked where nothing is."""
    reply, _ = exchanged(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok")

    assert b"ok" == reply.body


def test_nobody_listening_is_unreachable() -> None:
    async def ask() -> Reply:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        courier = OutboundHttp(user_agent="essai", allow_private=True, ports=None)
        return await courier.get(f"http://127.0.0.1:{port}/", limit_bytes=10, deadline_s=20)

    with pytest.raises(Unreachable):
        asyncio.run(ask())


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/liste.crl",
        "http://localhost/liste.crl",
        "http://10.0.0.1/liste.crl",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/liste.crl",
        "http://[::ffff:127.0.0.1]/liste.crl",
        "http://0x7f000001/liste.crl",
        "http://nom invalide/",
        "http://\x00/",
        "ldap://annuaire.example/cn=liste",
    ],
)
def test_no_address_leads_to_a_private_network(address: str) -> None:
    """A certificate's author chooses where its list is: never inside our walls."""
    courier = OutboundHttp(user_agent="essai")

    with pytest.raises(Unreachable):
        asyncio.run(courier.get(address, limit_bytes=10, deadline_s=20))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "169.254.169.254", "[64:ff9b::169.254.169.254]", "[64:ff9b:1::808:808]"),
        *("192.88.99.1", "192.0.0.9", "[2002:808:808::1]", "[::ffff:8.8.8.8]", "[fec0::1]"),
    ],
)
def test_what_judges_an_address_is_the_list_of_all_senders(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of these pass for public in other lists."""

    async def sent(*_: object) -> Reply:
        pytest.fail("it was sent")

    monkeypatch.setattr(OutboundHttp, "_exchange", sent)
    courier = OutboundHttp(user_agent="essai")

    with pytest.raises(Unreachable, match="which is not public"):
        asyncio.run(courier.get(f"http://{host}/liste.crl", limit_bytes=10, deadline_s=20))


@pytest.mark.parametrize("known", [True, False], ids=["a known authority", "an unknown one"])
def test_https_is_checked_against_the_name_not_the_address(tmp_path: Path, *, known: bool) -> None:
    root = authority()
    served = leaf(root, hosts=("localhost",))
    (tmp_path / "root.pem").write_bytes(root.pem)

    server = Server(HEAD + b"Content-Length: 2\r\n\r\nok", tls=server_context(served))

    async def ask() -> Reply:
        courier = OutboundHttp(
            user_agent="essai",
            allow_private=True,
            extra_ca=tmp_path / "root.pem" if known else None,
            ports=None,
        )
        async with server.listening() as port:
            return await courier.get(f"https://localhost:{port}/", limit_bytes=10, deadline_s=20)

    if known:
        assert b"ok" == asyncio.run(ask()).body
    else:
        with pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
            asyncio.run(ask())


def test_no_port_is_asked_but_the_webs_and_those_configured() -> None:
    server = Server(HEAD + b"Content-Length: 2\r\n\r\nok")

    async def ask(port: int, ports: set[int]) -> Reply:
        courier = OutboundHttp(user_agent="essai", allow_private=True, ports=ports)
        return await courier.get(f"http://127.0.0.1:{port}/", limit_bytes=10, deadline_s=20)

    async def both() -> None:
        async with server.listening() as port:
            assert (await ask(port, {80, port})).body == b"ok"
            with pytest.raises(Unreachable, match="never asked"):
                await ask(port, {80, 443})

    asyncio.run(both())


def test_keys_of_sessions_are_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment of a service may hold what somebody set to look into a browser."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    root = authority()
    (tmp_path / "root.pem").write_bytes(root.pem)
    served = server_context(leaf(root, hosts=("localhost",)))
    server = Server(HEAD + b"Content-Length: 2\r\n\r\nok", tls=served)

    async def ask() -> Reply:
        courier = OutboundHttp(
            user_agent="essai", allow_private=True, extra_ca=tmp_path / "root.pem", ports=None
        )
        async with server.listening() as port:
            return await courier.get(f"https://localhost:{port}/", limit_bytes=10, deadline_s=20)

    assert asyncio.run(ask()).body == b"ok"
    assert Trust(tmp_path / "root.pem").context.keylog_filename is None
    assert not (tmp_path / "keys").exists()


def test_what_is_parsed_in_one_go_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Early answers without number cost some tens of microseconds each, and the loop waits."""
    parsed: list[int] = []
    real = h11.Connection.receive_data

    def receive_data(connection: h11.Connection, data: bytes) -> None:
        parsed.append(len(data))
        real(connection, data)

    monkeypatch.setattr(h11.Connection, "receive_data", receive_data)
    early = b"HTTP/1.1 103 Early Hints\r\n\r\n" * 40_000
    reply, _ = exchanged(early + HEAD + b"Content-Length: 2\r\n\r\nok")
    assert reply.body == b"ok"
    assert sum(parsed) > len(early)
    assert max(parsed) <= 32 * 1024
