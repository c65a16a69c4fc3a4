"""Avant / après: what changed since a date of the law, as long before it as after it."""

from typing import Any

from grafana.board import board, choice
from grafana.columns import differences, instant, rates
from grafana.panels import PERIOD, how_to_read, link, number
from grafana.tables import SCOPES, TARGETS, grid

READ = """
Les six mois donnés à l’État par le Conseil d’État finissaient **le 5 novembre 2026**, de date à
date ; le jour de la notification, dont le délai court en droit, est inconnu. « Après » va de
minuit, heure de Paris, à maintenant ; « avant » dure **aussi longtemps**, juste avant.

L’**écart** est après moins avant. « Au moins » compare le moins bon cas d’après au meilleur
d’avant, « au plus » l’inverse : si les deux n’ont pas le même signe, les relevés ne permettent pas
de dire s’il y a eu un progrès. Sans valeur : la couverture de l’un des deux est trop faible.
[Les mêmes nombres dans le registre](${vigie}/disponibilite?par=milestone).
"""
WHERE = 'milestone=~"$milestone"'
FAMILY = "anef_milestone"
BEFORE, AFTER = f'{WHERE},side="before"', f'{WHERE},side="after"'


def milestone() -> Any:
    """Return the dashboard."""
    pages = [
        link(
            "Son taux sur la période affichée",
            f"/disponibilite?de=${{__data.fields.Ensemble}}:${{__data.fields.Identifiant}}&{PERIOD}",
        )
    ]
    date = 'max(anef_milestone_timestamp_seconds{@,milestone=~"$milestone"})'
    result = board(
        "vigie-avant-apres",
        "Avant / après le 5 novembre 2026",
        "Ce qui a changé depuis la fin des six mois donnés à l’État, et avec quelle certitude.",
        variables=[
            choice(
                "milestone",
                "Date",
                "label_values(anef_milestone_coverage_ratio{@}, milestone)",
                every=False,
            )
        ],
        since="now-30d",
        refresh="5m",
    )
    return (
        result.with_panel(
            number(
                f"{date} * 1000",
                title="Date",
                about="Début, à Paris, du jour choisi en haut.",
                unit="dateTimeAsLocal",
                width=6,
            )
        )
        .with_panel(
            number(
                f"floor((time() - {date}) / 86400)",
                title="Jours écoulés",
                about="Depuis cette date : la durée de « après », et celle de « avant ».",
                unit="none",
                width=6,
            )
        )
        .with_panel(
            number(
                f"count(anef_page_last_change_timestamp_seconds{{@}} > scalar({date}))",
                title="Pages modifiées depuis",
                about="Pages dont la dernière modification annoncée est postérieure à cette date.",
                unit="none",
                width=6,
                nothing="aucune",
            )
        )
        .with_panel(
            number(
                "max(anef_figures_timestamp_seconds{@}) * 1000",
                title="Taux arrêtés à",
                about="La fin de « après » : les taux sont calculés toutes les dix minutes.",
                unit="dateTimeAsLocal",
                width=6,
            )
        )
        .with_panel(
            grid(
                differences("scope, slug", FAMILY, BEFORE, AFTER),
                of=SCOPES,
                order="-Nom",
                always="Couverture après",
                title="L’écart de disponibilité, après moins avant (en points, et couverture en %)",
                about="Un nombre positif est un progrès. Si « au moins » et « au plus » n’ont pas "
                "le même signe, on ne peut pas dire s’il y en a eu un.",
                links=pages,
            )
        )
        .with_panel(
            grid(
                [
                    instant(
                        "Dernière modification",
                        "max by (target) "
                        f"(anef_page_last_change_timestamp_seconds{{@}} > scalar({date}))",
                    )
                ],
                of=TARGETS,
                title="Les pages modifiées depuis cette date",
                about="La dernière modification annoncée de chacune ; ce qui a changé est dans le "
                "registre.",
                links=[link("Le registre de cette page", "/cibles/${__data.fields.Cible}")],
                order="Dernière modification",
                nothing="aucune",
            )
        )
        .with_panel(how_to_read(READ, height=6))
        .with_panel(
            grid(
                rates("scope, slug", FAMILY, BEFORE),
                of=SCOPES,
                order="-Nom",
                always="Couverture",
                title="Disponibilité avant (en %)",
                about="Disponibilité avant la date, avec ses bornes et sa couverture. Sans "
                "valeur : la couverture est trop faible, par exemple parce que Vigie ne relevait "
                "pas encore.",
                links=pages,
                width=12,
            )
        )
        .with_panel(
            grid(
                rates("scope, slug", FAMILY, AFTER),
                of=SCOPES,
                order="-Nom",
                always="Couverture",
                title="Disponibilité après (en %)",
                about="Disponibilité depuis la date, avec ses bornes et sa couverture.",
                links=pages,
                width=12,
            )
        )
    )
