"""The tree that one signed checkpoint of another's journal commits to.

Hashes are verified from the root down before they are used: the right edge leads to the root, a
full tile to its hash in the tile above, a bundle to its hash in the tile above. Hence each leaf is
proved as soon as it is read, in any order, and memory does not grow with the journal.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, Self

from monitor.evidence.log import tlog
from monitor.evidence.log.edge import TreeEdge
from monitor.evidence.log.note import Checkpoint
from monitor.evidence.log.tlog import HASH_SIZE, TILE_WIDTH, ProofError, Tile, leaf_hash
from monitor.evidence.other_points.remote_files import RemoteFiles

MAX_LEAVES: Final = 1 << 31  # some four hundred years of one check a minute of ten targets
_CACHED: Final = 64  # verified tiles in memory, of 8 kB


class MissingFile(Exception):  # noqa: N818 -- a state of the outside, not a fault of ours
    """A checkpoint commits to a file that is not there; the message is its path."""


class RemoteTree:
    """Reads verified tiles and bundles. Raises MissingFile, ProofError and Unreachable."""

    def __init__(self, files: RemoteFiles, checkpoint: Checkpoint, edge: TreeEdge) -> None:
        self.checkpoint = checkpoint
        self._files = files
        self._edge = edge
        self._tiles: OrderedDict[Tile, bytes] = OrderedDict()

    @classmethod
    async def open(cls, files: RemoteFiles, checkpoint: Checkpoint) -> Self:
        """Read the right edge. Raises ProofError when it does not lead to the signed root."""
        if checkpoint.size > MAX_LEAVES:
            raise ProofError(f"{checkpoint.size} feuilles : plus que {MAX_LEAVES}")
        edge_tiles = _edge_of(checkpoint.size)
        data = await asyncio.gather(*(_tile_data(files, tile) for tile in edge_tiles))
        edge = TreeEdge.load(checkpoint.size, dict(zip(edge_tiles, data, strict=True)).__getitem__)
        if edge.root != checkpoint.root:
            raise ProofError("les empreintes ne mènent pas à la racine signée")
        return cls(files, checkpoint, edge)

    async def root_at(self, size: int) -> bytes:
        """Return the root that the first `size` leaves of this tree have."""
        data = await self.leading_to(size)
        return tlog.root(tlog.nodes_from_tiles(data.__getitem__, self.checkpoint.size), size)

    async def leading_to(self, size: int) -> dict[Tile, bytes]:
        """Return the tiles of this tree that the root of its first `size` leaves is made of."""
        needed = {self._holding(*node) for node in tlog.complete_subtrees(0, size)}
        return {tile: await self.tile(tile) for tile in needed}

    async def tile(self, tile: Tile) -> bytes:
        """Return a tile of this tree, as wide as it is."""
        if tile.index == (self.checkpoint.size >> (8 * tile.level)) // TILE_WIDTH:
            return self._edge.read(tile)
        known = self._tiles.get(tile)
        if known is None:
            known = await _tile_data(self._files, tile)
            if tlog.subtree(_hashes(known)) != await self._above(tile):
                raise ProofError(f"{tile.path} ne mène pas à la racine signée")
            self._tiles[tile] = known
            if len(self._tiles) > _CACHED:
                self._tiles.popitem(last=False)
        return known

    async def bundle(self, index: int) -> tuple[list[bytes], bytes]:
        """Return the leaves of a bundle, and their hashes as one tile."""
        entries = await self._entries(index, self._width(0, index))
        return entries, await self.verified(index, entries)

    async def verified(self, index: int, entries: Iterable[bytes]) -> bytes:
        """Return the hashes of the leaves of a bundle. Raises ProofError for other leaves."""
        hashes = [leaf_hash(entry) for entry in entries]
        tile = Tile(0, index, self._width(0, index))
        same = len(hashes) == tile.width and (
            tlog.subtree(hashes) == await self._above(tile)
            if tile.width == TILE_WIDTH
            else b"".join(hashes) == await self.tile(tile)
        )
        if not same:
            raise ProofError(f"{tlog.bundle_path(index, len(hashes))} : d’autres feuilles")
        return b"".join(hashes)

    def partial(self) -> list[tuple[Tile, bytes]]:
        """Return the tiles of the right edge."""
        return self._edge.partial()

    def _holding(self, level: int, index: int) -> Tile:
        """Return the tile that has the nodes below a node, or the node itself."""
        tile_level, height = divmod(level, tlog.TILE_HEIGHT)
        at = (index << height) // TILE_WIDTH
        return Tile(tile_level, at, self._width(tile_level, at))

    def _width(self, level: int, index: int) -> int:
        count = self.checkpoint.size >> (8 * level)
        return min(TILE_WIDTH, count - index * TILE_WIDTH)

    async def _above(self, tile: Tile) -> bytes:
        """Return the verified hash of a full tile, from the tile above."""
        at, offset = divmod(tile.index, TILE_WIDTH)
        data = await self.tile(Tile(tile.level + 1, at, self._width(tile.level + 1, at)))
        return data[offset * HASH_SIZE : (offset + 1) * HASH_SIZE]

    async def _entries(self, index: int, width: int) -> list[bytes]:
        for there in dict.fromkeys((width, TILE_WIDTH)):  # the partial one goes when it is full
            path = tlog.bundle_path(index, there)
            data = await self._files.read(path)
            if data is None:
                continue
            entries = tlog.unpack_bundle(data)
            if len(entries) != there:
                raise ProofError(f"{path} : {len(entries)} feuilles")
            return entries[:width]
        raise MissingFile(tlog.bundle_path(index, width))


def _edge_of(size: int) -> list[Tile]:
    """Return the partial tiles that a tree of this size ends with, lowest first."""
    tiles, level = [], 0
    while size:
        index, width = divmod(size, TILE_WIDTH)
        if width:
            tiles.append(Tile(level, index, width))
        size, level = index, level + 1
    return tiles


async def _tile_data(files: RemoteFiles, tile: Tile) -> bytes:
    """Return a tile, cut from the full one when the partial one is gone."""
    for width in dict.fromkeys((tile.width, TILE_WIDTH)):
        there = Tile(tile.level, tile.index, width)
        data = await files.read(there.path)
        if data is None:
            continue
        if len(data) != width * HASH_SIZE:
            raise ProofError(f"{there.path} a une longueur de {len(data)} octets")
        return data[: tile.width * HASH_SIZE]
    raise MissingFile(tile.path)


def _hashes(data: bytes) -> list[bytes]:
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]
