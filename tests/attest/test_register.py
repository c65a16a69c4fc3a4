"""Requests become annotations at the instant at which they are recorded, and never earlier."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.attest.register import record_requests
from monitor.core.model import Annotation, AnnotationKind
from monitor.core.model.anchors import Stamp, Standing
from monitor.evidence.announced import keep
from monitor.store import Store, stamp_work
from tests.support.clock import FakeClock
from tests.support.databases import database_url, postgres, sqlite_template
from tests.support.outcomes import at

__all__ = ["database_url", "postgres", "sqlite_template"]

NOTE = Annotation(
    kind=AnnotationKind.MAINTENANCE,
    at=at(-9_000),
    targets=("accueil",),
    from_at=at(100),
    to_at=at(200),
    sha256="00" * 32,
)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with Store.open(database_url, point="local", writer=True, rest_s=0) as opened:
        yield opened


def record(store: Store, data: Path) -> int:
    store.request_annotation(replace(NOTE, sha256=keep(data, b"Maintenance.")))
    return asyncio.run(record_requests(store, data, FakeClock(at(10))))


def test_the_instant_is_that_of_the_record(store: Store, tmp_path: Path) -> None:
    assert record(store, tmp_path) == 1
    assert [one.at for one in store.annotations()] == [at(10)]


def test_a_clock_that_is_behind_a_token_dates_nothing_back(store: Store, tmp_path: Path) -> None:
    """Whoever verifies would take it for a lie."""
    size = store.leaf_count()
    stamp = Stamp(
        size=size, authority="essai", asked_at=at(0), standing=Standing.VERIFIED, at=at(150),
        sha256=b"s" * 32, file="x",
    )  # fmt: skip
    asyncio.run(store.keep_checkpoint(size=size, root=b"r" * 32, at=at(0), note=b"note", bundled=0))
    asyncio.run(store.write(stamp_work(stamp)))

    assert record(store, tmp_path) == 1
    assert [one.at for one in store.annotations()] == [at(150)]


def test_what_was_not_archived_is_refused(store: Store, tmp_path: Path) -> None:
    store.request_annotation(NOTE)
    assert asyncio.run(record_requests(store, tmp_path, FakeClock(at(10)))) == 0
    assert store.annotations() == ()
    assert store.annotation_requests() == ()
