"""Each dashboard, drawn by Grafana's own front end on the demo: `make grafana-render`.

Not among the tests that `make test` collects: it needs Chromium and the packages of
`grafana/render/package.json`. The pictures stay in the folder that GRAFANA_RENDER names.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.grafana.test_sql import SQL, columns_and_rows, postgres, reader
from tests.support.dashboards import FILES, FOLDER, load
from tests.support.documented import ROOT
from tests.support.rendered import faults
from tests.support.scraped import scraped

__all__ = ["postgres", "reader"]  # fixtures
RENDER = ROOT / "grafana" / "render"
THEMES, WIDTHS = ("light", "dark"), (1280, 1920)
# On the loopback there is no authority that dates the journal, and no time server.
ABSENT = ("Les horodatages du journal",)
PLAYED_S = 75  # the outages of the demo, and its recoveries


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


@pytest.mark.timeout(1800)
def test_each_dashboard_is_drawn(tmp_path: Path, reader: psycopg.Connection[Any]) -> None:
    """One test: two workers would play the demo twice."""
    pictures = Path(os.environ.get("GRAFANA_RENDER", tmp_path / "pictures")).absolute()
    record = tmp_path / "record.json"
    record.write_text(json.dumps(dict(answers(reader))))
    with scraped(tmp_path) as services:
        time.sleep(PLAYED_S)
        subprocess.run(
            [
                "node",
                RENDER / "render.mjs",
                f"--prometheus=http://127.0.0.1:{services.prometheus}",
                f"--vigie=http://127.0.0.1:{services.demo}",
                f"--record={record}",
                f"--out={pictures}",
                "--from=now-2m",
                "--var=target=anef",
                f"--themes={','.join(THEMES)}",
                f"--widths={','.join(map(str, WIDTHS))}",
            ],
            check=True,
        )
    wrong = []
    for path in FILES:
        name = "-".join(path.relative_to(FOLDER).with_suffix("").parts)
        for theme in THEMES:
            for width in WIDTHS:
                report = json.loads((pictures / f"{name}-{theme}-{width}.json").read_text())
                found = [one for one in faults(report, load(path)) if not one.startswith(ABSENT)]
                wrong += [f"{name} {theme} {width}: {fault}" for fault in found]
    assert wrong == []
