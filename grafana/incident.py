"""Incident: one target around one outage, and whether our own line was well."""

from typing import Any

from grafana import states
from grafana.board import board, choice, with_milestones
from grafana.columns import count, instant, says
from grafana.panels import (
    RANGE,
    ask,
    called,
    curves,
    how_to_read,
    link,
    number,
    plain,
    state_tiles,
    timeline,
)
from grafana.record import Record, checks, outages
from grafana.tables import TARGETS, grid
from monitor.core.french.labels import PHASES

READ = """
Choisir la cible et la période en haut ; les liens des autres tableaux les apportent. Une panne a
**quatre relevés qui l’encadrent** : le dernier bon, le premier échec, le dernier échec, le premier
retour. Elle a duré **au moins** du premier au dernier échec, **au plus** du dernier bon relevé au
premier retour.

Quand nos **témoins** ne répondent pas, notre propre ligne est coupée : l’état est « indéterminé »,
et rien n’est imputé au site.
"""
WHERE = '@,target=~"$target"'


def incident(record: Record) -> Any:
    """Return the dashboard."""
    asked = f"target=$target&{RANGE}"
    result = board(
        "vigie-incident",
        "Incident",
        "Une cible autour d’une panne : relevés qui l’encadrent, phases, témoins.",
        variables=[
            choice("target", "Cible", "label_values(anef_target_state{@}, target)", every=False)
        ],
        since="now-6h",
    )
    result = (
        result.with_panel(
            state_tiles(
                TARGETS.named(states.query("target", target="$target")),
                title="Maintenant",
                about="L’état du dernier relevé. Sans relevé récent, c’est « indéterminé ».",
                name="{{name}}",
                width=8,
                height=6,
            )
        )
        .with_panel(
            number(
                f"max by (target) (anef_state_since_timestamp_seconds{{{WHERE}}}) * 1000",
                title="Dans cet état depuis",
                about="Depuis le premier des relevés qui, sans interruption, ont donné cet état.",
                unit="dateTimeAsLocal",
                width=6,
                height=6,
                nothing="inconnu",
            )
        )
        .with_panel(how_to_read(READ, height=6, width=10))
        .with_panel(
            timeline(
                TARGETS.named(states.query("target", target="$target"), of_period=True),
                title="État, sur la période",
                about="Un blanc : Vigie ou Prometheus était arrêté, et l’état n’est pas connu.",
                name="{{name}}",
                height=5,
            )
        )
    )
    if record is Record.SQL:
        result = result.with_panel(
            outages(
                "subject.target = ${target:sqlstring} AND subject.point = ${point:sqlstring}",
                title="Les indisponibilités confirmées de la période",
                about="Les quatre relevés qui encadrent chacune, et ses durées la plus courte et "
                "la plus longue. Sans « Premier retour », elle dure encore.",
                links={"Numéro": [link("Ces indisponibilités", f"/api/v1/outages?{asked}")]},
            )
        )
    else:
        edge = "max by (target) (last_over_time(anef_outage_started_timestamp_seconds{"
        result = result.with_panel(
            grid(
                [
                    instant("Dernier bon relevé", f'{edge}{WHERE},edge="last_ok"}}[$__range]))'),
                    instant("Premier échec", f'{edge}{WHERE},edge="first_fail"}}[$__range]))'),
                    instant(
                        "Dernier relevé",
                        f"max by (target) (anef_probe_last_timestamp_seconds{{{WHERE}}})",
                    ),
                    says(
                        "En cours", f"max by (target) (anef_outage_open{{{WHERE}}})", "non", "oui"
                    ),
                ],
                of=TARGETS,
                title="La dernière indisponibilité confirmée de la période",
                about="Elle a commencé entre ces deux premiers relevés. Les autres, et leur fin : "
                "lien de la première colonne. Sans valeur : aucune pendant la période.",
                links=[
                    link("Toutes celles de la période", f"/api/v1/outages?{asked}"),
                    link("Le registre de cette cible", "/cibles/${__data.fields.Cible}"),
                ],
                always="Dernier relevé",
                height=5,
            )
        )
    result = (
        result.with_panel(
            called(
                curves(
                    ask(
                        f"max by (phase) (probe_http_duration_seconds{{{WHERE}}})",
                        name="{{phase}}",
                    ),
                    title="Durée de chaque phase",
                    about="Les phases du dernier relevé, l’une sur l’autre, redirections "
                    "comprises.",
                    unit="s",
                    stacked=True,
                ),
                {phase.value: text for phase, text in PHASES.items()},
            )
        )
        .with_panel(
            curves(
                ask(
                    f"max by (target) (probe_http_status_code{{{WHERE}}})",
                    name="{{target}}",
                ),
                title="Statut HTTP",
                about="Le statut final de chaque relevé ; 0 : aucune réponse entière n’est venue.",
                unit="none",
            ).color_scheme(plain())
        )
        .with_panel(
            curves(
                ask("min by (point) (anef_control_success_ratio{@})", name="{{point}}"),
                title="Nos témoins",
                about="Part des témoins qui ont répondu, par point de mesure. À 0, notre propre "
                "ligne est coupée : l’état est indéterminé.",
                unit="percentunit",
                width=8,
            ).color_scheme(plain())
        )
        .with_panel(
            grid(
                [
                    count(
                        "Relevés, environ",
                        f"round(sum by (verdict, reason) (increase(anef_probes_total{{{WHERE}}}"
                        "[$__range]))) > 0",
                        width=150,  # the reasons, which are sentences, have the rest
                    )
                ],
                by={"verdict": "Verdict", "reason": "Raison"},
                title="Ce que les relevés de la période ont donné, et pourquoi",
                about="Combien de relevés ont donné chaque verdict, par raison, d’après "
                "Prometheus : un nombre à peu près juste. Le compte exact est dans le registre.",
                order="Relevés, environ",
                width=16,
            )
        )
    )
    if record is Record.SQL:
        result = result.with_panel(
            checks(
                title="Les relevés de la période",
                about="Un par un, avec la règle qui a décidé et le numéro de la feuille du journal "
                "qui le prouve. Les 500 plus récents ; tous sont à /api/v1/observations.",
            )
        )
    return with_milestones(result)
