"""kill -9 in the middle of a delivery, against a real server: counted, and equal."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from monitor.alerts.planning import Planning
from monitor.core.notices.notice import MessageState
from monitor.runtime.clock import SystemClock
from monitor.store import Store
from tests.support.alerting import VAULT, configured, opened, subscribe
from tests.support.clock import FakeClock
from tests.support.mail_server import OK, MailServer, mailbox
from tests.support.outcomes import at
from tests.support.service import PATIENT_S

PEOPLE = 30
# At the n-th of these steps of the conversation, the program is killed: before the message is
# given, and when the server has it but has not answered.
BEFORE, AFTER = frozenset({17, 18}), frozenset({9})


class Killer:
    """Kills the program that talks to the server, at chosen steps."""

    def __init__(self) -> None:
        self.pid = 0
        self.steps: Counter[str] = Counter()
        self.killed_with: list[str] = []  # recipients whose message the server had by then

    def rcpt(self, recipient: str) -> str:
        del recipient
        self.steps["rcpt"] += 1
        if self.steps["rcpt"] in BEFORE:
            os.kill(self.pid, signal.SIGKILL)
        return OK

    def data(self, recipient: str) -> str:
        self.steps["data"] += 1
        if self.steps["data"] in AFTER:
            self.killed_with.append(recipient)
            os.kill(self.pid, signal.SIGKILL)
        return OK


async def prepare(url: str) -> None:
    """Write an incident of this very moment, and its message for everyone."""
    config = configured()
    assert config.relay is not None
    clock = FakeClock(SystemClock().now())
    second = (clock.now() - at(0)).total_seconds()
    with Store.open(url, point="local", writer=True, rest_s=0) as store:
        planning = Planning(store=store, config=config, relay=config.relay, clock=clock)
        await planning.plan()
        for number in range(PEOPLE):
            await subscribe(store, f"lecteur{number}@exemple.test", now=clock.now())
        await store.record(opened("anef-usagers", second - 60))
        await planning.plan()


@pytest.mark.timeout(280)
def test_a_process_that_is_killed_while_it_delivers_loses_nothing(
    sqlite_template: Path, tmp_path: Path
) -> None:
    database = tmp_path / "vigie.sqlite"
    database.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{database}"
    asyncio.run(prepare(url))
    killer = Killer()
    ends: list[int] = []
    with mailbox(MailServer(rcpt=killer.rcpt, data=killer.data)) as box:
        while not ends or ends[-1] != 0:
            program = (sys.executable, "-m", "tests.support.delivering")
            with subprocess.Popen((*program, str(tmp_path), str(box.port))) as process:
                killer.pid = process.pid
                ends.append(process.wait(PATIENT_S))
            assert ends[-1] in {0, -signal.SIGKILL}
    assert len(ends) == len(BEFORE) + len(AFTER) + 1
    counts = Counter({name: len(messages) for name, messages in box.taken.items()})
    twice = {name for name, number in counts.items() if number > 1}
    assert twice == set(killer.killed_with), "only those whose answer was lost"
    assert len(counts) == PEOPLE
    assert counts.total() == PEOPLE + len(AFTER)
    for name in twice:
        identifiers = {one.split(b"Message-ID: <")[1].split(b">")[0] for one in box.taken[name]}
        assert len(identifiers) == 1
    with Store.open(url, point="local", writer=False) as store:
        assert store.outbox_counts()[MessageState.SENT] == PEOPLE
        assert store.recipient_of(VAULT.lookup(next(iter(twice)))) is not None
