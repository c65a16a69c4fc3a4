"""Exploitation: whether Vigie itself is well. It says nothing of the sites."""

from typing import Any

from grafana.board import board
from grafana.columns import count, instant, says, words
from grafana.panels import ask, called, curves, how_to_read, in_states, number
from grafana.tables import TARGETS, grid
from monitor.core.french.labels import GAPS

READ = """
Ce tableau est **pour qui exploite Vigie** ; il ne dit rien de l’ANEF. Un créneau manqué, une
ligne coupée ou une horloge fausse font des lacunes et de l’« indéterminé », jamais des pannes.
Les alertes de `config/prometheus/rules.yml` préviennent de ce qui empêche de relever ou de prouver.
"""


def operations() -> Any:
    """Return the dashboard."""
    result = board(
        "vigie-exploitation",
        "Exploitation",
        "La santé de Vigie : ordonnanceur, ligne, horloge, journal, mémoire.",
    )
    return (
        result.with_panel(how_to_read(READ, height=4))
        .with_panel(
            number(
                'min(up{job=~"$job"})',
                title="Lecture de Vigie",
                about="Prometheus a-t-il pu lire /metrics, de chaque Vigie qu’il connaît.",
                unit="none",
            ).mappings(words("échouée", "réussie"))
        )
        .with_panel(
            number(
                "min(anef_control_success_ratio{@})",
                title="Témoins",
                about="Part des témoins qui répondent. À 0, notre propre ligne est coupée et "
                "tout est indéterminé.",
                unit="percentunit",
            )
        )
        .with_panel(
            number(
                "max(abs(anef_clock_offset_seconds{@}))",
                title="Écart de l’horloge",
                about="Ce qui sépare notre horloge de l’heure NTP. Sans valeur : inconnu, aucun "
                "serveur de temps n’a répondu.",
                unit="s",
                nothing="inconnu",
            )
        )
        .with_panel(
            number(
                "time() - max(anef_journal_last_checkpoint_timestamp_seconds{@})",
                title="Âge du sceau",
                about="Temps depuis le dernier point de contrôle signé du journal.",
                unit="dthms",
            )
        )
        .with_panel(
            number(
                "max(anef_journal_size{@})",
                title="Feuilles du journal",
                about="Feuilles que couvre le dernier point de contrôle.",
                unit="none",
            )
        )
        .with_panel(
            number(
                "time() - max(anef_figures_timestamp_seconds{@})",
                title="Âge des taux",
                about="Temps depuis la fin des périodes des taux. Au-delà de deux heures, ils "
                "disparaissent.",
                unit="dthms",
            )
        )
        .with_panel(
            curves(
                ask(
                    "histogram_quantile(0.95, sum by (le) "
                    "(rate(anef_scheduler_lateness_seconds_bucket{@}[$__rate_interval])))",
                    name="95 %",
                ),
                ask(
                    "histogram_quantile(0.5, sum by (le) "
                    "(rate(anef_scheduler_lateness_seconds_bucket{@}[$__rate_interval])))",
                    name="50 %",
                    ref="B",
                ),
                title="Retard des relevés sur leur créneau",
                about="La moitié des relevés, et 95 %, ont au plus ce retard, attente du budget de "
                "la plateforme comprise.",
                unit="s",
            )
        )
        .with_panel(
            called(
                curves(
                    ask(
                        "sum by (cause) (increase(anef_slots_missed_total{@}[$__rate_interval]))",
                        name="{{cause}}",
                    ),
                    title="Créneaux manqués, par cause",
                    about="Un relevé trop long, ou une erreur de notre programme, vient de nous ; "
                    "les autres causes d’un refus, d’une pause ou de robots.txt.",
                    unit="none",
                    highest=1,
                ),
                {cause.value: text for cause, text in GAPS.items()},
            )
        )
        .with_panel(
            in_states(
                curves(
                    ask(
                        "sum by (verdict) (rate(anef_probes_total{@}[$__rate_interval])) * 60",
                        name="{{verdict}}",
                    ),
                    title="Relevés par minute, par verdict",
                    about="Toutes cibles ensemble.",
                    unit="none",
                )
            )
        )
        .with_panel(
            curves(
                ask("max by (platform) (anef_lane_backlog{@})", name="{{platform}}"),
                title="Relevés qui attendent le budget de leur plateforme",
                about="Une file qui ne se vide pas : le plan demande plus que le budget.",
                unit="none",
            )
        )
        .with_panel(
            grid(
                [
                    instant(
                        "Refus jusqu’à",
                        "(max by (platform) (anef_lane_blocked_until_timestamp_seconds{@}) > 0)",
                    ),
                    says(
                        "Suspendue",
                        "max by (platform) (anef_lane_paused{@})",
                        "non",
                        "oui",
                    ),
                    says(
                        "Incident",
                        "max by (platform) (anef_incident_open{@})",
                        "non",
                        "ouvert",
                    ),
                ],
                by={"platform": "Plateforme"},
                title="Les plateformes",
                always="Incident",
                about="« Refus jusqu’à » : aucune requête avant cette heure, après un refus du "
                "site.",
                width=12,
            )
        )
        .with_panel(
            grid(
                [
                    instant(
                        "Dernier horodatage",
                        "(max by (authority) (anef_journal_last_stamp_timestamp_seconds{@}) > 0)",
                    )
                ],
                by={"authority": "Autorité"},
                title="Les horodatages du journal",
                nothing="Aucun horodatage.",
                about="L’heure que chaque autorité a donnée en dernier. Sans ligne : jamais, ou "
                "aucune autorité n’est réglée.",
                width=12,
            )
        )
        .with_panel(
            grid(
                [
                    instant(
                        "Fin du certificat",
                        "min by (target) (probe_ssl_earliest_cert_expiry{@})",
                    ),
                    count(
                        "Version d’IP",
                        "max by (target) (probe_ip_protocol{@})",
                    ),
                ],
                of=TARGETS,
                title="Les certificats des sites",
                about="Le plus proche de sa fin d’abord.",
                order="-Fin du certificat",
                width=12,
            )
        )
        .with_panel(
            grid(
                [
                    count(
                        "Cosignatures",
                        "max by (point) (anef_journal_cosignatures{@})",
                    )
                ],
                by={"point": "Point de mesure"},
                title="Les cosignatures du dernier point de contrôle",
                about="Combien d’autres associations ont cosigné le dernier point de contrôle.",
                width=12,
            )
        )
        .with_panel(
            grid(
                [
                    says("Écouté", _of_followed("anef_point_heard"), "non, en faute", "oui"),
                    instant(
                        "Lu en entier le",
                        f"({_of_followed('anef_point_last_heard_timestamp_seconds')} > 0)",
                    ),
                    count("Feuilles lues", _of_followed("anef_point_leaves")),
                ],
                by={"point": "Point suivi"},
                nothing="aucun point n’est suivi",
                title="Les points que nous suivons",
                about="Le journal des autres associations : s’il est sans faute, jusqu’où il est "
                "lu. Un point en faute n’est plus écouté.",
                width=12,
            )
        )
        .with_panel(
            curves(
                ask('max by (job) (process_resident_memory_bytes{job=~"$job"})', name="{{job}}"),
                title="Mémoire du service",
                about="Mémoire vive du processus qui relève.",
                unit="bytes",
            )
        )
        .with_panel(
            curves(
                ask(
                    'max by (job) (rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval]))',
                    name="{{job}}",
                ),
                title="Calcul du service",
                about="Part d’un cœur que prend le processus qui relève.",
                unit="percentunit",
            )
        )
    )


def _of_followed(metric: str) -> str:
    """Return a query of a metric of the points that we follow: `point` is the name of another."""
    return f'max by (point) ({metric}{{job=~"$job"}})'
