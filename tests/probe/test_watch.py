"""One probe from its turn to its record, on a real store, with a site and a line of our own."""

import asyncio
import gc
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from threading import current_thread
from typing import Any
from urllib.parse import urlsplit

import pytest

import monitor.metrics.page_metrics
from monitor.config import Config
from monitor.core.model import (
    Capture,
    ClockReading,
    Controls,
    Exchange,
    Failure,
    GapCause,
    Hop,
    Kind,
    Observation,
    Outcome,
    Phase,
    Platform,
    Policy,
    Reason,
    Resolution,
    Target,
    Transition,
    Verdict,
)
from monitor.core.scheduling.slots import grids
from monitor.core.text.facts.page_facts import facts_of
from monitor.core.text.page import Block, Fact
from monitor.core.verdict.classify import classify
from monitor.fetch import Gate, GateClosed
from monitor.metrics import MetricsState
from monitor.probe.judge import Judge
from monitor.probe.lane import Lane
from monitor.probe.local_health.own_health import LocalHealth
from monitor.probe.observer import Observer
from monitor.probe.page_tracker import PageTracker
from monitor.runtime.faults import Faults
from monitor.store import Store
from tests.support.clock import FakeClock
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.outcomes import answer
from tests.support.reads import config, target

__all__ = ["database_url", "postgres", "sqlite_template"]  # fixtures

pytestmark = pytest.mark.anyio
POLICY = Policy(failures=2, failing_s=60, successes=2, recovering_s=60, recheck_s=60)
ONE = replace(target("anef-un"), policy=POLICY)
TWO = replace(target("anef-deux"), policy=POLICY)
CONFIG = config([ONE, TWO], [Platform(slug="anef", name="ANEF", spacing_s=1)])


class Bench:
    """A watch whose site and line are ours to break."""

    def __init__(
        self, store: Store, clock: FakeClock | None = None, *, config: Config = CONFIG
    ) -> None:
        self.clock = clock or FakeClock()
        self.store = store
        self.broken: set[str] = set()
        self.refusing: dict[str, str] = {}  # and for how long they ask to be left alone
        self.line_works = True
        self.rounds = 0
        self.kept: list[tuple[str, bool]] = []
        self.line = LocalHealth(probe=self.probe, read=self.read, clock=self.clock)
        platform = config.platforms["anef"]
        self.lane = Lane(platform, self.clock)
        self.board = MetricsState(config.targets, states=store.states())
        self.watch = Observer(
            config=config,
            point="local",
            clock=self.clock,
            fetch=self.fetch,
            judge=Judge(config=config, point="local", line=self.line),
            lanes={"anef": self.lane},
            grids=grids(config.targets),
            keep=self.keep,
            store=store,
            board=self.board,
            pages=PageTracker(store.tracks(), point="local"),
            faults=Faults(self.clock),
        )

    async def keep(
        self, target: Target, observation: Observation, *, known_good: bool, in_outage: bool
    ) -> tuple[Capture, ...]:
        del observation, in_outage
        self.kept.append((target.slug, known_good))
        return ()

    async def probe(self) -> Controls:
        self.rounds += 1
        return Controls(at=self.clock.now(), ok=int(self.line_works), asked=1)

    async def read(self) -> ClockReading:
        return ClockReading(at=self.clock.now(), server="ntp", offset_us=0)

    async def fetch(self, wanted: Target, gate: Gate) -> Exchange:
        await gate(wanted.url)
        now = self.clock.now()
        if wanted.slug in self.broken or not self.line_works:
            return Exchange(
                url=wanted.url,
                started_at=now,
                duration_us=1000,
                failure=Failure.CONNECTION_REFUSED,
                phase=Phase.CONNECT,
            )
        if wanted.slug in self.refusing:
            found = answer(now, b"<html><title>403</title>non")
            said = ("Retry-After", self.refusing[wanted.slug])
            hops = tuple(
                replace(h, url=wanted.url, status=403, headers=(said,)) for h in found.hops
            )
            return replace(found, url=wanted.url, hops=hops)
        body = b"<html lang='fr'><title>ok</title><main><h1>Titre</h1><p>" + b"mot " * 100
        found = answer(now, body)
        hops = tuple(replace(hop, url=wanted.url) for hop in found.hops)
        return replace(found, url=wanted.url, hops=hops)

    async def check(self, wanted: Target, *, urgent: bool = False) -> Outcome | None:
        """Check a target a minute after the last check."""
        await self.clock.advance(60)
        slot_at = self.clock.now()
        task = asyncio.ensure_future(self.watch.observe(wanted, slot_at, urgent=urgent))
        while not task.done():
            await self.clock.advance(1)
            await asyncio.sleep(0.001)
        done = await task
        return done and done[1]


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store.open(database_url, point="local", writer=True, rest_s=0) as opened:
        yield opened


@pytest.fixture
def bench(store: Store) -> Bench:
    return Bench(store)


def since_dawn(bench: Bench) -> tuple[datetime, datetime]:
    now = bench.clock.now()
    return now - timedelta(days=1), now + timedelta(days=1)


async def test_a_check_is_recorded_with_its_state(bench: Bench) -> None:
    outcome = await bench.check(ONE)

    assert outcome is not None
    assert outcome.check.verdict is Verdict.UP
    (state,) = bench.store.states()
    assert state == outcome.state
    (check,) = bench.store.observations(ONE.slug, *since_dawn(bench))
    assert (check.at, check.verdict) == (outcome.check.at, Verdict.UP)


async def test_metrics_know_the_length_that_was_announced(bench: Bench) -> None:
    """A header that varies with each answer: it is not recorded."""
    plain = bench.fetch

    async def fetch(target: Target, gate: Gate) -> Exchange:
        found = await plain(target, gate)
        hop = replace(found.hops[-1], headers=(("Content-Length", "1234"),))
        return replace(found, hops=(hop,))

    bench.watch._fetch = fetch
    await bench.check(ONE)

    assert bench.board.targets[ONE.slug].content_length == 1234


async def test_what_a_new_text_offers_is_looked_for_beside_the_loop(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a long text that takes seconds, and the checks of all others would wait."""
    where: list[str] = []

    def looked(blocks: Iterable[Block]) -> frozenset[Fact]:
        where.append(current_thread().name)
        return facts_of(blocks)

    monkeypatch.setattr(monitor.metrics.page_metrics, "facts_of", looked)
    await bench.check(replace(ONE, kind=Kind.PAGE))

    assert len(where) == 1
    assert where != [current_thread().name]


async def test_a_good_answer_does_not_ask_the_controls(bench: Bench) -> None:
    await bench.check(ONE)

    assert bench.rounds == 0


async def test_a_failure_is_judged_with_a_round_that_came_after_it(bench: Bench) -> None:
    bench.broken.add(ONE.slug)

    outcome = await bench.check(ONE)

    assert outcome is not None
    assert outcome.check.verdict is Verdict.DOWN
    assert outcome.check.controls is not None
    assert outcome.check.controls.at >= outcome.check.at


async def test_with_our_line_cut_nothing_is_laid_on_the_site(bench: Bench) -> None:
    bench.line_works = False
    for _ in range(4):
        outcome = await bench.check(ONE)
        assert outcome is not None
        assert outcome.check.reason is Reason.LOCAL_NETWORK

    assert bench.store.outages() == ()


async def test_a_failure_just_before_our_line_came_back_is_not_the_sites(bench: Bench) -> None:
    """The round before it failed: that the one after it worked proves nothing of it."""
    bench.line_works = False
    await bench.line.check()
    bench.line_works = True
    bench.broken.add(ONE.slug)

    first = await bench.check(ONE)
    second = await bench.check(ONE)

    assert first is not None
    assert second is not None
    assert first.check.reason is Reason.LOCAL_NETWORK
    assert second.check.verdict is Verdict.DOWN


async def test_an_outage_opens_closes_and_makes_an_incident_with_its_neighbour(
    bench: Bench,
) -> None:
    await bench.check(ONE)
    await bench.check(TWO)
    bench.broken = {ONE.slug, TWO.slug}
    for _ in range(2):
        await bench.check(ONE)
        await bench.check(TWO)
    (incident,) = bench.store.incidents(open_only=True)
    assert {slug for slug, _ in incident.outages} == {ONE.slug, TWO.slug}

    bench.broken.clear()
    for _ in range(3):
        await bench.check(ONE)
        await bench.check(TWO)

    (closed,) = bench.store.incidents()
    assert closed.closed_at is not None
    assert bench.store.outages(open_only=True) == ()
    edges = [event.edge for event in bench.store.events(*since_dawn(bench))]
    assert edges.count(Transition.OUTAGE_OPENED) == edges.count(Transition.OUTAGE_CLOSED) == 2


async def test_an_outage_goes_on_after_a_restart(bench: Bench) -> None:
    await bench.check(ONE)
    bench.broken.add(ONE.slug)
    await bench.check(ONE)

    again = Bench(bench.store, bench.clock)
    again.broken.add(ONE.slug)
    await again.check(ONE)

    (outage,) = bench.store.outages(open_only=True)
    assert outage.checks == 2
    assert outage.last_ok_at is not None
    assert outage.first_fail_at < outage.last_fail_at


async def test_a_closed_lane_makes_a_gap_of_a_slot(bench: Bench) -> None:
    bench.lane.pause("essai")

    assert await bench.check(ONE) is None

    (gap,) = bench.store.gaps(*since_dawn(bench))
    assert (gap.target, gap.cause, gap.slots) == (ONE.slug, GapCause.PAUSED, 1)
    assert bench.board.targets[ONE.slug].missed == {GapCause.PAUSED: 1}


async def test_a_page_that_takes_long_to_read_holds_up_no_other_of_its_platform(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, go_on = PageTracker.read, asyncio.Event()

    async def slowly(book: PageTracker, target: Target, *given: Any) -> Any:
        if target == ONE:
            await go_on.wait()
        return await read(book, target, *given)

    monkeypatch.setattr(PageTracker, "read", slowly)
    long = asyncio.ensure_future(bench.watch.observe(ONE, bench.clock.now()))

    assert await bench.check(TWO) is not None
    assert not long.done()
    go_on.set()
    assert await long is not None


async def test_the_checks_of_one_target_are_recorded_in_their_order(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recheck whose bytes need not be kept does not overtake the check whose bytes are."""
    go_on = asyncio.Event()
    keep = bench.keep

    async def slowly(
        target: Target, observation: Observation, *, known_good: bool, **more: bool
    ) -> tuple[Capture, ...]:
        if not bench.kept:
            bench.kept.append((target.slug, known_good))
            await go_on.wait()
        return await keep(target, observation, known_good=known_good, **more)

    monkeypatch.setattr(bench.watch, "_keep", slowly)
    first = asyncio.ensure_future(bench.watch.observe(ONE, bench.clock.now()))
    await bench.clock.advance(60)
    second = asyncio.ensure_future(bench.watch.observe(ONE, bench.clock.now(), urgent=True))
    for _ in range(30):
        await bench.clock.advance(1)
        await asyncio.sleep(0.001)

    assert not second.done()
    go_on.set()
    done = await asyncio.gather(first, second)
    ats = [each[1].check.at for each in done if each]
    assert ats == sorted(ats)
    (state,) = bench.store.states()
    assert state.last_at == ats[-1]


async def test_a_recheck_that_gives_way_makes_no_gap(bench: Bench) -> None:
    """No plan wanted it."""
    bench.lane.pause("essai")

    assert await bench.check(ONE, urgent=True) is None
    assert bench.store.gaps(*since_dawn(bench)) == ()


async def test_bytes_are_kept_before_the_record_and_with_what_they_were_judged_by(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the two leaves bytes that nothing names, never the reverse."""
    recorded: list[int] = []

    async def record(outcome: Outcome) -> None:
        del outcome
        recorded.append(len(bench.kept))

    monkeypatch.setattr(bench.store, "record", record)
    for _ in range(2):
        await bench.check(ONE)

    assert [(ONE.slug, False), (ONE.slug, True)] == bench.kept
    assert [1, 2] == recorded


async def test_a_refusal_closes_the_platform_then_a_page_that_refuses_alone_is_left_alone(
    bench: Bench,
) -> None:
    """One page that always answers 403 must not blind us to a hundred others."""
    await bench.check(TWO)
    bench.refusing[ONE.slug] = ""

    await bench.check(ONE)
    assert await bench.check(TWO) is None  # whose refusal it was is not known yet
    await bench.clock.advance(3600)
    assert await bench.check(ONE) is None  # others go first
    assert await bench.check(TWO) is not None
    await bench.clock.advance(1800)
    refused = await bench.check(ONE)
    assert refused is not None
    assert refused.check.verdict is Verdict.BLOCKED

    assert bench.lane.state.blocked_until is None
    assert await bench.check(TWO) is not None
    assert await bench.check(ONE) is None
    assert bench.board.targets[ONE.slug].missed == {GapCause.REFUSED: 2}
    await bench.clock.advance(6 * 3600)
    assert await bench.check(ONE) is not None


async def test_a_second_page_that_refuses_closes_the_platform(bench: Bench) -> None:
    bench.refusing = {ONE.slug: "", TWO.slug: ""}
    await bench.check(ONE)
    await bench.clock.advance(3600)
    await bench.check(TWO)

    assert bench.lane.state.strikes == 2


async def test_a_check_that_tells_nothing_does_not_end_a_back_off(bench: Bench) -> None:
    """Only an answer of the platform starts the count of its refusals again."""
    bench.refusing[ONE.slug] = ""
    await bench.check(ONE)
    await bench.clock.advance(3600)
    bench.line_works = False
    unknown = await bench.check(TWO)
    assert unknown is not None
    assert unknown.check.verdict is Verdict.UNKNOWN

    assert bench.lane.state.strikes == 1


async def test_a_site_that_asks_for_a_longer_wait_gets_it(bench: Bench) -> None:
    bench.refusing[ONE.slug] = "36000"
    await bench.check(ONE)

    until = bench.lane.state.blocked_until
    assert until is not None
    assert until - bench.clock.now() > timedelta(hours=9)


@pytest.mark.parametrize("step_s", [3600, -3600])
async def test_no_check_is_dated_by_a_clock_that_jumped_since_it_was_read(
    bench: Bench, step_s: float
) -> None:
    """NTP is asked every quarter of an hour: a step must not be believed until then."""
    await bench.line.read_clock()
    bench.broken.add(ONE.slug)
    bench.clock.step_wall(step_s)

    for _ in range(3):
        outcome = await bench.check(ONE)
        assert outcome is not None
        check = outcome.check
        assert (check.verdict, check.reason) == (Verdict.UNKNOWN, Reason.CLOCK)
        assert outcome.check.clock_offset_us == -step_s * 1_000_000
    assert bench.line.stepped

    await bench.line.read_clock()
    outcome = await bench.check(ONE)
    assert outcome is not None
    assert outcome.check.verdict is Verdict.DOWN


async def test_an_outage_of_a_retired_target_keeps_no_other_incident_open(bench: Bench) -> None:
    bench.broken |= {ONE.slug, TWO.slug}
    for wanted in (TWO, ONE) * 3:
        await bench.check(wanted)
    (both,) = bench.store.incidents(open_only=True)
    assert len(both.outages) == 2

    alone = config([ONE], CONFIG.platforms.values())
    again = Bench(bench.store, bench.clock, config=alone)
    for _ in range(3):
        await again.check(ONE)

    (retired,) = bench.store.incidents(open_only=True)
    assert [target for target, _ in retired.outages] == [TWO.slug]
    (outage,) = bench.store.outages(open_only=True)
    assert outage.target == TWO.slug


@pytest.mark.parametrize("words", [10, 100_000])
async def test_a_long_answer_is_judged_apart_from_the_loop(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, words: int
) -> None:
    """To read a hostile page may take a second, in which every other probe would be late."""
    threads: list[str] = []

    def seen(*given: Any, **more: Any) -> Any:
        threads.append(current_thread().name)
        return classify(*given, **more)

    monkeypatch.setattr("monitor.probe.judge.classify", seen)
    now = bench.clock.now()
    page = b"<html lang='fr'><title>ok</title><main><h1>Titre</h1><p>" + b"mot " * words
    exchange = replace(answer(now, page), url=ONE.url)
    await bench.watch._judge.observation(ONE, now, exchange, known_good=True)
    assert all(name.startswith("foreign") == (words > 10) for name in threads)
    assert threads


# ------------------------------------------------------------------------ after a restart


def _resolved(exchange: Exchange, address: str) -> Exchange:
    """Return an exchange of the one site, whose address one resolver alone gave."""
    host = urlsplit(exchange.url).hostname or ""
    resolution = Resolution(host=host, server="192.0.2.53", addresses=(address,), elapsed_us=1)
    (hop,) = exchange.hops or (Hop(url=exchange.url, started_at=exchange.started_at),)
    hop = replace(hop, resolution=resolution, address=None if exchange.failure else address)
    return replace(exchange, hops=(hop,))


@pytest.mark.parametrize(
    ("address", "wanted"),
    [("198.51.100.7", Verdict.DOWN), ("198.51.100.8", Verdict.UNKNOWN)],
    ids=["where it answered", "elsewhere"],
)
async def test_a_restart_does_not_forget_where_a_site_answered(
    bench: Bench, address: str, wanted: Verdict
) -> None:
    place = "198.51.100.7"

    def by(one: Bench) -> None:
        plain = one.fetch

        async def fetch(target: Target, gate: Gate) -> Exchange:
            return _resolved(await plain(target, gate), place)

        one.watch._fetch = one.watch._again = fetch

    by(bench)
    up = await bench.check(ONE)
    assert up is not None
    assert up.check.verdict is Verdict.UP
    again = Bench(bench.store, bench.clock)
    place = address
    by(again)
    again.broken = {ONE.slug}
    failed = await again.check(ONE)
    assert failed is not None
    assert failed.check.verdict is wanted
    if wanted is Verdict.UNKNOWN:
        assert failed.check.reason is Reason.LOCAL_FILTER


async def test_a_request_that_may_not_be_made_again_leaves_the_word_to_the_next_check(
    bench: Bench,
) -> None:
    """A site may ask for more time between two requests than a probe waits."""

    async def closed(_target: Target, _gate: Gate) -> Exchange:
        raise GateClosed

    await bench.check(ONE)
    bench.watch._again = closed
    bench.broken = {ONE.slug}
    said = []
    for _ in range(3):
        outcome = await bench.check(ONE)
        assert outcome is not None
        said.append(outcome.check.verdict)
    assert said == [Verdict.UNKNOWN, Verdict.DOWN, Verdict.DOWN]
    bench.broken.clear()
    await bench.check(ONE)
    bench.broken = {ONE.slug}
    outcome = await bench.check(ONE)
    assert outcome is not None
    assert outcome.check.verdict is Verdict.UNKNOWN  # another failure


async def test_a_good_answer_waits_for_no_round_that_another_site_asked_for(store: Store) -> None:
    """A site that is silent, beside a control host that is, holds up nobody else's checks."""
    bench = Bench(store)
    await bench.line.check()
    over = asyncio.Event()

    async def silent() -> Controls:
        await over.wait()
        return Controls(at=bench.clock.now(), ok=1, asked=1)

    bench.line._probe = silent  # the panel as it is from now on
    bench.line.hasten()
    good = await asyncio.wait_for(bench.check(ONE), 20)
    assert good is not None
    assert good.check.verdict is Verdict.UP
    bench.broken.add(TWO.slug)
    failed = asyncio.ensure_future(bench.check(TWO))
    await asyncio.sleep(0.2)
    assert not failed.done()  # its fault may be ours: that round must be heard
    over.set()
    assert await asyncio.wait_for(failed, 20) is not None


async def test_what_the_service_remembers_does_not_grow_with_its_checks(bench: Bench) -> None:
    """An outage every three days: 22 of them leave no more objects of ours than 17."""

    async def outages(count: int) -> Counter[str]:
        for _ in range(count):
            for broken in (True, False):
                (bench.broken.add if broken else bench.broken.discard)(ONE.slug)
                for _ in range(4):
                    await bench.check(ONE)
            await bench.clock.advance(timedelta(days=3).total_seconds())
        gc.collect()
        return Counter(
            type(one).__name__
            for one in gc.get_objects()
            if str(type(one).__module__).startswith("monitor.")
        )

    before = await outages(17)  # four rounds of the controls each: they fill what is kept of rounds
    after = await outages(5)

    assert after - before == Counter()
    assert len(bench.store.outages()) == 22
