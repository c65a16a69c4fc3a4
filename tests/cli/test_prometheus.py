"""A real Prometheus scrapes the real service, with the configuration that we ship."""

from pathlib import Path

from tests.support.prometheus import ask, prometheus
from tests.support.service import LocalSite, running, wait_until, write_config


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
