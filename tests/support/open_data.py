"""A record as the demo makes one, with a signed end: outages, a change, a gap, then December."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.config import Config
from monitor.core.model import Gap, GapCause, Kind, Target
from monitor.store import Store
from tests.support.folds import Folds
from tests.support.followed import record
from tests.support.outcomes import DEAD, OK, a_run, at, observation, outcome, refusal
from tests.support.shipped_config import SHIPPED

CONFIG = SHIPPED
USAGERS, SSO, PREFECTURE = "anef-usagers", "anef-sso", "pref-93"
FOLLOWED = "page-suivie"  # of which no definition is recorded
TARGETS = {
    slug: Target(
        slug=slug,
        name=f"Cible {slug}",
        url=f"https://{slug}.example.test/",
        kind=Kind.HOME,
        platform="prefectures" if department else "anef",
        department=department,
        interval_s=300,
    )
    for slug, department in ((USAGERS, ""), (SSO, ""), (PREFECTURE, "93"))
}
# Of each five minutes from Monday 23 November 2026, 09:00 in Paris.
WEATHER = {
    USAGERS: "." * 12 + "x" * 6 + "." * 12,
    SSO: "." * 14 + "x" * 5 + "." * 11,
    PREFECTURE: "." * 27 + "xxx",
}
DECEMBER = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)  # in Paris
NOTE = "vigie.example.test/journal\n"


def config(*, publisher: str = "Les Amis") -> Config:
    return replace(CONFIG, publisher=CONFIG.publisher.model_copy(update={"association": publisher}))


def open_store(url: str) -> Store:
    return Store.open(url, point="local", writer=True, rest_s=0, targets=TARGETS)


def sign(store: Store, instant: datetime) -> int:
    """Record a checkpoint over all leaves; return its size."""
    size = store.leaf_count()
    note = f"{NOTE}{size}\n".encode()
    asyncio.run(
        store.keep_checkpoint(size=size, root=bytes([7] * 32), at=instant, note=note, bundled=0)
    )
    return size


def observe(store: Store, folds: Folds, slug: str, instant: datetime, sky: str) -> None:
    judgement = DEAD if sky == "x" else OK
    exchange = refusal(instant) if sky == "x" else None
    seen = observation(slug, instant, judgement, exchange=exchange)
    asyncio.run(store.record(folds.outcome(seen)))


def november(store: Store) -> Folds:
    """Record what November saw."""
    folds = Folds(TARGETS)
    asyncio.run(store.start_run(a_run(at(-1))))
    lost = Gap(
        point="local", target=SSO, from_at=at(-600), to_at=at(0), slots=2, cause=GapCause.OVERRUN
    )
    asyncio.run(store.record_gap(lost))
    for step in range(len(WEATHER[USAGERS])):
        for rank, slug in enumerate(TARGETS):
            observe(store, folds, slug, at(300 * step + rank), WEATHER[slug][step])
    record(store, "AABBB", target=FOLLOWED)
    return folds


def december(store: Store, folds: Folds) -> None:
    """Record a check of each target in December, then sign."""
    for rank, slug in enumerate(TARGETS):
        observe(store, folds, slug, DECEMBER + timedelta(minutes=5, seconds=rank), ".")
    asyncio.run(store.record(outcome(FOLLOWED, DECEMBER + timedelta(minutes=6))))
    sign(store, DECEMBER + timedelta(hours=2))
