"""Each dashboard, drawn by Grafana's own front end on the demo: `make grafana-render`.

Not among the tests that `make test` collects: it needs Chromium and the packages of
`grafana/render/package.json`. The pictures stay in the folder that GRAFANA_RENDER names.
"""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.dashboards import FOLDER, load
from tests.support.documented import ROOT
from tests.support.rendered import faults
from tests.support.scraped import scraped

RENDER = ROOT / "grafana" / "render"
THEMES, WIDTHS = ("light", "dark"), (1280, 1920)
# Tables of SQL have their rows in tests/grafana: here is no PostgreSQL to ask.
DRAWN = sorted(
    str(path.relative_to(FOLDER).with_suffix(""))
    for path in FOLDER.rglob("*.json")
    if "rawSql" not in path.read_text(encoding="utf-8")
)
# On the loopback there is no authority that dates the journal, and no time server.
ABSENT = ("Les horodatages du journal",)
PLAYED_S = 75  # the outages of the demo, and its recoveries


@pytest.mark.timeout(1200)
def test_each_dashboard_is_drawn(tmp_path: Path) -> None:
    """One test: two workers would play the demo twice."""
    pictures = Path(os.environ.get("GRAFANA_RENDER", tmp_path / "pictures")).absolute()
    with scraped(tmp_path) as services:
        time.sleep(PLAYED_S)
        subprocess.run(
            [
                "node",
                RENDER / "render.mjs",
                f"--prometheus=http://127.0.0.1:{services.prometheus}",
                f"--vigie=http://127.0.0.1:{services.demo}",
                f"--out={pictures}",
                "--from=now-2m",
                "--var=target=anef",
                f"--themes={','.join(THEMES)}",
                f"--widths={','.join(map(str, WIDTHS))}",
                *DRAWN,
            ],
            check=True,
        )
    wrong = []
    for name in DRAWN:
        for theme in THEMES:
            for width in WIDTHS:
                stem = f"{name.replace('/', '-')}-{theme}-{width}"
                report = json.loads((pictures / f"{stem}.json").read_text())
                found = faults(report, load(FOLDER / f"{name}.json"))
                wrong += [f"{stem}: {fault}" for fault in found if not fault.startswith(ABSENT)]
    assert wrong == []
