"""Every query of the dashboards has an answer, on a real Prometheus.

It scrapes two services: `vigie demo`, with outages, changes and a journal, and one that starts on
a record of days, which has rates. The demo lasts a minute: this is the longest test of the folder.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from monitor.core.french.formatting import PARIS
from tests.support.dashboards import FILES, filled, load, panels, promql
from tests.support.prometheus import ask, prometheus
from tests.support.recent_record import record_until_now
from tests.support.service import (
    LocalSite,
    environment,
    free_port,
    running,
    wait_until,
    write_config,
)

SLUGS = ("cible-0", "cible-1", "page-93")
DEPARTMENT = """
department = "93"
name = "Seine-Saint-Denis"
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
SETTINGS = """
[[figures.component]]
slug = "tout"
name = "Tout"
targets = ["cible-0", "cible-1"]
necessary = true
why = "essai"
"""
MILESTONE = """
[[milestone]]
slug = "fin-des-six-mois"
date = {date}
name = "Une date"
source = "essai"
sure = "yes"
"""
DEMO = """
  - job_name: demo
    honor_labels: true
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
# On the loopback there is no authority that dates the journal, and no time server.
ABSENT = ("anef_journal_last_stamp_timestamp_seconds", "anef_clock_offset_seconds")
QUERIES = sorted(
    {
        (path.stem, panel["title"], query)
        for path in FILES
        for panel in panels(load(path))
        for query in promql(panel)
        if not any(name in query for name in ABSENT)
    }
)


@contextmanager
def demo(folder: Path) -> Iterator[int]:
    """Start the demo, and give its port."""
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


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Give the port of a Prometheus that has scraped both services."""
    folder = tmp_path_factory.mktemp("grafana")
    site, control = LocalSite(), LocalSite()
    config = write_config(folder / "config", site=site.port, control=control.port)
    main = config / "vigie.toml"
    main.write_text(main.read_text() + SETTINGS)
    now = datetime.now(UTC)  # noqa: TID251 -- the service that follows has the clock of the machine
    yesterday = now.astimezone(PARIS).date() - timedelta(days=1)
    (config / "milestones.toml").write_text(MILESTONE.format(date=yesterday))
    (config / "targets" / "prefectures").mkdir()
    department = config / "targets" / "prefectures" / "93.toml"
    department.write_text(DEPARTMENT.format(site=site.port))
    data = folder / "data"
    data.mkdir()
    record_until_now(data, SLUGS, hours=100)  # as long before that day as since, at least
    with (
        demo(folder) as demo_port,
        running(config, data) as service,
        prometheus(folder, service=service.port, more=DEMO.format(port=demo_port)) as port,
    ):
        wait_until(lambda: len(ask(port, 'anef_build_info{job=~"vigie|demo"}')) == 2)
        yield port
    site.stop()
    control.stop()


@pytest.mark.timeout(600)
def test_every_query_has_an_answer(port: int) -> None:
    """One test: two workers would play the demo twice."""
    for dashboard, title, query in QUERIES:
        try:
            wait_until(partial(_has_rows, port, filled(query)))
        except AssertionError as error:
            raise AssertionError(f"{dashboard}: {title}: {query}") from error


def _has_rows(port: int, query: str) -> bool:
    return bool(ask(port, query))


def test_what_is_absent_on_the_loopback_is_asked_for_somewhere() -> None:
    every = " ".join(q for path in FILES for panel in panels(load(path)) for q in promql(panel))
    assert [name for name in ABSENT if name not in every] == []
