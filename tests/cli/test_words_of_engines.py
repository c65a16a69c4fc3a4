"""A command speaks of the database that is there, not of another engine's files."""

from pathlib import Path

import pytest

from monitor.cli import main
from tests.support.databases import database_url, postgres, sqlite_template

__all__ = ["database_url", "postgres", "sqlite_template"]

CONFIG = Path(__file__).parents[1] / "config" / "good"


def test_rebuild_says_how_to_put_this_database_aside(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VIGIE_DATABASE_URL", database_url)

    assert main(["rebuild", "--config", str(CONFIG), "--data", str(tmp_path)]) == 2

    output = capsys.readouterr().err
    assert "Mettez-la de côté" in output
    sqlite = database_url.startswith("sqlite")
    assert [word in output for word in ("-wal", "-shm", "fichier")] == [sqlite] * 3
