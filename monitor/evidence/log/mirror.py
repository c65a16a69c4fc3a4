"""Copy the journal for others, as plain files that any C2SP tool reads.

The checkpoint is copied first, then what it commits to: the service may go on meanwhile, and
what it adds is left out, since nothing in the copy could vouch for it.
"""

import json
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from monitor.evidence import bounded
from monitor.evidence.log import tlog
from monitor.evidence.log.note import MAX_NOTE_BYTES, Checkpoint, Note
from monitor.evidence.log.tiles import CHANGES, CHECKPOINT, Tiles

VERIFIER = Path("verify", "verifier.py")  # beside the program, or here


def copy_tree(journal: Path, out: Path, note: bytes | None = None) -> Checkpoint:
    """Copy a checkpoint, its tiles, its bundles (not compressed) and the changes of keys.

    Args:
        journal: Folder of the journal.
        out: Folder to write.
        note: A signed checkpoint of this journal; None for the one that is published.

    Raises:
        FileNotFoundError: Nothing was signed yet.
        ProofError, NoteError: The journal is damaged.
        OSError: The journal cannot be read, or the copy cannot be written.

    """
    tiles = Tiles(journal)
    note = note or tiles.checkpoint()
    if note is None:
        raise FileNotFoundError(journal / CHECKPOINT)
    checkpoint = Checkpoint.parse(Note.parse(note).text)
    for tile in tlog.tiles(checkpoint.size):
        put(out / tile.path, tiles.tile(tile))
        if tile.level == 0:
            bundle = tlog.pack_bundle(tiles.entries(tile.index, tile.width))
            put(out / tlog.bundle_path(tile.index, tile.width), bundle)
    put(out / CHECKPOINT, note)
    for path in tiles.changes(checkpoint.size):
        put(out / CHANGES / path.name, bounded.read(path, MAX_NOTE_BYTES))
    return checkpoint


def copy_stamps(stamps: Path, out: Path, *, size: int) -> int:
    """Copy the time-stamps of checkpoints of at most `size` leaves; return how many.

    Raises:
        NoteError: A stamped checkpoint is damaged.
        OSError: A time-stamp cannot be read, or the copy cannot be written.

    """
    copied = 0
    for token in sorted(stamps.glob("*/token.tst")):
        note = (token.parent / CHECKPOINT).read_bytes()
        if Checkpoint.parse(Note.parse(note).text).size <= size:
            shutil.copytree(token.parent, out / token.parent.name)
            copied += 1
    return copied


def announced_files(journal: Path, size: int) -> set[str]:
    """Return the digests of the announcements that the first `size` leaves refer to.

    Raises:
        ProofError: The journal is damaged.

    """
    return {leaf["sha256"] for leaf in _leaves(journal, size, "annotation") if "sha256" in leaf}


def capture_files(journal: Path, size: int) -> set[str]:
    """Return the names of the files of captures that the first `size` leaves refer to.

    Raises:
        ProofError: The journal is damaged.

    """
    return {leaf["file"] for leaf in _leaves(journal, size, "capture")}


def _leaves(journal: Path, size: int, kind: str) -> Iterator[dict[str, Any]]:
    tiles, mark = Tiles(journal), f'"{kind}"'.encode()
    for tile in tlog.tiles(size):
        if tile.level:
            break  # levels come in order, and only the lowest has leaves
        for leaf in tiles.entries(tile.index, tile.width):
            if mark in leaf and (content := json.loads(leaf))["type"] == kind:
                yield content


def verifier() -> bytes:
    """Return the program that verifies a copy. Raises FileNotFoundError if it is not installed."""
    return verifier_path().read_bytes()


def verifier_path() -> Path:
    """Return the path of that program, which may not exist."""
    beside = Path(__file__).resolve().parents[3] / VERIFIER
    return beside if beside.exists() else VERIFIER


def verifier_sha256() -> str:
    """Return the hex digest of that program, for people to compare; "" when it is missing."""
    try:
        return sha256(verifier()).hexdigest()
    except FileNotFoundError:
        return ""


def put(path: Path, data: bytes) -> None:
    """Write a file of a copy, not durably: a copy that is lost can be made again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
