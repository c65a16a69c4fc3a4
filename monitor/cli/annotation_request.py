"""How a command has an annotation recorded: by the service, or by itself while none runs."""

import asyncio
import sys
import time
from contextlib import closing
from dataclasses import replace

from monitor.attest.anchoring import open_journal
from monitor.attest.register import contradiction, record_requests
from monitor.attest.sealing import NoSealer, Sealer, journal_key, require_journal
from monitor.cli.parsing import CommandRefused
from monitor.config import Config
from monitor.config.settings import Settings
from monitor.core.model import Annotation
from monitor.core.outages.announcements import fault
from monitor.probe.build import open_to_write
from monitor.runtime.clock import SystemClock
from monitor.store import SecondWriter, Store

PATIENCE_US = 30_000_000  # the service takes what it is asked for every few seconds
LOOK_S = 0.5


def recorded(
    config: Config, settings: Settings, store: Store, note: Annotation
) -> Annotation | None:
    """Have an annotation recorded; return it, or None when the service refused it."""
    if why := fault(note) or contradiction(store, settings.data, note):
        raise CommandRefused(f"Annotation refusée : {why}.")
    before = {one.number for one in store.annotations()}
    _have_recorded(config, settings, store, store.request_annotation(note))
    recorded = [one for one in store.annotations() if one.number not in before]
    mine = [one for one in recorded if replace(one, at=note.at, number=None) == note]
    if not mine:
        print("Annotation refusée par le service ; son journal dit pourquoi.", file=sys.stderr)
        return None
    return mine[-1]


def _have_recorded(config: Config, settings: Settings, store: Store, request: int) -> None:
    """Wait until the service has taken a request; do its work when no service runs."""
    clock = SystemClock()
    end_us = clock.monotonic_us() + PATIENCE_US
    while request in dict(store.annotation_requests()):
        try:
            with open_to_write(config, settings) as writer:
                asyncio.run(_record(config, settings, writer))
        except SecondWriter:
            if clock.monotonic_us() > end_us:
                raise CommandRefused(
                    "L’annotation est demandée, et le service ne l’a pas encore inscrite : "
                    "« vigie annotate list » dira quand elle l’est. Seule cette inscription compte."
                ) from None
            time.sleep(LOOK_S)


async def _record(config: Config, settings: Settings, store: Store) -> None:
    """Record all that waits, and sign it, as the service would."""
    clock = SystemClock()
    sealer: Sealer | NoSealer = NoSealer()
    if config.identified:
        require_journal(settings.data, store, text=settings.journal_key)
        origin = config.journaling.origin
        key = journal_key(settings.data, origin=origin, text=settings.journal_key)
        sealer = Sealer(store, settings.data, key, clock=clock)
    with closing(sealer):
        await open_journal(sealer, config)
        await record_requests(store, settings.data, clock)
        await sealer.seal()
