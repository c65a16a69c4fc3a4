"""What the container files promise, as far as it can be read from them alone.

`make lint` runs hadolint on the Dockerfile; `make container` builds the image, starts it, and
has Compose itself read `compose.yaml`.
"""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = "vigie"

each_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def megabytes(text: str) -> int:
    matched = re.fullmatch(r"(\d+)m", text)
    assert matched, text
    return int(matched[1])


@each_service
def test_a_service_can_do_no_more_than_it_needs(service: dict[str, Any]) -> None:
    """An intruder finds a read-only root, no capability and no way to gain one."""
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service


@each_service
def test_a_published_port_is_bound_to_the_loopback(service: dict[str, Any]) -> None:
    """Docker's own rules pass before a firewall: a bare port would be open to the world."""
    assert [] == [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")]


@each_service
def test_a_service_says_whether_it_works(service: dict[str, Any]) -> None:
    assert "healthcheck" in service or "build" in service
    assert service["restart"] == "unless-stopped"


def test_the_image_carries_its_own_health_check() -> None:
    assert 'CMD ["vigie", "health"]' in DOCKERFILE


def test_every_service_fits_together_in_one_gigabyte() -> None:
    assert sum(megabytes(service["mem_limit"]) for service in SERVICES.values()) < 1000


@pytest.mark.parametrize(
    "image",
    [
        *(service["image"] for name, service in SERVICES.items() if name != OURS),
        *re.findall(r"^ARG BASE=(.+)$", DOCKERFILE, re.MULTILINE),
    ],
)
def test_an_image_is_pinned_by_digest(image: str) -> None:
    """A tag can be moved; with both, a reader sees which version the digest is."""
    assert re.fullmatch(r"[a-z/]+:[\w.-]+@sha256:[0-9a-f]{64}", image)


def test_an_order_of_start_waits_for_health() -> None:
    for service in SERVICES.values():
        for needed, condition in service.get("depends_on", {}).items():
            assert needed in SERVICES
            assert condition == {"condition": "service_healthy"}


def test_what_is_mounted_from_the_host_is_in_the_repository() -> None:
    """Docker would make an empty folder, owned by root, in place of a missing source."""
    mounts = [mount for service in SERVICES.values() for mount in service["volumes"]]
    for source, *_ in (mount.split(":") for mount in mounts):
        assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def test_the_image_of_compose_bears_the_version_of_the_package() -> None:
    version = re.search(r'__version__ = "(.+)"', (ROOT / "monitor/__init__.py").read_text())
    assert version
    assert SERVICES[OURS]["image"] == f"vigie-anef:{version[1]}"


def test_one_port_everywhere() -> None:
    scraped = yaml.safe_load((ROOT / "config/prometheus/prometheus.yml").read_text())
    assert "EXPOSE 8600" in DOCKERFILE
    assert "VIGIE_LISTEN=0.0.0.0:8600" in DOCKERFILE
    assert SERVICES[OURS]["ports"] == ["127.0.0.1:8600:8600"]
    assert scraped["scrape_configs"][0]["static_configs"] == [{"targets": ["vigie:8600"]}]


def test_the_image_never_runs_as_root_and_gets_its_signals() -> None:
    """The exec form has no shell between a signal and the program."""
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER \d+:\d+$", final, re.MULTILINE)
    assert re.search(r"^ENTRYPOINT \[", final, re.MULTILINE)
    assert re.search(r"^CMD \[", final, re.MULTILINE)
    assert "STOPSIGNAL SIGTERM" in final
    assert "VOLUME /data" in final


def test_the_build_sees_all_that_it_copies_and_nothing_else() -> None:
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert {path.split("/")[0] for path in allowed} == copied
    for path in allowed:
        assert (ROOT / path).exists(), path


def test_the_package_needs_nothing_that_the_build_leaves_out() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "readme" not in project
    assert project["license-files"] == ["LICENSE"]


def test_prometheus_accepts_its_configuration() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: scripts/packages test")
    checked = subprocess.run(
        [promtool, "check", "config", ROOT / "config/prometheus/prometheus.yml"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr


def test_no_password_is_a_known_one() -> None:
    """Compose refuses to start without a value where `:?` stands."""
    given = SERVICES["grafana"]["environment"]["GF_SECURITY_ADMIN_PASSWORD"]
    assert given.startswith("${GRAFANA_PASSWORD:?")
