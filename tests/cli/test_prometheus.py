"""A real Prometheus scrapes the real service, with the configuration that we ship."""

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import LocalSite, free_port, running, wait_until, write_config

SHIPPED = Path(__file__).parents[2] / "config" / "prometheus" / "prometheus.yml"


@contextmanager
def prometheus(folder: Path, *, service: int) -> Iterator[int]:
    """Start Prometheus on the shipped configuration, but for the addresses and the pace."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is missing (Debian package prometheus)")
    port = free_port()
    text = SHIPPED.read_text().replace("vigie:8600", f"127.0.0.1:{service}")
    text = text.replace("localhost:9090", f"127.0.0.1:{port}")
    text = text.replace("1m", "1s").replace("10s", "1s")
    (folder / "prometheus.yml").write_text(text)
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(60)


def ask(port: int, query: str) -> list[dict[str, Any]]:
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
    except urllib.error.URLError:
        return []
    return result


def test_prometheus_reads_every_target_under_our_own_labels(tmp_path: Path) -> None:
    """`instance` stays the watched URL: the shipped configuration honours our labels."""
    site, control = LocalSite(), LocalSite()
    config = write_config(tmp_path / "config", site=site.port, control=control.port)
    with (
        running(config, tmp_path / "data") as service,
        prometheus(tmp_path, service=service.port) as port,
    ):
        wait_until(lambda: len(ask(port, "probe_success == 1")) == 2)
        found = ask(port, 'probe_success{target="cible-0"}')[0]["metric"]
        ratio = ask(port, "anef_control_success_ratio")[0]["value"][1]

    assert found["instance"] == f"http://127.0.0.1:{site.port}/page/0"
    assert (found["module"], found["platform"], found["point"]) == ("page", "essai", "local")
    assert ratio == "1"
    site.stop()
    control.stop()
