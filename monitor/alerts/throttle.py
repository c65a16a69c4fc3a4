"""Bounds on how often something may be asked for, by address, by network and by all."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Hashable

_V4, _V6 = 24, 56  # bits of a network: what one home or one host is usually given
REMEMBERED = 50_000  # names; beyond, the one that asked least recently is forgotten


class Throttle:
    """Allows `most` times in `period_s` to each name, refilled little by little.

    For one thread; memory is bounded. A restart forgets.
    """

    def __init__(self, most: int, period_s: float, monotonic_us: Callable[[], int]) -> None:
        self._most = most
        self._us_each = period_s * 1e6 / most
        self._monotonic_us = monotonic_us
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    def allows(self, name: Hashable) -> bool:
        """Count one more time and return whether it is allowed; a refused one is not counted."""
        now = float(self._monotonic_us())
        full_at = max(now, self._full_at.get(name, now))
        if full_at - now > self._us_each * (self._most - 1):
            return False
        self._full_at[name] = full_at + self._us_each
        self._full_at.move_to_end(name)
        while len(self._full_at) > REMEMBERED:
            self._full_at.popitem(last=False)
        return True


def network_of(address: str) -> str:
    """Return the network that an IP address belongs to; "" for a text that is none."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    bits = _V4 if ip.version == 4 else _V6  # noqa: PLR2004 -- as in IPv4
    return str(ipaddress.ip_network((ip, bits), strict=False))
