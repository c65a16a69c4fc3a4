"""Has the newest checkpoint cosigned by witnesses, then time-stamped by authorities.

In this order, so that a token also dates the cosignatures. Nothing here delays a check or a
seal: a party that is down is asked again later, and the age of its last answer is a metric.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path

from monitor.attest.sealing import NoSealer, Sealer
from monitor.config import Config
from monitor.core.model.anchors import Cosignature, Stamp, Standing
from monitor.evidence.log import tlog
from monitor.evidence.log.journal import FOLDER, JournalError
from monitor.evidence.log.note import Checkpoint, Note, Signature
from monitor.evidence.log.tiles import Tiles
from monitor.evidence.outbound_http import OutboundHttp
from monitor.evidence.timestamps.timestamping import Stamper
from monitor.evidence.witness.cosigning import Cosigners, quorum, require_newest
from monitor.evidence.witness.witness_protocol import with_signatures
from monitor.metrics import JournalMetrics, MetricsState
from monitor.runtime.clock import Clock
from monitor.runtime.errors import in_french
from monitor.store import Store, cosignature_work, stamp_work


def build_courier(config: Config) -> OutboundHttp:
    return OutboundHttp(
        user_agent=config.user_agent,
        allow_private=config.allow_private,
        extra_ca=config.extra_ca,
        ports=config.ports,
    )


async def open_journal(sealer: Sealer | NoSealer, config: Config) -> None:
    """Open the journal, and ask witnesses whether they cosigned a later one, before any seal.

    A journal that has no name yet has no witnesses.

    Raises:
        JournalError: The store does not extend what was signed here, or what witnesses cosigned.
        StoreError, OSError: A fault of our own; the process must stop.

    """
    await sealer.open()
    if isinstance(sealer, Sealer):
        await require_newest(config.cosigning, sealer.journal.note, courier=build_courier(config))


class Anchoring:
    """The newest checkpoint, with its cosignatures and time-stamps."""

    def __init__(  # noqa: PLR0913 -- keyword-only: its seams
        self,
        config: Config,
        *,
        store: Store,
        data: Path,
        clock: Clock,
        board: MetricsState,
        publish: Callable[[Note], Awaitable[None]],
    ) -> None:
        """Continue from the store.

        Args:
            config: Whom to ask.
            store: The record.
            data: Folder of all that the service writes.
            clock: The source of `now`.
            board: The state that metrics are read from.
            publish: Publishes a checkpoint with more cosignatures.

        Raises:
            StoreError: The store cannot be read.

        """
        self._cosigning = config.cosigning
        self._store = store
        self._board = board
        self._publish = publish
        self._data = data
        self._tiles = Tiles(data / FOLDER)
        self._newest: Note | None = None
        verified = store.last_stamps(verified=True)
        slugs = [authority.slug for authority in config.stamping.authorities]
        stamped_at = {slug: verified[slug].at if slug in verified else None for slug in slugs}
        board.journal = JournalMetrics(stamped_at=stamped_at)
        if (checkpoint := store.checkpoint()) is not None:
            lines = [
                Signature.parse(cosignature.line)
                for cosignature in store.cosignatures(checkpoint.size)
            ]
            self.sealed(
                bytes(with_signatures(Note.parse(checkpoint.note), lines)), at=checkpoint.at
            )
        courier = build_courier(config)
        self._cosigners = Cosigners(
            config.cosigning,
            clock=clock,
            courier=courier,
            newest=lambda: bytes(self._newest) if self._newest else None,
            prove=self.prove,
            record=self._cosigned,
            last={
                name: cosignature.size for name, cosignature in store.last_cosignatures().items()
            },
        )
        self._stamper = Stamper(
            config.stamping.authorities,
            interval_s=config.stamping.interval_s,
            clock=clock,
            courier=courier,
            data=data,
            newest=self._settled,
            record=self._stamped,
            last=store.last_stamps(verified=False),
        )

    async def run(self) -> None:
        """Ask until cancelled. Raises StoreError, JournalError: a fault of our own."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._cosigners.run())
                group.create_task(self._stamper.run())
        except* OSError as group_error:
            raise JournalError(
                f"Journal {self._data} : {in_french(first_of(group_error))}. Libérez de la "
                "place ou rendez ce dossier accessible en écriture, puis relancez."
            ) from group_error

    def sealed(self, note: bytes, *, at: datetime) -> None:
        """Take a checkpoint that the store has recorded."""
        self._newest = Note.parse(note)
        self._show(size=Checkpoint.parse(self._newest.text).size, sealed_at=at)

    def edge(self) -> None:
        """Have the newest checkpoint stamped soon: it contains the edge of an outage."""
        self._stamper.stamp_soon()

    def prove(self, old: int, size: int) -> list[bytes]:
        """Return the proof that our journal of `size` extends that of `old`. Call it in a thread.

        Raises ProofError when a file of the journal is missing or damaged.
        """
        if old == 0:
            return []
        nodes = tlog.nodes_from_tiles(cache(self._tiles.tile), size)
        return tlog.prove_consistency(nodes, old, size)

    def _settled(self) -> bytes | None:
        if self._newest is None or not self._cosigners.settled(bytes(self._newest)):
            return None
        return bytes(self._newest)

    async def _cosigned(self, cosignature: Cosignature) -> None:
        await self._store.write(cosignature_work(cosignature))
        if (
            self._newest is not None
            and Checkpoint.parse(self._newest.text).size == cosignature.size
        ):
            self._newest = with_signatures(self._newest, [Signature.parse(cosignature.line)])
            await self._publish(self._newest)
            self._show()

    async def _stamped(self, stamp: Stamp) -> None:
        await self._store.write(stamp_work(stamp))
        if stamp.standing is Standing.VERIFIED and self._board.journal is not None:
            stamped_at = {**self._board.journal.stamped_at, stamp.authority: stamp.at}
            self._board.journal = replace(self._board.journal, stamped_at=stamped_at)

    def _show(self, *, size: int | None = None, sealed_at: datetime | None = None) -> None:
        current = self._board.journal or JournalMetrics()
        signed = quorum(self._newest, self._cosigning).signed if self._newest else ()
        self._board.journal = replace(
            current,
            size=current.size if size is None else size,
            sealed_at=sealed_at or current.sealed_at,
            cosignatures=len(signed),
        )


def first_of(group: BaseExceptionGroup[OSError]) -> OSError:
    """Return the first error of a group, at any depth."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first if isinstance(first, OSError) else OSError(str(first))
