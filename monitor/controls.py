"""Our own side: does our line work, is our clock right.

A site is never blamed for what may be ours. The control hosts tell whether the line worked
at the time of a failure; NTP servers tell how far our clock is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

import ntplib

from monitor.clock import Clock
from monitor.config import ControlHost
from monitor.core.types import ClockReading, Controls, Exchange

_LAST_STRATUM = 15  # RFC 5905: 0 is a refusal, 16 is "not synchronised"
_UNSYNCHRONISED = 3  # leap indicator

FetchUrl = Callable[[str], Awaitable[Exchange]]


class Panel:
    """The control hosts, probed all at once."""

    def __init__(
        self,
        *,
        hosts: Sequence[ControlHost],
        fetch_url: FetchUrl,
        clock: Clock,
        needed: int = 1,
        spacing_s: float = 5.0,
    ) -> None:
        """Keep the settings; nothing is sent yet.

        Args:
            hosts: Of three operators or more, which the configuration makes sure of.
            fetch_url: Fetches a URL within its own deadline, and never raises for the
                outside's faults.
            clock: Spaces the rounds and dates them.
            needed: Answers for which the line counts as working.
            spacing_s: Seconds between the starts of two rounds, at least.

        """
        self._hosts = tuple(hosts)
        self._fetch_url = fetch_url
        self._clock = clock
        self._needed = needed
        self._spacing_us = round(spacing_s * 1_000_000)
        self._began_us: int | None = None
        self._next: asyncio.Task[Controls] | None = None

    async def probe(self) -> Controls:
        """Return a round that begins after this call, hence after the failure it explains.

        Callers that wait for the same round share it: when everything fails at once, the
        control hosts are not flooded. Waits at most `spacing_s` and one deadline.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._round())
        return await asyncio.shield(self._next)  # one caller's end is not the others'

    async def _round(self) -> Controls:
        if self._began_us is not None:
            due_us = self._began_us + self._spacing_us
            await self._clock.sleep((due_us - self._clock.monotonic_us()) / 1_000_000)
        self._next = None  # who calls from here on wants a later round
        self._began_us = self._clock.monotonic_us()
        at = self._clock.now()
        exchanges = await asyncio.gather(*(self._fetch_url(host.url) for host in self._hosts))
        answers = {
            host.slug: _answered(exchange)
            for host, exchange in zip(self._hosts, exchanges, strict=True)
        }
        return Controls(
            at=at,
            ok=sum(answers.values()),
            asked=len(answers),
            needed=self._needed,
            answers=answers,
        )


def _answered(exchange: Exchange) -> bool:
    """Any whole answer that is not the server's own trouble shows that the line works."""
    return exchange.status is not None and exchange.status < HTTPStatus.INTERNAL_SERVER_ERROR


async def read_clock(
    servers: Sequence[str], *, clock: Clock, timeout_s: float = 5.0, port: int = 123
) -> ClockReading:
    """Ask NTP servers, all at once, how far our clock is; the median of them counts.

    Args:
        servers: Host names or addresses; three or more outvote a false one.
        clock: Dates the reading.
        timeout_s: Seconds for one server to answer, once its name is found.
        port: Of all of them.

    Returns:
        The reading of the median server (of two, the smaller offset); `offset_us` is None
        and `server` empty when none gave a usable answer. Never raises for the outside.

    """
    at = clock.now()
    replies = await asyncio.gather(*(_reply(server, timeout_s, port) for server in servers))
    offsets = sorted(
        (
            (reply.offset, server, reply)
            for server, reply in zip(servers, replies, strict=True)
            if reply
        ),
        key=lambda each: each[:2],
    )
    if not offsets:
        return ClockReading(at=at, server="", offset_us=None)
    offset_s, server, reply = offsets[(len(offsets) - 1) // 2]
    return ClockReading(
        at=at,
        server=server,
        offset_us=round(offset_s * 1_000_000),
        dispersion_us=round(
            (reply.root_dispersion + reply.root_delay / 2 + reply.delay / 2) * 1_000_000
        ),
        stratum=reply.stratum,
    )


async def _reply(server: str, timeout_s: float, port: int) -> ntplib.NTPStats | None:
    try:  # twice: the name has to be found as well, and that has no limit of its own
        return await asyncio.wait_for(
            asyncio.to_thread(_ask, server, timeout_s, port), 2 * timeout_s
        )
    except TimeoutError:
        return None


def _ask(server: str, timeout_s: float, port: int) -> ntplib.NTPStats | None:
    """Ask one server; None when it is silent, refuses, or is not synchronised itself."""
    try:
        reply = ntplib.NTPClient().request(server, version=4, timeout=timeout_s, port=port)
    except Exception:  # noqa: BLE001 -- whatever a parser says of a stranger's bytes is data
        return None
    usable = 0 < reply.stratum <= _LAST_STRATUM and reply.leap != _UNSYNCHRONISED
    return reply if usable else None
