"""A small configuration that is good, to be spoilt one fault at a time."""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the good configuration."""
    return Path(shutil.copytree(HERE / "good", tmp_path / "config"))


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """Return a copy of the configuration that comes with the program."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "shipped"))
