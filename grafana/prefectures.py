"""Préfectures: a map, the rates of each, what its pages say and since when."""

from typing import Any

from grafana_foundation_sdk.builders import common, geomap

from grafana import states
from grafana.board import SITE, board, choice, window, with_milestones
from grafana.columns import count, day, instant, rates, ratio, says, state, up
from grafana.panels import (
    PERIOD,
    ask,
    called,
    curves,
    dressed,
    how_to_read,
    in_states,
    link,
    timeline,
)
from grafana.record import Record, changes
from grafana.tables import TARGETS, departments, grid
from monitor.core.french.change_sentences import COLUMNS
from monitor.core.state_looks import STATE_LOOKS

READ = """
La couleur d’un département est celle de **la plus gravement touchée de ses pages** ; il est
indéterminé, en gris, dès qu’une seule de ses pages l’est, si les autres vont bien ; gris très
pâle : aucune de ses pages n’est surveillée. La carte est celle du moment où ce tableau a été
ouvert : recharger la page pour la suivante ; le tableau des états, lui, se met à jour. L’outre-mer
est sur la carte, plus loin ; cinq territoires n’y ont pas de contour (975, 977-978, 986, 987,
988) : ils sont dans le tableau.

**Pour comparer des préfectures, lire les trois taux et la couverture.** Deux préfectures dont les
intervalles « au plus bas » – « au plus haut » se recouvrent ne peuvent pas être départagées. La
période des taux finit à la fin de la période affichée. Pour novembre : afficher une période qui
finit le 1er décembre à 0 h, et choisir « 30 jours ». Les autres mois, page par page :
[le registre](${vigie}/disponibilite?de=prefectures:prefectures&par=month).
"""
_LEAST_PX = 135  # the title of the column, and the arrow of what is sorted
WHERE = '@,department=~"$department",department!=""'
OUTLINES = f"{SITE}/api/v1/departements.geojson"  # a layer's address takes no variable


def _outline(color: str, opacity: float) -> dict[str, Any]:
    return {"color": {"fixed": color}, "opacity": opacity, "lineWidth": 1}


def _france() -> Any:
    view: Any = geomap.MapViewConfig()  # whose types have no fractions, which Grafana has
    return view.id("coords").lat(46.2).lon(2.4).zoom(5.3)


def _map() -> Any:
    grey = _outline(states.UNKNOWN_COLOR, 0.2)
    # Grafana takes the first rule that fits.
    unwatched = {"property": "targets", "operation": "eq", "value": 0}
    rules = [
        {"check": unwatched, "style": grey},
        *(
            {
                "check": {"property": "state", "operation": "eq", "value": verdict.value},
                "style": _outline(look.color, 0.85),
            }
            for verdict, look in STATE_LOOKS.items()
        ),
    ]

    def layer(name: str, config: dict[str, Any]) -> Any:
        return (
            common.MapLayerOptions()
            .type("geojson")
            .name(name)
            .config({"src": OUTLINES, **config})
            .tooltip(True)
        )

    panel = dressed(
        geomap.Panel(),
        title="Les préfectures, à l’ouverture de ce tableau",
        about="L’état le plus grave des pages de chaque préfecture ; gris très pâle : aucune n’est "
        "surveillée. Contours : Natural Earth, domaine public. Sans carte : l’adresse de Vigie ou "
        "son réglage « api_origin » est à corriger (docs/grafana.md).",
        width=10,
        height=13,
        unit="none",
    )
    return (
        panel.mappings(states.mappings())
        .view(_france())
        # Outlines under outlines: any other background would be fetched from the internet.
        .controls(geomap.ControlsOptions().show_zoom(True))
        .basemap(layer("Contours", {"style": grey, "rules": []}))
        .layers([layer("État", {"style": grey, "rules": rules})])
        .with_target(
            ask(
                states.query("department", department="$department"),
                instant=True,
                as_table=True,
            )
        )
    )


def prefectures(record: Record) -> Any:
    """Return the dashboard."""
    pages = [
        link("Le registre de cette page", "/cibles/${__data.fields.Cible}"),
        link(
            "Son taux sur la période",
            f"/disponibilite?de=target:${{__data.fields.Cible}}&{PERIOD}",
        ),
    ]
    labels = 'department=~"$department",department!="",window="$window"'
    best = f'max by (target) (anef_availability_ratio{{@,{labels},bound="high"}})'
    result = board(
        "vigie-prefectures",
        "Préfectures",
        "Les pages des préfectures : état, disponibilité, modifications, informations présentes.",
        variables=[
            choice(
                "department",
                "Département",
                'label_values(anef_target_state{@,department!=""}, department)',
            ),
            window("30d"),
        ],
        since="now-7d",
    )
    result = (
        result.with_panel(_map())
        .with_panel(
            grid(
                [
                    *rates("target", "anef", labels),
                    # The lowest rate first would begin with the pages that have none.
                    ratio("Panne au moins", f"100 - ({up(best)})", width=_LEAST_PX),
                ],
                of=TARGETS,
                title="Disponibilité de chaque page (en %), la pire d’abord",
                about="Sur la période choisie en haut. D’abord la page le plus longtemps "
                "indisponible, à coup sûr : « Panne au moins » est 100 % moins « Au plus "
                "haut ». Sans valeur : la couverture est trop faible pour un taux.",
                links=pages,
                order="Panne au moins",
                always="Couverture",
                width=14,
                height=13,
            )
        )
        .with_panel(how_to_read(READ, height=7))
        .with_panel(
            grid(
                [
                    state("État", "department", department="$department"),
                    count(
                        "Pages",
                        f'count by (department) (anef_target_state{{{WHERE},state="up"}})',
                    ),
                    count(
                        "Indisponibles",
                        f'sum by (department) (anef_target_state{{{WHERE},state="down"}})',
                    ),
                    count(
                        "Indéterminées",
                        f'sum by (department) (anef_target_state{{{WHERE},state="unknown"}})',
                    ),
                ],
                by={"department": "Département"},
                title="Chaque préfecture, maintenant",
                about="L’état le plus grave des pages de la préfecture, et de combien de pages il "
                "s’agit. Les plus gravement touchées d’abord.",
                order="État",
                height=10,
            )
        )
        .with_panel(
            in_states(
                curves(
                    ask(f"sum by (state) (anef_target_state{{{WHERE}}})", name="{{state}}"),
                    title="Combien de pages dans chaque état",
                    about="Les six états, toujours : une page dont on ne sait rien n’est pas "
                    "comptée comme accessible.",
                    unit="none",
                    stacked=True,
                    width=24,
                )
            )
        )
        .with_panel(
            grid(
                [
                    instant(
                        "Dernière modification",
                        f"max by (target) (anef_page_last_change_timestamp_seconds{{{WHERE}}})",
                    ),
                    day(
                        "Mise à jour affichée",
                        "max by (target) "
                        f"(anef_page_displayed_update_timestamp_seconds{{{WHERE}}})",
                    ),
                    count(
                        "Liens morts",
                        f"max by (target) (anef_page_dead_links{{{WHERE}}})",
                    ),
                ],
                of=TARGETS,
                title="Fraîcheur des pages",
                about="La dernière modification annoncée que Vigie a relevée, la date de mise à "
                "jour que la page affiche elle-même, et ses liens vers une adresse surveillée qui "
                "n’existe plus.",
                links=pages,
                order="Dernière modification",
                always="Liens morts",
                height=10,
            )
        )
        .with_panel(
            grid(
                [
                    says(
                        head,
                        "max by (target) "
                        f'(anef_page_information_present{{{WHERE},element="{element.value}"}})',
                        "non trouvé",
                        "indiqué",
                    )
                    for element, head in COLUMNS.items()
                ],
                of=TARGETS,
                title="Informations présentes sur les pages",
                about="« indiqué » : le texte de la page donne cet élément. « non trouvé » : Vigie "
                "ne l’y a pas trouvé, ou la page dit qu’il n’est pas offert. Sans valeur : la page "
                "n’a pas été lue récemment.",
                links=pages,
                height=10,
            )
        )
        .with_panel(
            called(
                timeline(
                    states.query("department", department="$department"),
                    title="Chaque préfecture, sur la période",
                    about="L’état le plus grave de ses pages. Un blanc : Vigie ou Prometheus était "
                    "arrêté, et l’état n’est pas connu.",
                    name="{{department}}",
                    height=42,
                ),
                departments(),
            )
        )
    )
    if record is Record.SQL:
        result = result.with_panel(
            changes(
                title="Les modifications annoncées de la période",
                about="« Après » et « Avant » : la modification a eu lieu entre ces deux relevés. "
                "Les 500 plus récentes ; toutes sont dans le registre.",
                links={
                    "Numéro": [link("Cette modification", "/modifications/${__data.fields.Numéro}")]
                },
            )
        )
    return with_milestones(result)
