"""Faults of our own side, each drawn at random within its kind."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.core.model import Failure, Family, family_of
from monitor.fetch.resolve import Answer
from tests.probe.simulator.world import (
    ADDRESSES,
    CONTROLS,
    FILTER,
    OTHER_RESOLVER,
    OWN_RESOLVER,
    SITES,
    Way,
    World,
)


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault from its first to its last second.

    Attributes:
        begin, end: What happens to the world at either.

    """

    kind: str
    from_s: float
    to_s: float
    begin: Callable[[World], None] = field(default=lambda _: None)
    end: Callable[[World], None] = field(default=lambda _: None)


Lay = Callable[[random.Random, float], Fault]


def _long(chance: random.Random) -> float:
    return chance.choice((chance.uniform(1, 20), chance.uniform(20, 90), chance.uniform(90, 240)))


def _between(kind: str, chance: random.Random, at_s: float, lasts_s: float, way: object) -> Fault:
    """Return a fault of what lies between; `way` is called with address and second."""

    def begin(world: World) -> None:
        world.between = way  # type: ignore[assignment]

    def end(world: World) -> None:
        world.between = lambda _address, _second: Way()

    del chance
    return Fault(kind=kind, from_s=at_s, to_s=at_s + lasts_s, begin=begin, end=end)


def _local(address: str) -> bool:
    return address == OWN_RESOLVER


def line_cut(chance: random.Random, at_s: float) -> Fault:
    """Nothing passes; our own router still answers, or not."""
    router = chance.random() < 0.5

    def way(address: str, _second: float) -> Way:
        return Way(open=_local(address) and router)

    return _between("line cut", chance, at_s, _long(chance), way)


def short_cut(chance: random.Random, at_s: float) -> Fault:
    def way(address: str, _second: float) -> Way:
        return Way(open=_local(address))

    return _between("short cut", chance, at_s, chance.uniform(0.3, 16), way)


def family_lost(chance: random.Random, at_s: float) -> Fault:
    """NAT fails, or the tunnel of IPv6: its packets are dropped, or refused by our router."""
    family = chance.choice(tuple(Family))
    refuses = chance.choice(("", "", "rst", "icmp", "no-route"))

    def way(address: str, _second: float) -> Way:
        lost = family_of(address) is family and not _local(address)
        return Way(open=not lost, refuses=refuses if lost else "")

    return _between(f"{family} lost {refuses}", chance, at_s, _long(chance), way)


def refused_by_router(chance: random.Random, at_s: float) -> Fault:
    refuses = chance.choice(("rst", "icmp", "no-route"))

    def way(address: str, _second: float) -> Way:
        return Way(open=_local(address), refuses="" if _local(address) else refuses)

    return _between(f"our router answers {refuses}", chance, at_s, _long(chance), way)


def portal(chance: random.Random, at_s: float) -> Fault:
    """Every TLS handshake is met by a stranger's certificate."""

    def way(_address: str, _second: float) -> Way:
        return Way(bad_name=True)

    return _between("captive portal", chance, at_s, _long(chance), way)


def flapping(chance: random.Random, at_s: float) -> Fault:
    up_s, down_s = chance.uniform(0.5, 4), chance.uniform(2, 15)

    def way(address: str, second: float) -> Way:
        return Way(open=_local(address) or (second - at_s) % (up_s + down_s) >= down_s)

    return _between("flapping line", chance, at_s, chance.uniform(20, 240), way)


def saturated(chance: random.Random, at_s: float) -> Fault:
    """Queues of seconds, and what overflows is lost."""
    rtt_s, loss = chance.uniform(1.2, 6), chance.uniform(0, 0.1)

    def way(address: str, _second: float) -> Way:
        return Way() if _local(address) else Way(rtt_s=rtt_s, loss=loss)

    return _between("saturated line", chance, at_s, _long(chance), way)


def few_destinations(chance: random.Random, at_s: float) -> Fault:
    """Most of the internet cannot be reached, two control hosts at most can."""
    reached = set(chance.sample(CONTROLS, chance.randint(0, 2)))
    known = {address for host in reached for address in ADDRESSES[host]}

    def way(address: str, _second: float) -> Way:
        return Way(open=_local(address) or address == OTHER_RESOLVER or address in known)

    return _between("few destinations", chance, at_s, _long(chance), way)


def loss(chance: random.Random, at_s: float) -> Fault:
    lost = chance.uniform(0.05, 0.3)

    def way(address: str, _second: float) -> Way:
        return Way() if _local(address) else Way(loss=lost)

    return _between("packet loss", chance, at_s, _long(chance), way)


def _says(
    kind: str, at_s: float, lasts_s: float, says: Callable[[str, str, float], Answer | None]
) -> Fault:
    def begin(world: World) -> None:
        world.says = says

    def end(world: World) -> None:
        world.says = lambda _server, _host, _second: None

    return Fault(kind=kind, from_s=at_s, to_s=at_s + lasts_s, begin=begin, end=end)


def lying_resolver(chance: random.Random, at_s: float) -> Fault:
    """Ours denies the sites, or leads them to its own page; the other may be closed to us."""
    lie: Answer = chance.choice(
        (Failure.DNS_NXDOMAIN, Failure.DNS_NO_ANSWER, (FILTER,), Failure.DNS_SERVFAIL)
    )
    other = chance.choice((None, None, Failure.TIMEOUT, Failure.DNS_REFUSED))

    def says(server: str, host: str, _second: float) -> Answer | None:
        if server == OWN_RESOLVER:
            return lie if host in SITES else None
        return other

    return _says(f"resolver says {lie}, the other {other}", at_s, _long(chance), says)


def dead_resolver(chance: random.Random, at_s: float) -> Fault:
    own, other = (
        chance.choice((Failure.TIMEOUT, Failure.DNS_REFUSED, Failure.CONNECTION_REFUSED))
        for _ in range(2)
    )
    one = Failure.DNS_SERVFAIL if chance.random() < 0.3 else own

    def says(server: str, _host: str, _second: float) -> Answer | None:
        return one if server == OWN_RESOLVER else other

    return _says(f"resolvers say {one}, {other}", at_s, _long(chance), says)


def frozen(chance: random.Random, at_s: float) -> Fault:
    """SIGSTOP, swap: what was connected may be given up by the other end meanwhile."""
    lasts_s = chance.choice((chance.uniform(0.1, 5), chance.uniform(5, 120)))
    given_up = lasts_s > 5 and chance.random() < 0.5

    def begin(world: World) -> None:
        if given_up:
            world.broken_at = world.loop.time()
        world.loop.freeze(lasts_s)

    return Fault(kind="frozen process", from_s=at_s, to_s=at_s + lasts_s, begin=begin)


def suspended(chance: random.Random, at_s: float) -> Fault:
    lasts_s = chance.uniform(20, 3600)

    def begin(world: World) -> None:
        world.broken_at = world.loop.time()
        world.clock.suspend(lasts_s)

    return Fault(kind="suspended machine", from_s=at_s, to_s=at_s + 30, begin=begin)


def stepped(chance: random.Random, at_s: float) -> Fault:
    by_s = chance.choice((-1, 1)) * chance.choice((0.8, 2, 60, 3600, 86_400))

    def begin(world: World) -> None:
        world.clock.step(by_s)

    def end(world: World) -> None:
        world.clock.step(-by_s)

    lasts_s = chance.uniform(5, 200)
    return Fault(kind="clock step", from_s=at_s, to_s=at_s + lasts_s, begin=begin, end=end)


LOSSLESS: tuple[Lay, ...] = (
    line_cut, short_cut, family_lost, refused_by_router, portal, flapping, saturated,
    few_destinations, lying_resolver, dead_resolver, frozen, suspended, stepped,
)  # fmt: skip
