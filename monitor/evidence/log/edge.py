"""The right edge of a growing tree: all that is needed to add leaves and compute the root."""

from collections.abc import Callable, Iterable
from typing import Self

from monitor.evidence.log import tlog
from monitor.evidence.log.tlog import HASH_SIZE, TILE_WIDTH, Tile


class TreeEdge:
    """The incomplete tile of each level, as hashes: 8 kB a level, whatever the tree's size."""

    def __init__(self, size: int = 0, levels: Iterable[Iterable[bytes]] = ()) -> None:
        self.size = size
        self._levels = [list(row) for row in levels]

    @classmethod
    def load(cls, size: int, read: Callable[[Tile], bytes]) -> Self:
        """Read the edge of a tree of `size` leaves from its tiles."""
        levels: list[list[bytes]] = []
        remaining = size
        while remaining:
            index, width = divmod(remaining, TILE_WIDTH)
            data = read(Tile(len(levels), index, width)) if width else b""
            levels.append([data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)])
            remaining = index
        return cls(size, levels)

    def copy(self) -> Self:
        """Return an independent copy."""
        return type(self)(self.size, self._levels)

    @property
    def root(self) -> bytes:
        """The root of the tree."""
        return tlog.root(tlog.nodes_from_tiles(self.read, self.size), self.size)

    def add(self, hashes: Iterable[bytes]) -> list[tuple[Tile, bytes]]:
        """Add leaf hashes; return the tiles that this filled, lower levels first."""
        full: list[tuple[Tile, bytes]] = []
        for leaf in hashes:
            self._add(0, leaf, full)
            self.size += 1
        return full

    def partial(self) -> list[tuple[Tile, bytes]]:
        """Return the incomplete tiles that a checkpoint of this size needs."""
        tiles = []
        for level, row in enumerate(self._levels):
            if row:
                index = self.size >> (8 * (level + 1))
                tiles.append((Tile(level, index, len(row)), b"".join(row)))
        return tiles

    def leaves(self) -> list[bytes]:
        """Return the leaf hashes of the incomplete bundle."""
        return list(self._levels[0]) if self._levels else []

    def read(self, tile: Tile) -> bytes:
        """Return a tile of the edge, for `tlog.nodes_from_tiles`."""
        return b"".join(self._levels[tile.level][: tile.width])

    def _add(self, level: int, node: bytes, full: list[tuple[Tile, bytes]]) -> None:
        if level == len(self._levels):
            self._levels.append([])
        row = self._levels[level]
        row.append(node)
        if len(row) == TILE_WIDTH:
            index = self.size >> (8 * (level + 1))
            full.append((Tile(level, index), b"".join(row)))
            self._levels[level] = []
            self._add(level + 1, tlog.subtree(row), full)
