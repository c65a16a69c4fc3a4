"""`vigie dossier`: what it refuses, and in which words."""

from pathlib import Path

import pytest

from monitor.cli import main
from tests.support.dossiers import CONFIG, USAGERS, MadeRecord


def refused(made: MadeRecord, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    command = ["dossier", "--data", str(made.data), "--config", str(CONFIG), *options]
    assert main(command) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target", USAGERS), "Il manque le début de la période : --from"),
        (("--target", "nulle-part", "--from", "2026-11-22"), "aucune cible de ce nom"),
        (("--platform", "mars", "--from", "2026-11-22"), "mars : rien de ce nom ; connus : anef"),
        (("--department", "2C", "--from", "2026-11-22"), "2C : rien de ce nom"),
        (("--incident", "999999"), "Aucun incident n’a le numéro 999999"),
        (("--target", USAGERS, "--from", "2027-11-22"), "n’est pas après son début"),
        (
            ("--target", USAGERS, "--from", "2026-11-22", "--to", "2026-11-21"),
            "n’est pas après son début",
        ),
    ],
)
def test_a_question_without_a_dossier_is_refused_in_plain_words(
    made: MadeRecord,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    options: tuple[str, ...],
    words: str,
) -> None:
    out = tmp_path / "pieces"
    assert words in refused(made, capsys, *options, "--out", str(out))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(
    made: MadeRecord, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = "--target", USAGERS, "--from", "2026-11-22", "--to", "2026-11-23"
    assert "existe déjà" in refused(made, capsys, *options, "--out", str(tmp_path))


@pytest.mark.parametrize(
    "options",
    [
        ("--target", USAGERS, "--anef"),
        ("--target", USAGERS, "--expiry", "31/12/2026"),
        ("--target", USAGERS, "--first-number", "1000"),
        ("--target", USAGERS, "--first-number", "7", "--since-piece", "6"),
        (),
    ],
)
def test_options_that_mean_nothing_are_refused(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["dossier", *options])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "31/12/2026" not in error  # a date of expiry is shown nowhere
