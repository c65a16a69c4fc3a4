"""What the pages that list targets cost with 1,000 targets: CPU of one answer, and its bytes.

    python -m bench.site_pages

Each page is made again for each request (no cache); the first request of each, which compiles its
template, is not counted. Eight targets are the components of ANEF, whose timelines the first page
draws. `cpu_ms` is the median of the process's CPU time; `gzip` the bytes that
are sent, `without_map` the same without the picture of the departments.
"""

import asyncio
import gzip
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median

import httpx

from monitor.core.french.department_names import DEPARTMENT_NAMES
from monitor.core.model import Judgement, Kind, Reason, Target, Verdict
from monitor.core.outages.milestones import Component
from monitor.store import Store, migrate
from monitor.web.pages_app import build
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.outcomes import outcome
from tests.support.reads import NOW, config

TARGETS = 1_000
COMPONENTS = 8
TIMES = 9
PATHS = (
    "/",
    "/cibles",
    "/cibles?q=val",
    "/departements",
    "/departements?mesure=couverture",
    "/departements/93",
    "/cibles/cible-0",
)
GOOD = Judgement(verdict=Verdict.UP, reason=Reason.OK, rule="ok")
BAD = Judgement(verdict=Verdict.DOWN, reason=Reason.HTTP_5XX, rule="http-5xx")


def targets() -> Iterator[Target]:
    codes = sorted(DEPARTMENT_NAMES)
    for number in range(TARGETS):
        yield Target(
            slug=f"cible-{number}",
            name=f"Page de la préfecture {number}",
            url=f"https://cible-{number}.test/",
            kind=Kind.PAGE,
            platform="anef",
            department=codes[number % len(codes)],
            city="Ville",
            interval_s=300,
        )


def components() -> Iterator[Component]:
    for number in range(COMPONENTS):
        yield Component(
            slug=f"composant-{number}",
            name=f"Composant {number}",
            targets=(f"cible-{number}",),
            necessary=number < COMPONENTS // 2,
            why="Sans lui, aucune demande.",
        )


async def fill(store: Store) -> None:
    """Record two checks of each target: one in forty fails."""
    for number in range(TARGETS):
        judgement = BAD if number % 40 == 0 else GOOD
        for minutes in (6, 1):
            at = NOW - timedelta(minutes=minutes)
            await store.record(outcome(f"cible-{number}", at, judgement))


async def measure(store: Store) -> None:
    bare = config(targets())
    app = build(
        store,
        config=replace(bare, figures=replace(bare.figures, components=tuple(components()))),
        clock=FakeClock(NOW),
        point="local",
        metrics=FixedMetrics(),
        version="bench",
        fresh_s=0,
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bench.test") as web:
        for path in PATHS:
            answer = await web.get(path)
            spent = []
            for _ in range(TIMES):
                begun = time.process_time()
                answer = await web.get(path)
                spent.append(1_000 * (time.process_time() - begun))
            answer.raise_for_status()
            plain = re.sub(r'<svg class="map".*?</svg>', "", answer.text, flags=re.DOTALL)
            print(
                f"{path:34} cpu_ms {median(spent):6.1f}"
                f"  gzip {len(gzip.compress(answer.content)):6}"
                f"  without_map {len(gzip.compress(plain.encode())):6}"
            )


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'vigie.sqlite'}"
        migrate(url)
        with Store.open(
            url, point="local", writer=True, rest_s=0, targets={one.slug: one for one in targets()}
        ) as store:
            await fill(store)
            await measure(store)


if __name__ == "__main__":
    asyncio.run(main())
