"""What refuses to start does not say that its page is there."""

import shutil
from pathlib import Path

import pytest

from monitor.cli import main
from tests.support.databases import sqlite_template
from tests.support.service_days import open_store

__all__ = ["sqlite_template"]

CONFIG = Path(__file__).parents[1] / "config" / "good"


def test_no_page_is_announced_when_the_database_is_held_by_another(
    sqlite_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VIGIE_LISTEN", "127.0.0.1:0")
    path = Path(shutil.copy(sqlite_template, tmp_path / "vigie.sqlite"))

    with open_store(f"sqlite:///{path}"):
        code = main(["run", "--config", str(CONFIG), "--data", str(tmp_path)])

    output = capsys.readouterr()
    assert code == 2
    assert "Arrêtez-le" in output.err
    assert "Page :" not in output.out + output.err
