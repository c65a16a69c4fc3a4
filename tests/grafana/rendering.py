"""Each dashboard, drawn by Grafana's own front end on the demo: `make grafana-render`.

Not among the tests that `make test` collects: it needs Chromium and the packages of
`grafana/render/package.json`. The pictures stay in the folder that GRAFANA_RENDER names.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from monitor.core.french.figure_sentences import highest, lowest
from monitor.core.french.formatting import percent
from monitor.figures.scopes import ANEF_NAME
from tests.grafana.test_sql import SQL, columns_and_rows, postgres, reader
from tests.support.dashboards import FILES, FOLDER, load
from tests.support.documented import ROOT
from tests.support.prometheus import ask, has_rows
from tests.support.rendered import faults, row
from tests.support.scraped import Scraped, scraped
from tests.support.service import vigie_here, wait_until

__all__ = ["postgres", "reader"]  # fixtures
RENDER = ROOT / "grafana" / "render"
THEMES, WIDTHS = ("light", "dark"), (1280, 1920)
# On the loopback there is no authority that dates the journal, and no time server.
ABSENT = ("Les horodatages du journal",)
SHOWN = timedelta(minutes=3)
# What panels need: the rates; a change of a page, which two checks confirm; and enough of the demo,
# which lasts a minute, to fill most of the period. Each wait is a part of it.
NEEDED = (
    "anef_milestone_availability_ratio",
    'anef_page_last_change_timestamp_seconds{job="demo"}',
    *(f'anef_build_info{{job="demo"}} offset {ago}s' for ago in (30, 60, 90, 120)),
)
RATES = "Disponibilité des ensembles (en %), avec ses bornes"


def answers(reader: psycopg.Connection[Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield the query of each table of SQL, and its columns as Grafana has them.

    They are of a small record of its own, not of the demo, and of all times.
    """
    for panel in SQL.values():
        columns, rows = columns_and_rows(reader, panel)
        (target,) = panel["targets"]
        yield (
            target["rawSql"],
            [
                {"name": name, **_field([row[index] for row in rows])}
                for index, name in enumerate(columns)
            ],
        )


def _field(values: list[Any]) -> dict[str, Any]:
    some = next((value for value in values if value is not None), None)
    if isinstance(some, datetime):
        return {"type": "time", "values": [one and one.timestamp() * 1000 for one in values]}
    if some is None or isinstance(some, str):
        return {"type": "string", "values": values}
    return {"type": "number", "values": [None if one is None else float(one) for one in values]}


def recorded(services: Scraped, to: datetime) -> tuple[list[str], str]:
    """Return the rates of 24 hours shown at an instant, as cells, and our page that has them.

    They are those of `vigie availability --json`.
    """
    query = f'anef_figures_timestamp_seconds{{job="vigie"}} @ {to.timestamp()}'
    (ends,) = ask(services.prometheus, query)
    until = datetime.fromtimestamp(float(ends["value"][1]), UTC)
    span = {"from": until - timedelta(days=1), "to": until}
    where = ("--config", services.config, "--data", services.data, "--anef", "--json")
    words = [word for name, at in span.items() for word in (f"--{name}", at.isoformat())]
    (answer,) = json.loads(vigie_here("availability", *where, *words).stdout)
    low, central, high = (
        Fraction(answer["availability"][bound]) for bound in ("low", "central", "high")
    )
    assert 0 < low < central < high < 1  # else a mistake could give the same number
    cells = [lowest(low), percent(central), highest(high), lowest(Fraction(answer["coverage"]))]
    asked = {"de": "anef:anef", "du": span["from"].isoformat(), "au": until.isoformat()}
    page = services.service.get(f"/disponibilite?{urlencode(asked)}").decode()
    return [re.sub(r",?0*\s%$", "", cell) for cell in cells], page


@pytest.mark.timeout(1800)
def test_each_dashboard_is_drawn(tmp_path: Path, reader: psycopg.Connection[Any]) -> None:
    """One test: two workers would play the demo twice."""
    pictures = Path(os.environ.get("GRAFANA_RENDER", tmp_path / "pictures")).absolute()
    record = tmp_path / "record.json"
    record.write_text(json.dumps(dict(answers(reader))))
    with scraped(tmp_path) as services:
        for query in NEEDED:
            wait_until(partial(has_rows, services.prometheus, query))
        to = datetime.now(UTC)  # noqa: TID251 -- of the demo, which has the clock of the machine
        subprocess.run(
            [
                "node",
                RENDER / "render.mjs",
                f"--prometheus=http://127.0.0.1:{services.prometheus}",
                f"--vigie=http://127.0.0.1:{services.demo}",
                f"--record={record}",
                f"--out={pictures}",
                f"--from={(to - SHOWN).isoformat()}",
                f"--to={to.isoformat()}",
                "--var=target=anef",
                f"--themes={','.join(THEMES)}",
                f"--widths={','.join(map(str, WIDTHS))}",
            ],
            check=True,
        )
        cells, page = recorded(services, to)
    low, central, high, coverage = (f"{cell}\N{NO-BREAK SPACE}%" for cell in cells)
    assert f"{central} du temps connu (entre {low} et {high})" in page
    assert f"<dd>{coverage} de la période" in page
    wrong = []
    for path in FILES:
        name = "-".join(path.relative_to(FOLDER).with_suffix("").parts)
        for theme in THEMES:
            for width in WIDTHS:
                report = json.loads((pictures / f"{name}-{theme}-{width}.json").read_text())
                found = [one for one in faults(report, load(path)) if not one.startswith(ABSENT)]
                if path.stem == "vue-ensemble" and row(report, RATES, ANEF_NAME)[:4] != cells:
                    found.append(f"{row(report, RATES, ANEF_NAME)} in place of {cells}")
                wrong += [f"{name} {theme} {width}: {fault}" for fault in found]
    assert wrong == []
