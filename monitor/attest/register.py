"""Records what the command line asks to add: announced maintenance, and replies.

A request is a row that any process may write. Whoever has the right to write the record, the
service or a command while no service runs, turns it into a leaf: the instant of the annotation is
then, not when it was asked for.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from monitor.core.model import Annotation, AnnotationKind
from monitor.core.outages.announcements import AnnouncementStatus, fault, register
from monitor.evidence import announced
from monitor.runtime.clock import Clock
from monitor.store import Store
from monitor.store.writing.annotations import requested

log = structlog.get_logger(__name__)

_MOMENT = timedelta(microseconds=1)
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


async def record_requests(store: Store, data: Path, clock: Clock) -> int:
    """Record each annotation that waits, or refuse it; return how many were recorded.

    Raises StoreError.
    """
    done = 0
    for number, text in await asyncio.to_thread(store.annotation_requests):
        try:
            note = requested(text, at=await asyncio.to_thread(_now, store, clock))
            why = fault(note) or await asyncio.to_thread(contradiction, store, data, note)
        except _UNREADABLE as error:
            note, why = None, f"illisible ({type(error).__name__})"
        if note is None or why:
            log.warning("annotation refused", request=number, why=why)
            await store.refuse_annotation(number)
            continue
        await store.annotate(note, request=number)
        log.info("annotated", kind=note.kind.value, targets=len(note.targets))
        done += 1
    return done


def _now(store: Store, clock: Clock) -> datetime:
    """Return the present, or the time of the last token where our clock is behind it.

    What follows a token in the journal is later than the token: a verifier refuses an announcement
    that claims to be earlier.
    """
    tokens = store.last_stamps(verified=True).values()
    return max([clock.now(), *(token.at for token in tokens if token.at)])


def contradiction(store: Store, data: Path, note: Annotation) -> str | None:
    """Return, in French, what the record has against an annotation; None when it has nothing."""
    if note.kind is AnnotationKind.WITHDRAWAL:
        standing = {one.note.number: one for one in register(store.annotations())}
        known = standing.get(note.withdraws)
        if known is None:
            return f"aucune annonce n’a le numéro {note.withdraws}"
        if known.status is AnnouncementStatus.WITHDRAWN:
            return f"l’annonce {note.withdraws} est déjà retirée (feuille {known.withdrawn_by})"
        return None
    if note.kind is AnnotationKind.REPLY:
        begun = note.from_at
        same = begun and any(
            one.first_fail_at == begun
            for one in store.outages(note.targets, begun, begun + _MOMENT)
        )
        return None if same else "aucun incident de ces cibles ne commence à cet instant"
    if note.change is not None and store.page_change(note.change) is None:
        return f"aucune modification n’a le numéro {note.change}"
    digests = [note.sha256] if note.sha256 else []
    return next(announced.faults(data / announced.ANNOUNCED, digests), None)
