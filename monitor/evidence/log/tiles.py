"""The folder of a journal: C2SP tlog-tiles as files, each written once.

    checkpoint                          the last signed note
    tile/<level>/<number>[.p/<width>]   hashes
    tile/entries/<number>[.p/<width>].gz
    changements-de-cle/<size>           a note signed by two keys, when one replaced the other

Bundles of entries are compressed (docs/decisions/0010): what is served, or exported, under the
name without ".gz" is the plain bundle. A partial tile exists until the full one does.
"""

import gzip
import os
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path

from monitor.evidence import bounded, durable
from monitor.evidence.log import tlog
from monitor.evidence.log.note import MAX_NOTE_BYTES
from monitor.evidence.log.tlog import HASH_SIZE, TILE_WIDTH, ProofError, Tile

CHECKPOINT = "checkpoint"
CHANGES = "changements-de-cle"  # of keys: they lead from a known old key to the new one
_SIZE = re.compile(r"[1-9]\d{0,17}", re.ASCII)
_WIDTH = re.compile(r"[1-9]\d{0,2}", re.ASCII)
_PACKED, _PACKED_SOON_GONE = 9, 1  # of gzip
_PARTIAL = re.compile(r"tile/(\d|entries)/((?:x\d{3}/)*\d{3})\.p/(\d{1,3})(?:\.gz)?")
MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + tlog.MAX_ENTRY_BYTES)


class Tiles:
    """The files below one folder. Reading raises ProofError, writing OSError or ProofError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def checkpoint(self) -> bytes | None:
        """Return the published note; None before the first."""
        try:
            return bounded.read(self.folder / CHECKPOINT, MAX_NOTE_BYTES)
        except FileNotFoundError:
            return None

    def publish(self, note: bytes) -> None:
        """Publish a signed note as `checkpoint`."""
        durable.write(self.folder / CHECKPOINT, note)

    def put_change(self, size: int, note: bytes) -> None:
        """Write the note by which one key replaces another."""
        durable.write(self.folder / CHANGES / str(size), note)

    def changes(self, size: int | None = None) -> list[Path]:
        """Return the files of such notes, up to a `size` of the journal when it is given."""
        paths = (self.folder / CHANGES).glob("*")
        named = [path for path in paths if _SIZE.fullmatch(path.name)]
        return sorted(path for path in named if size is None or int(path.name) <= size)

    def tile(self, tile: Tile) -> bytes:
        """Return a tile, cut from the full one when the partial one was deleted."""
        data = self._read(tile.path)
        if data is None and tile.width < TILE_WIDTH:
            data = self._read(Tile(tile.level, tile.index).path)
            data = data and data[: tile.width * HASH_SIZE]
        if data is None:
            raise ProofError(f"{tile.path} est absent")
        if len(data) != tile.width * HASH_SIZE:
            raise ProofError(f"{tile.path} a une longueur de {len(data)} octets")
        return data

    def entries(self, index: int, width: int = TILE_WIDTH) -> list[bytes]:
        """Return the first `width` entries beside the level-0 tile `index`."""
        for file_width in dict.fromkeys((width, TILE_WIDTH)):
            path = tlog.bundle_path(index, file_width)
            data = self._bundle(path)
            if data is None:
                continue
            entries = tlog.unpack_bundle(data)
            if len(entries) != file_width:
                raise ProofError(f"{path} : {len(entries)} entrées")
            return entries[:width]
        raise ProofError(f"{tlog.bundle_path(index, width)} est absent")

    def entries_so_far(self, index: int) -> list[bytes]:
        """Return the entries beside the level-0 tile `index`, as many as there are."""
        path = tlog.bundle_path(index)
        partial = (file.name.removesuffix(".gz") for file in (self.folder / f"{path}.p").glob("*"))
        widths = [int(name) for name in partial if _WIDTH.fullmatch(name)]
        data = self._bundle(path)
        if data is None and widths:
            data = self._bundle(tlog.bundle_path(index, max(widths)))
        if data is None:
            raise ProofError(f"{path} est absent")
        return tlog.unpack_bundle(data)

    def stale(self, size: int) -> Iterator[str]:
        """Yield the partial files, older than the tree of `size` leaves, that are no prefix of it.

        They are served until a full tile replaces them, and nothing else reads them. Those of a
        larger tree are ignored: no checkpoint of this size leads to them.
        """
        for name in self._partials():
            match = _PARTIAL.fullmatch(name)
            if match is None:
                yield name
                continue
            level = 0 if match[1] == "entries" else int(match[1])
            index, width = int(match[2].replace("x", "").replace("/", "")), int(match[3])
            full_width = min(TILE_WIDTH, (size >> 8 * level) - index * TILE_WIDTH)
            if 0 < width < full_width and not self._begins(
                name, width, Tile(level, index, full_width)
            ):
                yield name

    def _partials(self) -> Iterator[str]:
        """Yield the names of the partial files, except temporary ones, which begin with a dot."""
        for folder, _, names in os.walk(self.folder / "tile"):  # a folder may go meanwhile
            if folder.endswith(".p"):
                place = Path(folder).relative_to(self.folder).as_posix()
                yield from (f"{place}/{name}" for name in sorted(names) if name[0] != ".")

    def _begins(self, name: str, width: int, whole: Tile) -> bool:
        """Return whether a partial file is the first `width` of a wider one, or was deleted."""
        try:
            if not name.startswith("tile/entries/"):
                data = self._read(name)
                return data is None or data == self.tile(whole)[: width * HASH_SIZE]
            bundle = self._bundle(name.removesuffix(".gz"))
            if bundle is None:
                return True
            return tlog.unpack_bundle(bundle) == self.entries(whole.index, whole.width)[:width]
        except (ProofError, OSError):
            return False

    def put_tile(self, tile: Tile, data: bytes) -> None:
        """Write a tile, durably; an existing one must be the same (else ProofError)."""
        self._put(tile.path, data, self._read(tile.path))

    def put_entries(self, index: int, entries: list[bytes]) -> None:
        """Write a bundle, durably; an existing one must be the same (else ProofError)."""
        path = tlog.bundle_path(index, len(entries))
        data = tlog.pack_bundle(entries)
        existing = self._bundle(path)
        level = _PACKED if len(entries) == TILE_WIDTH else _PACKED_SOON_GONE
        if existing is None:
            durable.write(self.folder / f"{path}.gz", gzip.compress(data, level, mtime=0))
        elif existing != data:
            raise ProofError(f"{path} holds other entries")

    def prune(self, level: int, index: int) -> None:
        """Delete the partial tiles, and bundles, of a tile that is full."""
        full = Tile(level, index).path
        superseded = [full]
        if level == 0:
            superseded.append(tlog.bundle_path(index))
        for path in superseded:
            shutil.rmtree(self.folder / f"{path}.p", ignore_errors=True)

    def _put(self, path: str, data: bytes, existing: bytes | None) -> None:
        if existing is None:
            durable.write(self.folder / path, data)
        elif existing != data:
            raise ProofError(f"{path} holds something else")

    def _read(self, path: str) -> bytes | None:
        try:
            return bounded.read(self.folder / path, MAX_BUNDLE_BYTES)
        except FileNotFoundError:
            return None

    def _bundle(self, path: str) -> bytes | None:
        """Return a bundle, decompressed; an exported journal has it uncompressed."""
        packed = self._read(f"{path}.gz")
        if packed is None:
            return self._read(path)
        return inflate(packed, path)


def inflate(packed: bytes, path: str) -> bytes:
    """Decompress a bundle. Raises ProofError, which names `path`, when it is cut or too long."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(packed, MAX_BUNDLE_BYTES + 1)
    except zlib.error as error:
        raise ProofError(f"{path}.gz ne se décompresse pas ({error})") from error
    if not unpacker.eof or unpacker.unused_data or len(data) > MAX_BUNDLE_BYTES:
        raise ProofError(f"{path}.gz est coupé, ou trop long")
    return data
