"""All of alerts together, as the service runs them: mail, channels, and the operator's own."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from monitor.alerts.channel_delivery import ChannelDelivery
from monitor.alerts.delivery import Delivery
from monitor.alerts.operator_watch import LOOK_S, OperatorWatch
from monitor.alerts.planning import DIGEST_S, PLAN_S, TIDY_S, Planning
from monitor.alerts.requests import decoded
from monitor.alerts.returned_mail import READ_S, ReturnsReader
from monitor.alerts.subscriptions import BUSY, INVALID, Subscriptions
from monitor.alerts.vault import open_vault
from monitor.config import Config
from monitor.config.settings import Settings
from monitor.metrics import MetricsState
from monitor.runtime.clock import Clock
from monitor.runtime.faults import Faults
from monitor.store import Store

AGAIN_S = 5.0  # before work that failed is done again


class Alerts:
    """Subscriptions, planning and delivery. A fault here never stops the record."""

    def __init__(  # noqa: PLR0913 -- keyword-only: what it works with
        self,
        *,
        store: Store,
        config: Config,
        settings: Settings,
        clock: Clock,
        board: MetricsState,
        faults: Faults,
    ) -> None:
        """Open the key of the addresses, which is made the first time.

        Raises:
            VaultError: The key cannot be used.

        """
        vault = open_vault(settings.data, settings.mail_key)
        self._clock = clock
        self._faults = faults
        self._subscriptions = Subscriptions(store=store, config=config, vault=vault, clock=clock)
        self._planning = Planning(store=store, config=config, relay=config.relay, clock=clock)
        self._delivery = (
            Delivery(
                store=store,
                config=config,
                relay=config.relay,
                settings=settings,
                vault=vault,
                clock=clock,
                board=board,
            )
            if config.relay
            else None
        )
        self._channels = ChannelDelivery(
            store=store, config=config, settings=settings, vault=vault, clock=clock, board=board
        )
        self._configured = config.channels
        self._returns = (
            ReturnsReader(
                config.returned,
                store=store,
                config=config,
                settings=settings,
                vault=vault,
                clock=clock,
                board=board,
            )
            if config.returned and config.relay
            else None
        )
        self._operator = OperatorWatch(
            store=store, config=config, clock=clock, board=board, dead_man=settings.dead_man
        )

    async def run(self) -> None:
        """Run until cancelled. Raises StoreError: nothing more can be recorded."""
        await self._channels.set_up()
        async with asyncio.TaskGroup() as group:
            if self._delivery is not None:
                group.create_task(self._for_ever(self._delivery.run))
            if self._returns is not None:
                group.create_task(self._for_ever(self._returns.read, READ_S))
            for channel in self._configured:
                group.create_task(self._for_ever(partial(self._channels.run, channel)))
            group.create_task(self._for_ever(self._subscriptions.work))
            group.create_task(self._for_ever(self._planning.plan, PLAN_S))
            group.create_task(self._for_ever(self._planning.digests, DIGEST_S))
            group.create_task(self._for_ever(self._planning.tidy, TIDY_S))
            group.create_task(self._watch())

    async def answer(self, line: bytes) -> bytes:
        """Answer a request of the pages. Raises StoreError."""
        request = decoded(line)
        if request is None:
            return INVALID.model_dump_json().encode()
        try:
            answer = await self._subscriptions.answer(request)
        except Exception as error:  # noqa: BLE001 -- `spare` raises what must stop us
            self._faults.spare(error, work="subscriptions")
            answer = BUSY
        return answer.model_dump_json().encode()

    async def _watch(self) -> None:
        await self._operator.start()
        await self._for_ever(self._operator.look, LOOK_S)

    async def _for_ever(self, work: Callable[[], Awaitable[object]], every_s: float = 0) -> None:
        while True:
            wait_s = AGAIN_S
            with self._faults.sparing("alerts"):
                await work()
                wait_s = every_s
            await self._clock.sleep(wait_s)
