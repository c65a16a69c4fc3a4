"""Write the dashboards: `python -m grafana.build`. The tests compare what is written with this."""

from collections.abc import Iterator
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.overview import overview

FOLDER = Path(__file__).parent / "dashboards"


def written() -> Iterator[tuple[Path, str]]:
    """Yield the file of each dashboard, and its text."""
    for name, result in {"vue-ensemble": overview()}.items():
        dashboard = result.build()
        for number, panel in enumerate(dashboard.panels, start=1):
            panel.id_val = number  # of its address: Grafana would choose one at each start
        text = JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(dashboard)
        yield FOLDER / f"{name}.json", f"{text}\n"


if __name__ == "__main__":
    for path, text in written():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
