"""A copy of the journal for others: plain files that any tool of the trade reads.

The checkpoint is taken first, then what it commits to: the service may go on meanwhile.
"""

from pathlib import Path

from monitor.evidence import tlog
from monitor.evidence.note import Checkpoint, Note
from monitor.evidence.tiles import CHECKPOINT, Tiles


def copy_tree(journal: Path, out: Path) -> Checkpoint:
    """Copy the checkpoint, the tiles and the bundles, the latter not compressed.

    Raises:
        FileNotFoundError: nothing was signed yet.
        ProofError, NoteError: the journal is damaged.
        OSError: it cannot be read, or the copy written.

    """
    tiles = Tiles(journal)
    note = tiles.checkpoint()
    if note is None:
        raise FileNotFoundError(journal / CHECKPOINT)
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    for tile in tlog.tiles(checkpoint.size):
        put(out / tile.path, tiles.tile(tile))
        if tile.level == 0:
            bundle = tlog.pack_bundle(tiles.entries(tile.index, tile.width))
            put(out / tlog.bundle_path(tile.index, tile.width), bundle)
    put(out / CHECKPOINT, note)
    return checkpoint


def put(path: Path, data: bytes) -> None:
    """Write a file of a copy: it is made again if it is lost."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
