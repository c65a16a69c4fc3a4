"""What others said of our checkpoints, kept on both engines."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.core.model.anchors import Cosignature, Stamp, Standing
from monitor.store import Store, StoreError, cosignature_work, stamp_work
from tests.support.outcomes import at

STAMP = Stamp(
    size=5,
    authority="une",
    asked_at=at(10),
    standing=Standing.VERIFIED,
    at=at(11),
    sha256=bytes(range(32)),
    file="journal/horodatages/00",
)
LINE = Cosignature(size=5, witness="temoin.example/w", at=at(12), line="— temoin.example/w AAAA")


@pytest.fixture
def signed(store: Store) -> Store:
    """Give a store that noted the checkpoints of 5 and of 9 leaves."""

    async def sign() -> None:
        for size in (5, 9):
            await store.keep_checkpoint(
                size=size, root=bytes(32), at=at(size), note=b"note %d" % size, bundled=0
            )

    asyncio.run(sign())
    return store


def write(store: Store, *items: Stamp | Cosignature) -> None:
    async def write() -> None:
        for item in items:
            work = stamp_work(item) if isinstance(item, Stamp) else cosignature_work(item)
            await store.write(work)

    asyncio.run(write())


def test_a_token_becomes_the_next_leaf(signed: Store) -> None:
    """What is recorded after it is thereby later than the authority's time."""
    before = signed.leaf_count()
    write(signed, STAMP)

    (leaf,) = map(json.loads, signed.leaves(before, signed.leaf_count()))
    assert ("token", 5, "une") == (leaf["type"], leaf["size"], leaf["authority"])
    assert bytes(range(32)).hex() == leaf["sha256"]


def test_an_answer_that_was_refused_is_recorded_but_is_no_leaf(signed: Store) -> None:
    refused = replace(
        STAMP, standing=Standing.REFUSED, at=None, sha256=None, detail="nonce: nonce 7, not 8"
    )
    before = signed.leaf_count()
    write(signed, refused)

    assert before == signed.leaf_count()
    assert (refused,) == signed.stamps(at(0), at(100))
    assert {} == signed.last_stamps(verified=False)


def test_the_last_token_of_each_authority_is_found_verified_or_not(signed: Store) -> None:
    later = replace(STAMP, size=9, asked_at=at(20))
    other = replace(STAMP, authority="deux", standing=Standing.UNVERIFIED)
    newest = replace(later, asked_at=at(30), standing=Standing.UNVERIFIED)
    write(signed, STAMP, later, other, newest)

    assert {"une": later} == signed.last_stamps(verified=True)
    assert {"une": newest, "deux": other} == signed.last_stamps(verified=False)
    assert (STAMP, other) == signed.stamps(at(10), at(10) + timedelta(microseconds=1))


def test_a_witness_has_one_cosignature_a_checkpoint(signed: Store) -> None:
    again = replace(LINE, at=at(50))
    write(signed, LINE, again)
    signed.add_cosignature(again)

    assert (LINE,) == signed.cosignatures(5)
    assert () == signed.cosignatures(9)


def test_the_largest_tree_that_each_witness_saw_is_found(signed: Store) -> None:
    larger = replace(LINE, size=9)
    other = replace(LINE, witness="autre.example/w")
    write(signed, larger, LINE)
    signed.add_cosignature(other)

    assert {LINE.witness: larger, other.witness: other} == signed.last_cosignatures()


def test_our_notes_are_found_the_newest_first(signed: Store) -> None:
    assert [b"note 9", b"note 5"] == [note for note, _ in signed.recent_notes(10)]
    assert [b"note 9"] == [note for note, _ in signed.recent_notes(1)]


def test_nothing_is_said_of_a_checkpoint_that_we_did_not_sign(signed: Store) -> None:
    with pytest.raises(StoreError):
        write(signed, replace(STAMP, size=6))
