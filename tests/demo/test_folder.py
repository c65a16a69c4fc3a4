"""The folder that the demo writes is a configuration like any other."""

from dataclasses import replace
from pathlib import Path

from monitor.config import load
from monitor.core.model import Target
from monitor.demo import config_folder, sites

FINGERPRINTS = Path(__file__).parents[2] / "config" / "fingerprints.toml"
PORT = 44_300


def test_the_folder_loads_and_says_what_the_cast_says(tmp_path: Path) -> None:
    config_folder.write(
        tmp_path, port=PORT, ca_path=tmp_path / "racine.pem", fingerprints=FINGERPRINTS
    )
    (tmp_path / "racine.pem").touch()
    config = load(tmp_path)

    def bare(target: Target) -> Target:
        return replace(target, group="", city="")

    wanted = {target.slug: target for target in sites.targets(port=PORT)}
    assert {target.slug: bare(target) for target in config.targets} == wanted
    assert {slug: platform.hosts for slug, platform in config.platforms.items()} == {
        platform.slug: platform.hosts for platform in sites.PLATFORMS
    }
    assert config.allow_private
    assert len(config.controls.hosts) == len(sites.CONTROLS)


def test_every_target_belongs_to_the_platform_that_its_host_says(tmp_path: Path) -> None:
    config_folder.write(
        tmp_path, port=PORT, ca_path=tmp_path / "racine.pem", fingerprints=FINGERPRINTS
    )
    (tmp_path / "racine.pem").touch()
    config = load(tmp_path)
    for target in config.targets:
        host = target.url.split("/")[2].split(":")[0]
        assert config.lane_of(host) == target.platform
