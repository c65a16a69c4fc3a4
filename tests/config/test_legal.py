"""A site is not served to the public before it says who publishes and who hosts it."""

import shutil
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.config.files.local import LOCAL
from monitor.config.rules.legal import FACTS, missing_facts
from monitor.config.schema import LegalEntry
from tests.config.conftest import SHIPPED

IDENTITY = """
[publisher]
association = "Les Amis"
site = "https://vigie.amis.fr/"
[service]
contact = "vigie@amis.fr"
"""


def configured(folder: Path, local: str) -> Path:
    """Copy the shipped configuration, with a local file."""
    shutil.copytree(SHIPPED, folder, dirs_exist_ok=True)
    (folder / LOCAL).write_text(local, encoding="utf-8")
    return folder


def legal(*, without: str = "") -> str:
    lines = [f'{key} = "Un fait"' for key in FACTS if key != without]
    return "\n".join(["[legal]", *lines])


def check(folder: Path, *more: str) -> int:
    return main(["check-config", "--config", str(folder), *more])


def test_all_that_is_missing_is_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(configured(tmp_path, ""), "--public") == 2
    told = capsys.readouterr().err
    for key in FACTS:
        assert f"local.toml: legal.{key}: (absente): un site public doit le dire" in told
    assert "publisher.association" in told
    assert "service.contact" in told
    assert "article 1-1" in told


@pytest.mark.parametrize("key", FACTS)
def test_one_missing_fact_is_enough_to_refuse(
    key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(configured(tmp_path, IDENTITY + legal(without=key)), "--public") == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "local.toml" in line]
    assert f"legal.{key}" in line
    assert FACTS[key] in line


def test_a_site_with_all_its_facts_may_be_public(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(configured(tmp_path, IDENTITY + legal()), "--public") == 0
    assert "Rien ne manque pour servir un site public." in capsys.readouterr().out


def test_a_public_service_does_not_start_without_its_facts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It refuses before it listens, makes a folder or asks a site for anything."""
    config, data = configured(tmp_path / "config", IDENTITY + legal(without="host")), tmp_path / "d"
    words = ["run", "--public", "--config", str(config), "--data", str(data)]
    assert main(words) == 2
    assert "legal.host" in capsys.readouterr().err
    assert not data.exists()


def test_without_the_option_nothing_is_refused(tmp_path: Path) -> None:
    assert check(configured(tmp_path, "")) == 0


def test_legal_facts_change_no_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check(configured(tmp_path / "a", IDENTITY))
    check(configured(tmp_path / "b", IDENTITY + legal()))
    digests = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("Empreinte")
    ]
    assert len(set(digests)) == 1


def test_the_facts_are_those_of_the_table() -> None:
    assert set(FACTS) == set(LegalEntry.model_fields)
    assert missing_facts(LegalEntry()) == tuple(FACTS)
