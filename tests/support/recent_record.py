"""A record that ends now, for a service that is then started on it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.core.model import Kind
from monitor.store import Store, migrate
from tests.support.outcomes import DEAD, OK, outcome, targets_named

STEP = timedelta(minutes=5)


def record_until_now(
    data: Path,
    slugs: Sequence[str],
    *,
    hours: int = 25,
    down: range = range(100, 112),
    missed: range = range(0),
) -> None:
    """Record so many hours until now.

    The first target is down in the steps `down`; in the steps `missed` nothing is recorded.
    """
    url = f"sqlite:///{data / 'vigie.sqlite'}"
    watched = targets_named(
        slugs, platform="essai", interval_s=int(STEP.total_seconds()), kind=Kind.PAGE
    )
    now = datetime.now(UTC)  # noqa: TID251 -- the service that follows has the clock of the machine
    steps = timedelta(hours=hours) // STEP

    async def write(store: Store) -> None:
        for step in range(steps):
            if step in missed:
                continue
            at = now - (steps - step) * STEP
            for slug in slugs:
                failing = slug == slugs[0] and step in down
                await store.record(outcome(slug, at, DEAD if failing else OK))

    migrate(url)
    with Store.open(url, point="local", writer=True, rest_s=0, targets=watched) as store:
        asyncio.run(write(store))
