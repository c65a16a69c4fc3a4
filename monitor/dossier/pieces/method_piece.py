"""Piece "Note méthodologique et limites": how it was measured, and what it does not show."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from monitor.core.french import figure_sentences
from monitor.core.french.formatting import (
    count,
    grouped,
    numbered,
    percent,
    spell,
    to_the_second,
    when,
)
from monitor.core.french.labels import GAPS
from monitor.core.model import GapCause, Kind, Verdict
from monitor.core.model.anchors import Standing
from monitor.core.verdict.rulesets import Ruleset
from monitor.dossier.dossier_record import DossierRecord
from monitor.dossier.pdf.document_blocks import (
    Block,
    PieceDocument,
    bullets,
    code,
    facts,
    heading,
    note,
    paragraph,
    table,
)
from monitor.dossier.pieces import dossier_sentences as french
from monitor.dossier.pieces.method_texts import (
    ANSWERS,
    DOUBTS,
    FROM_ONE_PLACE,
    FROM_SEVERAL_PLACES,
    LIMITS,
    NO_SCRIPTS,
    ONE_BROWSER,
    ONE_POINT,
    ONLY_THE_STATE,
    SEVERAL_POINTS,
    STEPS,
    WHY_ANOTHER_FILE,
)
from monitor.dossier.pieces.point_sections import point_blocks
from monitor.evidence.log.mirror import verifier_sha256

ANNEX_TITLE: Final = "Annexe : les chiffres par des règles plus récentes"
ANNEX_NAME: Final = "ANNEXE-regles-plus-recentes.pdf"
METHOD_TITLE: Final = "Note méthodologique et limites"
MOST_GAPS: Final = 80
VOUCHED_WITHIN: Final = timedelta(hours=1)  # after the checkpoint: what came later is not printed


def method_piece(record: DossierRecord, label: str) -> PieceDocument:
    """Return the piece."""
    question = record.question
    return PieceDocument(
        label=label,
        title=METHOD_TITLE,
        subtitle=f"{question.title}, {french.period(question.since, question.until)}",
        blocks=[
            *_who(record),
            *point_blocks(record),
            *_conditions(record),
            *_rules(record),
            *_rulesets(record),
            *_gaps(record),
            heading("Ce que ces relevés n’établissent pas"),
            bullets(_limits(record)),
            heading("Ce que seule l’administration détient"),
            *_only_the_state(record),
            heading("Autres explications possibles, et ce qui les écarte ou non"),
            table(
                ("Explication possible", "Donnée qui l’écarte, ou non", "Où"),
                _doubts(record),
                widths=(3, 6, 2.2),
                about="Explications possibles et données",
            ),
            *_vouchers(record),
            *_verify(record),
        ],
    )


def _limits(record: DossierRecord) -> Iterator[str]:
    for text in LIMITS:
        if text is NO_SCRIPTS:
            on_screen = _on_screen(record)
            if len(on_screen) < len(record.question.targets):
                yield NO_SCRIPTS
            if on_screen:
                yield ONE_BROWSER
        else:
            yield SEVERAL_POINTS if text is ONE_POINT and record.points else text


def _on_screen(record: DossierRecord) -> list[str]:
    """Return the names of the pages that a browser displays."""
    targets = map(record.target, record.question.targets)
    return [target.name for target in targets if target.kind is Kind.RENDERED]


def _browser_words(record: DossierRecord) -> str:
    names = _on_screen(record)
    if not names:
        return "aucun navigateur n’a affiché les pages de ce dossier"
    listed = ", ".join(f"« {name} »" for name in names)
    return (
        f"un navigateur a affiché {listed} : version, options et polices sont dans la feuille de "
        "chaque affichage"
    )


def _doubts(record: DossierRecord) -> Iterator[tuple[str, str, str]]:
    for row in DOUBTS:
        yield FROM_SEVERAL_PLACES if row is FROM_ONE_PLACE and record.points else row


def _who(record: DossierRecord) -> Iterator[Block]:
    config = record.config
    yield heading("Qui relève, et comment le citer")
    yield paragraph(
        f"Les relevés sont faits par un programme, Vigie ANEF, pour le "
        f"compte de : {config.publisher.association}. Un relevé est une demande de page publique, "
        "faite sans connexion à un compte, avec sa réponse et l’heure. Ce n’est ni un constat de "
        "commissaire de justice ni un procès-verbal : c’est un relevé, dont le juge apprécie la "
        "portée."
    )
    yield facts(
        [
            ("Éditeur", config.publisher.association),
            ("Site du registre", [code(record.site)]),
            ("Point de mesure", record.store.point),
            ("Journal", [code(record.origin)]),
            (
                "État du registre",
                [
                    (
                        f"{grouped(record.checkpoint.size)} feuilles, signé le "
                        f"{when(record.checkpoint.at)} ; racine "
                    ),
                    code(record.checkpoint.root.hex()),
                ],
            ),
            ("Code du dossier", [code(record.code)]),
        ]
    )


def _conditions(record: DossierRecord) -> Iterator[Block]:
    """Yield the technical conditions, in the order in which bailiffs give them."""
    config = record.config
    runs = [
        run
        for run in record.reads.runs()
        if run.started_at < record.question.until
        and (run.stopped_at or run.alive_at) >= record.question.since
    ]
    versions = ", ".join(dict.fromkeys(run.version for run in runs)) or "non consignées"
    addresses = ", ".join(config.journaling.public_ip) or "non déclarée"
    yield heading("Conditions techniques")
    yield note(
        "Dans l’ordre des rubriques de la norme NF Z67-147, qui vise les procès-verbaux des "
        "commissaires de justice et n’est pas une condition de validité d’un relevé."
    )
    yield facts(
        [
            (
                "Matériel, système",
                (
                    f"Serveur sans écran ; {_browser_words(record)} ; système, version et "
                    "empreinte du programme sont dans la feuille qui ouvre chaque période de "
                    "fonctionnement du journal. "
                    f"Versions du programme sur la période : {versions}."
                ),
            ),
            ("Réseau, adresse IP", f"Adresse publique déclarée de la sonde : {addresses}."),
            (
                "Fournisseur, DNS",
                (
                    "Le résolveur interrogé et les adresses reçues sont inscrits à chaque relevé. "
                    "Résolveurs choisis : "
                    f"{', '.join(config.resolvers) or 'ceux de la machine'} ; résolveurs de "
                    f"contrôle : {', '.join(config.second_resolvers) or 'aucun'}."
                ),
            ),
            (
                "Préparation",
                (
                    "Connexion neuve à chaque relevé, sans mémoire cache, sans cookie gardé d’un "
                    "relevé à l’autre, sans serveur mandataire (proxy). Horloge comparée à des "
                    f"serveurs de temps (NTP) ; au-delà de {config.clock_limit_us // 1000} ms "
                    "d’écart, le relevé est « indéterminé »."
                ),
            ),
            (
                "Cheminement",
                (
                    "L’adresse demandée et chaque renvoi d’adresse sont inscrits ; l’identité "
                    "ci-dessous est annoncée à chaque demande."
                ),
            ),
            ("Identité annoncée", [code(config.user_agent)]),
            (
                "Manières",
                (
                    "robots.txt lu, obéi et archivé ; une seule demande à la fois par plateforme, "
                    "espacées ; aucun captcha passé, aucun formulaire envoyé, aucun créneau pris ; "
                    "arrêt et attente dès que le site refuse."
                ),
            ),
            (
                "Fin des opérations",
                (
                    "Chaque relevé est inscrit au journal dans la transaction qui l’enregistre ; "
                    "les octets des réponses en échec sont conservés."
                ),
            ),
        ]
    )


def _rules(record: DossierRecord) -> Iterator[Block]:
    yield heading("Règles de jugement et de confirmation")
    yield paragraph(
        "Chaque réponse est jugée par des règles écrites, essayées dans l’ordre ; la première qui "
        "convient décide, et son nom est inscrit. Un relevé en échec n’ouvre pas une "
        "indisponibilité : il en faut plusieurs. Un défaut de notre côté (ligne, résolveur, "
        "horloge, programme) donne « indéterminé », jamais « indisponible »."
    )
    rows = []
    for slug in record.question.targets:
        target = record.target(slug)
        policy = target.plans[-1].policy if target.plans else {}
        rows.append(
            (
                target.name,
                spell(target.interval_s) if target.interval_s else "non consigné",
                f"{policy.get('failures', '–')} échecs sur {policy.get('failing_s', '–')} s",
                f"{policy.get('successes', '–')} succès sur {policy.get('recovering_s', '–')} s",
            )
        )
    yield table(
        ("Page", "Intervalle prévu", "Pour ouvrir une indisponibilité", "Pour la clore"),
        rows,
        widths=(4, 2, 3, 3),
        about="Politique de confirmation de chaque page",
    )
    yield paragraph(
        "Un relevé vaut jusqu’au suivant, et au plus deux fois l’intervalle prévu ; le reste est "
        "inconnu. La durée la plus courte va du premier au dernier relevé en échec ; la plus "
        "longue, du dernier relevé conforme avant au premier relevé conforme après. Aucun taux "
        f"n’est donné sous {percent(record.basis.coverage_min)} de couverture."
    )


def _rulesets(record: DossierRecord) -> Iterator[Block]:
    yield heading("Le même registre, compté plus bas et plus haut")
    if not record.rulesets:
        yield paragraph(
            "Les jeux de règles publiés ne sont pas là où ce dossier a été fait ; la commande "
            "« vigie rejudge » les applique à la même question."
        )
        return
    yield _by_rulesets(record, record.rulesets)
    yield note(
        "« lenient » : ce que l’administration concéderait elle-même. « strict » : ce qu’une "
        "association peut soutenir de bonne foi. Les verdicts enregistrés sont entre les deux. Ce "
        "sont les règles publiées au jour du point de contrôle ; le registre, la période et les "
        "lacunes sont les mêmes."
    )


def _by_rulesets(record: DossierRecord, rulesets: Sequence[Ruleset]) -> Block:
    rows = []
    for slug in record.question.targets:
        for ruleset in rulesets:
            answer = record.rejudged(ruleset, record.scope_of(slug))
            rows.append(
                (
                    record.target(slug).name,
                    f"{ruleset.slug}, version {ruleset.version}",
                    figure_sentences.rate(answer.account, enough=answer.enough),
                    figure_sentences.down(answer.account),
                    grouped(answer.outages.count),
                )
            )
    return table(
        ("Page", "Jeu de règles", "Disponible", "Indisponible", "Nombre"),
        rows,
        widths=(2.6, 1.8, 3, 3, 0.9),
        about="Chiffres par les deux jeux de règles publiés",
    )


def newer_rules_annex(record: DossierRecord) -> PieceDocument:
    """Return the same figures by rules that were published since; no piece has them."""
    return PieceDocument(
        label="Annexe",
        title=ANNEX_TITLE,
        subtitle="Cette annexe n’est pas une pièce numérotée.",
        blocks=[
            paragraph(
                "Des règles ont été publiées depuis le point de contrôle de ce dossier. Les pièces "
                "sont faites par celles de ce jour-là, et ne changent pas. Voici les mêmes "
                "chiffres par les règles nouvelles : qui s’en sert doit dire lesquelles."
            ),
            _by_rulesets(record, record.newer_rulesets),
            bullets([code(one.cited)] for one in record.newer_rulesets),
        ],
    )


def _gaps(record: DossierRecord) -> Iterator[Block]:
    yield heading("Nos propres lacunes")
    gaps = record.gaps
    if not gaps:
        yield paragraph("Aucune lacune n’est au registre sur la période.")
        return
    by_cause: dict[GapCause, int] = {}
    for gap in gaps:
        by_cause[gap.cause] = by_cause.get(gap.cause, 0) + gap.slots
    yield bullets(
        f"{GAPS[cause]} : {count(slots, 'créneau', 'créneaux')} sans relevé"
        for cause, slots in by_cause.items()
    )
    yield table(
        ("De (Paris)", "À (Paris)", "Page", "Créneaux", "Cause", "Feuille"),
        (
            (
                to_the_second(gap.from_at),
                to_the_second(gap.to_at),
                record.target(gap.target).name if gap.target else "toutes",
                grouped(gap.slots),
                GAPS[gap.cause],
                numbered(gap.number),
            )
            for gap in gaps[:MOST_GAPS]
        ),
        widths=(2.2, 2.2, 2.3, 1.1, 2.9, 1.2),
        about="Lacunes de nos relevés",
        small=True,
    )
    if len(gaps) > MOST_GAPS:
        yield note(f"Et {grouped(len(gaps) - MOST_GAPS)} autres, au journal des relevés.")


def _only_the_state(record: DossierRecord) -> Iterator[Block]:
    yield paragraph(
        "Les causes ne sont connues que par les journaux et la supervision du service. Pour les "
        "minutes citées dans le relevé, les éléments suivants permettraient de confirmer ou de "
        "contredire chaque ligne :"
    )
    yield bullets(ONLY_THE_STATE)
    minutes = [
        f"{numbered(one.number)} : du {when(one.first_fail_at)} au {when(one.last_fail_at)}"
        for one in record.outages[:20]
    ]
    if minutes:
        yield paragraph("Minutes en cause :")
        yield bullets(minutes)


def _vouchers(record: DossierRecord) -> Iterator[Block]:
    """Yield who else signed or dated the checkpoint, within an hour: later ones change nothing."""
    checkpoint, store = record.checkpoint, record.store
    end = checkpoint.at + VOUCHED_WITHIN
    stamps = [
        one
        for one in store.stamps(checkpoint.at, end)
        if one.size == checkpoint.size and one.standing is Standing.VERIFIED and one.at
    ]
    cosigned = [one for one in store.cosignatures(checkpoint.size) if one.at <= end]
    names = {one.slug: one.name for one in record.config.stamping.authorities}
    yield heading("Qui d’autre atteste ce journal")
    if stamps:
        yield bullets(
            f"Horodatage (RFC 3161) par {names.get(one.authority, one.authority)} : {when(one.at)}"
            for one in stamps
            if one.at
        )
    else:
        yield paragraph(
            "Aucun horodatage d’une autorité extérieure n’a été obtenu pour ce point de contrôle "
            "dans l’heure qui l’a suivi : la date repose sur notre signature, sur l’heure donnée "
            "par les serveurs de l’État eux-mêmes (en-tête Date), et sur les points de contrôle "
            "voisins."
        )
    yield paragraph(
        "Un horodatage n’est dit qualifié, au sens du règlement eIDAS, que si la liste de "
        "confiance le disait à cette date. Cette note ne le dit d’aucun des horodatages cités."
    )
    if cosigned:
        yield bullets(f"Cosignature de {one.witness}, le {when(one.at)}" for one in cosigned)
    else:
        yield paragraph("Aucun cosignataire n’a signé ce point de contrôle dans l’heure.")


def _verify(record: DossierRecord) -> Iterator[Block]:
    yield heading("Comment vérifier, sans nous croire")
    yield bullets(STEPS)
    yield paragraph(
        "Empreinte SHA-256 du programme de vérification (un seul fichier, à lire avant de le "
        "lancer) : ",
        code(verifier_sha256()),
    )
    yield bullets(
        [
            [code("python3 -I verifier.py DOSSIER")],
            [code("sha256sum NOM-DU-FICHIER.pdf")],
            [code(f"{record.site}/verifier?code={record.code}")],
        ]
    )
    yield heading("Pourquoi le fichier servi diffère du fichier déposé", level=2)
    yield paragraph(WHY_ANOTHER_FILE)
    yield heading("Réponse du service concerné", level=2)
    yield paragraph(ANSWERS)
    blocked = sum(
        record.figures(record.scope_of(slug)).account.us(Verdict.BLOCKED)
        for slug in record.question.targets
    )
    yield note(
        "Accès refusés à la sonde sur la période : "
        + (f"{figure_sentences.microseconds(blocked)}." if blocked else "aucun.")
    )
