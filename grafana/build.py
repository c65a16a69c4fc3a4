"""Write the dashboards: `python -m grafana.build`. The tests compare what is written with this."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.incident import incident
from grafana.milestone import milestone
from grafana.operations import operations
from grafana.overview import overview
from grafana.prefectures import prefectures
from grafana.record import Record

FOLDER = Path(__file__).parent / "dashboards"


def dashboards() -> Iterator[tuple[str, Any]]:
    """Yield each file, by its place in `FOLDER`, and its builder."""
    yield "communs/vue-ensemble", overview()
    yield "communs/avant-apres", milestone()
    yield "communs/exploitation", operations()
    for record in Record:
        yield f"{record.value}/prefectures", prefectures(record)
        yield f"{record.value}/incident", incident(record)


def written() -> Iterator[tuple[Path, str]]:
    """Yield the file of each dashboard, and its text."""
    for name, builder in dashboards():
        dashboard = builder.build()
        for number, panel in enumerate(dashboard.panels, start=1):
            panel.id_val = number  # of its address: Grafana would choose one at each start
        text = JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(dashboard)
        yield FOLDER / f"{name}.json", f"{text}\n"


if __name__ == "__main__":
    for path, text in written():
        path.write_text(text, encoding="utf-8")
