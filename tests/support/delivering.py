"""A program to kill: delivers the outbox of a database to a server on loopback, until it is empty.

Its arguments: the folder of the data, the port of the mail server.
"""

import asyncio
import sys
from pathlib import Path

from monitor.alerts.delivery import Delivery
from monitor.alerts.relay import RelayUnreachable
from monitor.config import Relay
from monitor.config.schema import Security
from monitor.config.settings import read_settings
from monitor.core.notices.notice import OPEN_STATES
from monitor.metrics import MetricsState
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from monitor.store.writing import outbox_writes
from tests.support.alerting import VAULT, configured, write


async def deliver_all(data: Path, port: int) -> None:
    """Do what `Delivery.run` does after a start, and end when nothing waits."""
    relay = Relay(host="127.0.0.1", port=port, security=Security.NONE, per_minute=60_000)
    config = configured(relay)
    clock = SystemClock()
    with Store.open(
        f"sqlite:///{data / 'vigie.sqlite'}", point="local", writer=True, rest_s=0
    ) as store:
        delivery = Delivery(
            store=store,
            config=config,
            relay=relay,
            settings=read_settings({}, data=data),
            vault=VAULT,
            clock=clock,
            board=MetricsState(config.targets),
        )
        await write(store, lambda c: outbox_writes.lapse_claims(c, clock.now()))
        while any(store.outbox_counts()[state] for state in OPEN_STATES):
            try:
                if not await delivery.deliver_due():
                    await asyncio.sleep(0.01)
            except RelayUnreachable:
                await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(deliver_all(Path(sys.argv[1]), int(sys.argv[2])))
