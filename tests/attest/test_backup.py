"""One file holds a record, whole and agreeing with itself, and gives it back on either engine."""

import asyncio
import io
import json
import stat
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.attest.backups import backup as module
from monitor.attest.backups.backup import backup
from monitor.attest.backups.backup_form import BackupError, Summary
from monitor.attest.backups.restore import restore
from monitor.attest.sealing import KEY_FILE, Sealer
from monitor.attest.verification import verify
from monitor.cli import main
from monitor.config.settings import Settings, read_settings
from monitor.evidence.log.journal import FOLDER, LAST
from monitor.evidence.log.note import Checkpoint, Note
from monitor.evidence.log.tiles import Tiles
from monitor.store import Store, is_new
from monitor.store.engine import StoreError, connected, parse
from monitor.store.transfer import contents, move
from tests.support.clock import FakeClock
from tests.support.databases import Postgres, database_url, postgres, sqlite_template
from tests.support.journals import KEY
from tests.support.outcomes import at, panel
from tests.support.service_days import live, open_store

__all__ = ["database_url", "postgres", "sqlite_template"]


@pytest.fixture(params=["sqlite", "postgresql"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of another database, without any table."""
    if request.param == "sqlite":
        (tmp_path / "neuf").mkdir()
        yield f"sqlite:///{tmp_path / 'neuf' / 'vigie.sqlite'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    with server.server.database() as url:
        yield url


async def more(store: Store, sealer: Sealer, first: int, count: int) -> None:
    instants = (at(60 * n) for n in range(first, first + count))
    await asyncio.gather(*(store.record_round(panel(instant), None) for instant in instants))
    await sealer.seal()


class Record:
    """A record that goes on: its store, its folder, and what seals it."""

    def __init__(self, url: str, data: Path) -> None:
        self.data = data
        self.settings = replace(read_settings({}, data=data), database_url=url)
        (data / "captures").mkdir(parents=True)
        (data / "captures" / "2026-01-01.warc.gz").write_bytes(b"des octets")
        (data / "temoin" / "ab").mkdir(parents=True)
        (data / "temoin" / "ab" / "checkpoint").write_bytes(b"note")
        (data / "temoin" / "cle").write_bytes(b"secret")
        (data / KEY_FILE).write_text(f"{KEY}\n")
        (data / KEY_FILE).chmod(0o600)
        with open_store(url) as store:
            live(store)
        self.store = open_store(url)
        self.sealer = Sealer(self.store, data, KEY, clock=FakeClock())
        asyncio.run(self.sealer.open())
        self.go_on(100_000, 300)

    def go_on(self, first: int, count: int) -> None:
        asyncio.run(more(self.store, self.sealer, first, count))

    def backup(self, out: Path, *, keys: bool = False) -> Summary:
        return backup(self.settings, out, config=self.data, now=at(0), keys=keys)

    def close(self) -> None:
        self.sealer.close()
        self.store.close()


@pytest.fixture
def record(database_url: str, tmp_path: Path) -> Iterator[Record]:
    with closing(Record(database_url, tmp_path / "data")) as made:
        yield made


def settings_of(url: str, data: Path) -> Settings:
    return replace(read_settings({}, data=data), database_url=url)


def steps_of(settings: Settings) -> list[tuple[str, ...]]:
    with Store.open(settings.database_url, point="local", writer=False) as store:
        verification = verify(settings.data / FOLDER, key=KEY.verifier, store=store)
        return [step.faults for step in verification]


def test_a_record_comes_back_whole_on_either_engine_and_goes_on(
    record: Record, target_url: str, tmp_path: Path
) -> None:
    out = tmp_path / "copie.tar.gz"
    done = record.backup(out, keys=True)
    assert done.faults == ()
    assert done.signed == done.leaves == record.store.leaf_count()
    assert stat.S_IMODE(out.stat().st_mode) & 0o077 == 0

    settings = settings_of(target_url, tmp_path / "neuf")
    again, _ = restore(out, settings, config=tmp_path)
    assert (again.signed, again.faults) == (done.signed, ())
    assert not any(steps_of(settings))
    assert (settings.data / "captures" / "2026-01-01.warc.gz").read_bytes() == b"des octets"
    assert (settings.data / "temoin" / "ab" / "checkpoint").read_bytes() == b"note"
    assert stat.S_IMODE((settings.data / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((settings.data / "temoin" / "cle").stat().st_mode) == 0o600
    with open_store(target_url) as store:
        sealer = Sealer(store, settings.data, KEY, clock=FakeClock())
        asyncio.run(sealer.open())
        asyncio.run(more(store, sealer, 200_000, 20))
        sealer.close()
    assert not any(steps_of(settings))
    leftovers = [path.name for path in tmp_path.rglob(".vigie-*")]
    assert leftovers == []


def test_seals_between_the_rows_and_the_journal_do_not_part_them(
    record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several bundles are filled, leaves leave SQL, partial tiles go: the copy agrees."""
    size = record.store.leaf_count()
    real = module._copy_journal

    def late(*words: object) -> None:
        record.go_on(300_000, 700)
        real(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_copy_journal", late)
    done = record.backup(tmp_path / "copie.tar.gz")
    assert record.store.leaf_count() > size + 600
    assert (done.signed, done.faults) == (size, ())
    settings = read_settings({}, data=tmp_path / "neuf")
    restore(tmp_path / "copie.tar.gz", settings, config=tmp_path)
    assert not any(steps_of(settings))
    note = Tiles(settings.data / FOLDER).checkpoint()
    assert note is not None
    assert Checkpoint.parse(Note.parse(note).text).size == size
    assert (settings.data / LAST).exists()


def test_what_is_recorded_and_not_signed_is_in_it(record: Record, tmp_path: Path) -> None:
    asyncio.run(record.store.record_round(panel(at(40_000_000)), None))
    done = record.backup(tmp_path / "copie.tar.gz")
    assert done.leaves > done.signed
    settings = read_settings({}, data=tmp_path / "neuf")
    restore(tmp_path / "copie.tar.gz", settings, config=tmp_path)
    with open_store(settings.database_url) as store:
        assert store.leaf_count() == done.leaves


def names(path: Path) -> set[str]:
    with tarfile.open(path) as tar:
        return set(tar.getnames())


def test_private_keys_are_in_it_only_when_asked_for(record: Record, tmp_path: Path) -> None:
    record.backup(tmp_path / "sans.tar.gz")
    record.backup(tmp_path / "avec.tar.gz", keys=True)
    assert names(tmp_path / "avec.tar.gz") - names(tmp_path / "sans.tar.gz") == {
        KEY_FILE,
        "temoin/cle",
    }
    assert "temoin/ab/checkpoint" in names(tmp_path / "sans.tar.gz")


def test_nothing_is_written_over(record: Record, tmp_path: Path) -> None:
    out = tmp_path / "copie.tar.gz"
    record.backup(out)
    held = out.read_bytes()
    with pytest.raises(BackupError, match="existe déjà"):
        record.backup(out)
    assert out.read_bytes() == held
    with pytest.raises(BackupError, match="n’écrase jamais"):
        restore(out, record.settings, config=tmp_path)
    for there in ("vigie.sqlite", "captures", FOLDER, LAST):
        data = tmp_path / f"pris-{there}"
        data.mkdir()
        (data / there).mkdir()
        with pytest.raises(BackupError, match=there):
            restore(out, read_settings({}, data=data), config=tmp_path)
        assert [path.name for path in data.iterdir()] == [there]


def test_a_record_with_a_fault_is_copied_and_the_fault_told(record: Record, tmp_path: Path) -> None:
    path = next((record.data / FOLDER / "tile" / "entries").rglob("000.gz"))
    sound = path.read_bytes()
    url = parse(record.settings.database_url)
    with connected(url, writer=True) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE run SET version = 'autre'")
    done = record.backup(tmp_path / "copie.tar.gz")
    assert done.faults
    path.write_bytes(sound[:40])
    with pytest.raises(BackupError, match="endommagé"):
        record.backup(tmp_path / "autre.tar.gz")
    assert not (tmp_path / "autre.tar.gz").exists()


def test_without_a_record_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="Rien à sauvegarder"):
        backup(
            read_settings({}, data=tmp_path / "rien"),
            tmp_path / "x.tar.gz",
            config=tmp_path,
            now=at(0),
            keys=False,
        )


def test_local_settings_come_back_and_never_replace_others(record: Record, tmp_path: Path) -> None:
    (record.data / "local.toml").write_text("[probe]\nslow_s = 8\n")
    record.backup(tmp_path / "copie.tar.gz")
    (tmp_path / "config").mkdir()
    _, local = restore(
        tmp_path / "copie.tar.gz",
        read_settings({}, data=tmp_path / "un"),
        config=tmp_path / "config",
    )
    assert local
    assert (tmp_path / "config" / "local.toml").read_text() == "[probe]\nslow_s = 8\n"
    (tmp_path / "config" / "local.toml").write_text("# à moi\n")
    _, local = restore(
        tmp_path / "copie.tar.gz",
        read_settings({}, data=tmp_path / "deux"),
        config=tmp_path / "config",
    )
    assert not local
    assert (tmp_path / "config" / "local.toml").read_text() == "# à moi\n"


def spoilt(kind: str, sound: Path, out: Path) -> Path:
    data = sound.read_bytes()
    if kind == "cut":
        out.write_bytes(data[: len(data) // 2])
    elif kind == "bit":
        middle = len(data) // 2
        out.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    elif kind == "text":
        out.write_text("pas une archive")
    else:
        rewrite(kind, sound, out)
    return out


def rewrite(kind: str, sound: Path, out: Path) -> None:
    with tarfile.open(sound) as old, tarfile.open(out, "w:gz") as new:
        for entry in old:
            body = old.extractfile(entry)
            assert body is not None
            data = body.read()
            if kind == "changed" and entry.name == "dernier-checkpoint":
                data = data.replace(b"\n", b"x", 1)
            if kind == "missing" and entry.name == "dernier-checkpoint":
                continue
            if kind == "format" and entry.name == "manifeste.json":
                data = json.dumps(json.loads(data) | {"format": 99}).encode()
                entry.size = len(data)
            if kind == "nameless" and entry.name == "manifeste.json":
                continue
            new.addfile(entry, io.BytesIO(data))
        if kind in {"../hors", "/hors", "a//b"}:
            extra = tarfile.TarInfo(kind)
            extra.size = 1
            new.addfile(extra, io.BytesIO(b"x"))
        if kind == "link":
            link = tarfile.TarInfo("lien")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            new.addfile(link)
        if kind == "extra":
            new.addfile(tarfile.TarInfo("en-plus"))


@pytest.mark.parametrize(
    "kind",
    [
        *("cut", "bit", "text", "changed", "missing", "format", "nameless"),
        *("../hors", "/hors", "a//b", "link", "extra"),
    ],
)
def test_a_backup_that_is_not_what_was_written_is_refused(
    sqlite_template: Path, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite:///{tmp_path / 'vigie.sqlite'}"
    (tmp_path / "vigie.sqlite").write_bytes(sqlite_template.read_bytes())
    with closing(Record(url, tmp_path / "data")) as record:
        record.backup(tmp_path / "copie.tar.gz")
    bad = spoilt(kind, tmp_path / "copie.tar.gz", tmp_path / "autre.tar.gz")
    data = tmp_path / "neuf"
    with pytest.raises(BackupError):
        restore(bad, read_settings({}, data=data), config=tmp_path)
    assert list(data.iterdir()) == []
    assert not (tmp_path / "hors").exists()


def test_a_record_moves_to_the_other_engine_and_goes_on(record: Record, target_url: str) -> None:
    """Rows, ids, and where numbering goes on from; the journal's folder stays where it is."""
    with pytest.raises(StoreError, match="écrit déjà"):
        move(record.settings.database_url, target_url)
    record.close()
    moved = move(record.settings.database_url, target_url)
    url = parse(record.settings.database_url)
    with connected(url, writer=False) as connection, connection.begin():
        assert contents(connection) == moved
    assert sum(one.rows for one in moved.values()) > 300
    settings = settings_of(target_url, record.data)
    assert not any(steps_of(settings))
    with open_store(target_url) as store:
        live_on = Sealer(store, record.data, KEY, clock=FakeClock())
        asyncio.run(live_on.open())
        asyncio.run(more(store, live_on, 900_000, 300))
        live_on.close()
    assert not any(steps_of(settings))


def test_a_move_into_something_is_refused(record: Record, target_url: str) -> None:
    record.close()
    with pytest.raises(StoreError, match="déjà celle du service"):
        move(record.settings.database_url, record.settings.database_url)
    move(record.settings.database_url, target_url)
    with pytest.raises(StoreError, match="n’est pas vide"):
        move(record.settings.database_url, target_url)


def test_a_move_that_was_interrupted_can_be_done_again(record: Record, target_url: str) -> None:
    record.close()

    class Cut(Exception):  # noqa: N818 -- stands for a power cut
        pass

    def cut(what: str, done: int, total: int) -> None:
        if what == "copie de observation" and done == total > 0:
            raise Cut

    with pytest.raises(Cut):
        move(record.settings.database_url, target_url, progress=cut)
    assert not is_new(target_url)
    assert move(record.settings.database_url, target_url)["observation"].rows > 0


@pytest.mark.parametrize("held", [True, False], ids=["key here", "key elsewhere"])
def test_the_command_moves_a_record_and_verifies_it(
    sqlite_template: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    held: bool,
) -> None:
    url = f"sqlite:///{tmp_path / 'data' / 'vigie.sqlite'}"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "vigie.sqlite").write_bytes(sqlite_template.read_bytes())
    with closing(Record(url, tmp_path / "data")) as record:
        if not held:
            (record.data / KEY_FILE).unlink()
        assert record.backup(tmp_path / "copie.tar.gz").faults == ()
    target = f"sqlite:///{tmp_path / 'autre.sqlite'}"
    assert main(["migrate", "--data", str(tmp_path / "data"), "--to", target]) == 0
    assert "concordent" in capsys.readouterr().out
