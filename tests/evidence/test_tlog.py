"""The tree against published vectors, and its proofs against themselves."""

import json
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evidence.log import tlog
from monitor.evidence.log.tlog import ProofError, Tile

VECTORS = Path(__file__).parent / "vectors"
MERKLE = json.loads((VECTORS / "merkle.json").read_text())
TESSERA = json.loads((VECTORS / "tessera.json").read_text())


@cache
def nodes(level: int, index: int) -> bytes:
    """Nodes of a tree whose leaf i is the text of i."""
    if level == 0:
        return tlog.leaf_hash(str(index).encode())
    return tlog.node_hash(nodes(level - 1, 2 * index), nodes(level - 1, 2 * index + 1))


def accepted(check: Callable[[], None]) -> bool:
    with suppress(ProofError):
        check()
        return True
    return False


def hashes(encoded: list[str] | None) -> list[bytes]:
    return [b64decode(part) for part in encoded or []]


@pytest.mark.parametrize("case", MERKLE["inclusion"], ids=lambda case: case["id"])
def test_published_inclusion_cases_are_judged_as_published(case: dict[str, Any]) -> None:
    def check() -> None:
        tlog.check_inclusion(
            hashes(case["proof"]),
            index=case["leafIdx"],
            size=case["treeSize"],
            leaf=b64decode(case["leafHash"]),
            root=b64decode(case["root"]),
        )

    assert (not case["wantErr"]) is accepted(check)


@pytest.mark.parametrize("case", MERKLE["consistency"], ids=lambda case: case["id"])
def test_published_consistency_cases_are_judged_as_published(case: dict[str, Any]) -> None:
    def check() -> None:
        tlog.check_consistency(
            hashes(case["proof"]),
            old=case["size1"],
            size=case["size2"],
            old_root=b64decode(case["root1"]),
            root=b64decode(case["root2"]),
        )

    assert (not case["wantErr"]) is accepted(check)


def test_tesseras_golden_log_has_our_tiles_and_bundles() -> None:
    """Every tile and bundle of the 15-entry log, byte for byte."""
    entries = [entry.encode() for entry in TESSERA["entries"]]
    leaves = [tlog.leaf_hash(entry) for entry in entries]
    ours = {}
    for size in range(1, len(entries) + 1):
        tile = next(tlog.tiles(size))
        ours[tile.path] = tlog.tile_bytes(lambda _level, index: leaves[index], tile)
        ours[tlog.bundle_path(0, size)] = tlog.pack_bundle(entries[:size])

    digests = {path: sha256(data).hexdigest() for path, data in ours.items()}

    assert TESSERA["files_sha256"] == digests


@given(st.integers(1, 2000), st.data())
def test_our_inclusion_proofs_hold_and_no_flipped_bit_does(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    root, leaf = tlog.root(nodes, size), nodes(0, index)
    proof = tlog.prove_inclusion(nodes, index, size)

    tlog.check_inclusion(proof, index=index, size=size, leaf=leaf, root=root)

    flipped = flip(b"".join([*proof, leaf, root]), data)
    parts = [flipped[at : at + 32] for at in range(0, len(flipped), 32)]
    with pytest.raises(ProofError):
        tlog.check_inclusion(parts[:-2], index=index, size=size, leaf=parts[-2], root=parts[-1])


@given(st.integers(1, 2000), st.data())
def test_our_consistency_proofs_hold_and_no_flipped_bit_does(
    size: int, data: st.DataObject
) -> None:
    old = data.draw(st.integers(1, size))
    old_root, root = tlog.root(nodes, old), tlog.root(nodes, size)
    proof = tlog.prove_consistency(nodes, old, size)

    tlog.check_consistency(proof, old=old, size=size, old_root=old_root, root=root)

    flipped = flip(b"".join([*proof, old_root, root]), data)
    parts = [flipped[at : at + 32] for at in range(0, len(flipped), 32)]
    with pytest.raises(ProofError):
        tlog.check_consistency(parts[:-2], old=old, size=size, old_root=parts[-2], root=parts[-1])


def flip(data_bytes: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, 8 * len(data_bytes) - 1))
    changed = bytearray(data_bytes)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 600, 70_000])
def test_a_tree_read_from_its_tiles_is_the_same_tree(size: int) -> None:
    files = {tile: tlog.tile_bytes(nodes, tile) for tile in tlog.tiles(size)}

    read = tlog.nodes_from_tiles(files.__getitem__, size)

    assert tlog.root(nodes, size) == tlog.root(read, size)
    index = size * 2 // 3
    assert tlog.prove_inclusion(nodes, index, size) == tlog.prove_inclusion(read, index, size)


@given(st.integers(0, 70_000), st.integers(1, 70_000))
def test_growing_writes_each_tile_that_the_smaller_tree_lacked(old: int, size: int) -> None:
    old, size = sorted((old, size))

    assert set(tlog.tiles(size)) - set(tlog.tiles(old)) == set(tlog.new_tiles(old, size))


def test_a_path_has_groups_of_three_digits() -> None:
    """The example of tlog-tiles."""
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(1, 0, 9).path == "tile/1/000.p/9"
    assert tlog.bundle_path(1234067) == "tile/entries/x001/x234/067"


def test_a_tile_of_another_length_is_refused() -> None:
    read = tlog.nodes_from_tiles(lambda _tile: b"\x00" * 31, 1)

    with pytest.raises(ProofError):
        tlog.root(read, 1)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    assert entries == tlog.unpack_bundle(tlog.pack_bundle(entries))


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x02a", b"\x00\x01ab"])
def test_a_bundle_that_is_cut_short_is_refused(data: bytes) -> None:
    with pytest.raises(ProofError):
        tlog.unpack_bundle(data)


def test_an_entry_over_sixteen_bits_of_length_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        tlog.pack_bundle([b"x" * 65_536])
