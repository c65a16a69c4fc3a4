"""Facts from the kernel about a connection: ICMP errors (ip(7)), retransmissions (tcp(7)).

On other systems than Linux nothing is known, and nothing fails.
"""

import socket
import sys
from contextlib import suppress

_LEVELS = {  # family: level and option; the socket module names them from Python 3.14 on
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}
_SOCK_EXTENDED_ERR = 16  # bytes of linux/errqueue.h's structure; the offender's address follows
_ADDRESSES = {socket.AF_INET: (4, 4), socket.AF_INET6: (8, 16)}  # where in it, how long
# linux/tcp.h: `struct tcp_info`, and where its `tcpi_total_retrans` stands.
_TCP_INFO = 11
_TOTAL_RETRANS = slice(100, 104)


def listen(sock: socket.socket) -> None:
    """Record ICMP errors; an attempt to connect still ends at the first one."""
    level, option = _LEVELS[sock.family]
    with suppress(OSError):
        sock.setsockopt(level, option, 1)


def ignore(sock: socket.socket) -> None:
    """Have an established connection ignore ICMP errors, as by default."""
    level, option = _LEVELS[sock.family]
    with suppress(OSError):
        sock.setsockopt(level, option, 0)


def offender(sock: socket.socket) -> str | None:
    """Return the address that the first ICMP error came from; None when none came."""
    try:
        _, ancillary, _, _ = sock.recvmsg(1, 512, socket.MSG_ERRQUEUE)
    except (OSError, AttributeError):
        return None
    for level, kind, data in ancillary:
        if (level, kind) == _LEVELS[sock.family]:
            start, length = _ADDRESSES[sock.family]
            start += _SOCK_EXTENDED_ERR
            raw = data[start : start + length]
            if len(raw) == length and any(raw):
                return socket.inet_ntop(sock.family, raw)
    return None


def retransmits(sock: socket.socket) -> int | None:
    """Return how many packets of a connection were retransmitted so far, SYNs included."""
    if sys.platform != "linux":
        return None
    try:
        facts = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _TOTAL_RETRANS.stop)
    except OSError:
        return None
    again = facts[_TOTAL_RETRANS]
    return int.from_bytes(again, sys.byteorder) if again else None
