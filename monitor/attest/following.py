"""Follow another point: read its journal, verify it, import its leaves as rows.

As monitors of Certificate Transparency do: a checkpoint must be signed by the key that we know,
and extend the last one that we verified. What we verified is kept as static files, and what
proves a fault is kept for good: see `evidence/other_points/point_folder.py`.
"""

import asyncio
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from monitor import __version__
from monitor.evidence.log import tlog
from monitor.evidence.log.note import Checkpoint, Note, NoteError, VerifierKey
from monitor.evidence.log.tlog import TILE_WIDTH, ProofError, Tile
from monitor.evidence.other_points.point_folder import (
    FaultKind,
    FollowFault,
    FollowState,
    PointFolder,
    told,
)
from monitor.evidence.other_points.remote_files import FolderFiles, HttpFiles, RemoteFiles
from monitor.evidence.other_points.remote_tree import MissingFile, RemoteTree
from monitor.evidence.outbound_http import OutboundHttp, Unreachable
from monitor.runtime.clock import Clock
from monitor.store.reads.journal_reads import KeptCheckpoint
from monitor.store.rebuild.followed_rows import BadLeaf, FollowedRows

AHEAD: Final = 4  # bundles that are read while others are imported
PATIENCE: Final = 3  # visits in a row whose files do not lead to what was signed
FREE_BYTES: Final = 500_000_000  # left on the disk for our own record

Progress = Callable[[str, int, int], None]


class Silent(Exception):  # noqa: N818 -- a state of the outside, not a fault of ours
    """A visit came to nothing, and proves nothing. The message is French."""


class _Faulty(Exception):  # noqa: N818 -- a state of the outside, not a fault of ours
    def __init__(self, kind: FaultKind, text: str, files: dict[str, bytes]) -> None:
        super().__init__(text)
        self.kind = kind
        self.files = files


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedPoint:
    """What to follow: a folder's name below `data/points/`, a key, an address or a folder."""

    name: str
    key: VerifierKey
    url: str


class PointFollower:
    """Follows one point. Its methods are for one task at a time."""

    def __init__(  # noqa: PLR0913 -- keyword-only: its seams
        self,
        point: FollowedPoint,
        data: Path,
        *,
        clock: Clock,
        courier: OutboundHttp,
        progress: Progress = lambda *_: None,
        turn: AbstractAsyncContextManager[object] | None = None,
        slice_s: float | None = None,
    ) -> None:
        """Prepare to follow.

        Args:
            point: What to follow.
            data: The folder of all that we write.
            clock: The source of `now`.
            courier: Reads from an address.
            progress: Called with what is done, how much of it, of how much.
            turn: Held while leaves are imported.
            slice_s: The longest that it is held, more or less; None: until all are imported.

        """
        self.point = point
        self.place = PointFolder(data, point.name)
        self._clock = clock
        self._courier = courier
        self._progress = progress
        self._turn = turn or nullcontext()
        self._slice_us = round(slice_s * 1e6) if slice_s else None
        self._note = b""  # the last that was read, verified or not

    async def visit(self) -> FollowState:
        """Read all that is new, and return what came of it.

        Raises:
            StoreError, OSError: A fault of our own.

        """
        now = self._clock.now()
        state = replace(self.place.state(), asked_at=now, why="")
        files = self._files(state)
        try:
            self._require_no_fault()
            tree = await self._newest(files)
            size = tree.checkpoint.size if tree else state.size
            leaves = state.leaves
            if tree is not None:
                async with self._turn:
                    leaves = await self._read(tree)
            heard_at = now if leaves == size else state.heard_at
            state = replace(state, heard_at=heard_at, size=size, leaves=leaves, misses=0)
            self.place.forget_fault(FaultKind.SIZE)
        except (Silent, Unreachable) as error:
            state = replace(state, why=str(error))
        except (MissingFile, ProofError) as error:
            state = self._missed(state, error, now)
        except _Faulty as fault:
            self._keep(fault, now)
            state = replace(state, why=str(fault))
        state = replace(state, why=told(state.why))
        if isinstance(files, HttpFiles):  # not before all that it vouches for was read
            state = replace(state, etag="" if state.why else files.etag)
        await asyncio.to_thread(self.place.put_state, state)
        return state

    def _files(self, state: FollowState) -> RemoteFiles:
        if self.point.url.startswith("/"):
            return FolderFiles(Path(self.point.url))
        whole = state.leaves == state.size and not self.place.faults()
        return HttpFiles(self.point.url, self._courier, etag=state.etag if whole else "")

    def _require_no_fault(self) -> None:
        """Raise Silent for a point whose fault is for ever, as far as this program can tell."""
        for fault in self.place.faults():
            if fault.kind is FaultKind.LEAF and fault.program != __version__:
                self.place.forget_fault(FaultKind.LEAF)  # this one may read it
            elif fault.kind is not FaultKind.SIZE:
                raise Silent(fault.text)

    async def _newest(self, files: RemoteFiles) -> RemoteTree | None:
        """Return the tree of the newest checkpoint, proved to extend the last; None: the same."""
        note = await files.checkpoint()
        if note is None:
            return None
        self._note = note
        checkpoint = _signed_by(self.point.key, note)
        last_note = self.place.last_note()
        last = Checkpoint.parse(Note.parse(last_note).text) if last_note else None
        if last and last_note and checkpoint.size <= last.size:
            self._require_same_past(checkpoint, note, last, last_note)
        tree = await RemoteTree.open(files, checkpoint)
        extends = not last or not 0 < last.size < checkpoint.size
        if last and last_note and not extends and await tree.root_at(last.size) != last.root:
            raise await self._fork(tree, note, last, last_note)
        await asyncio.to_thread(self.place.put_last_note, note)
        return tree

    def _require_same_past(
        self, checkpoint: Checkpoint, note: bytes, last: Checkpoint, last_note: bytes
    ) -> None:
        """Compare a checkpoint that is not larger than the last with what we have of it."""
        try:
            root = (
                last.root
                if checkpoint.size == last.size
                else tlog.root(tlog.nodes_from_tiles(self._own_tile, last.size), checkpoint.size)
            )
        except ProofError:  # the copy does not reach that far yet
            root = checkpoint.root
        if root != checkpoint.root:
            text = (
                f"Deux histoires signées par {self.point.key.name} : à {checkpoint.size} feuilles,"
                " deux racines. La preuve est complète, avec les empreintes de la copie."
            )
            raise _Faulty(
                FaultKind.FORK, text, {"ancien-checkpoint": last_note, "checkpoint": note}
            )
        if checkpoint.size < last.size:
            raise Silent(
                f"copie ancienne, ou point rendu d’une sauvegarde : {checkpoint.size} feuilles,"
                f" et {last.size} étaient déjà signées"
            )

    def _own_tile(self, tile: Tile) -> bytes:
        return self.place.tiles.tile(tile)

    async def _fork(
        self, tree: RemoteTree, note: bytes, last: Checkpoint, last_note: bytes
    ) -> _Faulty:
        """Return the proof that a tree, signed by the same key, does not begin with the last."""
        hashes = {
            f"autre-{tile.path.replace('/', '-')}": data
            for tile, data in [*tree.partial(), *(await tree.leading_to(last.size)).items()]
        }
        text = (
            f"Deux histoires signées par {self.point.key.name} : les {tree.checkpoint.size}"
            f" feuilles de la seconde ne commencent pas par les {last.size} de la première."
            " La preuve est complète."
        )
        files = {"ancien-checkpoint": last_note, "checkpoint": note, **hashes}
        return _Faulty(FaultKind.FORK, text, files)

    async def _read(self, tree: RemoteTree) -> int:
        """Import the leaves of a tree from where we are; return how many there are."""
        self._require_room()
        size, started_us = tree.checkpoint.size, self._clock.monotonic_us()
        with await asyncio.to_thread(self._rows) as rows:
            start, due = rows.position, 0
            if start < size:
                async for index, entries, hashes in self._bundles(tree, start // TILE_WIDTH):
                    fresh = entries[max(0, start - index * TILE_WIDTH) :]
                    self._require_room()
                    await asyncio.to_thread(self._import, rows, index, entries, hashes, fresh)
                    await self._put_full(tree, index)
                    self._progress("feuilles lues", index * TILE_WIDTH + len(entries), size)
                    spent_us = self._clock.monotonic_us() - started_us
                    if self._slice_us is not None and spent_us > self._slice_us:
                        # However slow the other side is, what was read now is not read again.
                        due = due or rows.commit_soon()
                        if rows.position >= due:
                            return rows.position
                await self._committed(rows, tree)
            await asyncio.to_thread(self._publish, tree, rows)
            return rows.position

    def _require_room(self) -> None:
        """Raise Silent when what others sign begins to take the place of our own record."""
        if self.place.folder.exists() and shutil.disk_usage(self.place.folder).free < FREE_BYTES:
            raise Silent("le disque d’ici est presque plein : rien n’est importé")

    def _rows(self) -> FollowedRows:
        self.place.folder.mkdir(parents=True, exist_ok=True)
        return FollowedRows(self.place.database_url, self.place.tiles.entries_so_far)

    async def _bundles(
        self, tree: RemoteTree, first: int
    ) -> AsyncIterator[tuple[int, list[bytes], bytes]]:
        """Yield bundles in order, verified, while the next ones are on their way."""
        waiting: deque[tuple[int, asyncio.Task[tuple[list[bytes], bytes]]]] = deque()
        indexes = iter(range(first, -(-tree.checkpoint.size // TILE_WIDTH)))
        try:
            while True:
                while len(waiting) < AHEAD and (index := next(indexes, None)) is not None:
                    waiting.append((index, asyncio.create_task(tree.bundle(index))))
                if not waiting:
                    return
                index, task = waiting[0]
                entries, hashes = await task
                waiting.popleft()
                yield index, entries, hashes
        finally:
            for _, task in waiting:
                task.cancel()
            await asyncio.gather(*(task for _, task in waiting), return_exceptions=True)

    def _import(
        self,
        rows: FollowedRows,
        index: int,
        entries: list[bytes],
        hashes: bytes,
        fresh: list[bytes],
    ) -> None:
        self.place.tiles.put_entries(index, entries)
        self.place.tiles.put_tile(Tile(0, index, len(entries)), hashes)
        try:
            rows.add(fresh)
        except BadLeaf as error:
            raise self._bad(error, entries) from error

    async def _committed(self, rows: FollowedRows, tree: RemoteTree) -> None:
        try:
            await asyncio.to_thread(rows.commit)
        except BadLeaf as error:
            entries = self.place.tiles.entries(
                error.idx // TILE_WIDTH,
                min(TILE_WIDTH, tree.checkpoint.size - error.idx // TILE_WIDTH * TILE_WIDTH),
            )
            raise self._bad(error, entries) from error

    def _bad(self, error: BadLeaf, entries: list[bytes]) -> _Faulty:
        text = (
            f"La feuille {error.idx}, signée par {self.point.key.name}, ne se lit pas"
            f" (Vigie {__version__}) : {error}"
        )
        note = self.place.last_note() or b""
        files = {"checkpoint": note, f"paquet-{error.idx // TILE_WIDTH}": tlog.pack_bundle(entries)}
        return _Faulty(FaultKind.LEAF, text, files)

    async def _put_full(self, tree: RemoteTree, index: int) -> None:
        """Write the tiles that the bundle `index` filled, and drop the partial ones before."""
        level, size = 0, tree.checkpoint.size
        while (index + 1) * TILE_WIDTH <= size >> (8 * level):
            if level:
                tile = Tile(level, index)
                self.place.tiles.put_tile(tile, await tree.tile(tile))
            self.place.tiles.prune(level, index)
            index, rest = divmod(index, TILE_WIDTH)
            if rest != TILE_WIDTH - 1:
                return
            level += 1

    def _publish(self, tree: RemoteTree, rows: FollowedRows) -> None:
        """Make the copy one of the newest checkpoint, whole."""
        for tile, data in tree.partial():
            self.place.tiles.put_tile(tile, data)
        note = self.place.last_note()
        if note is not None and note != self.place.tiles.checkpoint():
            self.place.tiles.publish(note)
        if note is not None:
            size, root = tree.checkpoint.size, tree.checkpoint.root
            rows.keep_checkpoint(
                KeptCheckpoint(size=size, root=root, at=self._clock.now(), note=note)
            )

    def _missed(self, state: FollowState, error: Exception, now: datetime) -> FollowState:
        """Count a visit whose files do not lead to what was signed; too many are a fault."""
        what = (
            f"{error} est absent, et son point de contrôle en répond"
            if isinstance(error, MissingFile)
            else str(error)
        )
        state = replace(state, why=what, misses=state.misses + 1)
        if state.misses >= PATIENCE:
            text = (
                f"{self.point.key.name} a signé une taille à laquelle ses fichiers ne mènent pas"
                f" ({what}), {state.misses} visites de suite. C’est ce que nous avons observé :"
                " cela ne prouve rien à un tiers."
            )
            self._keep(_Faulty(FaultKind.SIZE, text, {"checkpoint": self._note}), now)
        return state

    def _keep(self, fault: _Faulty, now: datetime) -> None:
        observed = FollowFault(kind=fault.kind, text=str(fault), at=now, program=__version__)
        self.place.put_fault(observed, fault.files)


def _signed_by(key: VerifierKey, note: bytes) -> Checkpoint:
    """Return the checkpoint of a note. Raises Silent unless the key signed it under its name."""
    try:
        parsed = Note.parse(note)
        checkpoint = Checkpoint.parse(parsed.text)
        signed = parsed.verified_by((key,))
    except NoteError as error:
        raise Silent(f"point de contrôle illisible ou mal signé ({error})") from error
    if not signed or checkpoint.origin != key.name:
        raise Silent(
            f"point de contrôle de {checkpoint.origin[:100]}, que la clé de {key.name} n’a pas"
            " signé : a-t-il changé de clé ?"
        )
    return checkpoint
