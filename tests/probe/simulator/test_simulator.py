"""Thousands of faults of our own side, on virtual time: none is ever laid on a site.

And the other way round: an outage of a site is found, whatever our machine has and has not.
A failure prints its seed: `one_fault(seed)` plays it again.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import pytest

from monitor.core.model import Family, Observation, Verdict, family_of
from tests.probe.simulator import faults
from tests.probe.simulator.loop import VirtualLoop
from tests.probe.simulator.world import (
    CONTROLS,
    HOST_OF,
    OTHER_RESOLVER,
    OWN_RESOLVER,
    SITES,
    Probe,
    Site,
    Way,
    World,
)

IN_CI = os.environ.get("CI") == "true"
FAULTS = 5_000 if IN_CI else 2_000  # half a minute of two processors; elsewhere less than half
LOSSY = 1_500 if IN_CI else 500
A_GROUP = 25  # faults that one probe lives through
T = TypeVar("T")


def live(work: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run something to its end on a loop of its own."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(work(loop))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def endure(probe: Probe, fault: faults.Fault, chance: random.Random) -> None:
    """Check a site or two around a fault and through it, each a minute or so, and the line."""
    loop = probe.world.loop
    begins = loop.time() + fault.from_s
    ends = loop.time() + fault.to_s
    last = min(ends, begins + 150)

    async def strike() -> None:
        await asyncio.sleep(fault.from_s)
        fault.begin(probe.world)
        await asyncio.sleep(max(0.0, ends - loop.time()))
        fault.end(probe.world)

    async def beats() -> None:
        await asyncio.sleep(chance.uniform(0, fault.from_s))
        while True:
            await probe.beat()
            await asyncio.sleep(60)

    async def checks(host: str) -> None:
        # The first one is often under way when the fault begins.
        before_s = chance.choice((chance.uniform(0, 0.3), chance.uniform(0, 40), -1.0))
        await asyncio.sleep(max(0.0, fault.from_s - before_s))
        while loop.time() < last:
            await probe.check(host)
            await asyncio.sleep(chance.uniform(50, 70))
        await asyncio.sleep(max(0.0, ends - loop.time()) + chance.choice((0.0, 0.5, 4, 12)))
        await probe.check(host)

    beating = asyncio.ensure_future(beats())
    await asyncio.gather(
        strike(), *(checks(host) for host in chance.sample(SITES, chance.choice((1, 1, 2))))
    )
    beating.cancel()
    probe.world.broken_at = -1.0


async def several(loop: VirtualLoop, seed: int, lays: tuple[faults.Lay, ...], count: int) -> Probe:
    chance = random.Random(seed)  # noqa: S311 -- a simulation, no secret
    world = World(loop, seed)
    probe = Probe(world)
    if chance.random() < 0.8:  # else nothing was ever seen well
        await asyncio.gather(*(probe.check(host) for host in SITES))
    for number in range(count):
        fault = lays[(seed + number) % len(lays)](chance, chance.uniform(1, 61))
        await endure(probe, fault, chance)
        for seen in probe.seen:
            seen_kinds.setdefault(id(seen), (fault.kind, seed))
        await asyncio.sleep(130)
        await probe.line.read_clock()
    return probe


seen_kinds: dict[int, tuple[str, int]] = {}


def group(
    seed: int, lays: tuple[faults.Lay, ...] = faults.LOSSLESS
) -> tuple[Counter[str], list[str]]:
    """Live through a group of faults; return what was said, and each wrong word."""
    seen_kinds.clear()
    probe = live(lambda loop: several(loop, seed, lays, A_GROUP))
    said = Counter(seen.judgement.verdict.value for seen in probe.seen)
    said["checks"] = len(probe.seen)
    said["outages"] = len(probe.opened())
    return said, [wrong(seen) for seen in probe.seen if seen.judgement.verdict in BAD]


BAD = {Verdict.DOWN, Verdict.MAINTENANCE, Verdict.BLOCKED}


def wrong(seen: Observation) -> str:
    kind, seed = seen_kinds.get(id(seen), ("?", -1))
    judgement = seen.judgement
    return (
        f"seed {seed}, {kind}: {seen.target} is {judgement.verdict} ({judgement.reason}), "
        f"{seen.exchange.failure} at {seen.exchange.phase}, second {seen.exchange.second}"
    )


def many(seeds: range, *, lossy: bool = False) -> tuple[Counter[str], list[str]]:
    total: Counter[str] = Counter()
    bad: list[str] = []
    for seed in seeds:
        said, found = group(seed, (faults.loss,) if lossy else faults.LOSSLESS)
        total += said
        bad += found
    return total, bad


def shared(groups: int, *, lossy: bool = False) -> tuple[Counter[str], list[str]]:
    """Split the seeds over the processors."""
    workers = min(4, os.cpu_count() or 1)
    seeds = [range(start, groups, workers) for start in range(workers)]
    total: Counter[str] = Counter()
    bad: list[str] = []
    with ProcessPoolExecutor(workers) as pool:
        for said, found in pool.map(_lossy if lossy else many, seeds):
            total += said
            bad += found
    return total, bad


def _lossy(seeds: range) -> tuple[Counter[str], list[str]]:
    return many(seeds, lossy=True)


@pytest.mark.timeout(1800)
def test_no_fault_of_ours_is_laid_on_a_site() -> None:
    said, bad = shared(FAULTS // A_GROUP)
    assert bad == [], "\n".join(bad[:20])
    assert said["outages"] == 0
    assert said["checks"] > 2 * FAULTS
    assert said["degraded"] * 1000 <= said["checks"]  # a flapping line can pass for a slow site
    assert said["unknown"] > FAULTS // 4  # the faults were met
    assert said["up"] > FAULTS


@pytest.mark.timeout(1800)
def test_lost_packets_make_less_than_one_false_word_in_a_thousand() -> None:
    said, bad = shared(LOSSY // A_GROUP, lossy=True)
    assert said["checks"] > 2 * LOSSY
    assert said["outages"] == 0
    assert len(bad) * 1000 <= said["checks"], "\n".join(bad[:20])


# --------------------------------------------------------------- outages of the sites themselves

OUTAGES = {
    "refuses": Site(refuses=True),
    "unreachable": Site(unreachable=True),
    "hangs": Site(hangs=True),
    "resets": Site(resets=True),
    "503": Site(status=503),
    "expired": Site(expired=True),
    "no name": Site(no_name=True),
}
MACHINES = (
    "both", "no IPv6", "no IPv4", "one control dead", "second resolver closed",
    "IPv6 leads nowhere", "IPv6 is refused", "half of the controls late",
)  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_of_a_site_is_found(outage: str, machine: str) -> None:
    opened = live(lambda loop: fall(loop, outage, machine))
    hosts = [host for host in SITES if "IPv6" not in machine or "six" not in host]
    hosts = [host for host in hosts if machine != "no IPv4" or "quatre" not in host]
    if outage == "no name":  # it is gone for all, whatever we have; one resolver is not believed
        hosts = [] if machine == "second resolver closed" else list(SITES)
    assert sorted(opened) == sorted(host.partition(".")[0] for host in hosts)


async def fall(loop: VirtualLoop, outage: str, machine: str) -> list[str]:
    return [event.target for event in (await fallen(loop, outage, machine)).opened()]


async def fallen(loop: VirtualLoop, outage: str, machine: str) -> Probe:
    world = World(loop, 0)
    lost = {"no IPv6": Family.IPV6, "no IPv4": Family.IPV4}.get(machine)

    def between(address: str, _second: float) -> Way:
        gone = family_of(address) is lost and address not in {OWN_RESOLVER, OTHER_RESOLVER}
        closed = machine == "second resolver closed" and address == OTHER_RESOLVER
        if family_of(address) is Family.IPV6 and machine == "IPv6 leads nowhere":
            return Way(open=False)
        if family_of(address) is Family.IPV6 and machine == "IPv6 is refused":
            return Way(refuses="rst")
        if HOST_OF.get(address) in CONTROLS[:2] and machine == "half of the controls late":
            return Way(rtt_s=1.6)
        return Way(open=not gone and not closed, refuses="no-route" if gone else "")

    world.between = between
    if machine == "one control dead":
        world.sites["temoin-1.test"] = Site(unreachable=True)
    probe = Probe(world)
    for _ in range(12):  # as long as it takes to know that a family has come to nothing
        await probe.beat()
        await asyncio.sleep(60)
    for host in SITES:
        await probe.check(host)
    await asyncio.sleep(60)
    for host in SITES:
        world.sites[host] = OUTAGES[outage]
    for _ in range(4):
        await asyncio.gather(probe.beat(), *(probe.check(host) for host in SITES))
        await asyncio.sleep(60)
    return probe


@pytest.mark.parametrize("machine", ["both", "one control dead", "IPv6 leads nowhere"])
@pytest.mark.parametrize("outage", ["refuses", "unreachable", "expired"])
def test_a_site_that_fails_is_asked_twice_once_in_an_outage(outage: str, machine: str) -> None:
    """What showed twice in one check need not in the next: the site is spared, and the lane."""
    probe = live(lambda loop: fallen(loop, outage, machine))
    for slug in ("quatre", "deux"):
        failed = [seen for seen in probe.seen if seen.target == slug][1:]
        assert {seen.judgement.verdict for seen in failed} == {Verdict.DOWN}
        assert sum(seen.exchange.second is not None for seen in failed) <= 1
        if outage == "unreachable":  # rounds of controls lay within it, and lost nothing
            assert all(seen.exchange.second is None for seen in failed)


@pytest.mark.parametrize("outage", ["unreachable", "hangs", "refuses", "expired"])
def test_a_machine_that_stops_now_and_then_finds_an_outage(outage: str) -> None:
    """What a starved machine does: each stop is short, and each long silence has some."""

    async def starved(loop: VirtualLoop) -> list[str]:
        async def stops() -> None:
            while True:
                await asyncio.sleep(6)
                loop.freeze(0.7)

        stopping = asyncio.ensure_future(stops())
        opened = await fall(loop, outage, "both")
        stopping.cancel()
        return opened

    assert sorted(live(starved)) == sorted(host.partition(".")[0] for host in SITES)
