"""A real Prometheus that scrapes two services: the demo, and one that has rates.

The demo has outages, changes and a journal, but lasts a minute; the other starts on a record of
days.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from monitor.core.french.formatting import PARIS
from tests.support.prometheus import ask, prometheus
from tests.support.recent_record import record_until_now
from tests.support.service import (
    LocalSite,
    Service,
    environment,
    free_port,
    running,
    wait_until,
    write_config,
)

_SLUGS = ("cible-0", "cible-1", "page-93")
_DEPARTMENT = """
department = "93"
city = "Bobigny"
platform = "essai"
[[target]]
slug = "page-93"
name = "Page"
url = "http://127.0.0.1:{site}/93"
kind = "page"
interval_s = 1
deadline_s = 1.0
slow_s = 0.9
source = "essai"
verified = "yes"
"""
_SETTINGS = """
[[figures.component]]
slug = "tout"
name = "Tout"
targets = ["cible-0", "cible-1"]
necessary = true
why = "essai"
"""
_MILESTONE = """
[[milestone]]
slug = "fin-des-six-mois"
date = {date}
name = "Une date"
source = "essai"
sure = "yes"
"""
_DEMO = """
  - job_name: demo
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@dataclass(frozen=True)
class Scraped:
    """The ports of Prometheus and of the demo; the service with a record of days."""

    prometheus: int
    demo: int
    service: Service
    config: Path
    data: Path


@contextmanager
def _demo(folder: Path) -> Iterator[int]:
    port = free_port()
    with (folder / "demo.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor.cli", "demo", "--data", str(folder / "demo")],
            env=environment(port),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def scraped(folder: Path) -> Iterator[Scraped]:
    """Start both services and their Prometheus, and wait until it has scraped each."""
    site, control = LocalSite(), LocalSite()
    config = write_config(folder / "config", site=site.port, control=control.port)
    main = config / "vigie.toml"
    main.write_text(main.read_text() + _SETTINGS)
    now = datetime.now(UTC)  # noqa: TID251 -- the service that follows has the clock of the machine
    yesterday = now.astimezone(PARIS).date() - timedelta(days=1)
    (config / "milestones.toml").write_text(_MILESTONE.format(date=yesterday))
    (config / "targets" / "prefectures").mkdir()
    department = config / "targets" / "prefectures" / "93.toml"
    department.write_text(_DEPARTMENT.format(site=site.port))
    data = folder / "data"
    data.mkdir()
    # As long before that day as since, at least, with an outage and a gap in the last 24 hours.
    record_until_now(data, _SLUGS, hours=100, down=range(1080, 1092), missed=range(1100, 1115))
    with (
        running(config, data) as service,
        _demo(folder) as demo,  # last, so that its first outage is scraped
        prometheus(folder, service=service.port, more=_DEMO.format(port=demo)) as port,
    ):
        wait_until(lambda: len(ask(port, 'anef_build_info{job=~"vigie|demo"}')) == 2)
        yield Scraped(prometheus=port, demo=demo, service=service, config=config, data=data)
    site.stop()
    control.stop()
