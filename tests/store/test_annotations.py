"""The register of announced maintenance: recorded, read back, audited and made again."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from monitor.core.model import Annotation, AnnotationKind
from monitor.store import Store
from monitor.store.audit.auditor import audit
from monitor.store.engine import connected, parse
from monitor.store.rebuild.rebuilder import rebuild
from monitor.store.transfer import move
from tests.support.databases import Postgres
from tests.support.outcomes import at
from tests.support.service_days import open_store

SHA = "ab" * 32
ANNOUNCED = Annotation(
    kind=AnnotationKind.MAINTENANCE,
    at=at(0),
    targets=("accueil", "connexion"),
    from_at=at(600),
    to_at=at(4200),
    sha256=SHA,
    url="https://www.exemple.gouv.test/travaux?le=24",
)

REPLY = Annotation(
    kind=AnnotationKind.REPLY,
    at=at(90),
    targets=("accueil",),
    from_at=at(0),
    text="Nous contestons ce relevé.\nLe service fonctionnait.",
)


def record(store: Store, note: Annotation) -> int:
    asyncio.run(store.annotate(note, request=store.request_annotation(note)))
    number = store.annotations()[-1].number
    assert number is not None
    return number


def withdrawal(number: int) -> Annotation:
    return Annotation(
        kind=AnnotationKind.WITHDRAWAL, at=at(60), targets=ANNOUNCED.targets, withdraws=number
    )


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as opened:
        record(opened, withdrawal(record(opened, ANNOUNCED)))
        record(opened, replace(ANNOUNCED, at=at(30), url=None))
        record(opened, REPLY)
        yield opened


def differences(store: Store) -> list[str]:
    entries = list(store.leaves(0, store.leaf_count()))
    return [str(one) for one in audit(store, entries)]


def test_what_is_recorded_is_read_back(store: Store) -> None:
    first, gone, last, reply = store.annotations()
    assert replace(reply, number=None) == REPLY
    assert first == replace(ANNOUNCED, number=first.number)
    assert gone == replace(withdrawal(first.number or 0), number=gone.number)
    assert last == replace(ANNOUNCED, at=at(30), url=None, number=last.number)
    assert store.annotation_requests() == ()
    assert differences(store) == []


def test_a_request_is_recorded_once(store: Store) -> None:
    request = store.request_annotation(ANNOUNCED)
    assert [number for number, _ in store.annotation_requests()] == [request]
    asyncio.run(store.annotate(ANNOUNCED, request=request))
    count = store.leaf_count()
    asyncio.run(store.annotate(ANNOUNCED, request=request))
    assert store.leaf_count() == count


def test_a_refused_request_leaves_nothing(store: Store) -> None:
    count = store.leaf_count()
    asyncio.run(store.refuse_annotation(store.request_annotation(ANNOUNCED)))
    assert store.annotation_requests() == ()
    assert store.leaf_count() == count


COLUMNS = {
    "at": "at + 1",
    "kind": "'withdrawal'",
    "targets": "'accueil'",
    "from_at": "from_at - 60000000",
    "to_at": "to_at + 1",
    "sha256": "NULL",
    "url": "'https://autre.test/'",
    "change": "1",
    "withdraws": "1",
    "text": "'autre'",
    "leaf": "leaf + 1",
}


@pytest.mark.parametrize("column", COLUMNS)
def test_an_edit_is_refused_by_the_guard_and_found_by_the_audit(store: Store, column: str) -> None:
    edit = text(f"UPDATE announcement SET {column} = {COLUMNS[column]} WHERE id = 1")  # noqa: S608 -- ours
    url = parse(store._url.render_as_string(hide_password=False))
    with connected(url, writer=True) as connection:
        with pytest.raises(DBAPIError), connection.begin():
            connection.execute(edit)
        with connection.begin():
            if connection.dialect.name == "sqlite":
                connection.execute(text("DROP TRIGGER announcement_no_update"))
            else:
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            connection.execute(edit)
    assert any(difference.startswith("table announcement") for difference in differences(store))


def test_a_removed_or_added_row_is_found(store: Store) -> None:
    url = parse(store._url.render_as_string(hide_password=False))
    added = (
        "INSERT INTO announcement (id, at, kind, targets, from_at, to_at, sha256, leaf)"
        " SELECT 99, at, kind, targets, from_at, to_at, sha256, leaf + 1 FROM announcement"
        " WHERE id = 1"
    )
    with connected(url, writer=True) as connection, connection.begin():
        connection.execute(text(added))
    assert any("ligne ajoutée" in difference for difference in differences(store))


def test_a_rebuilt_register_is_the_same(store: Store, empty_url: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'again.sqlite'}" if "sqlite" in empty_url else empty_url
    rebuild(url, list(store.leaves(0, store.leaf_count())), last=None, bundled=0)
    with open_store(url) as again:
        assert again.annotations() == store.annotations()
        assert differences(again) == []


def test_a_moved_register_is_the_same(
    database_url: str, postgres: Postgres, tmp_path: Path
) -> None:
    with open_store(database_url) as store:
        record(store, ANNOUNCED)
        asked = store.request_annotation(ANNOUNCED)
        held = store.annotations()
    with postgres.server.database() as empty:
        target = f"sqlite:///{tmp_path / 'moved.sqlite'}" if "postgres" in database_url else empty
        move(database_url, target)
        with open_store(target) as moved:
            assert moved.annotations() == held
            assert [number for number, _ in moved.annotation_requests()] == [asked]
