"""No change of a record passes for good, unless the list says that nothing vouches for it.

`make mutate-record` makes many more changes, one at a time.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from monitor.attest import verification_stamps
from monitor.evidence.timestamps.rfc3161 import Token, check_token
from monitor.store.audit.file_vouchers import FILES
from monitor.store.audit.vouchers import TABLES
from tests.evidence.mutants import judge
from tests.evidence.mutants.mutations import files_of
from tests.evidence.mutants.record import Made, make
from tests.support.tsa import authority

OF_THE_DATABASE, OF_FILES = 1_500, 500
TOGETHER = 8  # changes of different tables that are judged at once
PARTS = 4  # each a test of its own


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("record")
    return make(folder / "data", authority(folder / "tsa"))


def test_the_record_itself_is_good_and_has_something_of_everything(made: Made) -> None:
    refused, told = judge.as_told(made.data, made.roots)
    assert not refused, told
    assert "Ce que rien ne garantit" in told
    held = judge.tables(made.data)
    assert held.keys() == TABLES.keys()
    assert {name for name, count in held.items() if not count} == set()
    for path in files_of(made.data):
        name = path.relative_to(made.data).as_posix()
        assert any(kind.matches(name) for kind in FILES), name


def test_each_token_is_judged_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[bytes] = []

    def counting(der: bytes, note: bytes, **given: Any) -> Token:
        judged.append(der)
        return check_token(der, note, **given)

    monkeypatch.setattr(verification_stamps, "check_token", counting)
    refused, told = judge.as_told(made.data, made.roots)

    assert not refused, told
    assert "jetons vérifiés : 1" in told
    assert len(judged) == 1


def test_a_note_of_another_type_is_refused(made: Made, tmp_path: Path) -> None:
    """SQLite keeps a text in a column of bytes."""
    data = tmp_path / "data"
    shutil.copytree(made.data, data)
    with closing(sqlite3.connect(data / "vigie.sqlite")) as database, database:
        guards = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'checkpoint'"
        ).fetchall()
        for name, _ in guards:
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE checkpoint SET note = CAST(note AS TEXT)")
        for _, sql in guards:
            database.execute(sql)

    refused, told = judge.as_told(data, made.roots)

    assert refused
    assert "la note n’est pas faite d’octets" in told


@pytest.mark.parametrize("part", range(PARTS))
def test_a_changed_database_is_refused(made: Made, tmp_path: Path, part: int) -> None:
    seeds = [f"database {part} {n}" for n in range(OF_THE_DATABASE // PARTS)]
    found = list(judge.databases(made, tmp_path, seeds, together=TOGETHER))
    assert [mutation.what for kind, mutation in found if kind == "passed"] == []
    assert len(found) > len(seeds) // 3  # some seeds change nothing


@pytest.mark.parametrize("part", range(PARTS))
def test_a_changed_file_is_refused(made: Made, tmp_path: Path, part: int) -> None:
    seeds = [f"files {part} {n}" for n in range(OF_FILES // PARTS)]
    found = list(judge.files(made, tmp_path, seeds))
    assert [mutation.what for kind, mutation in found if kind == "passed"] == []
