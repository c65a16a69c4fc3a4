"""Every query of the dashboards has an answer, on a real Prometheus.

The demo that it scrapes lasts a minute: this is the longest test of the folder.
"""

from collections.abc import Iterator
from functools import partial

import pytest

from tests.support.dashboards import FILES, filled, load, panels, promql
from tests.support.prometheus import ask
from tests.support.scraped import scraped
from tests.support.service import wait_until

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


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Give the port of a Prometheus that has scraped both services."""
    with scraped(tmp_path_factory.mktemp("grafana")) as services:
        yield services.prometheus


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
