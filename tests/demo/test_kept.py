"""`vigie demo`: what becomes of its record, and what its end says."""

from pathlib import Path

import pytest

from monitor.cli import demo, main
from monitor.runtime import logs, process_setup


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Play no scene, but leave a file where its record would be; return these folders."""
    played: list[Path] = []

    def play(data: Path, *, once: bool) -> None:
        assert once
        (data / "vigie.sqlite").write_text("the record")
        played.append(data)

    monkeypatch.setattr(demo, "_run", play)
    monkeypatch.setattr(logs, "configure", lambda **_: None)
    monkeypatch.setattr(process_setup, "prepare", lambda: None)
    return played


def test_the_record_is_kept_where_it_was_asked_and_the_end_says_what_to_try(
    folders: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["demo", "--once", "--data", "essai"]) == 0

    assert folders == [tmp_path / "essai"]
    assert (tmp_path / "essai" / "vigie.sqlite").exists()
    output = capsys.readouterr().out
    for command in ("outages", "changes", "verify", "export"):
        assert f"  vigie {command} " in output


def test_a_folder_that_holds_something_is_left_alone(
    folders: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_text("")

    assert main(["demo", "--once", "--data", str(tmp_path)]) == 2

    assert folders == []
    assert "donner un dossier neuf ou vide" in capsys.readouterr().err


def test_without_a_folder_it_is_thrown_away_and_that_is_said(
    folders: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--once"]) == 0

    (folder,) = folders
    assert not folder.exists()
    assert "--data" in capsys.readouterr().out
