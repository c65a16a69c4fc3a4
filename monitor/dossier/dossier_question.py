"""What a dossier is asked about, and the short code by which its pages are found again. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from monitor.core.french.formatting import when
from monitor.core.journal.jcs import canonical
from monitor.core.outages.calendar import day_of, midnight
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.core.outages.time_accounts import instant, microseconds
from monitor.figures.recorded_targets import RecordedTargets
from monitor.figures.scopes import Scopes
from monitor.runtime.errors import VigieError
from monitor.store import Store
from monitor.store.reads.journal_reads import KeptCheckpoint

MOST_TARGETS: Final = 200
MOST_SPAN: Final = timedelta(days=1100)  # three years, and the days around them
YEARS: Final = (2000, 2100)  # the second not included
MOST_NUMBER: Final = 99  # of a piece: file names have two digits
# CESEDA, article R. 431-5: a renewal is asked for between these days before the expiry.
WINDOW_OPENS, WINDOW_CLOSES = timedelta(days=120), timedelta(days=60)

# No letter or digit that another is read for. Their number is prime, so that one wrong sign and
# two that changed places always give another check sign.
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_SIGNS, _GROUP = 11, 4


class DossierRefused(VigieError):  # noqa: N818 -- the answer to a request
    """No dossier can be made of a question; the French message says why and what to do."""


class DossierReader(StrEnum):
    """For whom the files are named and chosen."""

    AVOCAT = "avocat"
    CITOYEN = "citoyen"
    ASSOCIATION = "association"


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierQuestion:
    """What is asked: some targets over [since, until), and how the pieces are numbered.

    Attributes:
        scope: What was named: a target, a platform, a department, the whole of ANEF.
        targets: Slugs, in order; those of the scope, or of an incident, or those that were named.
        since, until: Aware, UTC.
        title: What the dossier is about, in French, without an article.
        expiry: When a residence permit expires; never stored or logged, so no `repr` shows it.
        first_number: Of the first piece.
        supplement: Whether the pieces go on from those of an earlier dossier.
        pages: Whether changes of pages are asked for.

    """

    scope: Scope | None
    targets: tuple[str, ...]
    since: datetime
    until: datetime
    title: str
    expiry: date | None = field(default=None, repr=False)
    first_number: int = 1
    supplement: bool = False
    reader: DossierReader = DossierReader.AVOCAT
    pages: bool = False

    def __post_init__(self) -> None:
        """Raise DossierRefused for what is out of bounds."""
        if not self.targets:
            raise DossierRefused("Aucune cible ne répond à ce choix.")
        if len(self.targets) > MOST_TARGETS:
            raise DossierRefused(f"Trop de cibles pour un dossier : {MOST_TARGETS} au plus.")
        if self.until <= self.since:
            raise DossierRefused(
                f"La fin de la période ({when(self.until)}) n’est pas après son début "
                f"({when(self.since)})."
            )
        if self.until - self.since > MOST_SPAN:
            raise DossierRefused(f"Période trop longue : {MOST_SPAN.days} jours au plus.")
        if not YEARS[0] <= self.since.year <= self.until.year < YEARS[1]:
            raise DossierRefused(f"Période hors des bornes : de {YEARS[0]} à {YEARS[1] - 1}.")
        if self.expiry is not None and not YEARS[0] <= self.expiry.year < YEARS[1]:
            raise DossierRefused("Date d’expiration hors des bornes.")  # which is said nowhere
        if not 1 <= self.first_number <= MOST_NUMBER:
            raise DossierRefused(f"Numéro de pièce refusé : de 1 à {MOST_NUMBER}.")

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        """When a renewal is asked for: whole days of Paris, the end not included."""
        if self.expiry is None:
            return None
        first, last = self.expiry - WINDOW_OPENS, self.expiry - WINDOW_CLOSES
        return instant(midnight(first)), instant(midnight(last + timedelta(days=1)))

    def until_at_most(self, at: datetime) -> "DossierQuestion":
        """Return the same question, which ends at an instant if it would end later."""
        return self if self.until <= at else replace(self, until=at)


def named_scope(
    known: RecordedTargets, scopes: Scopes, kind: ScopeKind, slug: str = ""
) -> tuple[Scope, str]:
    """Return a platform, a department, a target or the whole of ANEF, and its words.

    Raises:
        DossierRefused: It names nothing.

    """
    scope = scopes.find(kind, slug)
    if scope is None:
        examples = ", ".join(one.slug for one in scopes.every(kind)[:12])
        hint = f" ; connus : {examples}" if examples else ""
        raise DossierRefused(f"{slug or kind.value} : rien de ce nom{hint}")
    name = known.platform_name(slug) if kind is ScopeKind.PLATFORM else scope.name
    return scope, name


def named_targets(known: RecordedTargets, slugs: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return some targets, each once, and their words.

    Raises:
        DossierRefused: One of them is in no record.

    """
    targets = tuple(dict.fromkeys(slugs))
    for slug in targets:
        if slug not in known.by_slug:
            raise DossierRefused(f"{slug} : aucune cible de ce nom.")
    names = [known.of(slug).name for slug in targets]
    more = f" et {len(names) - 1} autres" if len(names) > 2 else ""  # noqa: PLR2004
    return targets, (names[0] + more) if more else " et ".join(names)


def incident_targets(store: Store, number: int) -> tuple[tuple[str, ...], datetime, datetime]:
    """Return the targets of the incident of a number, and the days of Paris that it touched.

    The end is that of its last day, or of the day of its last check while it lasts.

    Raises:
        DossierRefused: There is none.

    """
    incident = next(iter(store.incidents(number=number)), None)
    if incident is None:
        raise DossierRefused(f"Aucun incident n’a le numéro {number}.")
    targets = tuple(sorted({target for target, _ in incident.outages}))
    outages = store.outages(targets, incident.opened_at)
    end = incident.closed_at or max(one.last_fail_at for one in outages)
    first, last = day_of(microseconds(incident.opened_at)), day_of(microseconds(end))
    return targets, instant(midnight(first)), instant(midnight(last + timedelta(days=1)))


def dossier_code(
    question: DossierQuestion, checkpoint: KeptCheckpoint, origin: str, made_with: str
) -> str:
    """Return a code such as "K7Q2-9FDM-4XWB".

    The same question has the same code as long as the same checkpoint answers it by the same
    program and configuration, which `made_with` names. The date of expiry is no part of it: nobody
    can try all dates until one gives the code.
    """
    ingredients = {
        "checkpoint": checkpoint.root.hex(),
        "first_number": question.first_number,
        "from": question.since.isoformat(),
        "made_with": made_with,
        "origin": origin,
        "pages": question.pages,
        "reader": question.reader.value,
        "scope": [question.scope.kind.value, question.scope.slug] if question.scope else [],
        "size": checkpoint.size,
        "supplement": question.supplement,
        "targets": list(question.targets),
        "title": question.title,
        "to": question.until.isoformat(),
    }
    digest = int.from_bytes(hashlib.sha256(canonical(ingredients)).digest())
    signs = ""
    for _ in range(_SIGNS):
        digest, index = divmod(digest, len(_ALPHABET))
        signs += _ALPHABET[index]
    signs += _check_sign(signs)
    return "-".join(signs[at : at + _GROUP] for at in range(0, len(signs), _GROUP))


def is_dossier_code(text: str) -> bool:
    """Return whether a text, as a person types it, is a code: case, spaces and dashes are free."""
    signs = "".join(text[:40].split()).replace("-", "").upper()
    if len(signs) != _SIGNS + 1 or not set(signs) <= set(_ALPHABET):
        return False
    return signs[-1] == _check_sign(signs[:-1])


def written_code(text: str) -> str:
    """Write a code, as a person types it, as it is printed."""
    signs = "".join(text[:40].split()).replace("-", "").upper()
    return "-".join(signs[at : at + _GROUP] for at in range(0, len(signs), _GROUP))


def _check_sign(signs: str) -> str:
    weighted = sum((place + 2) * _ALPHABET.index(sign) for place, sign in enumerate(signs))
    return _ALPHABET[weighted % len(_ALPHABET)]
