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
from monitor.core.outages.time_accounts import microseconds

MOST_TARGETS = 500  # of one annotation: a leaf holds 64,000 bytes
MOST_URL = 2_000  # characters
MOST_WINDOW = timedelta(days=31)
MOST_REPLY = 10_000  # characters
_SLUG = re.compile(r"(?=.{1,80}\Z)[a-z0-9]+(-[a-z0-9]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_NUMBER = 2**53
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


def fault(note: Annotation) -> str | None:
    """Return, in French, why an annotation cannot be recorded; None when it can.

    Raises TypeError for a field that is not of its type.
    """
    return _fault_of_targets(note) or _FAULTS[note.kind](note) or _fault_of_proof(note)


def _fault_of_targets(note: Annotation) -> str | None:
    least = 0 if note.kind is AnnotationKind.SETTING else 1
    if not least <= len(note.targets) <= MOST_TARGETS:
        return f"il faut de une à {MOST_TARGETS} cibles"
    if list(note.targets) != sorted(set(note.targets)):
        return "les cibles ne sont pas triées, ou l’une est en double"
    if not all(_SLUG.fullmatch(slug) for slug in note.targets):
        return "une cible n’a pas la forme d’un identifiant"
    return None


def _fault_of_withdrawal(note: Annotation) -> str | None:
    others = note.from_at, note.to_at, note.sha256, note.url, note.change, note.text
    well = note.withdraws is not None and all(one is None for one in others)
    return None if well else "un retrait ne dit que l’annonce qu’il retire"


def _fault_of_setting(note: Annotation) -> str | None:
    others = note.from_at, note.to_at, note.url, note.change, note.withdraws, note.text
    well = note.sha256 is not None and all(one is None for one in others)
    return None if well else "un réglage ne dit que l’empreinte de ses lignes"


def _fault_of_window(note: Annotation) -> str | None:
    if note.withdraws is not None or note.text is not None:
        return "une annonce ne dit que sa période et sa preuve"
    if note.from_at is None or note.to_at is None:
        return "une annonce a un début et une fin"
    if not timedelta() < note.to_at - note.from_at <= MOST_WINDOW:
        return f"la fin doit suivre le début, de {MOST_WINDOW.days} jours au plus"
    if note.sha256 is None and note.change is None:
        return "il manque la preuve : les octets de l’annonce, ou la modification d’une page"
    return None


def _fault_of_reply(note: Annotation) -> str | None:
    others = note.to_at, note.sha256, note.change, note.withdraws
    if note.from_at is None or any(one is not None for one in others):
        return "une réponse ne dit que l’incident dont elle parle, son texte et où elle a paru"
    text = note.text or ""
    if not text.strip() or len(text) > MOST_REPLY:
        return f"une réponse a de 1 à {MOST_REPLY} caractères"
    if not all(line.isprintable() for line in text.split("\n")):
        return "une réponse est un texte simple, sans caractère de commande"
    return None


_FAULTS = {
    AnnotationKind.MAINTENANCE: _fault_of_window,
    AnnotationKind.WITHDRAWAL: _fault_of_withdrawal,
    AnnotationKind.REPLY: _fault_of_reply,
    AnnotationKind.SETTING: _fault_of_setting,
}


def _fault_of_proof(note: Annotation) -> str | None:
    if not _is_number(note.withdraws) or not _is_number(note.change):
        return "ce n’est pas le numéro d’une feuille"
    if note.sha256 is not None and not _SHA256.fullmatch(note.sha256):
        return "ce n’est pas une empreinte SHA-256"
    if note.url is not None and (len(note.url) > MOST_URL or not _URL.fullmatch(note.url)):
        return "l’adresse de l’annonce n’est pas une adresse http(s) publique et simple"
    return None


def _is_number(value: object) -> bool:
    """Return whether a value from outside can be the number of a leaf, or no number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return 0 <= value < _MOST_NUMBER
    return value is None


def register(notes: Iterable[Annotation]) -> tuple[Announcement, ...]:
    """Return every announcement, in the order in which they were recorded.

    `notes` are all annotations, by number; a withdrawal only concerns an earlier announcement.
    """
    announcements: dict[int | None, Announcement] = {}
    for note in notes:
        known = announcements.get(note.withdraws)
        if note.kind is AnnotationKind.MAINTENANCE:
            announcements[note.number] = Announcement(note=note, status=_status(note))
        elif known is not None and known.withdrawn_by is None:
            announcements[note.withdraws] = Announcement(
                note=known.note,
                status=AnnouncementStatus.WITHDRAWN,
                withdrawn_by=note.number,
            )
    return tuple(announcements.values())


def _status(note: Annotation) -> AnnouncementStatus:
    before = note.from_at is not None and note.at < note.from_at
    return AnnouncementStatus.COUNTED if before else AnnouncementStatus.LATE


def windows(announcements: Iterable[Announcement]) -> Windows:
    """Return the announced time of each target by what counts: spans in order, none touching."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for announcement in announcements:
        note = announcement.note
        if announcement.status is AnnouncementStatus.COUNTED and note.from_at and note.to_at:
            for slug in note.targets:
                spans[slug].append((microseconds(note.from_at), microseconds(note.to_at)))
    return {slug: joined(some) for slug, some in spans.items()}


def joined(spans: Iterable[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Return spans in order, those that touch or overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def within(
    known: Windows, targets: Collection[str], since: int, until: int
) -> Mapping[str, Sequence[tuple[int, int]]]:
    """Return what of the windows of some targets lies in [since, until), by target."""
    parts = {
        slug: [
            (max(start, since), min(end, until))
            for start, end in known.get(slug, ())
            if start < until and end > since
        ]
        for slug in targets
    }
    return {slug: spans for slug, spans in parts.items() if spans}
