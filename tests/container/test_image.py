"""The image, really built and started. `make container`."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container import image

pytestmark = [
    pytest.mark.container,
    pytest.mark.timeout(600),  # the first set-up makes a base and builds the image
    pytest.mark.skipif(os.geteuid() != 0, reason="buildah's chroot and a network need root"),
]
BUILDAHS_OWN = {"/run/.containerenv"}  # written anew at each run


@pytest.fixture(scope="module")
def built() -> Iterator[str]:
    made = image.build()
    yield made
    image.buildah("rmi", made)


@pytest.fixture(scope="module")
def service(built: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[image.Service]:
    with image.serving(built, log=tmp_path_factory.mktemp("container") / "log") as started:
        started.wait()
        yield started


def test_it_serves_the_real_list_and_without_a_network_accuses_nobody(
    service: image.Service,
) -> None:
    assert service.run("vigie", "check-config").returncode == 0
    assert service.get("/sante")
    assert json.loads(service.run("vigie", "outages", "--json").stdout)["outages"] == []


def test_it_runs_as_a_number_and_keeps_its_record_in_its_volume(service: image.Service) -> None:
    owner = service.run("stat", "--format=%u:%g", "/data/vigie.sqlite")
    assert owner.stdout == f"{image.USER}:{image.USER}\n"
    assert not (service.root / "data" / "vigie.sqlite").exists()


def test_it_holds_no_tool_of_its_making_and_nothing_of_the_machine(built: str) -> None:
    container = image.buildah("from", built)
    try:
        root = Path(image.buildah("mount", container))
        held, owner = image.files(root), (root / "data").stat().st_uid
    finally:
        image.buildah("rm", container)
    assert owner == image.USER
    assert "/app/bin/vigie" in held
    assert held.keys().isdisjoint({"/app/bin/pip", "/app/bin/uv", "/etc/pip.conf"})
    config = json.loads(image.buildah("inspect", "--type=image", built))["Docker"]["config"]
    assert {setting.split("=")[0] for setting in config["Env"]} == {
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
        "VIGIE_LISTEN",
    }
    assert config["Healthcheck"]["Test"] == ["CMD", "vigie", "health"]


def test_it_writes_in_its_volume_only_and_stops_when_asked(built: str, tmp_path: Path) -> None:
    """Its root can be read-only, as in compose.yaml; SIGTERM drains and is no failure."""
    with image.serving(built, log=tmp_path / "log") as started:
        before = image.files(started.root)
        started.wait()
        assert started.stop() == 0, started.log.read_text()[-4_000:]
        after = image.files(started.root)
    changed = {path for path in before.keys() | after if before.get(path) != after.get(path)}
    assert [] == sorted(changed - BUILDAHS_OWN)
