"""From a key of the journal that was changed since to the one that signs now."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from monitor.evidence import bounded
from monitor.evidence.log.note import MAX_NOTE_BYTES, Checkpoint, Note, NoteError, VerifierKey
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import TILE_WIDTH, ProofError


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """A key replaced another one; `leaf` is the number of the leaf that says so."""

    leaf: int
    old: VerifierKey
    new: VerifierKey


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


def key_changes(tiles: Tiles, *, size: int) -> tuple[KeyChange, ...]:
    """Return the changes of keys of a journal of `size`, in order. Raises ProofError."""
    ends = sorted(int(path.name) for path in tiles.changes(size))
    changes = {change.leaf: change for end in ends for change in _told(tiles, end=end, size=size)}
    return tuple(changes[leaf] for leaf in sorted(changes))


def signer_at(today: VerifierKey, changes: Sequence[KeyChange], *, size: int) -> VerifierKey:
    """Return the key that signed the checkpoint of `size`; that of a change bears both."""
    return next((change.old for change in changes if change.leaf >= size), today)


def _following(key: VerifierKey, tiles: Tiles, *, end: int, size: int) -> Iterator[VerifierKey]:
    """Yield the keys that leaves shortly before `end` put in place of `key`, the last first."""
    yield from (change.new for change in _told(tiles, end=end, size=size) if change.old == key)


def _told(tiles: Tiles, *, end: int, size: int) -> Iterator[KeyChange]:
    """Yield the changes of keys that leaves shortly before `end` tell, the last first."""
    last = (end - 1) // TILE_WIDTH
    for index in range(last, max(-1, last - _BUNDLES), -1):
        first = index * TILE_WIDTH
        entries = tiles.entries(index, min(TILE_WIDTH, size - first))
        for place in reversed(range(min(len(entries), end - first))):
            with suppress(ValueError, LookupError, RecursionError, AttributeError, TypeError,
                          NoteError):  # fmt: skip
                leaf = json.loads(entries[place])
                if leaf.get("type") == "key":
                    old, new = (VerifierKey.parse(leaf[name]) for name in ("old", "new"))
                    yield KeyChange(leaf=first + place, old=old, new=new)
