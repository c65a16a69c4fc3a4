"""A real Prometheus scrapes the real service, with the configuration that we ship.

Every query of docs/prometheus.md is run on it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.support.prometheus import ask, prometheus
from tests.support.recent_record import record_until_now
from tests.support.service import (
    LocalSite,
    Service,
    running,
    vigie_here,
    wait_until,
    write_config,
)

DOCUMENT = (Path(__file__).parents[2] / "docs" / "prometheus.md").read_text(encoding="utf-8")
QUERIES = re.findall(r"^```promql\n(.+)\n```$", DOCUMENT, re.MULTILINE)
(BLACKBOX,) = re.findall(r"^```yaml\n(.+?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
SLUGS = ("cible-0", "cible-1")
COMPONENT = """
[[figures.component]]
slug = "tout"
name = "Tout"
targets = ["cible-0", "cible-1"]
necessary = true
why = "essai"
"""


@dataclass(frozen=True)
class Scraped:
    """A service with a day of record, and the port of the Prometheus that scrapes it."""

    config: Path
    data: Path
    service: Service
    site: int
    port: int


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    folder = tmp_path_factory.mktemp("prometheus")
    site, control = LocalSite(), LocalSite()
    config = write_config(folder / "config", site=site.port, control=control.port)
    main = config / "vigie.toml"
    main.write_text(main.read_text() + COMPONENT)
    data = folder / "data"
    data.mkdir()
    record_until_now(data, SLUGS)
    blackbox = BLACKBOX.replace("[anef-sso, anef-usagers]", f"[{', '.join(SLUGS)}]")
    with (
        running(config, data) as service,
        prometheus(folder, service=service.port, more=blackbox) as port,
    ):
        wait_until(lambda: len(ask(port, "probe_success{job='vigie'} == 1")) == 2)
        yield Scraped(config, data, service, site.port, port)
    site.stop()
    control.stop()


def test_prometheus_reads_every_target_under_our_own_labels(scraped: Scraped) -> None:
    """`instance` stays the watched URL: the shipped configuration honours our labels."""
    labels = ask(scraped.port, 'probe_success{job="vigie",target="cible-0"}')[0]["metric"]
    ratio = ask(scraped.port, "anef_control_success_ratio")[0]["value"][1]

    assert labels["instance"] == f"http://127.0.0.1:{scraped.site}/page/0"
    assert (labels["module"], labels["platform"], labels["point"]) == ("page", "essai", "local")
    assert ratio == "1"


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_of_the_document_has_an_answer(scraped: Scraped, query: str) -> None:
    wait_until(lambda: bool(ask(scraped.port, query)))


def test_the_document_has_queries() -> None:
    assert len(QUERIES) > 10
    assert len(QUERIES) == DOCUMENT.count("```promql")


def test_a_rate_is_that_of_the_command_and_of_the_interface(scraped: Scraped) -> None:
    window = 'target="cible-0",window="24h"'
    wait_until(lambda: len(ask(scraped.port, f"anef_availability_ratio{{{window}}}")) == 3)
    end = datetime.fromtimestamp(
        float(ask(scraped.port, "anef_figures_timestamp_seconds")[0]["value"][1]), UTC
    )
    span = ("--from", (end - timedelta(days=1)).isoformat(), "--to", end.isoformat())
    where = ("--config", scraped.config, "--data", scraped.data)
    asked = vigie_here("availability", *where, "--target", "cible-0", *span, "--json")
    (answer,) = json.loads(asked.stdout)
    query = urlencode(
        {
            "target": "cible-0",
            "from": (end - timedelta(days=1)).isoformat(),
            "to": end.isoformat(),
        }
    )
    (same,) = json.loads(scraped.service.get(f"/api/v1/availability?{query}"))["availability"]
    for figure in ("availability", "coverage", "state_us"):
        assert same[figure] == answer[figure]

    rates = {
        row["metric"]["bound"]: float(row["value"][1])
        for row in ask(scraped.port, f"anef_availability_ratio{{{window}}}")
    }
    assert rates == {bound: answer["availability"][bound] for bound in ("low", "central", "high")}
    assert rates["low"] < rates["central"] < rates["high"] < 1
    (coverage,) = ask(scraped.port, f"anef_coverage_ratio{{{window}}}")
    assert float(coverage["value"][1]) == answer["coverage"]


def test_the_probes_of_blackbox_exporter_are_its_dashboards(scraped: Scraped) -> None:
    """Its labels are the scrape's own: the slug is the instance, as its dashboards expect."""
    query = 'probe_success{job="blackbox"} == 1'
    wait_until(lambda: len(ask(scraped.port, query)) == 2)

    rows = ask(scraped.port, query)
    assert sorted(row["metric"]["instance"] for row in rows) == list(SLUGS)
    assert all("target" not in row["metric"] for row in rows)
    assert ask(scraped.port, 'up{job="blackbox"} == 0') == []
