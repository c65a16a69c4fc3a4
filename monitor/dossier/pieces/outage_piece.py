"""Piece "Relevé d’indisponibilité": a first page that stands alone, then each outage."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Final

from monitor.core.french import figure_sentences
from monitor.core.french.formatting import (
    PARIS,
    count,
    day,
    grouped,
    numbered,
    to_the_second,
)
from monitor.core.french.sentences import REASONS
from monitor.core.model import Event, Outage, Transition, Verdict
from monitor.core.outages.calendar import Unit, label
from monitor.core.outages.span_figures import Availability, ScopeKind
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    Line,
    PieceDocument,
    bullets,
    heading,
    note,
    page_break,
    paragraph,
    table,
)
from monitor.dossier.pieces import dossier_sentences as french
from monitor.dossier.pieces.first_page import first_page, whole_scope
from monitor.dossier.pieces.outage_reading import ReadOutage
from monitor.dossier.pieces.outage_sections import outage_blocks
from monitor.figures.answers import Division

OUTAGE_TITLE: Final = "Relevé d’indisponibilité"
MOST_LISTED: Final = 1_000
MOST_BLIPS: Final = 60
MOST_WEEKS: Final = 60


def outage_piece(
    record: DossierRecord, label_text: str, read: Sequence[ReadOutage]
) -> PieceDocument:
    """Return the piece; `read` are the outages that are told at length."""
    question = record.question
    supplement = (
        f"Mise à jour au {day(question.until.astimezone(PARIS))}. " if question.supplement else ""
    )
    return PieceDocument(
        label=label_text,
        title=OUTAGE_TITLE,
        subtitle=f"{supplement}{question.title}, {french.period(question.since, question.until)}",
        blocks=[
            *first_page(record, read),
            page_break(),
            *_figures(record),
            *_outages(record, read),
            *_others(record),
        ],
    )


# --- The figures ------------------------------------------------------------------------------


def _figures(record: DossierRecord) -> Iterator[Block]:
    yield heading("Chiffres de la période")
    scopes = [record.scope_of(slug) for slug in record.question.targets]
    if record.question.scope is not None and len(record.question.scope.targets) > 1:
        scopes.insert(0, record.question.scope)
    answers = [record.figures(scope) for scope in scopes]
    yield table(
        ("Ensemble ou page", "Disponible", "Indisponible", "Relevés", "Couverture"),
        (_figure_row(record, one) for one in answers),
        widths=(2.6, 3, 3, 2, 1.3),
        about="Disponibilité, bornes et couverture",
    )
    rulesets = ", ".join(dict.fromkeys(name for one in answers for name in one.rulesets))
    yield note(
        "Les taux portent sur le temps connu ; entre parenthèses, les bornes qui tiennent compte "
        "du temps écoulé entre deux relevés contraires. Règles de jugement enregistrées : "
        f"{rulesets or 'aucune sur la période'}. Les mêmes chiffres sont donnés par « vigie "
        "availability » et par l’interface du registre."
    )
    yield from _when(record)
    yield from _milestones(record)


def _figure_row(record: DossierRecord, one: Availability) -> Sequence[Line]:
    name = one.scope.name
    if one.scope.kind is ScopeKind.TARGET:
        name = record.target(one.scope.slug).name
    return (
        name,
        figure_sentences.rate(one.account, enough=one.enough),
        figure_sentences.down(one.account),
        figure_sentences.checks(one),
        figure_sentences.coverage(one.account),
    )


def _when(record: DossierRecord) -> Iterator[Block]:
    """Yield the weeks, with their days and hours of the day: a spread, not only a total."""
    outages = record.outages
    if not outages:
        return
    weeks: dict[str, list[Outage]] = {}
    for one in outages:
        weeks.setdefault(label(one.first_fail_at.astimezone(PARIS).date(), Unit.WEEK), []).append(
            one
        )
    yield heading("Répartition", level=2)
    yield table(
        ("Semaine", "Nombre", "Jours de début", "Heures de début (Paris)"),
        (
            (
                _week_words(some[0]),
                grouped(len(some)),
                ", ".join(dict.fromkeys(_weekday(one.first_fail_at) for one in some)),
                ", ".join(sorted({f"{one.first_fail_at.astimezone(PARIS):%H} h" for one in some})),
            )
            for some in list(weeks.values())[:MOST_WEEKS]
        ),
        widths=(3, 1, 4, 3),
        about="Indisponibilités par semaine civile",
    )


def _week_words(outage: Outage) -> str:
    started = outage.first_fail_at.astimezone(PARIS).date()
    monday = started - timedelta(days=started.weekday())
    return (
        f"semaine {started.isocalendar().week}, du {day(datetime.combine(monday, time(), PARIS))}"
    )


_WEEKDAYS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def _weekday(at: datetime) -> str:
    local = at.astimezone(PARIS)
    return f"{_WEEKDAYS[local.weekday()]} {'1er' if local.day == 1 else local.day}"


def _milestones(record: DossierRecord) -> Iterator[Block]:
    """Yield the figures before and after each date of the law in the period."""
    if not record.basis.milestones:
        return
    whole = record.figures(whole_scope(record), division=Division.MILESTONE)
    if len(whole.parts) < 2:  # noqa: PLR2004 -- a before and an after
        return
    yield heading("Avant et après les dates du droit", level=2)
    yield table(
        ("Partie de la période", "Disponible", "Indisponible", "Couverture"),
        (
            (
                figure_sentences.part_title(part),
                figure_sentences.rate(
                    part.account, enough=part.account.coverage >= whole.coverage_min
                ),
                figure_sentences.down(part.account),
                figure_sentences.coverage(part.account),
            )
            for part in whole.parts
        ),
        widths=(4, 3, 3, 1.3),
        about="Disponibilité avant et après les dates du droit",
    )


# --- Each outage, and the rest ----------------------------------------------------------------


def _outages(record: DossierRecord, read: Sequence[ReadOutage]) -> Iterator[Block]:
    yield heading("Chaque indisponibilité")
    if not read:
        yield paragraph("Aucune indisponibilité n’a été confirmée sur la période.")
        return
    quoted: dict[str, str] = {}
    for one in read:
        yield from outage_blocks(record, one, quoted)
    detailed = {(one.outage.target, one.outage.first_fail_at) for one in read}
    rest = [one for one in record.outages if (one.target, one.first_fail_at) not in detailed]
    if not rest:
        return
    yield heading("Les autres indisponibilités, plus courtes", level=2)
    yield table(
        ("Page", "Premier relevé en échec", "Durée", "Relevés en échec", "Motif", "Feuille"),
        (
            (
                record.target(one.target).name,
                to_the_second(one.first_fail_at),
                figure_sentences.outage_bounds(one),
                grouped(one.checks),
                REASONS[one.reason],
                numbered(one.number),
            )
            for one in rest[:MOST_LISTED]
        ),
        widths=(2.4, 2.2, 2.6, 1, 3, 1.3),
        about="Indisponibilités plus courtes",
        small=True,
    )
    if len(rest) > MOST_LISTED:
        yield note(f"Et {grouped(len(rest) - MOST_LISTED)} autres, au journal des relevés.")


def _others(record: DossierRecord) -> Iterator[Block]:
    """Yield what helps nobody, or the other side: isolated failures, refusals, our own gaps."""
    yield heading("Ce qui n’est pas compté comme indisponibilité")
    yield bullets(_not_counted(record))
    blips = _blips(record)
    if blips:
        yield heading("Échecs isolés", level=2)
        yield paragraph(
            "Trop brefs ou trop peu nombreux pour être confirmés : montrés, et non comptés parmi "
            "les indisponibilités. Leur temps est compté comme indisponible dans les taux."
        )
        yield table(
            ("Page", "Premier échec", "Dernier échec", "Relevés", "Motif"),
            (
                (
                    record.target(one.target).name,
                    to_the_second(one.blip.first_at),
                    to_the_second(one.blip.last_at),
                    grouped(one.blip.count),
                    REASONS[one.blip.reason],
                )
                for one in blips[:MOST_BLIPS]
                if one.blip is not None
            ),
            widths=(3, 2.4, 2.4, 1, 4),
            about="Échecs isolés",
            small=True,
        )
        if len(blips) > MOST_BLIPS:
            yield note(f"Et {grouped(len(blips) - MOST_BLIPS)} autres, au journal des relevés.")


def _blips(record: DossierRecord) -> list[Event]:
    question = record.question
    wanted = set(question.targets)
    return [
        one
        for one in record.store.events(question.since, question.until)
        if one.edge is Transition.BLIP and one.target in wanted
    ]


def _not_counted(record: DossierRecord) -> Iterator[str]:
    blocked = unknown = 0
    for slug in record.question.targets:
        account = record.figures(record.scope_of(slug)).account
        blocked += account.us(Verdict.BLOCKED)
        unknown += account.us(Verdict.UNKNOWN)
    if blocked:
        yield (
            f"L’accès de la sonde a été refusé pendant {figure_sentences.microseconds(blocked)} ; "
            "ces périodes sont comptées comme inconnues, et non comme des indisponibilités."
        )
    else:
        yield "Aucun accès n’a été refusé à la sonde sur la période."
    yield (
        f"Temps indéterminé : {figure_sentences.microseconds(unknown)} (lacunes, défauts de notre "
        "côté, temps hors surveillance). Il n’accuse personne."
    )
    slots = sum(gap.slots for gap in record.gaps)
    yield (
        f"Lacunes de nos relevés : {count(len(record.gaps), 'lacune')}, "
        f"{count(slots, 'créneau', 'créneaux')} sans relevé ; chacune est au journal des relevés, "
        "avec sa cause."
        if record.gaps
        else "Aucune lacune de nos relevés n’est au registre sur la période."
    )
