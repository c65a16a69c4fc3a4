"""Vue d'ensemble: is it up now, since when, and how sure are the rates."""

from typing import Any

from grafana_foundation_sdk.builders import common

from grafana import states
from grafana.board import board, choice, window, with_milestones
from grafana.columns import count, instant, rates, says, state
from grafana.panels import (
    PERIOD,
    RANGE,
    ask,
    curves,
    how_to_read,
    in_states,
    link,
    state_tiles,
    timeline,
)
from grafana.tables import SCOPES, TARGETS, grid

# Grafana would make the names of ten tiles smaller than can be read.
TILE_TEXT = common.VizTextDisplayOptions().title_size(14).value_size(17)
READ = """
**Chaque couleur a son signe** : ● accessible, ▲ dégradé, ✕ indisponible, ◆ en maintenance,
■ accès refusé à la sonde (un visiteur passe peut-être), ? indéterminé (notre ligne, notre
horloge ou notre service : cela ne dit rien du site). Un **blanc** dans une frise : Vigie ou
Prometheus était arrêté, et l’état n’est pas connu.

**Un taux se lit avec sa couverture**, la part du temps où l’état est connu. Sous la couverture
demandée, il n’y a pas de taux. Entre deux relevés, nul ne sait quand une panne a commencé :
d’où « au plus bas » et « au plus haut ».
[Les mêmes nombres, et comment ils sont faits](${vigie}/disponibilite).
"""


def overview() -> Any:
    """Return the dashboard."""
    of = {"group": "$group"}
    where = '@,group=~"$group"'
    pages = [
        link("Le registre de cette cible", "/cibles/${__data.fields.Cible}"),
        link(
            "Son taux sur la période",
            f"/disponibilite?de=target:${{__data.fields.Cible}}&{PERIOD}",
        ),
        link(
            "Ses indisponibilités de la période",
            f"/api/v1/outages?target=${{__data.fields.Cible}}&{RANGE}",
        ),
    ]
    result = board(
        "vigie-vue-ensemble",
        "Vue d’ensemble",
        "L’ANEF répond-elle, depuis quand, et avec quelle certitude.",
        variables=[
            # With all 32 services, and the prefectures, none could be read.
            choice("group", "Groupe", "label_values(anef_target_state{@}, group)", first="anef"),
            window(),
        ],
    )
    result = (
        result.with_panel(
            state_tiles(
                TARGETS.named(states.query("target", **of, department="")),
                title="Les services nationaux, maintenant",
                about="L’état du dernier relevé de chaque cible qui n’est pas celle d’une "
                "préfecture. Sans relevé récent, c’est « indéterminé ».",
                name="{{name}}",
            ).text(TILE_TEXT)
        )
        .with_panel(
            grid(
                [
                    state("État", "target", **of),
                    instant(
                        "Depuis",
                        f"max by (target) (anef_state_since_timestamp_seconds{{{where}}})",
                    ),
                    instant(
                        "Dernier relevé",
                        f"max by (target) (anef_probe_last_timestamp_seconds{{{where}}})",
                    ),
                    says(
                        "Panne confirmée",
                        f"max by (target) (anef_outage_open{{{where}}})",
                        "non",
                        "oui",
                    ),
                ],
                of=TARGETS,
                title="Chaque cible : son état, et depuis quand",
                about="« Depuis » : le premier des relevés qui, sans interruption, ont donné cet "
                "état. Une panne est confirmée après plusieurs échecs ; un échec seul n’en est pas "
                "une.",
                links=pages,
                order="État",
                height=9,
            )
        )
        .with_panel(how_to_read(READ, height=5))
        .with_panel(
            timeline(
                TARGETS.named(states.query("target", **of, department=""), of_period=True),
                title="Les services nationaux, sur la période",
                about="L’état relevé de chaque cible. Un blanc : Vigie ou Prometheus était arrêté, "
                "et l’état n’est pas connu.",
                name="{{name}}",
            )
        )
        .with_panel(
            grid(
                rates("scope, slug", "anef_scope", 'window="$window"'),
                of=SCOPES,
                order="-Nom",
                always="Couverture",
                title="Disponibilité des ensembles (en %), avec ses bornes",
                about="Le nombre de « vigie availability » et des pages, sur la période choisie en "
                "haut. Sans valeur : la couverture est trop faible pour un taux. L’ANEF est "
                "indisponible quand un de ses composants nécessaires l’est.",
                links=[
                    link(
                        "Son taux sur la période",
                        "/disponibilite?de=${__data.fields.Ensemble}:${__data.fields.Identifiant}"
                        f"&{PERIOD}",
                    )
                ],
                width=12,
            )
        )
        .with_panel(
            grid(
                rates("target", "anef", 'group=~"$group",department="",window="$window"'),
                of=TARGETS,
                order="-Nom",
                always="Couverture",
                title="Disponibilité des services nationaux (en %)",
                about="Par cible, sur la période choisie en haut. Sans valeur : la couverture est "
                "trop faible pour un taux.",
                links=pages,
                width=12,
            )
        )
        .with_panel(
            in_states(
                curves(
                    ask(f"sum by (state) (anef_target_state{{{where}}})", name="{{state}}"),
                    title="Combien de cibles dans chaque état",
                    about="Les six états, toujours : une cible dont on ne sait rien n’est pas "
                    "comptée comme accessible.",
                    unit="none",
                    stacked=True,
                )
            )
        )
        .with_panel(
            curves(
                ask("max by (platform) (anef_incident_open{@})", name="{{platform}}"),
                title="Incidents ouverts, par plateforme",
                about="1 : des indisponibilités confirmées se recouvrent sur la plateforme ; 0 : "
                "aucune. Les dates exactes sont dans le registre.",
                unit="none",
                highest=1,
            )
        )
        .with_panel(
            grid(
                [
                    count("Voient une indisponibilité", _points_saying("down|maintenance")),
                    count("Peuvent le dire", _points_saying(".*", but="unknown")),
                    count("Points", _points_saying(".*")),
                ],
                of=TARGETS,
                order="Voient une indisponibilité",
                nothing="un seul point",
                title="Ce que voient tous les points de mesure",
                about="Le nôtre et ceux que nous suivons : combien voient chaque page "
                "indisponible ou en maintenance, et combien peuvent le dire. Ce n’est ni une "
                "moyenne ni un vote ; avec un seul point, le tableau est vide.",
                width=12,
            )
        )
    )
    return with_milestones(result)


def _points_saying(states_of: str, *, but: str = "") -> str:
    """Return a query of how many points say one of some states of each target, 0 for none."""
    chosen = f'job=~"$job",state=~"{states_of}"' + (f',state!="{but}"' if but else "")
    every = "sum by (target) (max by (target, state) (anef_points_saying{%s}))"
    of_all = every % 'job=~"$job"'
    return f"({every % chosen} or 0 * {of_all})"
