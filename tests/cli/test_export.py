"""`vigie export`: what a stranger gets, verified as a stranger would."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.cli.export import file_days
from monitor.core.french.instants import instant_of
from monitor.evidence.log.mirror import verifier_sha256
from tests.support.service import LocalSite, running, vigie, wait_until, write_config


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Run the real service for some checks and stop it: its end is sealed."""
    folder = tmp_path_factory.mktemp("service")
    site, control = LocalSite(), LocalSite()
    config = write_config(folder / "config", site=site.port, control=control.port)
    with running(config, folder / "data") as service:
        wait_until(lambda: service.get("/metrics").count(b"anef_probes_total{") >= 2)
        assert service.stop() == 0
    site.stop()
    control.stop()
    return config, folder / "data"


def verified(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verifier.py"), str(folder)],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin"},
    )


def test_a_stranger_verifies_the_copy_and_finds_what_is_changed_in_it(
    recorded: tuple[Path, Path], tmp_path: Path
) -> None:
    config, data = recorded
    out = tmp_path / "copie"

    output = vigie("export", "--config", config, "--data", data, "--out", out)

    assert output.returncode == 0, output.stderr
    good = verified(out)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "relevés dont les octets concordent" in good.stdout
    readme = (out / "LISEZMOI.txt").read_text()
    assert "python3 -I AILLEURS/verifier.py" in readme
    assert verifier_sha256() in readme
    assert re.search(r"Établie le \d\d/\d\d/\d{4} à [\d:]{8} UTC\. [\d\s]+ feuilles?\.\n", readme)
    assert verifier_sha256() in output.stdout
    (capture,) = (out / "captures").iterdir()
    data_before = capture.read_bytes()
    capture.write_bytes(data_before[:-20] + bytes([data_before[-20] ^ 1]) + data_before[-19:])
    bad = verified(out)
    assert bad.returncode == 1
    assert capture.name in bad.stdout + bad.stderr


@pytest.mark.parametrize(
    ("first", "last", "files"),
    [
        ("2026-11-23", "2026-11-23", (date(2026, 11, 22), date(2026, 11, 23))),
        ("2026-07-01", "2026-07-31", (date(2026, 6, 30), date(2026, 7, 31))),
        ("2026-11-23T12:00", "2026-11-23T18:00", (date(2026, 11, 23), date(2026, 11, 23))),
    ],
)
def test_the_days_of_paris_lie_in_the_files_of_days_of_utc(
    first: str, last: str, files: tuple[date, date]
) -> None:
    assert file_days(instant_of(first), instant_of(last)) == files


def test_nothing_is_written_over(
    recorded: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, data = recorded

    code = main(["export", "--config", str(config), "--data", str(data), "--out", str(tmp_path)])

    assert code == 2
    assert "existe déjà" in capsys.readouterr().err


def test_without_a_journal_there_is_nothing_to_export(
    recorded: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no key is made of it."""
    config, _ = recorded
    (tmp_path / "vide").mkdir()
    words = ["export", "--config", str(config), "--data", str(tmp_path / "vide")]

    assert main([*words, "--out", str(tmp_path / "copie")]) == 2
    assert "vigie seal" in capsys.readouterr().err
    assert list((tmp_path / "vide").iterdir()) == []
