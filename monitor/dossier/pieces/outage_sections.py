"""Each outage of a dossier, at length: one section, with the four checks that frame it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

from monitor.attest.kept_answers import ShownAnswer
from monitor.core.changes.change_log import KeptCopy
from monitor.core.french.figure_sentences import outage_bounds
from monitor.core.french.formatting import PARIS, count, numbered, to_the_second, when
from monitor.core.french.labels import NATURES
from monitor.core.french.sentences import REASONS, RULES, VERDICTS
from monitor.core.model import Outage
from monitor.core.outages.at import CitedCheck
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    Inline,
    Line,
    bullets,
    code,
    facts,
    heading,
    note,
    paragraph,
    quotation,
    strong,
    table,
)
from monitor.dossier.pieces import dossier_sentences as french
from monitor.dossier.pieces.outage_reading import ReadOutage
from monitor.dossier.pieces.piece_drawings import screen_drawing
from monitor.dossier.pieces.point_sections import seen_blocks

_BRIEF = 240  # characters of a text that the piece has already
_MOST_ELSEWHERE = 8  # outages of other pages that are named, of one platform


def outage_blocks(
    record: DossierRecord, one: ReadOutage, quoted: dict[str, str] | None = None
) -> Iterator[Block]:
    """Yield the section of one outage.

    `quoted` is of the piece: the digests of the bodies whose text it has, each with the number of
    the outage where that is. The same text is not written out again. None: it has no text yet.
    """
    outage, target = one.outage, one.target
    yield heading(outage_heading(outage, target.name), level=2)
    yield paragraph(
        strong(french.unavailable(outage, target.name, one.checks)), " ", french.lasted(outage)
    )
    yield facts(_facts(record, one))
    yield table(
        ("Relevé", "Heure de Paris", "UTC", "Verdict", "Code", "Règle", "Feuille"),
        _framing(one),
        widths=(2.3, 2.5, 1.3, 1.7, 0.8, 1.9, 1.3),
        about=f"Les quatre relevés qui encadrent l’indisponibilité {numbered(outage.number)}",
    )
    if outage.relapses:
        yield note(
            f"Pendant ce temps, {count(outage.relapses, 'rétablissement')} n’a pas été confirmé "
            "par les relevés suivants : l’indisponibilité est comptée d’un seul tenant."
        )
    yield from _seen(one, {} if quoted is None else quoted)
    yield heading("À la même heure", level=3)
    yield bullets(_around(one))
    if one.points is not None:
        yield from seen_blocks(one.points)
    yield from _replies(one)


def outage_heading(outage: Outage, name: str) -> str:
    """Return the heading of an outage, by which its page is found again."""
    opened = to_the_second(outage.first_fail_at)
    return f"{NATURES[outage.nature].capitalize()} {numbered(outage.number)} : {name}, {opened}"


def _facts(record: DossierRecord, one: ReadOutage) -> Iterator[tuple[str, Line]]:
    target = one.target
    yield "Adresse demandée", [code(target.url or "non consignée")]
    yield "Portée", [french.place_of(target)]
    yield (
        "Motifs relevés",
        [
            " ".join(
                french.reason_counted(REASONS[reason], number) for reason, number in one.reasons
            )
        ],
    )
    first = one.framing.first_fail
    if first is not None:
        check = first.check
        yield (
            "Règle appliquée",
            [*_rule_words(check.rule), code(check.rule), f", règles {check.ruleset}"],
        )
        if check.address:
            resolver = check.last.resolver if check.last else None
            by: list[Inline] = [", nom résolu par ", code(resolver)] if resolver else []
            yield "Serveur joint", [code(check.address), *(by or [", résolveur non consigné"])]
        yield "Notre ligne", [french.own_line(check.controls, check.at)]
        yield "Notre horloge", [_clock_words(first)]
    yield (
        "Adresse permanente",
        [code(f"{record.site}/incidents/{one.incident.number}")]
        if one.incident and one.incident.number is not None
        else ["aucune"],
    )


def _rule_words(rule: str) -> list[str]:
    """Return the words of a rule; none for one that this program does not know."""
    return [RULES[rule], " "] if rule in RULES else []


def _clock_words(cited: CitedCheck) -> str:
    check = cited.check
    own = (
        "écart à l’heure de référence (NTP) non connu à ce relevé"
        if check.clock_offset_us is None
        else f"écart de {abs(check.clock_offset_us) / 1000:.1f} ms à l’heure de référence (NTP)"
    ).replace(".", ",")
    if check.server_offset_us is None:
        return f"{own} ; le serveur n’a pas donné son heure (en-tête Date)"
    offset = f"{abs(check.server_offset_us) / 1e6:.1f}".replace(".", ",")
    return (
        f"{own} ; {offset} s d’écart avec l’heure que le serveur lui-même a donnée (en-tête Date)"
    )


def _framing(one: ReadOutage) -> Iterator[tuple[Line, ...]]:
    rows = (
        ("dernier relevé conforme avant", one.framing.last_ok, "aucun au registre"),
        ("premier relevé en échec", one.framing.first_fail, "–"),
        ("dernier relevé en échec", one.framing.last_fail, "–"),
        ("premier relevé conforme après", one.framing.first_ok, "aucun au point de contrôle"),
    )
    for words, cited, without in rows:
        if cited is None:
            yield (words, without, "", "", "", "", "")
            continue
        check = cited.check
        yield (
            words,
            to_the_second(check.at),
            _utc(check.at),
            VERDICTS[check.verdict],
            str(check.status) if check.status is not None else "–",
            [code(check.rule)],
            numbered(cited.number).removeprefix("n°\N{NO-BREAK SPACE}"),
        )


def _utc(at: datetime) -> str:
    """Return the hour in UTC, with its day where that is not the one of Paris."""
    is_same_day = at.astimezone(UTC).date() == at.astimezone(PARIS).date()
    return f"{at.astimezone(UTC):{'%H:%M:%S' if is_same_day else '%H:%M:%S (%d/%m)'}}"


def _seen(one: ReadOutage, quoted: dict[str, str]) -> Iterator[Block]:
    yield heading("Ce qu’un visiteur voyait", level=3)
    if one.shown is not None and one.shown.on_screen and one.copy is not None:
        yield from _on_screen(one.shown, one.copy)
    elif one.shown is not None and one.copy is not None:
        before = quoted.get(one.copy.body_sha256)
        quoted.setdefault(one.copy.body_sha256, numbered(one.outage.number))
        status = f"code {one.shown.status}" if one.shown.status else "réponse interrompue"
        identifier = french.identifier_in(one.shown.text)
        named = f", identifiant {identifier}" if identifier else ""
        title = f", titre « {one.shown.title} »" if one.shown.title else ""
        yield paragraph(f"Le service affichait ({status}{named}{title}) :")
        text, cut = one.shown.text or "(page sans texte)", ""
        if before is not None and len(text) > _BRIEF:
            text = f"{text[:_BRIEF].rsplit(maxsplit=1)[0]} […]"
            cut = (
                f" La suite est celle de l’indisponibilité {before}, plus haut : le corps de la "
                "réponse est le même, octet pour octet."
            )
        elif one.shown.cut:
            cut = " Le texte continue ; il est entier dans la copie."
        yield quotation(text)
        yield note(
            f"Texte de la réponse reçue le {when(one.copy.at)}, tel que lu dans les octets "
            f"conservés.{cut} Copie : ",
            code(one.copy.file),
            ". Empreinte SHA-256 du corps : ",
            code(one.copy.body_sha256),
            ".",
        )
    elif one.copy is not None:
        yield paragraph(
            f"Les octets de la réponse du {when(one.copy.at)} sont conservés (",
            code(one.copy.file),
            ", empreinte SHA-256 du corps ",
            code(one.copy.body_sha256),
            ") ; leur texte n’a pas été lu pour ce relevé.",
        )
    else:
        yield paragraph(
            "Aucune page : aucune réponse n’a été reçue du serveur, ou aucune n’a été conservée."
        )


def _on_screen(shown: ShownAnswer, copy: KeptCopy) -> Iterator[Block]:
    status = f" (code {shown.status})" if shown.status else ""
    yield paragraph(f"Le navigateur de la sonde affichait{status} :")
    yield quotation(shown.text or "(rien : l’écran ne portait aucun texte)")
    cut = " Le texte continue ; il est entier dans la copie." if shown.cut else ""
    yield note(
        f"Texte à l’écran le {when(copy.at)}, tel que conservé.{cut} Copie : ", code(copy.file), "."
    )
    if not shown.picture:
        return
    digest = sha256(shown.picture).hexdigest()
    picture = screen_drawing(
        shown.picture,
        words=f"Image de la fenêtre du navigateur. Texte à l’écran : {shown.text or 'aucun'}",
        caption=f"La fenêtre du navigateur, {when(copy.at)}. Elle illustre : c’est le texte qui "
        f"est jugé. Empreinte SHA-256 de l’image : {digest}.",
    )
    yield picture or note(
        "L’image de la fenêtre est dans la copie ; elle est trop grande pour cette pièce. "
        "Empreinte SHA-256 : ",
        code(digest),
        ".",
    )


def _around(one: ReadOutage) -> Iterator[str]:
    yield _common_or_local(one)
    paths = one.paths
    if paths.answered:
        yield f"Répondaient pendant ce temps : {', '.join(paths.answered)}."
    if paths.mixed:
        yield f"Répondaient par moments seulement : {', '.join(paths.mixed)}."
    if paths.failed:
        yield f"Étaient aussi en échec : {', '.join(paths.failed)}."
    if paths.unknown:
        yield f"Non relevées pendant ce temps, ou sans résultat : {', '.join(paths.unknown)}."
    if not (paths.answered or paths.mixed):
        yield "Aucune autre page suivie du même service n’était relevée comme accessible."
    for place in one.elsewhere:
        some = place.outages[:_MOST_ELSEWHERE]
        listed = " ; ".join(
            f"{target.name} ({outage_bounds(outage)}, {numbered(outage.number)})"
            for outage, target in some
        )
        more = len(place.outages) - len(some)
        rest = f" ; et {more} autres" if more > 0 else ""
        yield f"Autre incident, plateforme « {place.name} » : {listed}{rest}."
    if not one.elsewhere:
        yield "Aucun autre incident n’est au registre à cette heure."
    yield from french.announced(one.announcements)
    if one.refused:
        yield (
            f"L’accès de la sonde a été refusé à {count(one.refused, 'relevé')} pendant ce temps ; "
            "ils ne comptent pas parmi les échecs."
        )
    else:
        yield "Aucun accès n’a été refusé à la sonde pendant ce temps."


def _replies(one: ReadOutage) -> Iterator[Block]:
    if not one.replies:
        return
    yield heading("Réponse du service concerné", level=3)
    for reply in one.replies:
        yield quotation(reply.text or "")
        where = f" ; publiée à {reply.url}" if reply.url else ""
        yield note(
            "Publiée telle que reçue, au titre du droit de réponse ; ce n’est pas un relevé. "
            f"Enregistrée le {when(reply.at)}, note {numbered(reply.number)}{where}."
        )


def _common_or_local(one: ReadOutage) -> str:
    failing, followed = one.same_platform
    if followed <= 1:
        return "C’est la seule page suivie sur cette plateforme."
    if failing <= 1:
        return (
            f"Seule cette page était en défaut, parmi les {followed} suivies de la même plateforme."
        )
    if failing >= followed:
        return f"Les {followed} pages suivies de la même plateforme étaient en défaut."
    return f"{failing} pages étaient en défaut, parmi les {followed} suivies de la même plateforme."
