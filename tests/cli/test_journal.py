"""`vigie seal`, `verify` and `rebuild`, as an operator and a stranger use them."""

import asyncio
import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from monitor.cli import main
from monitor.config import load
from monitor.evidence.log.note import Algorithm, SignerKey
from monitor.evidence.log.tiles import Tiles
from monitor.store import migrate
from tests.support.databases import sqlite_template
from tests.support.outcomes import at, panel
from tests.support.service_days import live, open_store

__all__ = ["sqlite_template"]

CONFIG = Path(__file__).parents[1] / "config" / "good"
SHIPPED = Path(__file__).parents[2] / "config"


@pytest.fixture
def data(tmp_path: Path, sqlite_template: Path) -> Path:
    """Give a data folder with a day recorded and sealed."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "vigie.sqlite")
    with open_store(f"sqlite:///{folder / 'vigie.sqlite'}") as store:
        live(store)
    assert seal(folder) == 0
    return folder


def seal(folder: Path, *more: str) -> int:
    return main(["seal", "--config", str(CONFIG), "--data", str(folder), *more])


def rebuild(folder: Path, config: Path = CONFIG) -> int:
    return main(["rebuild", "--config", str(config), "--data", str(folder)])


def edit(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "vigie.sqlite")) as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        connection.commit()


def steps(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, bool]]:
    capsys.readouterr()
    code = main(["verify", *words, "--json"])
    document = json.loads(capsys.readouterr().out)
    return code, {step["title"]: step["ok"] for step in document["steps"]}


def test_a_day_is_verified_with_its_database(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, results = steps(capsys, str(data))
    assert (code, set(results.values())) == (0, {True})
    assert list(results) == [
        "Point de contrôle",
        "Fichiers du journal",
        "Forme des feuilles",
        "Indisponibilités",
        "Base de données",
        "Captures",
    ]


def test_each_step_says_what_it_proves_and_what_it_does_not(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["verify", str(data)]) == 0
    output = capsys.readouterr().out
    assert output.startswith("1. Point de contrôle : bon")
    assert output.count("Prouve :") == output.count("Ne prouve pas :") == 6
    assert output.endswith("Tout est vérifié.\n")


def test_a_folder_alone_wants_the_published_key(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(data / "journal")
    code, results = steps(capsys, folder)
    assert (code, results["Point de contrôle"]) == (1, False)
    seal(data)
    capsys.readouterr()
    (data / "journal.key").rename(data / "elsewhere")
    key = str(SignerKey.parse((data / "elsewhere").read_text()).verifier)
    code, results = steps(capsys, folder, "--key", key)
    assert (code, set(results.values())) == (0, {True})


def test_an_edited_database_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(data, "DELETE FROM observation WHERE id = 3")
    code, results = steps(capsys, str(data))
    assert code == 1
    assert [title for title, ok in results.items() if not ok] == ["Base de données"]


@pytest.mark.parametrize("spoilt", ["checkpoint SET size = x'07'", "leaf SET idx = 'x'"])
def test_a_number_that_is_none_is_refused(
    spoilt: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = " WHERE idx = 3" if "leaf" in spoilt else ""
    edit(data, f"UPDATE {spoilt}{where}")
    code, results = steps(capsys, str(data))
    assert code == 1
    assert [title for title, ok in results.items() if not ok] == ["Base de données"]


def test_a_file_of_the_journal_that_differs_is_named(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [path for path in (data / "journal").rglob("*") if path.is_file()]
    assert len(files) == 3
    for path in files:
        good = path.read_bytes()
        path.write_bytes(good[:-12] + bytes([good[-12] ^ 1]) + good[-11:])
        capsys.readouterr()
        assert main(["verify", str(data)]) == 1
        output = capsys.readouterr().out
        assert "REFUSÉ" in output
        path.write_bytes(good)
    assert main(["verify", str(data)]) == 0


def test_a_journal_must_extend_what_was_seen_before(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = Path(shutil.copy(data / "journal" / "checkpoint", tmp_path / "old"))
    key = shutil.copy(data / "journal.key", tmp_path / "key")
    with open_store(f"sqlite:///{data / 'vigie.sqlite'}") as store:
        asyncio.run(store.record_round(panel(at(9000)), None))
    assert seal(data) == 0
    code, results = steps(capsys, str(data), "--older", str(old))
    assert (code, results["Continuité"]) == (0, True)

    other = tmp_path / "rewritten"
    other.mkdir()
    shutil.copy(key, other / "journal.key")
    migrate(f"sqlite:///{other / 'vigie.sqlite'}")
    with open_store(f"sqlite:///{other / 'vigie.sqlite'}") as store:
        asyncio.run(store.record_round(panel(at(1)), None))
        live(store)
    assert seal(other) == 0
    code, results = steps(capsys, str(other), "--older", str(old))
    assert (code, results["Continuité"]) == (1, False)


def test_a_backup_refuses_to_fork_and_the_journal_gives_the_database_back(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole way: an old database is put back, refused, and made again."""
    backup = tmp_path / "backup.sqlite"
    migrate(f"sqlite:///{backup}")
    shutil.move(data / "vigie.sqlite", tmp_path / "lost.sqlite")
    for more in ("-wal", "-shm"):
        (data / f"vigie.sqlite{more}").unlink(missing_ok=True)
    shutil.copy(backup, data / "vigie.sqlite")
    capsys.readouterr()
    assert seal(data) == 2
    assert "« vigie rebuild »" in capsys.readouterr().err
    assert rebuild(data) == 2
    assert "Mettez-la de côté" in capsys.readouterr().err
    (data / "vigie.sqlite").unlink()
    assert rebuild(data) == 0
    code, results = steps(capsys, str(data))
    assert (code, set(results.values())) == (0, {True})
    assert seal(data) == 0


@pytest.mark.parametrize("in_environment", [False, True])
def test_a_database_is_made_again_without_settings_that_name_anybody(
    data: Path, monkeypatch: pytest.MonkeyPatch, *, in_environment: bool
) -> None:
    """Nobody is asked anything; the journal has its name, and its key bears it."""
    (data / "vigie.sqlite").unlink()
    if in_environment:
        key = data / "journal.key"
        monkeypatch.setenv("VIGIE_JOURNAL_KEY", key.read_text().strip())
        key.unlink()
    assert load(SHIPPED).missing_identity
    assert rebuild(data, SHIPPED) == 0


@pytest.mark.parametrize("key", [None, "PRIVATE+KEY+x"])
def test_a_database_is_not_made_again_without_the_key_of_the_journal(
    data: Path,
    key: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (data / "vigie.sqlite").unlink()
    (data / "journal.key").unlink()
    if key:
        monkeypatch.setenv("VIGIE_JOURNAL_KEY", key)
    assert rebuild(data) == 2
    assert ("VIGIE_JOURNAL_KEY" if key else "journal.key") in capsys.readouterr().err
    assert not (data / "journal.key").exists()
    assert not (data / "vigie.sqlite").exists()


def test_a_damaged_journal_is_not_poured_into_a_database(data: Path) -> None:
    (data / "vigie.sqlite").unlink()
    (bundle,) = (data / "journal").rglob("*.gz")
    bundle.unlink()
    assert rebuild(data) == 1
    assert not (data / "vigie.sqlite").exists()


def test_keys_change_and_the_journal_goes_on(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = (data / "journal.key").read_text()
    assert seal(data, "--new-key") == 0
    assert "Nouvelle clé" in capsys.readouterr().out
    new = (data / "journal.key").read_text()
    assert new != old
    assert [path.read_text() for path in data.glob("journal.key.*")] == [old]
    assert all(path.stat().st_mode & 0o077 == 0 for path in data.glob("journal.key*"))
    assert seal(data) == 0
    code, results = steps(capsys, str(data))
    assert (code, set(results.values())) == (0, {True})
    assert b"PRIVATE" not in (data / "journal" / "checkpoint").read_bytes()


def test_a_copy_is_followed_from_the_old_key_long_after_it_changed(
    data: Path, tmp_path: Path
) -> None:
    old = SignerKey.parse((data / "journal.key").read_text()).verifier
    assert seal(data, "--new-key") == 0
    with open_store(f"sqlite:///{data / 'vigie.sqlite'}") as store:
        asyncio.run(store.record_round(panel(at(9000)), None))
    assert seal(data) == 0
    assert main(["backup", "--config", str(CONFIG), "--data", str(data), str(tmp_path / "b")]) == 0
    back = tmp_path / "back"
    words = ["restore", "--config", str(CONFIG), "--data", str(back), str(tmp_path / "b")]
    assert main(words) == 0
    assert [path.name for path in Tiles(back / "journal").changes()] == [
        path.name for path in Tiles(data / "journal").changes()
    ]
    assert len(Tiles(data / "journal").changes()) == 1

    assert main(["verify", "--config", str(CONFIG), str(data), "--key", str(old)]) == 0
    edit(data, "DELETE FROM checkpoint WHERE size < (SELECT max(size) FROM checkpoint)")
    out = tmp_path / "copie"
    assert main(["export", "--config", str(CONFIG), "--data", str(data), "--out", str(out)]) == 0

    for key, code in ((str(old), 0), ("", 0)):
        words = [sys.executable, "-I", str(out / "verifier.py"), str(out), "--cle", key]
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        assert done.returncode == code, done.stdout
    journal = str(out / "journal")
    assert main(["verify", "--config", str(CONFIG), journal, "--key", str(old)]) == 0
    # Not without what the old key signed, nor from a key that never signed.
    other = SignerKey(old.name, Algorithm.ED25519, b"o" * 32).verifier
    assert main(["verify", "--config", str(CONFIG), journal, "--key", str(other)]) == 1
    shutil.rmtree(out / "journal" / "changements-de-cle")
    assert main(["verify", "--config", str(CONFIG), journal, "--key", str(old)]) == 1


def test_a_running_service_keeps_the_right_to_seal(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store(f"sqlite:///{data / 'vigie.sqlite'}"):
        assert seal(data) == 2
    assert "Arrêtez-le" in capsys.readouterr().err


def test_bytes_that_a_killed_service_left_accuse_nobody(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are on the disk before a signed leaf names them; those of an earlier day are not."""
    captures = data / "captures"
    captures.mkdir(exist_ok=True)
    (captures / "2026-11-23.warc.gz").write_bytes(b"")
    assert main(["verify", str(data)]) == 0

    (captures / "2026-11-22.warc.gz").write_bytes(b"")
    assert main(["verify", str(data)]) == 1
    assert "2026-11-22.warc.gz : aucune feuille ne nomme ce fichier" in capsys.readouterr().out


def remove(path: Path) -> None:
    path.unlink()


def make_empty(path: Path) -> None:
    path.write_bytes(b"")


def begin_anew(path: Path) -> None:
    path.unlink()
    migrate(f"sqlite:///{path}")


def delete_all_rows(path: Path) -> None:
    def empty(connection: sqlite3.Connection, table: str) -> None:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- its own names

    of_each_table(path, empty)


def drop_all_tables(path: Path) -> None:
    of_each_table(path, lambda connection, table: connection.execute(f"DROP TABLE {table}"))


def overwrite(path: Path) -> None:
    path.write_bytes(b"x" * 10_000)


def of_each_table(path: Path, change: Callable[[sqlite3.Connection, str], object]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        every = connection.execute("SELECT type, name FROM sqlite_master").fetchall()
        for name in (name for kind, name in every if kind == "trigger"):
            connection.execute(f"DROP TRIGGER {name}")
        for name in (name for kind, name in every if kind == "table"):
            if name not in {"alembic_version", "sqlite_sequence"}:
                change(connection, name)
        connection.commit()


@pytest.mark.parametrize(
    "lose", [remove, make_empty, begin_anew, delete_all_rows, drop_all_tables, overwrite]
)
def test_a_database_that_lost_all_is_refused_with_its_cure(
    data: Path, capsys: pytest.CaptureFixture[str], lose: Callable[[Path], None]
) -> None:
    lose(data / "vigie.sqlite")
    capsys.readouterr()
    code = main(["verify", str(data)])
    told = "".join(capsys.readouterr())
    assert code != 0
    assert "« vigie rebuild »" in told
    assert "Tout est vérifié" not in told
    # What is said works.
    for path in data.glob("vigie.sqlite*"):
        path.rename(path.with_name(f"old-{path.name}"))
    assert rebuild(data) == 0
    assert main(["verify", str(data)]) == 0


def test_what_a_service_killed_as_it_signed_left_accuses_nobody(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that was being written, and tiles that no checkpoint signs yet; not older ones."""
    tiles = data / "journal" / "tile"
    partial = next((tiles / "0" / "000.p").iterdir())
    (tiles / "0" / "000.p" / ".a1b2c3d4.tmp").write_bytes(b"cut")
    (partial.parent / "255").write_bytes(b"beyond")
    assert main(["verify", str(data)]) == 0

    (partial.parent / "1").write_bytes(b"below")
    assert main(["verify", str(data)]) == 1
    assert "000.p/1" in capsys.readouterr().out


BOMB_BYTES, MOST_HELD = 400_000_000, 150_000_000


def test_a_bundle_that_unpacks_without_end_is_refused_before_it_fills_the_memory(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bundle,) = (data / "journal").rglob("*.gz")
    with gzip.open(bundle, "wb", compresslevel=1) as file:
        for _ in range(BOMB_BYTES // 4_000_000):
            file.write(bytes(4_000_000))
    capsys.readouterr()

    tracemalloc.start()
    try:
        code = main(["verify", str(data)])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert code == 1
    assert "est coupé, ou trop long" in capsys.readouterr().out
    assert most < MOST_HELD


def test_what_waits_to_be_signed_is_said_to_be_engaged_by_nothing(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "qui tient cette machine peut encore les changer"
    assert main(["verify", str(data)]) == 0
    assert said not in capsys.readouterr().out

    with open_store(f"sqlite:///{data / 'vigie.sqlite'}") as store:
        asyncio.run(store.record_round(panel(at(9000)), None))

    assert main(["verify", str(data)]) == 0
    assert said in capsys.readouterr().out
