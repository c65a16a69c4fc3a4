"""The tables of a data set and their columns, as `datapackage.json` describes them. French."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from monitor.core.french.labels import PHASES
from monitor.core.model import Verdict
from monitor.core.outages.time_accounts import Bound

ColumnKind: TypeAlias = Literal["text", "integer", "number", "boolean", "instant", "day"]


@dataclass(frozen=True, slots=True)
class DataColumn:
    """A column. Without a value, a cell is empty in CSV and null in Parquet.

    Attributes:
        unit: Of a number, as it is written: "µs", "octet"; "" where there is none.
        required: Whether every cell has a value.

    """

    name: str
    kind: ColumnKind
    description: str
    unit: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """A table. `references`: its columns whose values stand in a column of another table."""

    name: str
    title: str
    description: str
    columns: tuple[DataColumn, ...]
    key: tuple[str, ...]
    references: Mapping[str, tuple[str, str]]
    compressed: bool = False


def _text(name: str, description: str, *, required: bool = True) -> DataColumn:
    return DataColumn(name, "text", description, required=required)


def _us(name: str, description: str, *, required: bool = True) -> DataColumn:
    return DataColumn(name, "integer", description, "µs", required)


def _instant(name: str, description: str, *, required: bool = True) -> DataColumn:
    return DataColumn(name, "instant", description, required=required)


def _count(name: str, description: str, *, required: bool = True) -> DataColumn:
    return DataColumn(name, "integer", description, required=required)


_TARGET = _text("target", "Identifiant de la cible (table targets)")
_LEAF = _count("leaf", "Rang de la feuille du journal qui le dit, depuis 0")
_NUMBER = _count("number", "Numéro : rang de la feuille du journal qui l’a ouvert, depuis 0")
_DAY = DataColumn("day", "day", "Jour de Paris ; il a 23, 24 ou 25 heures")

STATES: Mapping[Verdict, str] = {
    Verdict.UP: "Temps disponible",
    Verdict.DEGRADED: "Temps disponible, mais lent ou dégradé",
    Verdict.DOWN: "Temps indisponible",
    Verdict.MAINTENANCE: "Temps en maintenance, compté comme indisponible",
    Verdict.BLOCKED: "Temps où le site refusait notre robot ; l’état du site est inconnu",
    Verdict.UNKNOWN: "Temps où l’état est inconnu",
}
_BOUNDS: Mapping[Bound, str] = {
    Bound.EXTREME_LOW: (
        "Temps disponible si tout le temps douteux et tout le temps inconnu étaient "
        "indisponibles ; à rapporter à span_us"
    ),
    Bound.LOW: (
        "Temps disponible si tout le temps douteux était indisponible ; à rapporter à known_us"
    ),
    Bound.CENTRAL: (
        "Temps disponible si chaque relevé vaut jusqu’au suivant ; à rapporter à known_us"
    ),
    Bound.HIGH: (
        "Temps disponible si tout le temps douteux était disponible ; à rapporter à known_us"
    ),
    Bound.EXTREME_HIGH: (
        "Temps disponible si tout le temps douteux et tout le temps inconnu étaient "
        "disponibles ; à rapporter à span_us"
    ),
}
_FIGURES = (
    _us("span_us", "Longueur de la période ; somme de celles des cibles pour un ensemble"),
    *(_us(f"{verdict}_us", text) for verdict, text in STATES.items()),
    _us("unobserved_us", "Temps où aucun relevé ne vaut ; compris dans unknown_us"),
    _us("known_us", "Temps connu : disponible, dégradé, indisponible ou en maintenance"),
    DataColumn(
        "coverage",
        "number",
        "Couverture : part connue de la période, known_us / span_us, à neuf décimales",
    ),
    *(_us(f"available_{bound}_us", text) for bound, text in _BOUNDS.items()),
    _count("checks", "Relevés faits"),
    _count("failures", "Relevés qui ont trouvé le site indisponible ou en maintenance"),
)
_PLANNED = (
    _text("name", "Nom de la cible"),
    _text("url", "Adresse demandée", required=False),
    _text("kind", "page, shell, login, form, home, api ou redirect", required=False),
    _text("platform", "Plateforme dont la cible partage le budget", required=False),
    _text("department", "Code du département ; vide pour un service national", required=False),
    DataColumn("interval_s", "integer", "Durée entre deux relevés prévus", "s", required=False),
    _instant("from_at", "Premier relevé fait selon cette définition (UTC)", required=False),
    _count("leaf", "Rang de la feuille du journal qui la dit, depuis 0", required=False),
)

OBSERVATIONS = DataTable(
    name="observations",
    title="Relevés",
    description="Une ligne par relevé du mois, par cible puis par instant.",
    columns=(
        _TARGET,
        _text("point", "Point de mesure"),
        _instant("at", "Début du relevé (UTC)"),
        _us("late_us", "Retard sur l’instant prévu"),
        _text("verdict", "up, degraded, down, maintenance, blocked ou unknown"),
        _text("reason", "Raison du verdict, d’une liste fermée"),
        _text("rule", "Règle qui a décidé"),
        _text("ruleset", "Version des règles"),
        _count("status", "Code HTTP de la dernière réponse ; vide sans réponse", required=False),
        _us("duration_us", "Durée du relevé entier"),
        *(_us(f"{phase}_us", text, required=False) for phase, text in PHASES.items()),
        _text("family", "ipv4 ou ipv6 ; vide si aucune adresse n’a été jointe", required=False),
        _text("body_sha256", "Empreinte SHA-256 du corps de la réponse", required=False),
        DataColumn("body_bytes", "integer", "Taille du corps décodé", "octet", required=False),
        _LEAF,
    ),
    key=("target", "at"),
    references={"target": ("targets", "target")},
    compressed=True,
)
OUTAGES = DataTable(
    name="outages",
    title="Indisponibilités",
    description=(
        "Les indisponibilités confirmées qui touchent le mois, entières même si elles en sortent. "
        "Sans first_ok_at : en cours au point de contrôle."
    ),
    columns=(
        _NUMBER,
        _TARGET,
        _text("nature", "down ou maintenance"),
        _text("reason", "Raison du premier relevé en échec"),
        _instant("last_ok_at", "Dernier bon relevé avant (UTC)", required=False),
        _instant("first_fail_at", "Premier relevé en échec (UTC)"),
        _instant("confirmed_at", "Relevé qui l’a confirmée (UTC)"),
        _instant("last_fail_at", "Dernier relevé en échec (UTC)"),
        _instant("first_ok_at", "Premier bon relevé après (UTC)", required=False),
        _instant("recovered_at", "Relevé qui a confirmé la fin (UTC)", required=False),
        _us("shortest_us", "Durée au moins : de first_fail_at à last_fail_at"),
        _us("longest_us", "Durée au plus : de last_ok_at à first_ok_at", required=False),
        _count("checks", "Relevés en échec"),
        _count("relapses", "Reprises qui n’ont pas tenu ; vide si en cours", required=False),
        _count("incident", "Incident dont elle fait partie (table incidents)", required=False),
    ),
    key=("number",),
    references={"target": ("targets", "target"), "incident": ("incidents", "number")},
)
INCIDENTS = DataTable(
    name="incidents",
    title="Incidents",
    description="Les indisponibilités d’une même plateforme qui se recouvrent.",
    columns=(
        _count("number", "Numéro : le plus petit de ceux de ses indisponibilités"),
        _text("platform", "Plateforme"),
        _instant("opened_at", "Premier relevé en échec (UTC)"),
        _instant("closed_at", "Premier bon relevé de la dernière (UTC)", required=False),
        _count("outages", "Nombre de ses indisponibilités"),
    ),
    key=("number",),
    references={},
)
GAPS = DataTable(
    name="gaps",
    title="Lacunes",
    description="Les relevés prévus et non faits, qui touchent le mois. Leur temps est inconnu.",
    columns=(
        _NUMBER,
        _text("target", "Cible ; vide : toutes celles du point de mesure", required=False),
        _instant("from_at", "Premier relevé non fait (UTC)"),
        _instant("to_at", "Fin, exclue (UTC)"),
        _count("slots", "Relevés prévus et non faits"),
        _text("cause", "Cause, d’une liste fermée"),
    ),
    key=("number",),
    references={"target": ("targets", "target")},
)
CHANGES = DataTable(
    name="changes",
    title="Modifications",
    description=(
        "Ce qui est arrivé au texte des pages suivies. Leur texte n’y est pas, mais notre résumé "
        "peut en citer quelques mots."
    ),
    columns=(
        _NUMBER,
        _TARGET,
        _text("edge", "Nature de l’événement"),
        _instant("at", "Relevé qui l’a établi (UTC)"),
        _instant("after_at", "Dernier relevé de l’ancien texte (UTC)", required=False),
        _instant("by_at", "Premier relevé du nouvel état (UTC)"),
        _text("kinds", "Natures de la modification, séparées par une espace", required=False),
        _text("weight", "Poids : major, minor ou cosmetic", required=False),
        DataColumn("silent", "boolean", "La date affichée par la page n’a pas changé"),
        DataColumn("announced", "boolean", "Présentée aux lecteurs comme une modification"),
        _text("summary", "Notre résumé, en une ligne", required=False),
        _text("before_sha256", "Empreinte SHA-256 de l’ancien texte", required=False),
        _text("after_sha256", "Empreinte SHA-256 du nouveau texte", required=False),
    ),
    key=("number",),
    references={"target": ("targets", "target")},
)
AVAILABILITY = DataTable(
    name="availability",
    title="Disponibilité par jour et par cible",
    description="Le temps de chaque cible, par état ; les états s’additionnent en span_us.",
    columns=(_TARGET, _DAY, *_FIGURES),
    key=("target", "day"),
    references={"target": ("targets", "target")},
)
SCOPES = DataTable(
    name="availability_scopes",
    title="Disponibilité par jour et par ensemble",
    description=(
        "Le même compte pour l’ANEF dans son ensemble, ses composants, les préfectures, les "
        "départements et les plateformes. Il ne se déduit pas de celui des cibles quand "
        "needs_all est vrai : l’ensemble est indisponible dès qu’une de ses cibles l’est."
    ),
    columns=(
        _text("scope", "anef, component, prefectures, department ou platform"),
        _text("slug", "Identifiant de l’ensemble"),
        _text("name", "Nom de l’ensemble"),
        DataColumn("needs_all", "boolean", "Toutes ses cibles lui sont nécessaires"),
        _DAY,
        *_FIGURES,
    ),
    key=("scope", "slug", "day"),
    references={},
)
MEMBERS = DataTable(
    name="scope_targets",
    title="Cibles des ensembles",
    description="De quelles cibles chaque ensemble est fait.",
    columns=(
        _text("scope", "anef, component, prefectures, department ou platform"),
        _text("slug", "Identifiant de l’ensemble"),
        _text("target", "Identifiant d’une cible ; sans relevé au mois, elle n’est pas à targets"),
    ),
    key=("scope", "slug", "target"),
    references={},
)
TARGETS = DataTable(
    name="targets",
    title="Cibles",
    description=(
        "Ce qui était relevé, selon la dernière définition du mois ; vide pour un registre plus "
        "ancien que les définitions."
    ),
    columns=(_TARGET, *_PLANNED),
    key=("target",),
    references={},
)
PLANS = DataTable(
    name="plans",
    title="Définitions des cibles",
    description="Chaque définition d’une cible qui a valu dans le mois.",
    columns=(_TARGET, *(replace(one, required=one.name != "department") for one in _PLANNED)),
    key=("target", "from_at"),
    references={"target": ("targets", "target")},
)
MILESTONES = DataTable(
    name="milestones",
    title="Dates du droit",
    description="Les dates avant et après lesquelles les chiffres se comparent.",
    columns=(
        _text("milestone", "Identifiant"),
        DataColumn("date", "day", "Jour de Paris"),
        _text("name", "Ce qui a eu lieu"),
        _text("source", "Où la date a été lue"),
        _text("sure", "yes, deduced (calculée) ou reported (lue dans la presse)"),
    ),
    key=("milestone",),
    references={},
)
TABLES = (
    TARGETS, PLANS, OBSERVATIONS, OUTAGES, INCIDENTS, GAPS, CHANGES, AVAILABILITY, SCOPES,
    MEMBERS, MILESTONES,
)  # fmt: skip
