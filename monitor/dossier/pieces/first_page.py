"""The first page of a dossier: what, where, when, how long, and how sure; it stands alone."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from monitor.charts.day_bars import DayTimes, day_bars
from monitor.charts.frieze import FriezeThing, frieze
from monitor.core.french import figure_sentences
from monitor.core.french.formatting import (
    PARIS,
    count,
    day,
    grouped,
    numbered,
    short_duration,
    to_the_second,
)
from monitor.core.model import Outage, Verdict
from monitor.core.outages.calendar import OPEN
from monitor.core.outages.span_figures import Availability, FigurePart, Scope, ScopeKind
from monitor.core.outages.time_accounts import HOLD
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    Line,
    code,
    facts,
    framed,
    note,
    paragraph,
    quotation,
    strong,
    table,
)
from monitor.dossier.pieces import dossier_sentences as french
from monitor.dossier.pieces.outage_reading import ReadOutage
from monitor.dossier.pieces.piece_drawings import day_bars_blocks, frieze_blocks
from monitor.dossier.pieces.point_sections import summary_blocks
from monitor.figures.answers import Division

MOST_DRAWN: Final = 6  # pages on one drawing
MOST_ROWS: Final = 8  # targets in the table of the first page
MOST_OPENING_DAYS: Final = 15_000  # of all targets together, of which opening hours are counted
FRIEZE_DAYS: Final = timedelta(days=10)  # a longer period is drawn by days
_QUOTED: Final = 240  # characters of the message on the first page
_UNPLANNED_S: Final = 60
_MINUTE_S: Final = 60


def whole_scope(record: DossierRecord) -> Scope:
    """Return what the first page is about: what was named, or all targets together."""
    question = record.question
    if question.scope is not None:
        return question.scope
    if len(question.targets) == 1:
        return record.scope_of(question.targets[0])
    return Scope(kind=ScopeKind.ALL, slug="dossier", name=question.title, targets=question.targets)


def first_page(record: DossierRecord, read: Sequence[ReadOutage]) -> Iterator[Block]:
    """Yield the first page: nobody will explain it."""
    whole = record.figures(whole_scope(record))
    yield note(
        f"Établi par {record.config.publisher.association} à partir de relevés automatiques de "
        "pages publiques, faits sans connexion à un compte. Ni constat de commissaire de justice, "
        "ni procès-verbal. Heures de Paris."
    )
    yield framed([*_essence(record, whole), *_message(read), *summary_blocks(record, read)])
    yield facts(_first_facts(record, whole, read))
    if len(record.question.targets) > 1:
        yield _by_target(record)
    yield note(french.LIMITS)
    yield from _drawn(record)


def _essence(record: DossierRecord, whole: Availability) -> Iterator[Block]:
    question, outages = record.question, record.outages
    over = french.period(question.since, question.until)
    if not whole.account.known_us:
        yield paragraph(
            strong("Aucun relevé exploitable."),
            f" Rien n’est connu de cette page {over} : le présent relevé n’établit ni qu’elle "
            "fonctionnait, ni qu’elle ne fonctionnait pas.",
        )
        return
    covered = figure_sentences.coverage(whole.account)
    if not outages:
        yield paragraph(
            strong(
                f"Aucune indisponibilité {'confirmée' if whole.failures else 'constatée'} par nos "
                f"relevés {over}."
            ),
            f" La couverture est de {covered} de la période ; {figure_sentences.checks(whole)}.",
        )
    else:
        weeks = french.distinct_weeks(outages, question.since, question.until)
        yield paragraph(
            strong(
                count(len(outages), "indisponibilité constatée", "indisponibilités constatées")
                + f"{_of_pages(outages)} {over}, au cours de {weeks}."
            ),
            " Temps indisponible, d’après tous les relevés : "
            f"{figure_sentences.down(whole.account)}. La couverture est de {covered} de la "
            "période.",
        )
    if not whole.enough:
        yield paragraph(
            strong(f"Couverture insuffisante : {covered}."),
            " Aucun taux n’est donné : ce qui n’a pas été relevé n’est ni bon ni mauvais.",
        )
    if not record.settled:
        yield paragraph(
            "La période n’est pas encore entièrement fixée : ce relevé s’arrête au point de "
            f"contrôle signé le {to_the_second(record.checkpoint.at)}, et ses derniers instants "
            "peuvent être précisés par une mise à jour."
        )


def _of_pages(outages: Sequence[Outage]) -> str:
    """Return on how many pages, where there are several: one failure may be that of each."""
    pages = len({one.target for one in outages})
    return f", sur {pages} pages," if pages > 1 else ""


def _message(read: Sequence[ReadOutage]) -> Iterator[Block]:
    """Yield the longest outage, and the message that was shown: of it, or of another."""
    if not read:
        return
    longest = max(read, key=lambda one: one.outage.shortest_s)
    yield paragraph(
        "La plus longue. ",
        french.unavailable(longest.outage, longest.target.name, longest.checks),
        " ",
        french.lasted(longest.outage),
    )
    shown = next(
        (one for one in (longest, *read) if one.shown is not None and one.shown.text), None
    )
    if shown is None or shown.shown is None or shown.copy is None:
        status = longest.status
        answer = f"code {status}" if status is not None else "aucune réponse complète"
        yield paragraph(
            f"Message affiché : aucun n’a été conservé ({answer}). "
            f"{french.reason_of(longest.outage)}"
        )
        return
    text = " ".join(shown.shown.text.split())
    cut = text if len(text) <= _QUOTED else f"{text[:_QUOTED].rsplit(maxsplit=1)[0]} […]"
    identifier = french.identifier_in(shown.shown.text)
    named = f", identifiant {identifier}" if identifier else ""
    yield paragraph(
        f"Le {to_the_second(shown.copy.at)}, le service affichait (code "
        f"{shown.shown.status or 'non reçu'}{named}, {numbered(shown.outage.number)}) :"
    )
    yield quotation(cut)


def _first_facts(
    record: DossierRecord, whole: Availability, read: Sequence[ReadOutage]
) -> Iterator[tuple[str, Line]]:
    question = record.question
    targets = [record.target(slug) for slug in question.targets]
    if len(targets) == 1:
        yield (
            "Page relevée",
            [targets[0].name, ", ", code(targets[0].url or "adresse non consignée")],
        )
        yield "Portée", french.place_of(targets[0])
    else:
        national = sum(not one.department for one in targets)
        yield (
            "Pages relevées",
            _kinds_of_pages(len(targets), national)
            + (
                " ; le service entier est indisponible dès que l’une l’est"
                if whole.scope.needs_all
                else " ; leurs durées sont additionnées"
            ),
        )
    yield "Relevés", f"{figure_sentences.checks(whole)}{_interval(record)}"
    yield "Disponibilité", figure_sentences.rate(whole.account, enough=whole.enough)
    if whole.unannounced is not None:
        rate = figure_sentences.rate(whole.unannounced, enough=whole.unannounced_enough)
        yield "Hors maintenance annoncée", rate
    yield "Échecs compris, même isolés", figure_sentences.days_touched(whole.touched)
    opening = _opening(record, whole.scope)
    if opening is not None:
        yield (
            "Aux heures d’ouverture",
            f"{figure_sentences.down(opening.account)} d’indisponibilité ; "
            + figure_sentences.rate(
                opening.account, enough=opening.account.coverage >= record.basis.coverage_min
            ),
        )
    if question.window is not None:
        yield "Dépôt du renouvellement", _window(record, whole.scope)
    if record.outages:
        controls = [
            one.framing.first_fail.check.controls
            for one in read
            if one.framing.first_fail and one.framing.first_fail.check.controls
        ]
        yield "Notre ligne", french.line_of(controls)
        yield "Autres voies", _other_paths(read)
    refused = whole.account.us(Verdict.BLOCKED)
    yield (
        "Accès refusé à la sonde",
        f"{figure_sentences.microseconds(refused)}, compté comme inconnu et non comme "
        "indisponibilité"
        if refused
        else "jamais sur la période",
    )
    yield "Vérifier", [code(f"{record.site}/verifier"), ", code ", code(record.code)]


def _kinds_of_pages(pages: int, national: int) -> str:
    """Return how many pages there are, of the national service or of prefectures."""
    if national == pages:
        return f"{pages} pages du service national, le même pour tous les départements"
    if not national:
        return f"{pages} pages de préfectures"
    return f"{national} du service national et {pages - national} de préfectures"


def _interval(record: DossierRecord) -> str:
    plans = {record.target(slug).interval_s for slug in record.question.targets} - {None}
    if len(plans) != 1:
        return ""
    (interval_s,) = plans
    rhythm = short_duration(interval_s or 0)
    return f", un toutes les {rhythm} prévu" if interval_s != _MINUTE_S else ", un par minute prévu"


def _opening(record: DossierRecord, scope: Scope) -> FigurePart | None:
    if not record.basis.openings:
        return None
    if (
        len(scope.targets) * (record.question.until - record.question.since).days
        > MOST_OPENING_DAYS
    ):
        return None
    parts = record.figures(scope, division=Division.OPENING).parts
    return next((part for part in parts if part.label == OPEN), None)


def _window(record: DossierRecord, scope: Scope) -> str:
    """Return what is known of the days in which a renewal is asked for."""
    window = record.question.window
    if window is None:
        return ""
    since, until = window
    last = day((until - timedelta(hours=1)).astimezone(PARIS))
    named = f"du {day(since.astimezone(PARIS))} au {last} compris (article R. 431-5 du CESEDA)"
    end = min(until, record.question.until)  # what is settled
    if end <= since:
        return f"{named} : cette période est après celle du dossier"
    answer = record.figures(scope, since, end)
    outages = record.reads.outages(scope.targets, since, end)
    text = (
        f"{named} : {count(len(outages), 'indisponibilité')}, "
        f"{figure_sentences.down(answer.account)}, couverture "
        f"{figure_sentences.coverage(answer.account)}"
    )
    if end == until:
        return text
    return f"{text} ; sa fin, après la période du dossier, n’est pas comptée"


def _other_paths(read: Sequence[ReadOutage]) -> str:
    answered = sum(bool(one.paths.answered or one.paths.mixed) for one in read)
    some = count(answered, "indisponibilité")
    if not answered:
        return (
            "aucune autre page suivie du même service n’était relevée comme accessible pendant ces "
            "indisponibilités"
        )
    return (
        f"pendant {some} sur {grouped(len(read))}, une autre page suivie au moins répondait, "
        "nommée à la section de chacune"
    )


def _by_target(record: DossierRecord) -> Block:
    answers = [record.figures(record.scope_of(slug)) for slug in record.question.targets]
    answers.sort(key=lambda one: (-one.account.bad_us, one.scope.slug))
    rows = [
        (
            record.target(one.scope.slug).name,
            grouped(one.outages.count),
            figure_sentences.down(one.account),
            _weeks_alone(record, one.scope.slug),
            figure_sentences.coverage(one.account),
        )
        for one in answers[:MOST_ROWS]
    ]
    more = len(answers) - MOST_ROWS
    if more > 0:
        rows.append((f"et {more} autres, dans le détail", "", "", "", ""))
    return table(
        ("Page", "Nombre", "Durée d’indisponibilité", "Semaines", "Couverture"),
        rows,
        widths=(4, 1, 4, 1.2, 1.4),
        about="Indisponibilités par page",
    )


def _weeks_alone(record: DossierRecord, slug: str) -> str:
    question = record.question
    outages = [one for one in record.outages if one.target == slug]
    return french.distinct_weeks(outages, question.since, question.until).partition(" ")[0]


def _drawn(record: DossierRecord) -> Iterator[Block]:
    """Yield the timeline: check after check over some days, day by day over more."""
    question = record.question
    troubled = list(dict.fromkeys(one.target for one in record.outages))
    drawn = [*troubled, *(slug for slug in question.targets if slug not in troubled)]
    drawn = drawn[: MOST_DRAWN if question.until - question.since <= FRIEZE_DAYS else 1]
    if question.until - question.since <= FRIEZE_DAYS:
        holds = {slug: HOLD * (record.target(slug).interval_s or _UNPLANNED_S) for slug in drawn}
        spans = record.store.spans(holds, question.since, question.until)
        things = [
            FriezeThing(
                name=record.target(slug).name,
                spans=spans.get(slug, ()),
                outages=[one for one in record.outages if one.target == slug],
            )
            for slug in drawn
        ]
        chart = frieze("Frise", things, since=question.since, until=question.until)
        yield from frieze_blocks(
            chart, "État relevé, du début à la fin de la période (heure de Paris)"
        )
        return
    for slug in drawn:
        answer = record.figures(record.scope_of(slug), division=Division.DAY)
        days = [
            DayTimes(day=date.fromisoformat(part.label), by_verdict=part.account.by_verdict)
            for part in answer.parts
        ]
        name = record.target(slug).name
        yield from day_bars_blocks(day_bars(name, days), f"{name} : état relevé, jour par jour")
