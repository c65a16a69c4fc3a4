"""A store that cannot be used says so, in French, with what to do."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from monitor.store import Store, StoreError, is_new, migrate
from monitor.store.engine import SCHEMA, connected, parse
from tests.support.outcomes import at, outcome


def open_store(url: str, *, writer: bool = True) -> None:
    Store.open(url, point="local", writer=writer).close()


def set_revision(url: str, revision: str) -> None:
    with connected(parse(url), writer=True) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


@contextmanager
def as_nobody() -> Iterator[None]:
    """Drop root's right to write everywhere, for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that another user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path
        path.chmod(0o755)


def test_an_empty_database_asks_for_migrate(empty_url: str) -> None:
    assert is_new(empty_url)
    with pytest.raises(StoreError, match=r"(vide|n’existe pas encore).*« vigie migrate »"):
        open_store(empty_url)


def test_a_database_of_a_newer_program_is_refused(database_url: str) -> None:
    set_revision(database_url, "9999")
    for refused in (lambda: open_store(database_url), lambda: migrate(database_url)):
        with pytest.raises(StoreError, match="9999, plus récent que celui de ce programme"):
            refused()


def test_a_database_of_an_older_program_asks_for_migrate(database_url: str) -> None:
    set_revision(database_url, "0000")
    with pytest.raises(StoreError, match=f"schéma 0000, ce programme demande le schéma {SCHEMA}"):
        open_store(database_url)


def test_a_database_of_something_else_is_left_alone(empty_url: str) -> None:
    with connected(parse(empty_url), writer=True) as connection, connection.begin():
        connection.execute(text("CREATE TABLE clients (id INTEGER)"))
    for refused in (lambda: open_store(empty_url), lambda: migrate(empty_url)):
        with pytest.raises(StoreError, match="ne sont pas celles de Vigie"):
            refused()


def test_a_second_writer_is_refused_and_a_reader_is_not(database_url: str) -> None:
    with Store.open(database_url, point="local", writer=True):
        with pytest.raises(StoreError, match="Un autre service Vigie"):
            open_store(database_url)
        with pytest.raises(StoreError, match="Un autre service Vigie"):
            migrate(database_url)
        open_store(database_url, writer=False)
    open_store(database_url)


def test_the_refusal_names_the_process_that_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'vigie.sqlite'}"
    migrate(url)
    with (
        Store.open(url, point="local", writer=True),
        pytest.raises(StoreError, match=rf"\(processus {os.getpid()}\)"),
    ):
        open_store(url)


@pytest.mark.parametrize("way", ["link", "linked folder", "hard link", "relative", "dots"])
def test_another_name_of_the_same_file_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    folder = tmp_path / "un"
    folder.mkdir()
    path = folder / "vigie.sqlite"
    migrate(f"sqlite:///{path}")
    other = tmp_path / "deux" / "autre.sqlite"
    other.parent.mkdir()
    match way:
        case "link":
            other.symlink_to(path)
        case "linked folder":
            (tmp_path / "trois").symlink_to(folder)
            other = tmp_path / "trois" / "vigie.sqlite"
        case "hard link":
            other.hardlink_to(path)
        case "relative":
            monkeypatch.chdir(folder)
            other = Path("vigie.sqlite")
        case _:
            other = tmp_path / "deux" / ".." / "un" / "vigie.sqlite"
    with Store.open(f"sqlite:///{path}", point="local", writer=True) as first:
        with pytest.raises(StoreError, match="Un autre service Vigie"):
            open_store(f"sqlite:///{other}")
        asyncio.run(first.record(outcome("anef", at(0))))
    open_store(f"sqlite:///{other}")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nulle-part' / 'vigie.sqlite'}"
    for refused in (lambda: open_store(url), lambda: migrate(url)):
        with pytest.raises(StoreError, match=r"Le dossier .*nulle-part n’existe pas"):
            refused()


def test_an_unwritable_folder_is_said(open_folder: Path) -> None:
    path = open_folder / "vigie.sqlite"
    migrate(f"sqlite:///{path}")
    path.with_name("vigie.sqlite.lock").unlink()
    open_folder.chmod(0o555)
    with as_nobody(), pytest.raises(StoreError, match="droit d’écrire"):
        open_store(f"sqlite:///{path}")


def test_migrate_says_that_a_folder_is_unwritable(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    with as_nobody(), pytest.raises(StoreError, match=r"Vérifiez le dossier et ses droits"):
        migrate(f"sqlite:///{open_folder / 'vigie.sqlite'}")


def test_a_read_only_file_is_refused_at_once(open_folder: Path) -> None:
    path = open_folder / "vigie.sqlite"
    migrate(f"sqlite:///{path}")
    path.chmod(0o444)
    open_folder.chmod(0o777)
    path.with_name("vigie.sqlite.lock").chmod(0o666)
    with as_nobody(), pytest.raises(StoreError, match="droit d’écrire"):
        open_store(f"sqlite:///{path}")


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vigie.sqlite"
    path.write_bytes(b"ceci n'est pas une base" * 1000)
    for refused in (lambda: open_store(f"sqlite:///{path}"), lambda: migrate(f"sqlite:///{path}")):
        with pytest.raises(StoreError, match="Restaurez une sauvegarde"):
            refused()


@pytest.mark.parametrize("url", ["", "n’importe quoi", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_is_no_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="VIGIE_DATABASE_URL"):
        open_store(url)


def test_another_kind_of_database_is_refused_without_showing_its_password() -> None:
    with pytest.raises(StoreError, match="PostgreSQL") as refused:
        open_store("mysql://vigie:secret@localhost/vigie")
    assert "secret" not in str(refused.value)


def test_a_server_that_does_not_answer_is_said_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Vérifiez qu’elle fonctionne") as refused:
        open_store(f"postgresql://vigie:secret@/vigie?host={tmp_path}")
    assert "secret" not in str(refused.value)
