"""The steps of one request on one new connection; their facts go into a `Draft`."""

import asyncio
import socket
import ssl
from collections.abc import Sequence

import httpx

from monitor.core.model import Attempt, Failure
from monitor.fetch import kernel
from monitor.fetch.budget import Budget, Limits
from monitor.fetch.connection import MUTE, Alarm, Connection, TlsConnection, waiting
from monitor.fetch.draft import Draft
from monitor.fetch.failures import INCOMPLETE_CODES, ExchangeBroken, failure_of
from monitor.fetch.tls import certificate_of, sent_chain, weaknesses

_NO_ROUTE = (Failure.NETWORK_UNREACHABLE, Failure.HOST_UNREACHABLE)


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
        draft.notes += weaknesses(tls_connection.tls, tls_connection.hello)
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


def head_of(request: httpx.Request) -> bytes:
    """Return the bytes of a request without a body.

    Raises:
        ExchangeBroken: `unknown_failure`: a line break would be in the middle of a line.

    """
    lines = [
        b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path),
        *(b"%b: %b" % field for field in request.headers.raw),
    ]
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise ExchangeBroken(Failure.UNKNOWN, "a line break in the request")
    return b"\r\n".join((*lines, b"", b""))


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
