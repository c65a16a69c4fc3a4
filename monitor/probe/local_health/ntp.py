"""The offset of our clock, from NTP servers (RFC 5905, client mode).

An answer is accepted only if it echoes the transmit timestamp of our request, whose last bits are
random; its values are bounded before anything is computed from them.
"""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import ntplib

from monitor.core.model import ClockReading
from monitor.runtime.clock import Clock

_CLIENT, _SERVER = 3, 4  # modes
_VERSION = 4
_LAST_STRATUM = 15  # 0 is a refusal, 16 is "not synchronised"
_UNSYNCHRONISED = 3  # leap indicator
_FARTHEST_S = 16.0  # MAXDISP: a server that may be farther from true time is useless
_HEADER = 48
_ORIGIN = slice(24, 32)  # where the answer echoes our transmit timestamp
_TRANSMIT = slice(40, 48)
_DATAGRAMS = 8  # useless ones, before we give up
_RANDOM_BITS = 12  # below the microsecond
_ERA_S = 1 << 32  # NTP time wraps around in 2036
_1900 = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _NtpReply:
    offset_s: float
    dispersion_s: float
    stratum: int


async def read_clock(
    servers: Sequence[str], *, clock: Clock, timeout_s: float = 5.0, port: int = 123
) -> ClockReading:
    """Ask NTP servers, all at once, for the offset of our clock; return the median.

    Args:
        servers: Host names or addresses; three or more outvote a false one.
        clock: Dates the reading.
        timeout_s: Seconds for one server to answer, once its name is resolved.
        port: UDP port of all of them.

    Returns:
        The reading of the median server (of two, the smaller offset); `offset_us` is None
        and `server` empty when none gave a usable answer. Never raises for failures of servers.

    """
    at = clock.now()
    replies = await asyncio.gather(*(_reply(server, clock, timeout_s, port) for server in servers))
    by_server = zip(servers, replies, strict=True)
    usable = [(reply.offset_s, name, reply) for name, reply in by_server if reply is not None]
    if not usable:
        return ClockReading(at=at, server="", offset_us=None)
    usable.sort(key=lambda entry: entry[:2])
    offset_s, server, reply = usable[(len(usable) - 1) // 2]
    return ClockReading(
        at=at,
        server=server,
        offset_us=round(offset_s * 1_000_000),
        dispersion_us=round(reply.dispersion_s * 1_000_000),
        stratum=reply.stratum,
    )


async def _reply(server: str, clock: Clock, timeout_s: float, port: int) -> _NtpReply | None:
    try:  # twice: the name must be resolved as well, which has no limit of its own
        return await asyncio.wait_for(
            asyncio.to_thread(_ask, server, clock, timeout_s, port), 2 * timeout_s
        )
    except TimeoutError:
        return None


def _ask(server: str, clock: Clock, timeout_s: float, port: int) -> _NtpReply | None:
    """Ask one server; None when it is silent, refuses, is not synchronised, or answers nonsense.

    A connected socket receives from that server alone; datagrams that echo something else are
    ignored until the time is up.
    """
    try:
        family, kind, _, _, where = socket.getaddrinfo(server, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as sock:
            sock.connect(where)
            sent_s, question = _question(clock)
            begun_us = clock.monotonic_us()
            sock.send(question)
            sock.settimeout(timeout_s)
            for _ in range(_DATAGRAMS):
                answer = sock.recv(512)
                if len(answer) >= _HEADER and answer[_ORIGIN] == question[_TRANSMIT]:
                    elapsed_s = (clock.monotonic_us() - begun_us) / 1e6
                    return _read(answer, sent_s, elapsed_s)
    except Exception:  # noqa: BLE001 -- a resolver or parser may raise anything for hostile input
        return None
    return None


def _question(clock: Clock) -> tuple[float, bytes]:
    """Return the instant of a request, in seconds of NTP time, and its 48 bytes."""
    sent_s = (clock.now() - _1900).total_seconds()
    stamp = round(sent_s * 1_000_000) * (1 << 32) // 1_000_000
    stamp = (stamp >> _RANDOM_BITS << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    first_byte = _VERSION << 3 | _CLIENT
    return sent_s, bytes((first_byte,)) + bytes(39) + (stamp % (1 << 64)).to_bytes(8, "big")


def _read(answer: bytes, sent_s: float, elapsed_s: float) -> _NtpReply | None:
    """Compute the offset; None for a useless server or a nonsensical answer."""
    reply = ntplib.NTPStats()
    try:
        reply.from_data(answer[:_HEADER])
    except ntplib.NTPException:
        return None
    usable = 0 < reply.stratum <= _LAST_STRATUM and reply.leap != _UNSYNCHRONISED
    if not usable or reply.mode != _SERVER or not reply.tx_timestamp:
        return None
    served_s = _apart(reply.tx_timestamp, reply.recv_timestamp)
    root_s = reply.root_dispersion + abs(reply.root_delay) / 2
    if not 0 <= served_s <= elapsed_s + _FARTHEST_S or root_s > _FARTHEST_S:
        return None
    middle_s, ours_s = reply.recv_timestamp + served_s / 2, sent_s + elapsed_s / 2
    return _NtpReply(
        offset_s=_apart(middle_s, ours_s),
        dispersion_s=root_s + max(0.0, elapsed_s - served_s) / 2,
        stratum=reply.stratum,
    )


def _apart(left_s: float, right_s: float) -> float:
    """Return the difference of two instants of NTP time, of whichever eras, in seconds."""
    return (left_s - right_s + _ERA_S / 2) % _ERA_S - _ERA_S / 2
