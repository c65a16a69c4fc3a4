"""Piece "Avant et après": the figures month by month, and on both sides of each date of the law."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from monitor.charts.before_after import Period, before_after
from monitor.core.french import figure_sentences
from monitor.core.french.formatting import day, percent
from monitor.core.model import Verdict
from monitor.core.outages.calendar import midnight
from monitor.core.outages.milestones import Milestone, Sure
from monitor.core.outages.span_figures import Availability, FigurePart, Scope, ScopeKind, compared
from monitor.core.outages.time_accounts import Bound, instant
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    PieceDocument,
    heading,
    note,
    paragraph,
    table,
)
from monitor.dossier.pdf.legible_text import legible
from monitor.dossier.pieces import dossier_sentences as french
from monitor.dossier.pieces.piece_drawings import before_after_block
from monitor.figures.answers import Division

BEFORE_AFTER_TITLE: Final = "Avant et après, mois par mois"
MONTHS_NAME: Final = "chiffres-par-mois.csv"
MONTHS_TITLE: Final = "Chiffres par mois, pour un tableur"
MOST_SCOPES: Final = 12
_SECOND: Final = 1_000_000
_CSV_COLUMNS: Final = (
    "ensemble", "regles", "mois", "couverture", "disponible_bas", "disponible",
    "disponible_haut", "indisponible_s_bas", "indisponible_s", "indisponible_s_haut",
    "acces_refuse_s",
)  # fmt: skip
_SURE: Final = {
    Sure.YES: "date donnée par la juridiction",
    Sure.DEDUCED: "date calculée",
    Sure.REPORTED: "date lue dans la presse seulement",
}


def before_after_piece(record: DossierRecord, label: str) -> PieceDocument:
    """Return the piece: one method, the coverage before the rates."""
    question = record.question
    return PieceDocument(
        label=label,
        title=BEFORE_AFTER_TITLE,
        subtitle=f"{question.title}, {french.period(question.since, question.until)}",
        blocks=list(_blocks(record)),
    )


def _blocks(record: DossierRecord) -> Iterator[Block]:
    yield paragraph(
        "La couverture vient d’abord : sous "
        f"{percent(record.basis.coverage_min)}, aucun taux n’est donné. Une "
        "moyenne ne dit rien d’une journée : les jours touchés sont à côté. Le nombre de personnes "
        "touchées n’est pas connu et n’est pas estimé. Pour comparer deux mois, une seule règle : "
        "les verdicts enregistrés suivent les règles de leur temps, et sont suivis des mêmes mois "
        "recomptés, de bout en bout, par chacun des deux jeux de règles publiés."
    )
    for scope in _scopes(record):
        yield heading(scope.name)
        yield from _months(record, scope)
        yield from _months_by_rules(record, scope)
        yield from _sides(record, scope)


def _scopes(record: DossierRecord) -> list[Scope]:
    """Return the whole of ANEF and its parts where they are asked for, then what was named."""
    question = record.question
    wanted = set(question.targets)
    kinds = (ScopeKind.ANEF, ScopeKind.COMPONENT)
    scopes = [
        one for kind in kinds for one in record.scopes.every(kind) if set(one.targets) <= wanted
    ]
    if question.scope is not None:
        scopes.insert(0, question.scope)
    singles = [record.scope_of(slug) for slug in question.targets]
    named = [*scopes, *(singles if len(singles) + len(scopes) <= MOST_SCOPES else ())]
    return list(dict.fromkeys(named or singles))[:MOST_SCOPES]


def _months(record: DossierRecord, scope: Scope) -> Iterator[Block]:
    answer = record.figures(scope, division=Division.MONTH)
    yield table(
        ("Mois", "Couverture", "Disponible", "Indisponible"),
        (_month_row(answer, part) for part in answer.parts),
        widths=(2, 1.3, 4, 4),
        about=f"{scope.name}, mois par mois",
    )
    yield note(
        f"{figure_sentences.checks(answer)} ; {figure_sentences.days_touched(answer.touched)}. "
        f"Règles enregistrées : {', '.join(answer.rulesets) or 'aucune'}."
    )


def _months_by_rules(record: DossierRecord, scope: Scope) -> Iterator[Block]:
    """Yield the same months by each published ruleset alone, the coverage first."""
    for ruleset in record.rulesets:
        answer = record.rejudged(ruleset, scope, division=Division.MONTH)
        yield heading(f"Recompté par « {ruleset.slug} », version {ruleset.version}", level=2)
        yield note(f"{ruleset.name}.")
        yield table(
            ("Mois", "Couverture", "Disponible", "Indisponible"),
            (_month_row(answer, part) for part in answer.parts),
            widths=(2, 1.3, 4, 4),
            about=f"{scope.name}, mois par mois, par {ruleset.slug}",
        )


def _month_row(answer: Availability, part: FigurePart) -> Sequence[str]:
    enough = part.account.coverage >= answer.coverage_min
    return (
        figure_sentences.part_title(part),
        figure_sentences.coverage(part.account),
        figure_sentences.rate(part.account, enough=enough),
        figure_sentences.down(part.account),
    )


def months_csv(record: DossierRecord) -> bytes:
    """Return the same months as CSV, for a spreadsheet: seconds, and shares between 0 and 1."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_CSV_COLUMNS)
    for scope in _scopes(record):
        answers = [
            ("enregistré", record.figures(scope, division=Division.MONTH)),
            *(
                (one.cited, record.rejudged(one, scope, division=Division.MONTH))
                for one in record.rulesets
            ),
        ]
        for cited, answer in answers:
            writer.writerows(_csv_row(scope, cited, answer, part) for part in answer.parts)
    return out.getvalue().encode("utf-8-sig")


def _csv_row(
    scope: Scope, cited: str, answer: Availability, part: FigurePart
) -> Iterator[str | int]:
    account = part.account
    yield from (legible(scope.name), cited, part.label)
    yield f"{float(account.coverage):.6f}"
    enough = account.coverage >= answer.coverage_min
    for bound in (Bound.LOW, Bound.CENTRAL, Bound.HIGH):
        ratio = account.ratio(bound)
        yield f"{float(ratio):.6f}" if enough and ratio is not None else ""
    for bound in (Bound.HIGH, Bound.CENTRAL, Bound.LOW):
        yield account.unavailable_us(bound) // _SECOND
    yield account.us(Verdict.BLOCKED) // _SECOND


def _sides(record: DossierRecord, scope: Scope) -> Iterator[Block]:
    """Yield each date of the law in the period: as long before as after it."""
    question = record.question
    for milestone in record.basis.milestones:
        at = instant(midnight(milestone.date))
        if not question.since < at < question.until:
            continue
        length = min(at - question.since, question.until - at)
        before = record.figures(scope, at - length, at)
        after = record.figures(scope, at, at + length)
        yield heading(f"{day(milestone.date)} : {milestone.name}", level=2)
        if before.account.known_us or after.account.known_us:
            yield _chart(milestone, before, after)
        words = figure_sentences.OVERLAPS[compared(before, after).overlap]
        yield paragraph(
            f"Aussi long avant qu’après ({length.days} jours). {words[0].upper()}{words[1:]}. "
            f"Avant : couverture {figure_sentences.coverage(before.account)}, "
            f"{figure_sentences.down(before.account)}. Après : couverture "
            f"{figure_sentences.coverage(after.account)}, {figure_sentences.down(after.account)}."
        )
        yield note(f"Date : {milestone.source} ({_SURE[milestone.sure]}).")


def _chart(milestone: Milestone, before: Availability, after: Availability) -> Block:
    chart = before_after(
        milestone.name,
        [
            Period(name="Avant", account=before.account, enough=before.enough),
            Period(name="Après", account=after.account, enough=after.enough),
        ],
    )
    since, until = _day(before.since), _day(after.until)
    return before_after_block(chart, f"Taux et bornes, du {since} au {until}")


def _day(us: int) -> str:
    at: datetime = instant(us)
    return day(at.astimezone(UTC))
