"""Whatever happens and whenever it stops: nothing is lost, and nobody is told twice but once.

Two workers, events, clocks that step, and crashes between any two steps, against the real SQL. The
mail server is a list: what was given to it, and whether the answer reached us.
"""

import asyncio
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Connection, select

from monitor.alerts.planning import Planning
from monitor.core.notices.notice import MessageState
from monitor.store import Store, migrate
from monitor.store.reads.alert_reads import DueMessage
from monitor.store.tables.alert_tables import NoticeRow, OutboxRow
from monitor.store.tables.check_tables import table_of
from monitor.store.writing import outbox_writes
from tests.support.alerting import closed, configured, opened, subscribe
from tests.support.clock import FakeClock
from tests.support.outcomes import at

TARGETS = ("anef-usagers", "anef-sso")
PEOPLE = 2
WORKERS = 2
CLAIMED = timedelta(minutes=10)
T = TypeVar("T")


@cache
def template() -> Path:
    """Make the tables once: a machine is built for each example."""
    path = Path(tempfile.mkdtemp(prefix="vigie-outbox-")) / "vigie.sqlite"
    migrate(f"sqlite:///{path}")
    return path


SHIPPED = configured()


class Outbox(RuleBasedStateMachine):
    """Each rule is one step of one worker, or something that happens to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="vigie-outbox-"))
        self.url = f"sqlite:///{shutil.copy(template(), self.folder / 'vigie.sqlite')}"
        self.clock = FakeClock(at(0))
        self.second = 0.0
        self.open: dict[str, float] = {}
        self.claims: dict[int, DueMessage] = {}  # of each worker
        self.offered: dict[int, DueMessage] = {}  # claims whose message the server is given next
        self.given: list[tuple[str, int, str]] = []  # to the server: notice, person, thread
        self.answers_lost: Counter[tuple[str, int]] = Counter()
        self.edges: Counter[str] = Counter()
        self.start()
        for person in range(PEOPLE):
            asyncio.run(subscribe(self.store, f"p{person}@exemple.test"))

    def start(self) -> None:
        self.store = Store.open(self.url, point="local", writer=True, rest_s=0)
        assert SHIPPED.relay is not None
        self.planning = Planning(
            store=self.store, config=SHIPPED, relay=SHIPPED.relay, clock=self.clock
        )
        if self.store.alert_cursor() is None:
            asyncio.run(self.planning.plan())

    def write(self, work: Callable[[Connection], T]) -> T:
        return self.store.write_apart(work)

    @rule(seconds=st.sampled_from([1, 3, 700, 4_000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.step_wall(seconds)
        self.second += seconds

    @rule(seconds=st.sampled_from([-5_000, -60, 9_000]))
    def the_wall_clock_steps(self, seconds: int) -> None:
        self.clock.step_wall(seconds)

    @rule(place=st.sampled_from(TARGETS))
    def an_edge(self, place: str) -> None:
        self.second += 700
        self.clock.step_wall(700)
        if place in self.open:
            asyncio.run(self.store.record(closed(place, self.second, self.open.pop(place))))
        else:
            asyncio.run(self.store.record(opened(place, self.second)))
            self.open[place] = self.second

    @rule()
    def plan(self) -> None:
        asyncio.run(self.planning.plan())

    @rule()
    def a_crash_before_the_plan_is_written(self) -> None:
        self.store.close()
        self.claims.clear()
        for message in self.offered.values():
            self.answers_lost[message.notice.key, message.subscriber] += 1
        self.offered.clear()
        self.start()

    @rule(worker=st.integers(0, WORKERS - 1))
    def claim(self, worker: int) -> None:
        if worker in {*self.claims, *self.offered}:
            return
        now = self.clock.now()
        for message in self.store.due_messages(now, limit=1):
            ours = self.write(
                lambda c, read=message: outbox_writes.claim(c, read, now + CLAIMED, now)  # type: ignore[misc]
            )
            if ours is None:
                continue
            if ours.unsure > 1:  # what `Delivery` does before it sends
                self.write(lambda c, one=ours: outbox_writes.end(c, one, MessageState.UNSURE, now))  # type: ignore[misc]
                continue
            self.claims[worker] = ours

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def give(self, data: st.DataObject) -> None:
        """Reach the step just before the message; a claim that lapsed meanwhile ends here."""
        worker = data.draw(st.sampled_from(sorted(self.claims)))
        message = self.claims.pop(worker)
        if self.write(lambda c: outbox_writes.give(c, message)):
            self.offered[worker] = message

    @precondition(lambda self: self.offered)
    @rule(data=st.data(), lost=st.booleans())
    def send(self, data: st.DataObject, lost: bool) -> None:  # noqa: FBT001 -- drawn
        worker = data.draw(st.sampled_from(sorted(self.offered)))
        message = self.offered.pop(worker)
        key = (message.notice.key, message.subscriber)
        self.given.append((*key, message.notice.thread))
        if lost:  # the worker ends between the server's answer and the row
            self.answers_lost[key] += 1
            return
        now = self.clock.now()
        if not self.write(lambda c: outbox_writes.end(c, message, MessageState.SENT, now)):
            self.answers_lost[key] += 1  # its claim had lapsed: the same, as seen from the row

    @precondition(lambda self: self.claims or self.offered)
    @rule(data=st.data())
    def the_server_asks_to_try_later(self, data: st.DataObject) -> None:
        worker = data.draw(st.sampled_from(sorted({*self.claims, *self.offered})))
        message = self.claims.pop(worker, None) or self.offered.pop(worker)
        later = self.clock.now() + timedelta(minutes=1)
        self.write(lambda c: outbox_writes.put_back(c, message, later))

    @invariant()
    def nobody_is_told_twice_but_for_a_lost_answer(self) -> None:
        counts = Counter((key, person) for key, person, _ in self.given)
        for name, number in counts.items():
            assert number <= 1 + self.answers_lost[name]
            assert number <= 2

    @invariant()
    def each_thread_reaches_a_person_in_order(self) -> None:
        orders: dict[tuple[int, str], list[int]] = defaultdict(list)
        for key, person, thread in self.given:
            orders[person, thread].append(int(key.rpartition("/")[2]))
        for order in orders.values():
            firsts = list(dict.fromkeys(order))
            assert firsts == sorted(firsts)

    def teardown(self) -> None:
        """Let everything come to rest: then nothing is left, and every notice reached everyone."""
        self.claims.clear()
        for message in self.offered.values():
            self.answers_lost[message.notice.key, message.subscriber] += 1
        self.offered.clear()
        for _ in range(10):
            self.clock.step_wall(14_400)
            asyncio.run(self.planning.plan())
            now = self.clock.now()
            self.write(lambda c: outbox_writes.gather_digests(c, now))  # noqa: B023 -- called at once
            while due := self.store.due_messages(now, limit=1):
                ours = self.write(
                    lambda c: outbox_writes.claim(c, due[0], now + CLAIMED, now)  # noqa: B023
                )
                assert ours is not None
                state = MessageState.UNSURE if ours.unsure > 1 else MessageState.SENT
                if state is MessageState.SENT:
                    self.given.append((ours.notice.key, ours.subscriber, ours.notice.thread))
                assert self.write(lambda c: outbox_writes.end(c, ours, state, now))  # noqa: B023
        counts = {state: n for state, n in self.store.outbox_counts().items() if n}
        over = {MessageState.SENT, MessageState.UNSURE, MessageState.DIGESTED}
        assert set(counts) <= over, counts
        self.nobody_is_told_twice_but_for_a_lost_answer()
        self.everybody_was_told_unless_an_answer_was_lost_twice()
        self.store.close()
        shutil.rmtree(self.folder)

    def everybody_was_told_unless_an_answer_was_lost_twice(self) -> None:
        told = {(key, person) for key, person, _ in self.given}
        outbox, notice = table_of(OutboxRow), table_of(NoticeRow)
        query = select(notice.c.key, outbox.c.subscriber_id).join(
            notice, notice.c.id == outbox.c.notice_id
        )
        by_itself = outbox.c.state.in_((MessageState.SENT, MessageState.UNSURE))
        with self.store.reading() as connection:
            for row in connection.execute(query.where(by_itself)):
                pair = (row.key, row.subscriber_id)
                assert pair in told or self.answers_lost[pair] > 1


TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(max_examples=10, stateful_step_count=20, deadline=None)
