"""Whose turn it is on a platform: one probe at a time, in a fair order.

Planned checks go by their slots. Rechecks go before them, which confirm or end an outage.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from monitor.core.model import GapCause
from monitor.fetch import GateClosed

# Rechecks go first, but after three in a row a planned check has its turn and is never starved.
# Since it takes about three checks to confirm a failure, rechecks do not accumulate either.
RECHECKS_IN_A_ROW = 3


class NoTurn(GateClosed):
    """The probe may not begin, or not continue. `cause` is that of the gap.

    A recheck, which is not planned, leaves no gap.
    """

    def __init__(self, cause: GapCause) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(slots=True, kw_only=True)
class _Waiter:
    slot_at: datetime
    urgent: bool
    granted: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def gone(self) -> bool:
        """Whether it is cancelled, even if its task does not know yet."""
        return self.granted.cancelled()

    def reject(self, cause: GapCause) -> None:
        if not self.gone:
            self.granted.set_exception(NoTurn(cause))


class TurnQueue:
    """The probes of one platform that wait, and whether one is in progress. One event loop."""

    def __init__(self) -> None:
        self._busy = False
        self._rechecks_in_a_row = 0
        self._waiting: dict[str, _Waiter] = {}

    @property
    def busy(self) -> bool:
        """Whether a probe is in progress."""
        return self._busy

    @property
    def backlog(self) -> int:
        """The number of probes that wait for their turn."""
        return len(self._waiting)

    async def enter(self, target: str, slot_at: datetime, *, urgent: bool) -> None:
        """Wait for a turn, which `leave` gives back.

        At most one turn of a target waits: a planned check replaces a waiting recheck and takes
        its rank; any other second one is refused.

        Raises:
            NoTurn: The turn is refused, at once or while it waits.

        """
        waiting = self._waiting.get(target)
        if waiting is not None and not waiting.gone:
            if urgent or not waiting.urgent:
                waiting.urgent = waiting.urgent or urgent
                raise NoTurn(GapCause.OVERRUN)
            waiting.reject(GapCause.OVERRUN)
            urgent = True
        waiter = _Waiter(slot_at=slot_at, urgent=urgent)
        self._waiting[target] = waiter
        self._call_next()
        try:
            await waiter.granted
        except asyncio.CancelledError:
            if self._waiting.get(target) is waiter:
                del self._waiting[target]
            if not waiter.gone and waiter.granted.exception() is None:
                self.leave()  # granted and cancelled at the same time
            raise

    def leave(self) -> None:
        """Give the turn back, to whoever is next."""
        self._busy = False
        self._call_next()

    def reject_all(self, cause: GapCause) -> None:
        """Refuse the turn of all probes that wait."""
        for waiter in self._waiting.values():
            waiter.reject(cause)
        self._waiting.clear()

    def _call_next(self) -> None:
        while self._waiting and not self._busy:
            target = min(self._waiting, key=self._rank)
            waiter = self._waiting.pop(target)
            if not waiter.gone:
                self._busy = True
                self._rechecks_in_a_row = self._rechecks_in_a_row + 1 if waiter.urgent else 0
                waiter.granted.set_result(None)

    def _rank(self, target: str) -> tuple[bool, datetime]:
        """Return the rank of a waiting turn: first the kind whose turn it is, then by slot."""
        waiter = self._waiting[target]
        rechecks_first = self._rechecks_in_a_row < RECHECKS_IN_A_ROW
        return waiter.urgent is not rechecks_first, waiter.slot_at
