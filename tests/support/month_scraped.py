"""A month of prefectures, as a bad record would have it, and a real Prometheus that scrapes it.

Two prefectures are nearly as bad, one is better, one was not watched for half of the month, one
never, one is down still, and one has a name that could be taken for markup, a query or a variable.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.core.model import Kind
from monitor.store import Store, migrate
from tests.support.outcomes import DEAD, OK, outcome, targets_named
from tests.support.prometheus import ask, prometheus
from tests.support.service import LocalSite, Service, free_port, running, wait_until, write_config

WORST, NEARLY, BETTER, GAP, NEVER, OPEN, HOSTILE = (
    f"page-{code}" for code in ("93", "75", "13", "69", "59", "31", "33")
)
HOSTILE_NAME = """Gironde – <b onclick="x()">a</b> | "b" {{target}} ${vigie} %d \\\\"""
STEP = timedelta(minutes=30)
STEPS = timedelta(days=31) // STEP
# The steps in which each is down, and in which nothing is recorded.
_DOWN: Mapping[str, set[int]] = {
    WORST: {*range(200, 270), *range(500, 570)},
    NEARLY: {*range(150, 220), *range(600, 669)},
    BETTER: {*range(700, 720)},
    OPEN: {*range(STEPS - 8, STEPS)},
}
_MISSED: Mapping[str, set[int]] = {GAP: {*range(300, 1000)}}
_PAGE = """
department = "{code}"
city = "Ville"
platform = "essai"
[[target]]
slug = "page-{code}"
name = '''{name}'''
url = "http://127.0.0.1:{port}/{code}"
kind = "page"
interval_s = {interval_s}
deadline_s = 1.0
slow_s = 0.9
source = "essai"
verified = "yes"
"""
_OTHER = """
  - job_name: other
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@dataclass(frozen=True)
class Month:
    """The port of Prometheus, the service with the record, and its folders."""

    prometheus: int
    service: Service
    config: Path
    data: Path


def _record(data: Path) -> None:
    slugs = (WORST, NEARLY, BETTER, GAP, OPEN, HOSTILE)
    watched = targets_named(
        slugs, platform="essai", interval_s=int(STEP.total_seconds()), kind=Kind.PAGE
    )
    now = datetime.now(UTC)  # noqa: TID251 -- the service that follows has the clock of the machine

    async def write(store: Store) -> None:
        for step in range(STEPS):
            at = now - (STEPS - step) * STEP
            for slug in slugs:
                if step not in _MISSED.get(slug, ()):
                    down = step in _DOWN.get(slug, ())
                    await store.record(outcome(slug, at, DEAD if down else OK))

    url = f"sqlite:///{data / 'vigie.sqlite'}"
    migrate(url)
    with Store.open(url, point="local", writer=True, rest_s=0, targets=watched) as store:
        asyncio.run(write(store))


def _configured(folder: Path, *, site: int, control: int) -> Path:
    config = write_config(folder, site=site, control=control, targets=1)
    prefectures = config / "targets" / "prefectures"
    prefectures.mkdir()
    for slug in (WORST, NEARLY, BETTER, GAP, NEVER, OPEN, HOSTILE):
        code = slug.removeprefix("page-")
        text = _PAGE.format(
            code=code,
            name=HOSTILE_NAME if slug == HOSTILE else f"Page {code} – étrangers",
            port=free_port() if slug == OPEN else site,
            interval_s=86_400 if slug == NEVER else 1,  # its first check is long after the test
        )
        (prefectures / f"{code}.toml").write_text(text)
    return config


@contextmanager
def month_scraped(folder: Path) -> Iterator[Month]:
    """Start the service on its record, one at another point without a record, and Prometheus."""
    site, control = LocalSite(), LocalSite()
    configs = {
        point: _configured(folder / point, site=site.port, control=control.port)
        for point in ("local", "ailleurs")
    }
    data = folder / "data"
    for one in (data, folder / "nothing"):
        one.mkdir()
    _record(data)
    with (
        running(configs["local"], data) as service,
        running(configs["ailleurs"], folder / "nothing", {"VIGIE_POINT": "ailleurs"}) as other,
        prometheus(folder, service=service.port, more=_OTHER.format(port=other.port)) as port,
    ):
        wait_until(lambda: len(ask(port, "anef_figures_timestamp_seconds")) == 2)
        yield Month(prometheus=port, service=service, config=configs["local"], data=data)
    site.stop()
    control.stop()
