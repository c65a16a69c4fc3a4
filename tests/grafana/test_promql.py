"""Every query of the dashboards has an answer, on a real Prometheus.

The demo that it scrapes lasts a minute: this is the longest test of the folder.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction
from functools import partial
from urllib.parse import urlencode

import pytest

from monitor.core.french.figure_sentences import highest, lowest
from monitor.core.french.formatting import percent, rounded
from tests.support.dashboards import FILES, FOLDER, filled, load, panels, promql, queries
from tests.support.prometheus import ask, has_rows
from tests.support.scraped import Scraped, scraped
from tests.support.service import PATIENT_S, vigie_here, wait_until

# Three points start, and a page must be read some times before its change is one.
DEMO_PATIENT_S = 4 * PATIENT_S
RATES = "Disponibilité des services nationaux (en %)"
# On the loopback there is no authority that dates the journal, and no time server.
ABSENT = ("anef_journal_last_stamp_timestamp_seconds", "anef_clock_offset_seconds")
QUERIES = sorted(
    {
        (path.stem, title, query)
        for path in FILES
        for title, query in queries(load(path))
        if not any(name in query for name in ABSENT)
    }
)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    with scraped(tmp_path_factory.mktemp("grafana")) as both:
        yield both


@pytest.mark.timeout(600)
def test_every_query_has_an_answer(services: Scraped) -> None:
    """One test: two workers would play the demo twice."""
    for dashboard, title, query in QUERIES:
        try:
            wait_until(
                partial(has_rows, services.prometheus, filled(query)), patience_s=DEMO_PATIENT_S
            )
        except AssertionError as error:
            raise AssertionError(f"{dashboard}: {title}: {query}") from error


@pytest.mark.timeout(600)
def test_a_number_is_that_of_the_command_and_of_the_page(services: Scraped) -> None:
    """What a table of rates asks for, with its variables, `vigie availability`, /disponibilite."""
    board = load(FOLDER / "communs" / "vue-ensemble.json")
    (table,) = (p for p in panels(board) if p["title"] == RATES)
    heads = {f"Value #{t['refId']}": filled(t["expr"]) for t in table["targets"]}
    (organize,) = (t["options"] for t in table["transformations"] if t["id"] == "organize")
    names = {organize["renameByName"][head]: query for head, query in heads.items()}
    shown = {}
    for name, query in names.items():
        wait_until(partial(has_rows, services.prometheus, query))
        rows = ask(services.prometheus, query)
        (shown[name],) = (
            float(row["value"][1]) for row in rows if row["metric"]["target"] == "cible-0"
        )
    (ends,) = ask(services.prometheus, 'anef_figures_timestamp_seconds{job="vigie"}')
    until = datetime.fromtimestamp(float(ends["value"][1]), UTC)
    since = until - timedelta(days=1)

    where = ("--config", services.config, "--data", services.data, "--target", "cible-0", "--json")
    span = ("--from", since.isoformat(), "--to", until.isoformat())
    (answer,) = json.loads(vigie_here("availability", *where, *span).stdout)
    low, central, high = (
        Fraction(answer["availability"][bound]) for bound in ("low", "central", "high")
    )
    coverage = Fraction(answer["coverage"])
    assert 0 < low < central < high < 1  # else a mistake could give the same number
    assert shown == {
        "Au plus bas": float(rounded(low, ROUND_FLOOR)),
        "Tel que relevé": pytest.approx(float(central * 100)),
        "Au plus haut": float(rounded(high, ROUND_CEILING)),
        "Couverture": float(rounded(coverage, ROUND_FLOOR)),
    }
    asked = urlencode({"de": "target:cible-0", "du": since.isoformat(), "au": until.isoformat()})
    page = services.service.get(f"/disponibilite?{asked}").decode()
    bounds = f"(entre {lowest(low)} et {highest(high)})"
    assert f"{percent(central)} du temps connu {bounds}" in page
    assert f"<dd>{lowest(coverage)} de la période" in page


def test_what_is_absent_on_the_loopback_is_asked_for_somewhere() -> None:
    every = " ".join(q for path in FILES for panel in panels(load(path)) for q in promql(panel))
    assert [name for name in ABSENT if name not in every] == []
