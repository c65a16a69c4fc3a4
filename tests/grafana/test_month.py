"""What the dashboards say of a bad record, on a real Prometheus: nothing that is not known."""

from collections.abc import Iterator
from functools import partial
from math import isnan
from pathlib import Path

import pytest

from grafana.states import NUMBERS
from monitor.core.model import Verdict
from tests.support.dashboards import FOLDER, VALUES, filled, load, panels
from tests.support.month_scraped import (
    BETTER,
    GAP,
    HOSTILE,
    HOSTILE_NAME,
    NEARLY,
    NEVER,
    OPEN,
    WORST,
    Month,
    month_scraped,
)
from tests.support.prometheus import ask, has_rows
from tests.support.service import wait_until

PREFECTURES, INCIDENT = FOLDER / "sqlite" / "prefectures.json", FOLDER / "sqlite" / "incident.json"
RATES = "Disponibilité de chaque page (en %), la pire d’abord"
PER_PAGE = ("Au plus bas", "Tel que relevé", "Au plus haut", "Panne au moins")
HERE = VALUES | {"job": "vigie", "point": "local", "window": "30d"}


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    with month_scraped(tmp_path_factory.mktemp("month")) as service:
        yield service


def table(
    month: Month, path: Path, title: str, values: dict[str, str] = HERE
) -> dict[str, dict[str, float]]:
    """Return the numbers of a table of targets: by column, then by target."""
    (panel,) = (one for one in panels(load(path)) if one["title"] == title)
    (organize,) = (t["options"] for t in panel["transformations"] if t["id"] == "organize")
    shown = {}
    for target in panel["targets"]:
        rows = ask(month.prometheus, filled(target["expr"], values))
        head = f"Value #{target['refId']}" if len(panel["targets"]) > 1 else "Value"
        shown[organize["renameByName"][head]] = {
            row["metric"]["target"]: float(row["value"][1]) for row in rows
        }
    return shown


def state(month: Month, target: str) -> str:
    """Return the query of the tile of a target on the dashboard of an incident."""
    del month
    (panel,) = (one for one in panels(load(INCIDENT)) if one["title"] == "Maintenant")
    return filled(panel["targets"][0]["expr"], HERE | {"target": target})


@pytest.mark.timeout(900)
def test_a_bad_record_is_shown_as_what_is_known(month: Month) -> None:
    """One test: two workers would start the services twice."""
    wait_until(lambda: has_rows(month.prometheus, state(month, NEVER)))
    rates = table(month, PREFECTURES, RATES)
    low, central, high, least = (rates[name] for name in PER_PAGE)
    # Which were worst, and how sure is that: two cannot be told apart, and both are worse than all.
    worst = sorted(least, key=lambda page: least[page], reverse=True)
    assert set(worst[:2]) == {WORST, NEARLY}
    assert low[WORST] <= high[NEARLY]
    assert low[NEARLY] <= high[WORST]
    assert max(high[WORST], high[NEARLY]) < low[BETTER]
    assert all(low[page] <= central[page] <= high[page] for page in low)
    # No rate without coverage, and each page has its coverage.
    coverage = rates["Couverture"]
    assert 0 < coverage[GAP] < 90
    assert coverage[NEVER] == 0
    assert set(low) == {WORST, NEARLY, BETTER, OPEN, HOSTILE}
    assert set(coverage) == {*low, GAP, NEVER}
    # What was never measured is unknown, in its own tile and for its department.
    for page in (NEVER, OPEN):
        (tile,) = ask(month.prometheus, state(month, page))
        expected = Verdict.UNKNOWN if page == NEVER else Verdict.DOWN
        assert float(tile["value"][1]) == NUMBERS[expected]
    # An outage that is open still is said to be, with what framed its beginning.
    last = table(
        month,
        INCIDENT,
        "La dernière indisponibilité confirmée de la période",
        HERE | {"target": OPEN},
    )
    assert last["En cours"] == {OPEN: 1}
    assert last["Dernier bon relevé"][OPEN] < last["Premier échec"][OPEN]
    # Without an outage, the columns stay and have no value.
    none = table(
        month,
        INCIDENT,
        "La dernière indisponibilité confirmée de la période",
        HERE | {"target": HOSTILE},
    )
    assert isnan(none["Premier échec"][HOSTILE])
    # A name is only a name.
    (named,) = ask(month.prometheus, state(month, HOSTILE))
    assert HOSTILE_NAME.split()[0] in named["metric"]["name"]
    # The other point has seen a few seconds of the month: no rate, and none of this point's.
    other = table(month, PREFECTURES, RATES, HERE | {"job": "other", "point": "ailleurs"})
    assert all(map(isnan, other["Au plus haut"].values()))
    assert max(other["Couverture"].values()) < 1
    # A service that has stopped says no last state.
    month.service.kill()
    wait_until(lambda: not has_rows(month.prometheus, state(month, OPEN)))
    wait_until(partial(_has_none, month, "Chaque cible\u00a0: son état, et depuis quand"))


def _has_none(month: Month, title: str) -> bool:
    return not any(table(month, FOLDER / "communs" / "vue-ensemble.json", title, HERE).values())
