"""Compose itself reads `compose.yaml`; test_containers.py says what it must hold."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.container
ROOT = Path(__file__).parents[2]


def test_compose_accepts_the_file() -> None:
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("docker-compose is not installed: scripts/packages container")
    for password, accepted in (("a password", True), ("", False)):
        read = subprocess.run(
            [compose, "config", "--quiet"],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"GRAFANA_PASSWORD": password},
        )
        assert (read.returncode == 0, read.stderr == "") == (accepted, accepted)
