"""The journal: committed leaves become tiles, and a signed checkpoint covers them.

Each step is on the disk before the next begins, and each is idempotent:

1. leaves are rows of the store, in the same transactions as the rows that they describe;
2. full and partial tiles and bundles are written;
3. the note is signed, and written to a file outside the journal and the database: from here on
we are committed to it;
4. the note is published as `checkpoint`;
5. the store records it, and deletes the leaves of full bundles.

Before its first leaf a journal is a note of size 0, beside the folder: a key is in use as soon as
it is made, and witnesses can be asked what they know of it.

`open` finishes these steps after a crash. It refuses to continue when the leaves of the store do
not begin with those that were signed: a database restored from a backup, or changed, would make
two histories under one name.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Protocol

from monitor.evidence import durable
from monitor.evidence.log import tlog
from monitor.evidence.log.edge import TreeEdge
from monitor.evidence.log.note import Checkpoint, Note, NoteError, SignerKey, VerifierKey, sign
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.log.tlog import TILE_WIDTH, ProofError, leaf_hash
from monitor.runtime.errors import VigieError

FOLDER = "journal"  # below data/
LAST = "dernier-checkpoint"  # beside it: the last note that we signed
LOCK = "journal.lock"
_HELD = (FOLDER, "captures", "journal.key")  # below data/, and each perhaps a link


class JournalError(VigieError):
    """The journal cannot continue. The message, in French, says why and what to do."""


class Leaves(Protocol):
    """The leaves of the journal's end, as the store has them."""

    def leaf_count(self) -> int:
        """Return the number of all leaves ever committed."""
        ...

    def first_leaf(self) -> int:
        """Return the index of the first leaf that the store still has."""
        ...

    def leaves(self, since: int, until: int) -> Sequence[bytes]:
        """Return the leaves [since, until) that the store still has."""
        ...

    def signed_size(self) -> int:
        """Return the size of the last checkpoint that the store recorded; 0 without any."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A checkpoint of ours; `note` is the file's bytes."""

    size: int
    root: bytes
    at: datetime
    note: bytes

    @property
    def bundled(self) -> int:
        """The number of leaves in full bundles that this covers."""
        return self.size - self.size % TILE_WIDTH


class Journal:
    """The only writer of a journal's folder. Its methods are for one thread at a time."""

    def __init__(self, data: Path, key: SignerKey, leaves: Leaves) -> None:
        """Use the journal below the folder `data`; `key`'s name is the journal's origin."""
        self.tiles = Tiles(data / FOLDER)
        self._last = data / LAST
        self._lock_path = data / LOCK
        self._data = data
        self._locks = ExitStack()
        self._locked = False
        self._key = key
        self._leaves = leaves
        self._edge = TreeEdge()
        self._signed: tuple[Checkpoint, bytes] | None = None
        self._pruned: dict[int, int] = {}  # by level, the full tiles without partial ones

    @property
    def key(self) -> VerifierKey:
        """The public key that checkpoints are verified with."""
        return self._key.verifier

    @property
    def origin(self) -> str:
        """The journal's name: the first line of its checkpoints."""
        return self._key.name

    @property
    def size(self) -> int:
        """The number of signed leaves."""
        return self._edge.size

    @property
    def note(self) -> bytes:
        """The last note that we signed. Raises ValueError before the journal is open."""
        if self._signed is None:
            raise ValueError("the journal is not open")
        return self._signed[1]

    def open(self, at: datetime) -> Signed | None:
        """Check that the store extends what was signed, and finish what a crash interrupted.

        Returns:
            The last checkpoint, when the store has not recorded it yet: see `seal`.

        Raises:
            JournalError: Another process writes the journal, the leaves do not extend it, or
            its files are damaged.
            OSError: A file cannot be read or written.

        """
        try:
            self._take_lock()
            return self._open(at)
        except BaseException:
            self.close()
            raise

    def _open(self, at: datetime) -> Signed | None:
        last = self._last_note()
        if last is None:
            if self._leaves.signed_size():
                raise JournalError(_LOST.format(folder=self.tiles.folder, last=self._last))
            self._require_same_leaves(0)
            empty = Checkpoint(self.origin, 0, tlog.EMPTY_ROOT)
            note = bytes(Note(str(empty), (sign(str(empty), self._key),)))
            durable.write(self._last, note)
            last = empty, note
        checkpoint, _ = self._signed = last
        with _damage(self.tiles.folder):
            self._edge = TreeEdge.load(checkpoint.size, self.tiles.tile)
            if self._edge.root != checkpoint.root:
                raise ProofError("the tiles do not lead to the root that was signed")
            self._require_same_leaves(checkpoint.size)
        return self._commit(at)

    def seal(self, at: datetime, *, also: SignerKey | None = None) -> Signed | None:
        """Sign what was committed since the last checkpoint.

        Returns:
            The last checkpoint, when the store has not recorded it yet. The caller has the store
            record it, and drop its leaves before `bundled`. Until it does, nothing is lost and
            the next call returns it again.

        Args:
            at: The instant of the checkpoint.
            also: A second key, whose signature follows ours: the next one, when keys change. That
            note is never deleted.

        Raises:
            JournalError, OSError: As `open`.

        """
        published = 0 < self._edge.size <= self._leaves.signed_size()
        if published and self.tiles.checkpoint() is None:
            raise JournalError(_GONE.format(folder=self.tiles.folder))
        size = self._leaves.leaf_count()
        if size > self._edge.size or (also and size):
            edge = self._edge.copy()
            with _damage(self.tiles.folder):
                self._write_tiles(edge, size)
            checkpoint = Checkpoint(self.origin, size, edge.root)
            signatures = tuple(sign(str(checkpoint), key) for key in (self._key, also) if key)
            note = bytes(Note(str(checkpoint), signatures))
            if also is not None:
                self.tiles.put_change(size, note)
            durable.write(self._last, note)
            self._edge, self._signed = edge, (checkpoint, note)
        return self._commit(at)

    def publish(self, note: Note) -> None:
        """Publish our last note with its cosignatures; an older note is ignored."""
        if self._signed is not None and Note.parse(self._signed[1]).text == note.text:
            self.tiles.publish(bytes(note))

    def close(self) -> None:
        """Release the locks, so that another process may write."""
        self._locks.close()
        self._locked = False

    def _take_lock(self) -> None:
        """Lock all that a service writes, whatever paths lead to it.

        The journal, the captures and the key may each be linked to from another data folder: the
        files and folders themselves are locked, too.
        """
        if self._locked:
            return
        durable.make_folder(self._lock_path.parent)
        self._lock_path.touch()
        for path in (self._lock_path, *(self._data / name for name in _HELD)):
            try:
                durable.hold(path, self._locks)
            except FileNotFoundError:
                continue
            except BlockingIOError:
                raise JournalError(
                    f"Un autre service Vigie tient déjà {path}. "
                    "Arrêtez-le, ou donnez un autre dossier à celui-ci (--data)."
                ) from None
        self._locked = True

    def _last_note(self) -> tuple[Checkpoint, bytes] | None:
        """Return the newest of our notes. Raises JournalError when two of them are a fork."""
        notes = [self.tiles.checkpoint()]
        with suppress(FileNotFoundError):
            notes.append(self._last.read_bytes())
        signed_notes = [(self._read(note), note) for note in notes if note is not None]
        if not signed_notes:
            return None
        last, note = max(signed_notes, key=lambda checkpoint: checkpoint[0].size)
        if any(
            checkpoint.size == last.size and checkpoint.root != last.root
            for checkpoint, _ in signed_notes
        ):
            raise JournalError(_FORK.format(folder=self.tiles.folder))
        if last.size < self._leaves.signed_size():
            raise JournalError(_LOST.format(folder=self.tiles.folder, last=self._last))
        return last, note

    def _read(self, data: bytes) -> Checkpoint:
        try:
            note = Note.parse(data)
            signed = note.verified_by((self.key,))
            checkpoint = Checkpoint.parse(note.text)
        except NoteError as error:
            raise JournalError(_KEY.format(folder=self.tiles.folder, why=error)) from error
        if not signed or checkpoint.origin != self.origin:
            raise JournalError(_KEY.format(folder=self.tiles.folder, why=checkpoint.origin))
        return checkpoint

    def _require_same_leaves(self, signed: int) -> None:
        """Compare the leaves that the store still has with those that were signed."""
        size, first = self._leaves.leaf_count(), self._leaves.first_leaf()
        if size < signed or first > signed - signed % TILE_WIDTH:
            raise JournalError(_BEHIND.format(size=size, signed=signed))
        for start in range(first - first % TILE_WIDTH, signed, TILE_WIDTH):
            end = min(start + TILE_WIDTH, signed)
            since = max(start, first)
            stored = self._leaves.leaves(since, end)
            signed_leaves = self.tiles.entries(start // TILE_WIDTH, end - start)[since - start :]
            hashes = self._hashes(start, end)[since - start :]
            if (
                list(stored) != signed_leaves
                or [leaf_hash(entry) for entry in signed_leaves] != hashes
            ):
                raise JournalError(_BEHIND.format(size=size, signed=signed))

    def _hashes(self, start: int, end: int) -> list[bytes]:
        data = self.tiles.tile(tlog.Tile(0, start // TILE_WIDTH, end - start))
        return [data[at : at + tlog.HASH_SIZE] for at in range(0, len(data), tlog.HASH_SIZE)]

    def _write_tiles(self, edge: TreeEdge, size: int) -> None:
        """Grow `edge` to `size`, writing each bundle before its tile, the partial ones last."""
        start = edge.size - edge.size % TILE_WIDTH
        while start < size:
            end = min(start + TILE_WIDTH, size)
            entries = list(self._leaves.leaves(start, end))
            if len(entries) != end - start:
                raise ProofError(f"the store lacks leaves between {start} and {end}")
            self.tiles.put_entries(start // TILE_WIDTH, entries)
            fresh = islice(entries, edge.size - start, None)
            for tile, data in edge.add(map(leaf_hash, fresh)):
                self.tiles.put_tile(tile, data)
            start = end
        for tile, data in edge.partial():
            self.tiles.put_tile(tile, data)

    def _commit(self, at: datetime) -> Signed | None:
        """Update every copy of the checkpoint; the store is the last."""
        if self._signed is None:
            return None
        checkpoint, note = self._signed
        if _read_if_there(self._last) != note:
            durable.write(self._last, note)
        if checkpoint.size and not _is_published(self.tiles.checkpoint(), Note.parse(note)):
            self.tiles.publish(note)
        self._prune(checkpoint.size)
        if self._leaves.signed_size() >= checkpoint.size:
            return None
        return Signed(size=checkpoint.size, root=checkpoint.root, at=at, note=note)

    def _prune(self, size: int) -> None:
        """Delete the partial tiles that full ones replaced."""
        level = 0
        while size := size // TILE_WIDTH:
            for index in range(self._pruned.get(level, size - 1), size):
                self.tiles.prune(level, index)
            self._pruned[level] = size
            level += 1


def _read_if_there(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _is_published(published: bytes | None, note: Note) -> bool:
    """Return whether this note is published already, perhaps with cosignatures."""
    if published is None:
        return False
    current = Note.parse(published)
    return current.text == note.text and set(note.signatures) <= set(current.signatures)


@contextmanager
def _damage(folder: Path) -> Iterator[None]:
    try:
        yield
    except ProofError as error:
        raise JournalError(_DAMAGED.format(folder=folder, why=error)) from error


_DAMAGED = (
    "Journal {folder} : fichier manquant ou abîmé ({why}). Rien n’a été signé."
    " Remettez le dossier en place depuis une copie ou un miroir, puis relancez."
)
_BEHIND = (
    "La base ne contient pas ce que le journal a déjà signé ({signed} feuilles signées, {size} en"
    " base) : elle vient d’une sauvegarde ancienne, ou elle a été modifiée. Continuer ferait deux"
    " histoires sous un seul nom ; rien n’a été écrit. Remettez la base la plus récente, ou"
    " refaites-la depuis le journal : « vigie rebuild »."
)
_LOST = (
    "La base connaît un point de contrôle signé que {folder} et {last} n’ont pas : ces fichiers"
    " ont été perdus, ou viennent d’une sauvegarde ancienne. Remettez les plus récents (copie,"
    " miroir), puis relancez : signer sans eux pourrait faire deux histoires sous un seul nom."
)
_GONE = (
    "{folder} : le point de contrôle signé n’y est plus ; le journal a été retiré ou déplacé"
    " pendant que le service tournait. Remettez ce dossier tel qu’il était, puis relancez."
)
_FORK = (
    "Deux points de contrôle de même taille, signés par notre clé, ne disent pas la même chose"
    " dans {folder} et à côté : le journal a deux histoires. Rien n’a été écrit. Gardez ces deux"
    " fichiers, ouvrez un nouveau journal (autre clé, autre origine) et dites-le aux lecteurs."
)
_KEY = (
    "Le dernier point de contrôle de {folder} n’est pas signé par notre clé sous notre nom"
    " ({why}). Remettez la clé et l’origine d’avant ; pour changer de clé : « vigie seal"
    " --new-key »."
)
