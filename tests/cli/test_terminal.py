"""No command gives the terminal a character that it would obey."""

from pathlib import Path

import pytest

from monitor.cli import main
from monitor.core.untrusted.printable import is_control

HOSTILE = "a\x1b]0;titre\x07\x9b31m\u202eb"
CONFIG = Path(__file__).parents[1] / "config" / "good"


@pytest.mark.parametrize(
    "words",
    [
        ["verify", HOSTILE],
        ["verify", HOSTILE, "--json"],
        ["verify", ".", "--key", HOSTILE],
        ["outages", "--config", str(CONFIG), "--data", HOSTILE],
        ["probe", HOSTILE, "--config", str(CONFIG)],
    ],
    ids=lambda words: " ".join(words[:1] + words[2:3]),
)
def test_what_is_printed_is_printable(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(words) != 0

    said = "".join(capsys.readouterr())
    assert "titre" in said
    assert not [char for char in said if is_control(char) and char != "\n"]
