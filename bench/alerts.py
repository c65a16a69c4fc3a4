"""What alerts cost with many subscribers, and how long after a first failing check a mail arrives.

1. A national incident: how long its plan takes, when its first mail leaves, what one mail costs,
   whether memory grows. In the service's own parts, with an SMTP server on loopback that takes
   everything; a task on the same loop that wants to run every 50 ms tells how late a check would
   have begun meanwhile.
2. The delay from the first failing check to the mailbox, by the policy of a target of the shipped
   configuration, in simulated time: the real fold, the real rules of rechecks, the waits of the
   plan and of the delivery. It does not simulate what a recipient's server adds.
"""

import argparse
import asyncio
import json
import random
import resource
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from bench.local import now
from monitor.alerts.delivery import IDLE_S, Delivery
from monitor.alerts.planning import PLAN_S, Planning
from monitor.alerts.relay import RelayUnreachable
from monitor.config import Config, Relay
from monitor.config.schema import Security
from monitor.config.settings import read_settings
from monitor.core.model import Policy, Reason, Sighting, State, Target, Verdict
from monitor.core.notices.notice import MessageState, Pace, SubscriberState
from monitor.core.notices.threads import WINDOW
from monitor.core.outages.fold import advance, recheck_wait_s
from monitor.core.scheduling.slots import grids
from monitor.demo.mail_sink import MailSink
from monitor.metrics import MetricsState
from monitor.runtime.clock import SystemClock
from monitor.store import Store, migrate
from monitor.store.tables.alert_tables import SubscriberRow, SubscriptionRow
from monitor.store.tables.check_tables import table_of
from tests.support.alerting import EVERYTHING, VAULT, configured, opened, write
from tests.support.outcomes import START, at

TICK_S = 0.05
MAIL_S = 1.0  # one conversation with a mail server, at most
TARGET = "anef-usagers"


class LoopWatch:
    """How late a task that wants to run every `TICK_S` is, at most."""

    def __init__(self) -> None:
        self.worst_ms = 0.0

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK_S
            await asyncio.sleep(TICK_S)
            self.worst_ms = max(self.worst_ms, 1_000 * (loop.time() - due))


async def crowd(subscribers: int, mails: int) -> dict[str, object]:
    """Subscribe so many, open an incident, deliver the first `mails`; return what it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'vigie.sqlite'}"
        migrate(url)
        with Store.open(url, point="local", writer=True) as store:
            return await _crowd(store, folder, subscribers, mails)


async def _crowd(store: Store, folder: Path, subscribers: int, mails: int) -> dict[str, object]:
    taken: list[float] = []
    sink = MailSink(lambda _recipient, _message: taken.append(now()))
    relay = Relay(
        host="127.0.0.1",
        port=await sink.start(),
        security=Security.NONE,
        per_minute=1_000_000,  # as fast as it can
        person_cap=100,
    )
    config = configured(relay)
    config = replace(config, mail=replace(config.mail, daily_cap=10**9))
    clock = SystemClock()
    planning = Planning(store=store, config=config, relay=relay, clock=clock)
    await planning.plan()
    await write(store, lambda connection: _subscribe(connection, subscribers))
    delivery = Delivery(
        store=store,
        config=config,
        relay=relay,
        settings=read_settings({}, data=folder),
        vault=VAULT,
        clock=clock,
        board=MetricsState(config.targets),
    )
    watch = LoopWatch()
    watching = asyncio.create_task(watch.run())
    second = (clock.now() - START).total_seconds()
    confirmed = now()
    await store.record(opened(TARGET, second))
    planned_s = 0.0
    while not planned_s:
        await asyncio.sleep(PLAN_S)
        begun = now()
        if await planning.plan():
            planned_s = now() - begun
    late_while_planning = watch.worst_ms
    watch.worst_ms = 0.0
    sizes: list[int] = []
    while len(taken) < mails:
        try:
            await delivery.deliver_due()
        except RelayUnreachable:
            break
        sizes.append(_resident_kb())
    watching.cancel()
    await sink.stop()
    waiting = store.outbox_counts()[MessageState.WAITING]
    return {
        "subscribers": subscribers,
        "messages_planned": waiting + len(taken),
        "plan_s": round(planned_s, 2),
        "first_mail_after_confirmation_s": round(taken[0] - confirmed, 2),
        "mails": len(taken),
        "ms_each": round(1_000 * (taken[-1] - taken[0]) / (len(taken) - 1), 1),
        "loop_late_ms_while_planning": round(late_while_planning),
        "loop_late_ms_while_delivering": round(watch.worst_ms),
        "resident_mb_after_the_first_tenth": sizes[len(sizes) // 10] // 1_024,
        "resident_mb_at_the_end": sizes[-1] // 1_024,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024,
    }


def _subscribe(connection: Connection, number: int) -> None:
    people, topics = table_of(SubscriberRow), table_of(SubscriptionRow)
    rows = [
        {
            "id": n,
            "lookup": VAULT.lookup(f"a{n}@exemple.test"),
            "address": VAULT.encrypt(f"a{n}@exemple.test"),
            "nonce": bytes(16),
            "standing": SubscriberState.CONFIRMED,
            "pace": Pace.AT_ONCE,
            "rests": False,
            "channel": "",
            "asked_at": START,
            "confirmed_at": START,
        }
        for n in range(1, number + 1)
    ]
    connection.execute(insert(people), rows)
    connection.execute(
        insert(topics),
        [{"subscriber_id": n, "topic": one} for n in range(1, number + 1) for one in EVERYTHING],
    )


def _resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1_024


def delays(config: Config, target: Target, policy: Policy, times: int) -> list[float]:
    """Return how long after its first failing check a mail is with the server, in seconds."""
    chance = random.Random(7)  # noqa: S311 -- a simulation
    grid = grids(config.targets)[target.slug]
    results = []
    for _ in range(times):
        # Half of the faults answer at once, half keep silent until the deadline.
        lasts: Callable[[], float] = (
            (lambda: chance.uniform(0.1, 2.0))
            if chance.random() < 0.5  # noqa: PLR2004 -- half
            else (lambda: target.deadline_s)
        )
        slot = grid.next(at(chance.uniform(0, 1e6)))
        first = slot + timedelta(seconds=chance.uniform(0, 5))  # the platform may be busy
        state, checked = State(target=target.slug, point="local"), first
        while True:
            seen = Sighting(at=checked, verdict=Verdict.DOWN, reason=Reason.HTTP_5XX)
            state, events = advance(state, seen, policy)
            ended = checked + timedelta(seconds=lasts())
            if events:
                break
            again = ended + timedelta(seconds=recheck_wait_s(policy, checked, ended))
            checked = min(again, grid.next(ended)) + timedelta(seconds=chance.uniform(0, 2))
        planned = WINDOW.total_seconds() + chance.uniform(0, PLAN_S)
        sent = chance.uniform(0, IDLE_S) + chance.uniform(0.05, MAIL_S)
        results.append((ended - first).total_seconds() + planned + sent)
    return results


def main() -> None:
    """Measure both, and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=10_000)
    parser.add_argument("--mails", type=int, default=1_000, help="of them, delivered")
    parser.add_argument("--failing-s", type=int, help="another policy than the shipped one")
    parser.add_argument("--recheck-s", type=int)
    args = parser.parse_args()
    config = configured()
    target = config.by_slug[TARGET]
    policy = replace(
        target.policy,
        failing_s=args.failing_s or target.policy.failing_s,
        recheck_s=args.recheck_s or target.policy.recheck_s,
    )
    times = sorted(delays(config, target, policy, 10_000))
    print(
        json.dumps(
            {
                "target": TARGET,
                "failures": policy.failures,
                "failing_s": policy.failing_s,
                "recheck_s": policy.recheck_s,
                "median_s": round(statistics.median(times), 1),
                "worst_s": round(times[-1], 1),
            }
        )
    )
    print(json.dumps(asyncio.run(crowd(args.subscribers, args.mails)), indent=1))


if __name__ == "__main__":
    main()
