"""The register of announced maintenance: which announcements count, and for which time. Pure.

An announcement counts only when its annotation was recorded before its window begins. One that was
recorded later, be it inside the window, is kept and shown, and changes no figure; nor does one
that a later annotation withdrew.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from monitor.core.model import Annotation, AnnotationKind
from monitor.core.outages.availability import microseconds

MOST_TARGETS = 500  # of one annotation: a leaf holds 64,000 bytes
MOST_URL = 2_000  # characters
MOST_WINDOW = timedelta(days=31)
_SLUG = re.compile(r"(?=.{1,80}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-?A-~]*)?")

Windows = Mapping[str, Sequence[tuple[int, int]]]


class AnnouncementStatus(StrEnum):
    COUNTED = "counted"
    LATE = "late"  # recorded when its window had begun
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """An announced maintenance, and whether it counts; `withdrawn_by` is a number."""

    note: Annotation
    status: AnnouncementStatus
    withdrawn_by: int | None = None


def fault(note: Annotation) -> str | None:  # noqa: PLR0911 -- one line a fault
    """Return, in French, why an annotation cannot be recorded; None when it can."""
    if not 0 < len(note.targets) <= MOST_TARGETS:
        return f"il faut de une à {MOST_TARGETS} cibles"
    if list(note.targets) != sorted(set(note.targets)):
        return "les cibles ne sont pas triées, ou l’une est en double"
    if not all(_SLUG.fullmatch(slug) for slug in note.targets):
        return "une cible n’a pas la forme d’un identifiant"
    if note.kind is AnnotationKind.WITHDRAWAL:
        others = note.from_at, note.to_at, note.sha256, note.url, note.change
        return None if note.withdraws is not None and not any(others) else "retrait mal formé"
    if note.withdraws is not None or note.from_at is None or note.to_at is None:
        return "une annonce a un début et une fin"
    if not timedelta() < note.to_at - note.from_at <= MOST_WINDOW:
        return f"la fin doit suivre le début, de {MOST_WINDOW.days} jours au plus"
    if note.sha256 is None and note.change is None:
        return "il manque la preuve : les octets de l’annonce, ou la modification d’une page"
    if note.url is not None and (len(note.url) > MOST_URL or not _URL.fullmatch(note.url)):
        return "l’adresse de l’annonce n’est pas une adresse http(s) publique et simple"
    return None


def register(notes: Iterable[Annotation]) -> tuple[Announcement, ...]:
    """Return every announcement, in the order in which they were recorded.

    `notes` are all annotations, by number; a withdrawal only concerns an earlier announcement.
    """
    found: dict[int | None, Announcement] = {}
    for note in notes:
        known = found.get(note.withdraws)
        if note.kind is AnnotationKind.MAINTENANCE:
            found[note.number] = Announcement(note=note, status=_status(note))
        elif known is not None and known.withdrawn_by is None:
            found[note.withdraws] = Announcement(
                note=known.note,
                status=AnnouncementStatus.WITHDRAWN,
                withdrawn_by=note.number,
            )
    return tuple(found.values())


def _status(note: Annotation) -> AnnouncementStatus:
    before = note.from_at is not None and note.at < note.from_at
    return AnnouncementStatus.COUNTED if before else AnnouncementStatus.LATE


def windows(found: Iterable[Announcement]) -> Windows:
    """Return the announced time of each target by what counts: spans in order, none touching."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in found:
        note = one.note
        if one.status is AnnouncementStatus.COUNTED and note.from_at and note.to_at:
            for slug in note.targets:
                spans[slug].append((microseconds(note.from_at), microseconds(note.to_at)))
    return {slug: joined(some) for slug, some in spans.items()}


def joined(spans: Iterable[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Return spans in order, those that touch or overlap as one."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def within(
    known: Windows, targets: Collection[str], since: int, until: int
) -> Mapping[str, Sequence[tuple[int, int]]]:
    """Return what of the windows of some targets lies in [since, until), by target."""
    found = {
        slug: [
            (max(start, since), min(end, until))
            for start, end in known.get(slug, ())
            if start < until and end > since
        ]
        for slug in targets
    }
    return {slug: spans for slug, spans in found.items() if spans}
