"""A record that ends now, for a service that is then started on it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.core.model import Kind
from monitor.store import Store, migrate
from tests.support.outcomes import DEAD, OK, outcome, targets_named

STEP = timedelta(minutes=5)


def record_until_now(data: Path, slugs: Sequence[str], *, hours: int = 25) -> None:
    """Record so many hours until now, with an outage of the first target after eight hours."""
    url = f"sqlite:///{data / 'vigie.sqlite'}"
    watched = targets_named(
        slugs, platform="essai", interval_s=int(STEP.total_seconds()), kind=Kind.PAGE
    )
    now = datetime.now(UTC)  # noqa: TID251 -- the service that follows has the clock of the machine
    steps = timedelta(hours=hours) // STEP

    async def write(store: Store) -> None:
        for step in range(steps):
            at = now - (steps - step) * STEP
            for slug in slugs:
                down = slug == slugs[0] and 100 <= step < 112
                await store.record(outcome(slug, at, DEAD if down else OK))

    migrate(url)
    with Store.open(url, point="local", writer=True, rest_s=0, targets=watched) as store:
        asyncio.run(write(store))
