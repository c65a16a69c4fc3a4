"""A record and an export made before the program was put into rooms: good in the one of today.

`fixtures/record-before-rooms.tar.xz` was made by commit f853593: `vigie demo --once --data data`,
`vigie export`, and `pg_dump` of what `vigie migrate --to postgresql://…` made of the same store.
Its key is worth nothing.
"""

import json
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import Postgres, postgres
from tests.support.service import vigie_here

__all__ = ["postgres"]

ROOT = Path(__file__).parents[2]
ARCHIVE = ROOT / "tests" / "fixtures" / "record-before-rooms.tar.xz"
LEAVES = 925

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "data" / "journal.key").chmod(0o600)
    settings = tmp_path / "data" / "config" / "vigie.toml"
    text, count = re.subn('extra_ca = ".*"\n', "", settings.read_text())  # where it was made
    assert count == 1
    settings.write_text(text)
    return tmp_path


@pytest.fixture(params=["sqlite", "postgresql"])
def data(
    request: pytest.FixtureRequest, old: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give the data folder, whose database is of one engine, then of the other."""
    folder = old / "data"
    if request.param == "sqlite":
        yield folder
        return
    (folder / "vigie.sqlite").unlink()
    server: Postgres = request.getfixturevalue("postgres")
    with server.server.database() as url:
        subprocess.run(
            ["psql", "--quiet", "--set=ON_ERROR_STOP=1", url, "--file", str(old / "store.sql")],
            check=True, capture_output=True,
        )  # fmt: skip
        monkeypatch.setenv("VIGIE_DATABASE_URL", url)
        yield folder


def command(*words: str | Path, data: Path) -> str:
    done = vigie_here(*words, "--config", data / "config")
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr
    return done.stdout + done.stderr


def test_it_verifies_and_goes_on(data: Path) -> None:
    command("migrate", "--data", data, data=data)  # the plans of targets come from the journal
    assert "Tout est vérifié." in command("verify", data, data=data)

    command("seal", "--data", data, data=data)
    assert "Tout est vérifié." in command("verify", data, data=data)
    output = command("outages", "--data", data, "--json", data=data)
    assert output.count('"first_fail_at"') == 8


def test_its_logs_are_read_without_any_configuration(data: Path) -> None:
    command("migrate", "--data", data, data=data)
    rows = {}
    for log in ("outages", "incidents", "gaps", "changes"):
        done = vigie_here(log, "--json", "--data", data, "--config", data / "aucune")
        assert done.returncode == 0, done.stderr
        rows[log] = json.loads(done.stdout)[log]
        assert all(isinstance(one["number"], int) for one in rows[log])
    assert len(rows["outages"]) == 8
    assert all(one["name"] != one["target"] and one["platform"] for one in rows["outages"])
    numbers = {one["number"] for one in rows["outages"]}
    assert {n for one in rows["incidents"] for n in one["outage_numbers"]} == numbers
    at = rows["outages"][0]
    done = vigie_here(
        "at", at["target"], at["first_fail_at"], "--json", "--data", data, "--config", data / "x"
    )
    assert (done.returncode, json.loads(done.stdout)["outage"]) == (0, at)


def test_the_database_comes_out_of_its_journal(old: Path) -> None:
    data = old / "data"
    shutil.move(data / "vigie.sqlite", data / "vigie.sqlite.avant")
    command("rebuild", "--data", data, data=data)

    assert "Tout est vérifié." in command("verify", data, data=data)


@pytest.mark.parametrize("whose", ["its own", "today’s"])
def test_its_export_is_good_for_both_verifiers(old: Path, whose: str) -> None:
    verifier = old / "export" / "verifier.py" if whose == "its own" else ROOT / "verify/verifier.py"
    done = subprocess.run(
        [sys.executable, "-I", str(verifier), str(old / "export")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-2_000:]
    assert f"{LEAVES}" in done.stdout
