"""One request on one new connection; its facts are written into a `Draft`."""

import asyncio
import socket
import ssl
from collections.abc import Sequence

import h11

from monitor.core.model import Attempt, Failure, Phase
from monitor.core.untrusted.library_errors import reading
from monitor.fetch import kernel
from monitor.fetch.bodies import ACCEPT_ENCODING
from monitor.fetch.budget import Budget, Limits
from monitor.fetch.connection import MUTE, Alarm, Connection, TlsConnection, waiting
from monitor.fetch.draft import Draft
from monitor.fetch.failures import INCOMPLETE_CODES, ExchangeBroken, failure_of
from monitor.fetch.reachable import Address
from monitor.fetch.response_parser import Event, Parser
from monitor.fetch.tls import certificate_of, sent_chain

_NO_ROUTE = (Failure.NETWORK_UNREACHABLE, Failure.HOST_UNREACHABLE)
_HTTP = b"HTTP/"


async def connect(  # noqa: PLR0913 -- keyword-only bounds
    draft: Draft,
    addresses: Sequence[str],
    port: int,
    *,
    limits: Limits,
    budget: Budget,
    alarm: Alarm = MUTE,
) -> socket.socket:
    """Try addresses in order until one accepts; each attempt is recorded in the draft.

    While addresses of another family remain, an attempt may take only its share of the time.

    Raises:
        OSError: None accepted: the first failure that is not "no route from here".

    """
    errors: list[OSError] = []
    for index, address in enumerate(addresses):
        families = len({":" in address for address in addresses[index:]})
        limit_s = min(limits.connect_s, budget.left_s / families)
        begun_us = draft.clock.monotonic_us()
        failure: Failure | None = Failure.DEADLINE  # if the deadline passes below
        offender: str | None = None
        try:
            sock = await _dial(address, port, limit_s, alarm)
        except _Unreached as error:
            cause, offender = error.cause, error.offender
            failure = failure_of(cause)
            errors.append(cause)
        else:
            draft.address, failure = address, None
            draft.retransmits = kernel.retransmits(sock)
            return sock
        finally:
            elapsed_us = draft.clock.monotonic_us() - begun_us
            draft.attempts.append(
                Attempt(address=address, elapsed_us=elapsed_us, failure=failure, offender=offender)
            )
    raise next((error for error in errors if failure_of(error) not in _NO_ROUTE), errors[0])


async def secure(
    draft: Draft, connection: Connection, host: str, context: ssl.SSLContext
) -> TlsConnection:
    """Start TLS on a connection; the certificate is recorded even when it is refused.

    Raises:
        OSError: The handshake failed (`ssl.SSLError`), or was silent.

    """
    tls_connection = TlsConnection(connection, context, host.removesuffix("."))
    verified = False
    try:
        await tls_connection.handshake()
        verified = True
    except ssl.SSLCertVerificationError as error:
        draft.chain_incomplete = error.verify_code in INCOMPLETE_CODES
        raise
    finally:
        draft.chain = sent_chain(tls_connection.tls)
        draft.certificate = certificate_of(tls_connection.tls, verified=verified)
        draft.tls_version = tls_connection.tls.version()
        cipher = tls_connection.tls.cipher()
        draft.tls_cipher = cipher[0] if cipher else None
    return tls_connection


async def ask(
    draft: Draft,
    connection: Connection | TlsConnection,
    address: Address,
    user_agent: str,
    limits: Limits,
) -> None:
    """Send one GET and read its answer into the draft.

    Raises:
        ExchangeBroken: `eof_error`, `truncated`, `too_large`, `invalid_response`.
        h11.RemoteProtocolError: The answer is not HTTP/1 (`invalid_response`).
        Unreadable: The parser raises an undocumented error (`unknown_failure`).
        OSError: The connection is reset or silent.

    """
    parser = Parser(limits)
    request = parser.ask(_request(address, user_agent))
    draft.enter(Phase.PROCESSING)
    await connection.send(request)
    draft.request_bytes = request
    ended = False
    while True:
        event = _next(parser, draft, ended=ended)
        if event is h11.NEED_DATA:
            parser.count(event)
            ended = await _feed(parser, draft, connection, limits)
            continue
        try:
            _take(draft, event, limits)
            parser.count(event)
        except ExchangeBroken:
            _cut_excess(parser, draft)  # the recorded bytes end where parsing did
            raise
        if isinstance(event, h11.EndOfMessage):
            _cut_excess(parser, draft)
            return


def _take(draft: Draft, event: Event, limits: Limits) -> None:
    match event:
        case h11.Response():
            _begin(draft, event, limits)
        case h11.Data():
            draft.body += event.data
        case h11.EndOfMessage() | h11.InformationalResponse():
            pass
        case _:
            raise ExchangeBroken(Failure.INVALID_RESPONSE, f"unexpected {event}")


def _request(address: Address, user_agent: str) -> h11.Request:
    headers = [
        ("Host", address.authority),
        ("User-Agent", user_agent),
        ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
        ("Accept-Language", "fr"),
        ("Accept-Encoding", ACCEPT_ENCODING),
        ("Connection", "close"),
    ]
    with reading("request"):  # its address may come from outside
        return h11.Request(method="GET", target=address.target, headers=headers)


def _next(parser: Parser, draft: Draft, *, ended: bool) -> Event:
    """Return the next event. Raises ExchangeBroken when the server has closed too early."""
    try:
        event = parser.event()
    except h11.RemoteProtocolError as error:
        if ended:
            raise _cut_short(draft) from error
        raise
    if ended and (event is h11.NEED_DATA or isinstance(event, h11.ConnectionClosed)):
        raise _cut_short(draft)
    return event


def _cut_short(draft: Draft) -> ExchangeBroken:
    if draft.status is not None:
        return ExchangeBroken(
            Failure.TRUNCATED, f"closed after {len(draft.body)} bytes of the body"
        )
    if not _HTTP.startswith(draft.response[: len(_HTTP)]):
        return ExchangeBroken(Failure.INVALID_RESPONSE, "not HTTP")
    return ExchangeBroken(Failure.EOF, f"closed after {len(draft.response)} bytes of the headers")


def _begin(draft: Draft, event: h11.Response, limits: Limits) -> None:
    draft.status = event.status_code
    draft.http_version = event.http_version.decode("ascii")
    draft.headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in event.headers.raw_items()
    )
    announced = draft.header("Content-Length")
    if _is_over(announced, limits.body_bytes):
        raise ExchangeBroken(Failure.TOO_LARGE, f"{announced} bytes announced")


def _is_over(announced: str, bound: int) -> bool:
    """Return whether a length is a number over the bound, however many digits it has."""
    digits = announced.lstrip("0")
    if not (digits.isascii() and digits.isdigit()):
        return False
    return len(digits) > len(str(bound)) or int(digits) > bound


async def _feed(
    parser: Parser, draft: Draft, connection: Connection | TlsConnection, limits: Limits
) -> bool:
    """Give the parser the next bytes; return whether the connection has ended."""
    await asyncio.sleep(0)  # other tasks run between two slices, however short these are
    data = parser.read_slice()
    if data is None:
        received = await connection.receive()
        if received and not draft.response:
            draft.enter(Phase.TRANSFER)
            draft.answered_at = draft.clock.now()
        parser.give(received)
        data = parser.read_slice()
    draft.response += data or b""
    if len(draft.response) > limits.headers_bytes + limits.body_bytes:
        raise ExchangeBroken(Failure.TOO_LARGE, "chunking or early answers without end")
    return not data


def _cut_excess(parser: Parser, draft: Draft) -> None:
    """Drop the bytes after the end of the answer, which are received by chance."""
    if excess := parser.excess_bytes:
        del draft.response[-excess:]


class _Unreached(Exception):  # noqa: N818 -- an `OSError` and where it came from
    def __init__(self, cause: OSError, offender: str | None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.offender = offender


async def _dial(address: str, port: int, limit_s: float, alarm: Alarm) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        sock.settimeout(0)  # never blocks
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        kernel.listen(sock)
        try:
            async with waiting(limit_s, alarm):
                await asyncio.get_running_loop().sock_connect(sock, (address, port))
        except OSError as error:
            raise _Unreached(error, kernel.offender(sock)) from error
        kernel.ignore(sock)
    except BaseException:
        sock.close()
        raise
    return sock
