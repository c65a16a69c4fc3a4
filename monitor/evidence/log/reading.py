"""Read a journal's folder from its first leaf to its last, and check each file on the way."""

from collections.abc import Iterator

from monitor.evidence.log import tlog
from monitor.evidence.log.edge import TreeEdge
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import TILE_WIDTH, ProofError, Tile, leaf_hash


class LogReading:
    """Yields the leaves of the tree of `size`; memory use is constant.

    Every bundle must have the hashes of its tile, every tile those of the tile above it.
    `roots` collects the root at each size in `root_sizes` that was passed.
    """

    def __init__(
        self, tiles: Tiles, size: int, *, root_sizes: frozenset[int] = frozenset()
    ) -> None:
        self._tiles = tiles
        self._size = size
        self._wanted = root_sizes
        self._edge = TreeEdge()
        self.roots: dict[int, bytes] = {}

    @property
    def root(self) -> bytes:
        """The root of the leaves read so far."""
        return self._edge.root

    def __iter__(self) -> Iterator[bytes]:
        """Yield leaves. Raises ProofError, which names the file that is missing or differs."""
        for start in range(0, self._size, TILE_WIDTH):
            width = min(TILE_WIDTH, self._size - start)
            entries = self._tiles.entries(start // TILE_WIDTH, width)
            tile = Tile(0, start // TILE_WIDTH, width)
            self._require(tile, b"".join(map(leaf_hash, entries)))
            for entry in entries:
                for full, data in self._edge.add((leaf_hash(entry),)):
                    if full.level:
                        self._require(full, data)
                if self._edge.size in self._wanted:
                    self.roots[self._edge.size] = self._edge.root
                yield entry
        for partial, data in self._edge.partial():
            self._require(partial, data)

    def _require(self, tile: Tile, data: bytes) -> None:
        if self._tiles.tile(tile) != data:
            below = tlog.bundle_path(tile.index, tile.width) if tile.level == 0 else "ses feuilles"
            raise ProofError(f"{tile.path} ne concorde pas avec {below}")
