"""The control panel: does our line work.

A failure that may be ours is never counted against a site. The control hosts show whether the
line worked at the time of a failure; NTP servers (`ntp`) show the offset of our clock.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus

from monitor.config import ControlHost
from monitor.core.model import (
    ControlAnswer,
    Controls,
    ControlStatus,
    Exchange,
    Failure,
    Family,
)
from monitor.probe.local_health.ntp import read_clock
from monitor.runtime.clock import Clock

__all__ = ["ControlPanel", "read_clock"]


LATE_US = 3_000_000  # an answer that took longer does not show that the line is good

FetchUrl = Callable[[str, Family], Awaitable[Exchange]]


class ControlPanel:
    """The control hosts, probed all at once, over each family of addresses."""

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
            hosts: Of three operators or more, which the configuration requires.
            fetch_url: Fetches a URL over one family within its own deadline, and never raises
                for failures of the host.
            clock: Spaces the rounds and dates them.
            needed: Answers that are needed for the line to count as working.
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
        """Return a round that begins after this call, hence after the failure it must explain.

        Callers that wait at the same time share a round: when everything fails at once, the
        control hosts are not flooded. Takes at most `spacing_s` and one deadline.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._round())
        return await asyncio.shield(self._next)  # the cancellation of one caller is not the others'

    async def _round(self) -> Controls:
        if self._began_us is not None:
            due_us = self._began_us + self._spacing_us
            await self._clock.sleep((due_us - self._clock.monotonic_us()) / 1_000_000)
        self._next = None  # callers from here on need a later round
        self._began_us = self._clock.monotonic_us()
        at = self._clock.now()
        witnesses = await asyncio.gather(
            *(self._hear(host, family, at) for host in self._hosts for family in Family)
        )
        families = {
            family: {
                witness.slug: witness.said for witness in witnesses if witness.family is family
            }
            for family in Family
        }
        answers = {
            host.slug: any(statuses[host.slug] in _ANSWERED for statuses in families.values())
            for host in self._hosts
        }
        return Controls(
            at=at,
            ok=sum(answers.values()),
            asked=len(answers),
            needed=self._needed,
            answers=answers,
            families=families,
            witnesses=tuple(witnesses),
        )

    async def _hear(self, host: ControlHost, family: Family, began_at: datetime) -> ControlAnswer:
        exchange = await self._fetch_url(host.url, family)
        last = exchange.last
        sent_again = [hop.retransmits for hop in exchange.hops if hop.retransmits is not None]
        retransmits = sum(sent_again) if sent_again else None
        return ControlAnswer(
            slug=host.slug,
            family=family,
            said=_status(exchange, retransmits or 0),
            after_us=(exchange.started_at - began_at) // timedelta(microseconds=1),
            duration_us=exchange.duration_us,
            address=last.address if last else None,
            resolver=last.resolution.server if last and last.resolution else None,
            retransmits=retransmits,
        )


_ANSWERED = frozenset({ControlStatus.PROMPT, ControlStatus.LATE})


def _status(exchange: Exchange, retransmits: int) -> ControlStatus:
    """Return what one host's answer shows of our line.

    Any complete answer other than a server error shows that the line works; not that it works
    well, if it was late or if a packet had to be retransmitted.
    """
    if exchange.status is not None and exchange.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        prompt = exchange.duration_us < LATE_US and not retransmits
        return ControlStatus.PROMPT if prompt else ControlStatus.LATE
    last = exchange.last
    resolution = last.resolution if last else None
    match exchange.failure:
        case Failure.DNS_NO_ANSWER if resolution is not None and resolution.addresses:
            return ControlStatus.ABSENT
        case Failure.NETWORK_UNREACHABLE:
            return ControlStatus.ABSENT
        case Failure.TIMEOUT | Failure.DEADLINE:
            return ControlStatus.SILENT
    return ControlStatus.FAILED
