"""A Merkle tree as RFC 6962 defines it, and its C2SP tiles. Pure: hashes in, hashes out.

A *node* (level, index) is the root of the complete subtree over the leaves
[index << level, (index + 1) << level). Levels count from the leaves (0); a tile holds
256 nodes of one level that is a multiple of 8. Proofs are checked by the same splits that made
them: RFC 9162's loops accept the same proofs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

HASH_SIZE = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_ENTRY_BYTES = 0xFFFF  # a bundle gives each entry a 16-bit length (tlog-tiles)
EMPTY_ROOT = sha256(b"").digest()

Nodes = Callable[[int, int], bytes]  # (level, index) -> hash of a complete subtree


class ProofError(Exception):
    """A proof does not show what it claims."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def complete_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the nodes that cover leaves [start, end), largest first, left to right.

    `start` must be a multiple of the largest power of two that fits in the interval, as
    it is for every interval that RFC 6962 splits into.
    """
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _subtree_root(nodes: Nodes, start: int, end: int) -> bytes:
    """Hash leaves [start, end): fold the complete subtrees from the right."""
    hashes = [nodes(level, index) for level, index in complete_subtrees(start, end)]
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


def root(nodes: Nodes, size: int) -> bytes:
    """Return the root of the tree over the first `size` leaves."""
    return _subtree_root(nodes, 0, size) if size else EMPTY_ROOT


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def prove_inclusion(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the audit path of leaf `index` in the tree of `size` (RFC 6962, 2.1.1).

    Raises:
        ValueError: Not 0 <= index < size.

    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_subtree_root(nodes, middle, end))
            end = middle
        else:
            path.append(_subtree_root(nodes, start, middle))
            start = middle
    return path[::-1]


def prove_consistency(nodes: Nodes, old: int, size: int) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is a prefix of that of `size` (2.1.2).

    Raises:
        ValueError: Not 0 < old <= size.

    """
    if not 0 < old <= size:
        raise ValueError(f"no consistency proof from {old} to {size}")
    start, end, path, whole = 0, size, [], True
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_subtree_root(nodes, middle, end))
            end = middle
        else:
            path.append(_subtree_root(nodes, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_subtree_root(nodes, start, end))
    return path[::-1]


def check_inclusion(
    proof: Sequence[bytes], *, index: int, size: int, leaf: bytes, root: bytes
) -> None:
    """Raise ProofError unless `leaf` (a leaf hash) is at `index` of the tree `root`."""
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    if any(len(part) != HASH_SIZE for part in (leaf, root)):
        raise ProofError("the leaf or the root is not 32 bytes long")
    path = _Path(proof)

    def replay(start: int, end: int) -> bytes:
        if end - start == 1:
            return leaf
        middle = start + _split(end - start)
        sibling = path.take()
        if index < middle:
            return node_hash(replay(start, middle), sibling)
        return node_hash(sibling, replay(middle, end))

    computed = replay(0, size)
    path.finish()
    if computed != root:
        raise ProofError("the inclusion proof leads to another root")


def check_consistency(
    proof: Sequence[bytes], *, old: int, size: int, old_root: bytes, root: bytes
) -> None:
    """Raise ProofError unless the tree `old_root` of `old` leaves is a prefix of the tree `root`.

    An old size of 0 is refused: nothing can be proved of it, and a caller that accepts any
    first tree must handle that case itself.
    """
    if not 0 < old <= size:
        raise ProofError(f"no consistency from {old} to {size}")
    path = _Path(proof)

    def replay(start: int, end: int) -> tuple[bytes, bytes]:
        """Return the roots of [start, old) and of [start, end)."""
        if old == end:
            same = old_root if start == 0 else path.take()
            return same, same
        middle = start + _split(end - start)
        sibling = path.take()
        if old <= middle:
            before, after = replay(start, middle)
            return before, node_hash(after, sibling)
        before, after = replay(middle, end)
        return node_hash(sibling, before), node_hash(sibling, after)

    before, after = replay(0, size)
    path.finish()
    if before != old_root:
        raise ProofError("the consistency proof leads to another old root")
    if after != root:
        raise ProofError("the consistency proof leads to another root")


class _Path:
    """A proof, consumed from the root down, with no hash missing or left over."""

    def __init__(self, proof: Sequence[bytes]) -> None:
        if any(len(part) != HASH_SIZE for part in proof):
            raise ProofError("a hash of the proof is not 32 bytes long")
        self._left = list(proof)

    def take(self) -> bytes:
        if not self._left:
            raise ProofError("the proof is too short")
        return self._left.pop()

    def finish(self) -> None:
        if self._left:
            raise ProofError("the proof is too long")


@dataclass(frozen=True, slots=True)
class Tile:
    """`width` nodes of level 8 × `level`, from index 256 × `index`; 1 to 256 of them."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The tile's path below the log's prefix (tlog-tiles, "Merkle Tree")."""
        return f"tile/{self.level}/{_numbered(self.index)}{_partial(self.width)}"


def bundle_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of the entry bundle beside the level-0 tile `index`."""
    return f"tile/entries/{_numbered(index)}{_partial(width)}"


def _numbered(index: int) -> str:
    text = f"{index % 1000:03}"
    while index := index // 1000:
        text = f"x{index % 1000:03}/{text}"
    return text


def _partial(width: int) -> str:
    return "" if width == TILE_WIDTH else f".p/{width}"


def tiles(size: int) -> Iterator[Tile]:
    """Yield every tile of a tree of `size` leaves, partial ones last in their level."""
    level = 0
    while size:
        full, width = divmod(size, TILE_WIDTH)
        yield from (Tile(level, index) for index in range(full))
        if width:
            yield Tile(level, full, width)
        size, level = full, level + 1


def new_tiles(old: int, size: int) -> Iterator[Tile]:
    """Yield the tiles of a tree of `size` that a tree of `old` leaves did not have."""
    level = 0
    while size:
        full, width = divmod(size, TILE_WIDTH)
        old_full, old_width = divmod(old, TILE_WIDTH)
        yield from (Tile(level, index) for index in range(old_full, full))
        if width and (full, width) != (old_full, old_width):
            yield Tile(level, full, width)
        size, old, level = full, old_full, level + 1


def tile_bytes(nodes: Nodes, tile: Tile) -> bytes:
    level, first = tile.level * TILE_HEIGHT, tile.index * TILE_WIDTH
    return b"".join(nodes(level, first + offset) for offset in range(tile.width))


def nodes_from_tiles(read: Callable[[Tile], bytes], size: int) -> Nodes:
    """Return the nodes of a tree of `size` leaves, read from its tiles.

    `read` is called for each node; it may cache tiles. A tile whose length does not match its
    width raises ProofError.
    """

    def node(level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        first = index << height
        count = size >> (tile_level * TILE_HEIGHT)
        tile_index, offset = divmod(first, TILE_WIDTH)
        tile = Tile(tile_level, tile_index, min(TILE_WIDTH, count - tile_index * TILE_WIDTH))
        data = read(tile)
        if len(data) != tile.width * HASH_SIZE:
            raise ProofError(f"{tile.path} a une longueur de {len(data)} octets")
        row = [
            data[at * HASH_SIZE : (at + 1) * HASH_SIZE]
            for at in range(offset, offset + (1 << height))
        ]
        return subtree(row)

    return node


def subtree(row: Sequence[bytes]) -> bytes:
    """Return the root of a complete subtree: of a power of two of nodes of one level."""
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def pack_bundle(entries: Sequence[bytes]) -> bytes:
    """Encode entries as a bundle.

    Raises:
        ValueError: An entry is longer than 65,535 bytes.

    """
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise ValueError(f"an entry of {len(entry)} bytes does not fit in a bundle")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack_bundle(data: bytes) -> list[bytes]:
    """Split a bundle into its entries. Raises ProofError when it is cut short."""
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise ProofError("le paquet d’entrées est coupé")
        entries.append(data[at + 2 : end])
        at = end
    return entries
