"""Read single leaves and hashes of the signed tree, in any order; what was read last is held."""

from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache

from monitor.evidence.log import tlog
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import TILE_WIDTH, Tile

HELD_BUNDLES = 64
HELD_TILES = 256
HELD_NODES = 4096  # proofs of many leaves go through the same ones


class SignedLeaves:
    """The leaves below a checkpoint of `size`. Reading raises ProofError when a file is damaged."""

    def __init__(self, tiles: Tiles, size: int) -> None:
        self.size = size
        self._tiles = tiles
        self._bundles = OrderedDict[int, list[bytes]]()
        self._rows = OrderedDict[Tile, bytes]()
        self.nodes = lru_cache(HELD_NODES)(tlog.nodes_from_tiles(self._tile, size))

    def __getitem__(self, number: int) -> bytes:
        """Return a leaf. Raises IndexError for one that no leaf of this tree can be."""
        if not 0 <= number < self.size:
            raise IndexError(number)
        index, place = divmod(number, TILE_WIDTH)
        return self._bundle(index)[place]

    def since(self, first: int) -> Iterator[tuple[int, bytes]]:
        """Yield the leaves from `first` on, each with its number."""
        for index in range(first // TILE_WIDTH, -(-self.size // TILE_WIDTH)):
            start = index * TILE_WIDTH
            for place, leaf in enumerate(self._bundle(index)):
                if start + place >= first:
                    yield start + place, leaf

    def _bundle(self, index: int) -> list[bytes]:
        if index not in self._bundles:
            width = min(TILE_WIDTH, self.size - index * TILE_WIDTH)
            self._bundles[index] = self._tiles.entries(index, width)
            if len(self._bundles) > HELD_BUNDLES:
                self._bundles.popitem(last=False)
        self._bundles.move_to_end(index)
        return self._bundles[index]

    def _tile(self, tile: Tile) -> bytes:
        if tile not in self._rows:
            self._rows[tile] = self._tiles.tile(tile)
            if len(self._rows) > HELD_TILES:
                self._rows.popitem(last=False)
        self._rows.move_to_end(tile)
        return self._rows[tile]
