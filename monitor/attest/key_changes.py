"""From a key of the journal that was changed since to the one that signs now."""

import json
from collections.abc import Iterator
from contextlib import suppress

from monitor.evidence import bounded
from monitor.evidence.log.note import MAX_NOTE_BYTES, Checkpoint, Note, NoteError, VerifierKey
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import TILE_WIDTH, ProofError

_BUNDLES = 2  # before the end of a note's tree: the leaf of the change is the last, or nearly


def followed(key: VerifierKey, tiles: Tiles, *, size: int) -> VerifierKey:
    """Return the key that signs a journal of `size`, from the one that was given.

    Each note of a change must be signed by both keys, and a leaf of its tree must name them.
    That the journal extends these trees is for the caller to verify, as of any older checkpoint.
    """
    for path in sorted(tiles.changes(size), key=lambda each: int(each.name)):
        with suppress(NoteError, ProofError, OSError):
            note = Note.parse(bounded.read(path, MAX_NOTE_BYTES))
            point = Checkpoint.parse(note.text)
            if point.origin != key.name or not note.verified_by([key]):
                continue
            for new in _following(key, tiles, end=point.size, size=size):
                if note.verified_by([new]):
                    key = new
                    break
    return key


def _following(key: VerifierKey, tiles: Tiles, *, end: int, size: int) -> Iterator[VerifierKey]:
    """Yield the keys that leaves shortly before `end` put in place of `key`, the last first."""
    last = (end - 1) // TILE_WIDTH
    for index in range(last, max(-1, last - _BUNDLES), -1):
        entries = tiles.entries(index, min(TILE_WIDTH, size - index * TILE_WIDTH))
        for entry in reversed(entries[: end - index * TILE_WIDTH]):
            with suppress(ValueError, RecursionError, AttributeError, TypeError, NoteError):
                leaf = json.loads(entry)
                if leaf.get("type") == "key" and leaf.get("old") == str(key):
                    yield VerifierKey.parse(leaf["new"])
