"""A short life of the service, recorded for real: checks, an outage, a blip, a gap, rounds."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitor.core.model import (
    ClockReading,
    Gap,
    GapCause,
    Kind,
    Outcome,
    Target,
)
from monitor.store import Store
from tests.support.folds import Folds
from tests.support.outcomes import (
    DEAD,
    OK,
    SHOWN,
    SPOILED,
    a_run,
    answer,
    at,
    observation,
    panel,
    refusal,
)

ENVIRONMENT = {"host": "test", "system": "test", "commit": "unknown", "public_ip": "unknown"}
TARGETS = {
    slug: Target(
        slug=slug,
        name=f"Cible {slug}",
        url="https://administration-etrangers-en-france.test/",
        kind=Kind.PAGE,
        platform="anef",
        interval_s=60,
    )
    for slug in ("accueil", "connexion")
}
# Of each minute: "." good, "x" failing, "?" spoiled on our own side.
# An outage of one, two of the other, and a blip.
WEATHER = {"accueil": "..xxxxx....x....", "connexion": ".xxxx....xxxxxxx"}


def open_store(url: str, *, targets: Mapping[str, Target] = TARGETS) -> Store:
    return Store.open(
        url, point="local", writer=True, rest_s=0, environment=ENVIRONMENT, targets=targets
    )


def outcomes(weather: Iterable[tuple[str, str]] = tuple(WEATHER.items())) -> Iterable[Outcome]:
    """Yield what the service would record, minute by minute."""
    folds = Folds(TARGETS)
    by_minute = [(n, slug, sky) for slug, line in weather for n, sky in enumerate(line)]
    for n, slug, sky in sorted(by_minute):
        now = at(60 * n + (slug == "connexion"))
        judgement = {"x": DEAD, "?": SPOILED}.get(sky, OK)
        exchange = refusal(now) if sky in "x?" else answer(now, f"page {n % 3}".encode())
        if sky == "." and n % 4 == 1:
            exchange = replace(exchange, rendering=SHOWN)
        yield folds.outcome(observation(slug, now, judgement, exchange=exchange))


async def _live(store: Store) -> None:
    run = a_run(at(-1))
    await store.start_run(run)
    lost = Gap(
        point="local",
        target="accueil",
        from_at=at(-60),
        to_at=at(0),
        slots=1,
        cause=GapCause.OVERRUN,
    )
    await store.record_gap(lost)
    reading = ClockReading(at=at(-2), server="ntp.test", offset_us=-5, dispersion_us=9, stratum=2)
    for n, outcome in enumerate(outcomes()):
        if n % 2 == 0:
            await store.record_round(panel(at(30 * n), ok=n % 4), reading)
        await store.record(outcome)
    await store.stop_run(at(1000))


def live(store: Store) -> None:
    """Record it all."""
    asyncio.run(_live(store))
