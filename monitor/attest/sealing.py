"""Seals the journal of a store, one seal at a time."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import structlog

from monitor.config import Config
from monitor.config.settings import Settings
from monitor.evidence import durable
from monitor.evidence.log.journal import FOLDER, LAST, Journal, JournalError, Signed
from monitor.evidence.log.keys import own_key
from monitor.evidence.log.note import Algorithm, Note, NoteError, SignerKey, VerifierKey
from monitor.evidence.log.tiles import CHECKPOINT
from monitor.runtime.clock import Clock
from monitor.runtime.errors import in_french
from monitor.store import Store

log = structlog.get_logger(__name__)

KEY_FILE = "journal.key"  # below data/
# Beside it from before a key is made until its first note is on the disk: after a kill in between
# the service may continue with that key.
UNUSED = f".{KEY_FILE}.unused"
SEAL_INTERVAL_S = 300.0  # what is recorded is signed so often; the edge of an outage at once


class Sealed(Protocol):
    """Called with each new checkpoint."""

    def __call__(self, signed: Signed) -> None:
        """Handle a checkpoint."""


class Sealer:
    """Extends the journal's folder to the store. Safe from any task of one event loop."""

    def __init__(
        self,
        store: Store,
        data: Path,
        key: SignerKey,
        *,
        clock: Clock,
        on_seal: Sealed | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._told = on_seal
        self._busy = asyncio.Lock()
        self._unused = data / UNUSED
        self.journal = Journal(data, key, store)

    @property
    def key(self) -> VerifierKey:
        """The public key that our checkpoints are verified with."""
        return self.journal.key

    async def open(self) -> None:
        """Recover from a crash. Call it before anything is recorded.

        Raises:
            JournalError: The store does not extend what was signed.
            StoreError: A fault of our own; the process must stop.

        """
        async with self._busy:
            with self._readable_errors():
                signed = await asyncio.to_thread(self.journal.open, self._clock.now())
                self._unused.unlink(missing_ok=True)
            await self._note(signed)
            ahead = self._store.leaf_count() - self.journal.size
            if ahead:
                log.info("leaves of the store are not signed yet", count=ahead)

    async def seal(self, *, also: SignerKey | None = None) -> Signed | None:
        """Sign what was recorded since the last time; None when nothing was. Raises as `open`.

        A caller that is cancelled does not interrupt it.
        """
        return await asyncio.shield(self._seal(also))

    async def _seal(self, also: SignerKey | None) -> Signed | None:
        async with self._busy:
            now = self._clock.now()
            with self._readable_errors():
                signed = await asyncio.to_thread(self.journal.seal, now, also=also)
            await self._note(signed)
            return signed

    async def publish(self, note: Note) -> None:
        """Publish a checkpoint with more cosignatures, if it is still the last."""
        async with self._busy:
            with self._readable_errors():
                await asyncio.to_thread(self.journal.publish, note)

    def close(self) -> None:
        """Release the journal, so that another process may seal."""
        self.journal.close()

    @contextmanager
    def _readable_errors(self) -> Iterator[None]:
        """Turn errors of the file system into a JournalError."""
        try:
            yield
        except OSError as error:
            raise JournalError(
                f"Journal {error.filename or self.journal.tiles.folder} : {in_french(error)}. "
                "Libérez de la place ou rendez ce dossier accessible en écriture, puis relancez : "
                "ce qui est enregistré sera signé alors."
            ) from error

    async def _note(self, signed: Signed | None) -> None:
        if signed is None:
            return
        await self._store.keep_checkpoint(
            size=signed.size,
            root=signed.root,
            at=signed.at,
            note=signed.note,
            bundled=signed.bundled,
        )
        log.info("sealed", size=signed.size)
        if self._told is not None:
            self._told(signed)


def build_sealer(
    config: Config, settings: Settings, store: Store, *, clock: Clock, on_seal: Sealed
) -> "Sealer | NoSealer":
    """Build the sealer; a journal's name, that of its association, never changes.

    Raises:
        JournalError: As `require_journal` and `journal_key`.
        KeyFileError: The file of the key cannot be used.

    """
    if not config.identified:
        return NoSealer()
    require_journal(settings.data, store, text=settings.journal_key)
    key = journal_key(settings.data, origin=config.journaling.origin, text=settings.journal_key)
    return Sealer(store, settings.data, key, clock=clock, on_seal=on_seal)


def require_journal(data: Path, store: Store, *, text: str) -> None:
    """Require the journal of a key; a key that has signed nothing yet needs none.

    Args:
        data: Folder of all that the service writes.
        store: The record.
        text: The key, when it is not a file of `data`.

    Raises:
        JournalError: There is a key, and nothing that it signed.

    """
    if not text and ((data / UNUSED).exists() or not (data / KEY_FILE).exists()):
        return
    if any(path.exists() for path in (data / LAST, data / FOLDER / CHECKPOINT)):
        return
    if store.leaf_count() == 0:
        whose = "VIGIE_JOURNAL_KEY" if text else data / KEY_FILE
        raise JournalError(_ALONE.format(key=whose, folder=data / FOLDER))


_ALONE = (
    "{key} : la clé est là, et pas le journal qu’elle signe ({folder} est absent, la base est"
    " vide). Si elle a déjà servi, remettez les données les plus récentes (copie, miroir, export) :"
    " signer sans elles ferait deux histoires sous un seul nom. Si elle n’a jamais servi, dites-le"
    " une fois : « vigie seal --new-journal »."
)


class NoSealer:
    """Signs nothing: the journal has no name yet, and a key needs one."""

    async def open(self) -> None:
        """Do nothing."""

    async def seal(self) -> None:
        """Do nothing: leaves stay in the store until the journal has its name."""

    async def publish(self, note: Note) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


def journal_key(data: Path, *, origin: str, text: str) -> SignerKey:
    """Return the journal's key: `text` when there is one, else the file in `data`.

    Raises:
        JournalError: `text` is not a key of this journal.
        KeyFileError: The file cannot be used.

    """
    if not text:
        if not (data / KEY_FILE).exists() and not (data / LAST).exists():
            durable.write(data / UNUSED, b"")
        return own_key(data / KEY_FILE, name=origin, algorithm=Algorithm.ED25519)
    try:
        key = SignerKey.parse(text)
    except NoteError as error:
        raise JournalError(f"VIGIE_JOURNAL_KEY : ce n’est pas une clé ({error}).") from error
    if (key.name, key.algorithm) != (origin, Algorithm.ED25519):
        raise JournalError(
            f"VIGIE_JOURNAL_KEY : clé au nom de {key.name} ; le journal s’appelle {origin}."
        )
    return key
