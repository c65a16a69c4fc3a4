"""Sentences of the pieces: what was observed, in neutral French; nothing that argues. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from monitor.core.french.figure_sentences import outage_bounds
from monitor.core.french.formatting import (
    PARIS,
    apart,
    clock_time,
    count,
    day,
    duration,
    grouped,
    hour_minute,
    numbered,
    when,
)
from monitor.core.french.sentences import REASONS
from monitor.core.model import Controls, Nature, Outage
from monitor.core.outages.announcements import Announcement, AnnouncementStatus
from monitor.core.outages.calendar import Unit, label
from monitor.figures.recorded_targets import RecordedTarget

LIMITS: Final = (
    "Ce relevé établit l’état de pages publiques ; il n’établit pas les démarches personnelles du "
    "requérant, ni ce qui se passait une fois connecté."
)

# What a page calls the number of its own error: a name that operators look up.
_IDENTIFIERS: Final = (
    re.compile(r"Incapsula incident ID:\s{0,9}([0-9-]{5,60})", re.IGNORECASE),
    re.compile(
        r"(?:incident|support|request|error|event)\s{0,9}(?:ID|number|n°)\s?:?\s?([\w-]{6,60})",
        re.IGNORECASE,
    ),
    re.compile(r"(?:identifiant|référence)[^:\n]{0,30}:\s{0,9}([\w-]{6,60})", re.IGNORECASE),
)


def period(since: datetime, until: datetime) -> str:
    """Return "du 1er novembre 2026 à 0 h 00 au 1er décembre 2026 à 0 h 00"."""
    return f"du {_paris(since)} au {_paris(until)}"


def short_period(since: datetime, until: datetime) -> str:
    """Return the days of a period: "1er novembre 2026 – 30 novembre 2026"."""
    last = until - timedelta(microseconds=1)
    return f"{day(since.astimezone(PARIS))} – {day(last.astimezone(PARIS))}"


def _paris(at: datetime) -> str:
    local = at.astimezone(PARIS)
    return f"{day(local)} à {hour_minute(at)}"


def span(outage: Outage) -> str:
    """Return "le 4 novembre 2026, de 9 h 14 à 10 h 02", or the two dates."""
    first, last = outage.first_fail_at.astimezone(PARIS), outage.last_fail_at.astimezone(PARIS)
    if first.date() == last.date():
        return f"le {day(first)}, {hours(outage)}"
    return (
        f"du {day(first)} à {hour_minute(outage.first_fail_at)} au {day(last)} à "
        f"{hour_minute(outage.last_fail_at)}"
    )


def hours(outage: Outage) -> str:
    """Return "de 9 h 14 à 10 h 02", or "à 9 h 14" of one that began and ended in a minute."""
    first, last = hour_minute(outage.first_fail_at), hour_minute(outage.last_fail_at)
    within = outage.last_fail_at - outage.first_fail_at < timedelta(minutes=1)
    return f"à {first}" if within and first == last else f"de {first} à {last}"


def unavailable(outage: Outage, name: str, checks: int | None) -> str:
    """Return the sentence of one outage; `checks` are all those between its first and last."""
    verb = (
        "affichait une maintenance à la place du service"
        if outage.nature is Nature.MAINTENANCE
        else "n’a pas pu être consultée"
    )
    failing = count(outage.checks, "relevé en échec", "relevés en échec")
    of = f" sur {grouped(checks)}" if checks is not None else ""
    text = span(outage)
    return (
        f"{text[0].upper()}{text[1:]} (heure de Paris), la page « {name} » {verb} : {failing}{of}."
    )


def lasted(outage: Outage) -> str:
    """Return how long at least and at most, and by which checks that is bounded."""
    least = duration(apart(outage.first_fail_at, outage.last_fail_at))
    if outage.first_ok_at is None:
        return (
            f"L’indisponibilité a duré au moins {least} ; aucun relevé conforme ne l’avait encore "
            "suivie au point de contrôle."
        )
    if outage.last_ok_at is None:
        return (
            f"L’indisponibilité a duré au moins {least} ; aucun relevé conforme ne la précède au "
            "registre : sa durée la plus longue n’est pas connue."
        )
    most = duration(apart(outage.last_ok_at, outage.first_ok_at))
    return (
        f"L’indisponibilité a duré au moins {least} et au plus {most}, bornes fixées par le "
        f"dernier relevé conforme ({_clock(outage.last_ok_at)}) et le premier relevé conforme "
        f"suivant ({_clock(outage.first_ok_at)})."
    )


def _clock(at: datetime) -> str:
    local = at.astimezone(PARIS)
    return f"{local.day:02}/{local.month:02} {local:%H:%M:%S}"


def distinct_weeks(outages: Sequence[Outage], since: datetime, until: datetime) -> str:
    """Return "3 semaines civiles distinctes": those of the confirmed outages, within a period.

    Isolated failures do not make a week: a week with one of them alone is not counted.
    """
    weeks: set[str] = set()
    for one in outages:
        on = max(one.first_fail_at, since).astimezone(PARIS).date()
        last = min(one.last_fail_at, until).astimezone(PARIS).date()
        while on <= last:
            weeks.add(label(on, Unit.WEEK))
            on += timedelta(days=1)
    return count(len(weeks), "semaine civile distincte", "semaines civiles distinctes")


def short_outage(outage: Outage, name: str) -> str:
    """Return an outage on one line, for a list."""
    return f"{name} : {span(outage)}, {outage_bounds(outage)} ({numbered(outage.number)})"


def reason_counted(reason_text: str, number: int) -> str:
    return f"{reason_text} {count(number, 'relevé')}."


def line_of(outage_controls: Sequence[Controls]) -> str:
    """Return what the control hosts said at the first failing check of each outage."""
    if not outage_controls:
        return (
            "aucun témoin n’est cité par ces relevés : notre ligne n’est pas attestée à ces heures"
        )
    least = min(outage_controls, key=lambda one: (one.ok / max(1, one.asked), one.ok))
    working = sum(one.line_works for one in outage_controls)
    total = len(outage_controls)
    which = (
        ""
        if working == total == 1
        else " de chacune"
        if working == total
        else f" de {grouped(working)} des {count(total, 'indisponibilité')}"
    )
    return (
        f"au premier relevé en échec{which}, les témoins attestaient que notre connexion "
        f"fonctionnait (au moins {least.ok} témoins sur {least.asked} répondaient)"
    )


def own_line(controls: Controls | None, at: datetime) -> str:
    """Return what is known of our own line at one check."""
    if controls is None:
        return (
            "Aucun témoin n’est cité par ce relevé : notre ligne n’est pas attestée à cette minute."
        )
    answered = f"{controls.ok} {'témoins' if controls.ok > 1 else 'témoin'} sur {controls.asked}"
    if not controls.line_works:
        return (
            f"Au tour de {when(controls.at)}, {answered} répondaient, et il en fallait "
            f"{controls.needed} : notre ligne n’est pas attestée."
        )
    return (
        f"Au tour de témoins fait {duration(apart(controls.at, at))} avant "
        f"({clock_time(controls.at)}), {answered} répondaient à la même sonde ; aucun défaut de "
        "notre connexion n’a été relevé."
    )


def announced(announcements: Sequence[Announcement]) -> list[str]:
    """Return what was announced, or that nothing was."""
    if not announcements:
        return [
            (
                "Aucune maintenance n’était annoncée pour cette page à notre registre des "
                "annonces. Une annonce faite par courriel, ou derrière une connexion, n’y est pas."
            )
        ]
    words = {
        AnnouncementStatus.COUNTED: "archivée avant son début : elle compte comme annoncée",
        AnnouncementStatus.LATE: "archivée après son début : elle ne change aucun chiffre",
        AnnouncementStatus.WITHDRAWN: "retirée depuis",
    }
    return [
        f"Une maintenance était annoncée du {when(one.note.from_at)} au {when(one.note.to_at)} ; "
        f"annonce enregistrée le {when(one.note.at)} ({words[one.status]}), "
        f"{numbered(one.note.number)}."
        for one in announcements
        if one.note.from_at and one.note.to_at
    ]


def place_of(target: RecordedTarget) -> str:
    """Return whether a page is national or of one prefecture."""
    if target.department:
        return f"site de la préfecture du département {target.department} seulement"
    return "service national, le même pour tous les départements"


def identifier_in(text: str) -> str | None:
    """Return the number that an error page gives itself; None when there is none."""
    for pattern in _IDENTIFIERS:
        match = pattern.search(text)
        if match:
            return match[1]
    return None


def reason_of(outage: Outage) -> str:
    return REASONS[outage.reason]
