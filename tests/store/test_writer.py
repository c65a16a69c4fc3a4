"""Group commit, and an error that is final."""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from monitor.store import Store, StoreError
from monitor.store.engine import connected, explain, parse
from monitor.store.writing.group_commit import Writer
from tests.support.databases import Postgres
from tests.support.outcomes import at, outcome
from tests.support.tables import tallies


class Gate:
    """An `apply` that notes its groups, and waits at the first until it is let through."""

    def __init__(self, *, bad: str = "") -> None:
        self.groups: list[list[str]] = []
        self.reached = threading.Event()
        self.opened = threading.Event()
        self._bad = bad

    def __call__(self, connection: Connection, items: Sequence[str]) -> None:
        connection.execute(text("SELECT 1"))
        self.groups.append(list(items))
        self.reached.set()
        assert self.opened.wait(60)
        if self._bad in items:
            raise ValueError(self._bad)


async def queue_behind_the_gate(
    writer: Writer[str], gate: Gate, *items: str
) -> list[BaseException | None]:
    """Hold the first item in its transaction while the others queue up, then let go."""
    waiting = [asyncio.create_task(writer.write(items[0]))]
    await asyncio.to_thread(gate.reached.wait, 30)
    waiting += [asyncio.create_task(writer.write(item)) for item in items[1:]]
    await asyncio.sleep(0)
    gate.opened.set()
    return await asyncio.gather(*waiting, return_exceptions=True)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with connected(parse(database_url), writer=True) as opened:
        yield opened


def writer_of(connection: Connection, gate: Gate) -> Writer[str]:
    return Writer(connection, gate, where="test", rest_s=0)


def test_what_waits_shares_the_next_transaction_in_order(connection: Connection) -> None:
    gate = Gate()
    writer = writer_of(connection, gate)
    results = asyncio.run(queue_behind_the_gate(writer, gate, "a", "b", "c"))
    writer.close()
    assert gate.groups == [["a"], ["b", "c"]]
    assert results == [None, None, None]


def test_an_error_fails_its_group_and_all_that_comes_after(connection: Connection) -> None:
    gate = Gate(bad="b")
    writer = writer_of(connection, gate)
    results = asyncio.run(queue_behind_the_gate(writer, gate, "a", "b", "c"))
    assert results[0] is None
    assert all(isinstance(result, StoreError) for result in results[1:])
    with pytest.raises(StoreError):
        asyncio.run(writer.write("d"))
    writer.close()
    assert gate.groups == [["a"], ["b", "c"]], "nothing was tried after the error"


def test_a_caller_that_gave_up_does_not_disturb_the_others(connection: Connection) -> None:
    gate = Gate()
    writer = writer_of(connection, gate)

    async def give_up() -> None:
        first = asyncio.create_task(writer.write("a"))
        await asyncio.to_thread(gate.reached.wait, 30)
        first.cancel()
        second = asyncio.create_task(writer.write("b"))
        await asyncio.sleep(0)
        gate.opened.set()
        await second
        assert first.cancelled()

    asyncio.run(give_up())
    writer.close()
    assert gate.groups == [["a"], ["b"]]


def test_closing_writes_what_waits_and_then_refuses(connection: Connection) -> None:
    gate = Gate()
    gate.opened.set()
    writer = writer_of(connection, gate)

    async def write_and_close() -> None:
        waiting = asyncio.create_task(writer.write("a"))
        await asyncio.sleep(0)
        await asyncio.to_thread(writer.close)
        await waiting
        with pytest.raises(StoreError, match="refermée"):
            await writer.write("b")

    asyncio.run(write_and_close())
    writer.close()
    assert gate.groups == [["a"]]


def test_an_idle_store_writes_at_once_and_then_rests(connection: Connection) -> None:
    """What comes during the rest shares one transaction; closing ends the rest."""
    gate = Gate()
    gate.opened.set()
    writer = Writer(connection, gate, where="test", rest_s=3600)

    async def write_and_close() -> None:
        await writer.write("a")
        waiting = [asyncio.create_task(writer.write(item)) for item in ("b", "c")]
        await asyncio.sleep(0)
        await asyncio.to_thread(writer.close)
        await asyncio.gather(*waiting)

    asyncio.run(write_and_close())
    assert gate.groups == [["a"], ["b", "c"]]


def test_a_thousand_outcomes_at_once_are_all_there_and_the_last_state_wins(store: Store) -> None:
    async def burst() -> None:
        await asyncio.gather(
            *(store.record(outcome(f"cible-{n % 10}", at(n))) for n in range(1000))
        )

    asyncio.run(burst())
    for rank, state in enumerate(store.states()):
        assert state.last_at == at(990 + rank)
        assert len(store.observations(state.target, at(0), at(2000))) == 100
    assert sum(tallies(store).values()) == 1000


def test_a_store_opened_to_read_refuses_to_write(database_url: str) -> None:
    with (
        Store.open(database_url, point="local", writer=False) as reader,
        pytest.raises(StoreError, match="lecture"),
    ):
        asyncio.run(reader.record(outcome("anef", at(0))))


def test_a_naive_instant_is_refused_and_stops_the_store(store: Store) -> None:
    naive = at(0).replace(tzinfo=None)
    with pytest.raises(StoreError):
        asyncio.run(store.record(outcome("anef", naive)))
    with pytest.raises(StoreError):
        asyncio.run(store.record(outcome("anef", at(0))))
    assert store.latest() == ()


def test_the_same_check_twice_is_refused(store: Store) -> None:
    asyncio.run(store.record(outcome("anef", at(0))))
    with pytest.raises(StoreError, match="incohérent"):
        asyncio.run(store.record(outcome("anef", at(0))))
    assert len(store.observations("anef", at(0), at(1))) == 1


def test_a_full_disk_stops_the_store_and_what_was_answered_is_there(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """A bound on the file's pages refuses as a full disk does: SQLITE_FULL."""
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'vigie.sqlite')}"
    answered = 0
    with Store.open(url, point="local", writer=True, rest_s=0) as store:
        asyncio.run(store.record(outcome("anef", at(0))))
        assert store._connection is not None
        raw = store._connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        (pages,) = raw.execute("PRAGMA page_count").fetchone()
        raw.execute(f"PRAGMA max_page_count={pages + 2}")

        async def until_full() -> None:
            nonlocal answered
            for n in range(1, 1000):
                await store.record(outcome("anef", at(n)))
                answered = n

        with pytest.raises(StoreError, match=r"le disque est plein\. Libérez de la place"):
            asyncio.run(until_full())
        with pytest.raises(StoreError, match="le disque est plein"):
            asyncio.run(store.record(outcome("anef", at(5000))))
    with Store.open(url, point="local", writer=True, rest_s=0) as store:
        assert len(store.observations("anef", at(0), at(5000))) == answered + 1
        assert store.states()[0].last_at == at(answered)


def removed(path: Path) -> None:
    for each in path.parent.glob("vigie.sqlite*"):
        each.unlink()


def moved_with_its_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("ailleurs"))


def replaced(path: Path) -> None:
    path.with_name("copie").write_bytes(path.read_bytes())
    path.with_name("copie").rename(path)


@pytest.mark.parametrize("lose", [removed, moved_with_its_folder, replaced])
def test_a_file_that_is_no_longer_there_stops_the_record(
    sqlite_template: Path, tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    """SQLite would write on for days, in a file that nobody will find."""
    path = tmp_path / "data" / "vigie.sqlite"
    path.parent.mkdir()
    shutil.copy(sqlite_template, path)
    with Store.open(f"sqlite:///{path}", point="local", writer=True, rest_s=0) as store:
        asyncio.run(store.record(outcome("anef", at(0))))
        lose(path)
        with pytest.raises(StoreError, match="retiré ou remplacé pendant le service"):
            asyncio.run(store.record(outcome("anef", at(1))))


def test_readers_do_not_hold_the_writer_back_and_see_one_instant(store: Store) -> None:
    """A reader in the middle of its answer, and a commit, do not wait for each other."""
    asyncio.run(store.record(outcome("a", at(0))))
    with store._reading() as session:
        connection = session.connection()
        count = text("SELECT count(*) FROM observation")
        assert connection.scalar(count) == 1
        asyncio.run(store.record(outcome("a", at(60))))
        assert connection.scalar(count) == 1
    assert len(store.observations("a", at(0), at(61))) == 2


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError), store._reading() as session:
        session.connection().execute(text("DELETE FROM state"))


def test_many_threads_may_read_while_one_writes(store: Store) -> None:
    def read(_: int) -> int:
        return len(store.observations("a", at(0), at(1000)))

    async def write_and_read() -> list[int]:
        readers = [asyncio.to_thread(read, n) for n in range(20)]
        writes = [store.record(outcome("a", at(n))) for n in range(20)]
        results = await asyncio.gather(*readers, *writes)
        return [result for result in results if result is not None]

    assert all(0 <= seen <= 20 for seen in asyncio.run(write_and_read()))
    assert read(0) == 20


def test_a_lost_server_connection_stops_the_store(postgres: Postgres) -> None:
    """The writer's lock went with it: another service may be writing by now."""
    with postgres.server.database(template=postgres.template) as url:
        with Store.open(url, point="local", writer=True, rest_s=0) as store:
            assert store._connection is not None
            mine = store._connection.scalar(text("SELECT pg_backend_pid()"))
            store._connection.rollback()
            with connected(parse(url), writer=True) as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
            for _ in range(2):
                with pytest.raises(StoreError, match="Vérifiez qu’elle fonctionne"):
                    asyncio.run(store.record(outcome("a", at(0))))
        with Store.open(url, point="local", writer=True, rest_s=0) as store:
            assert store.latest() == ()
            asyncio.run(store.record(outcome("a", at(0))))


class DriverError(Exception):
    def __init__(self, **codes: object) -> None:
        super().__init__("refused")
        vars(self).update(codes)


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ({"sqlite_errorcode": sqlite3.SQLITE_FULL}, "le disque est plein"),
        ({"sqlite_errorcode": sqlite3.SQLITE_IOERR_FSYNC}, "le disque ne répond pas"),
        ({"sqlite_errorcode": sqlite3.SQLITE_READONLY_DIRECTORY}, "l’écriture est refusée"),
        ({"sqlite_errorcode": sqlite3.SQLITE_BUSY}, "verrouillée"),
        ({"sqlite_errorcode": sqlite3.SQLITE_CORRUPT}, "Restaurez une sauvegarde"),
        ({"sqlstate": "53100"}, "le disque est plein"),
        ({"sqlstate": "42501"}, "l’écriture est refusée"),
        ({"sqlstate": None}, "Vérifiez qu’elle fonctionne"),
    ],
)
def test_each_refusal_of_a_database_is_said_in_french(codes: dict[str, object], said: str) -> None:
    error = OperationalError("INSERT", {}, DriverError(**codes))
    assert said in explain(error, "vigie.sqlite")
    assert "relancez" in explain(error, "vigie.sqlite")
