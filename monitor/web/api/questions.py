"""What may be asked: the parameters, their bounds, and what is said of those that are refused."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from monitor.core.french.formatting import when
from monitor.core.french.instants import instant_of
from monitor.figures.answers import MAX_SPAN_DAYS, Division
from monitor.web.api.cursors import CURSOR_MAX
from monitor.web.api.problem_details import Fault

MOST, MOST_INCIDENTS = 1_000, 100  # items of one answer
USUAL, USUAL_INCIDENTS = 100, 50
OBSERVED_DAYS = 31
MOST_NUMBER = 2**63 - 1  # of a leaf, in the columns of both databases
# Instants that can be asked of: a calendar of Paris can be worked out around all of these.
FIRST, LAST = datetime(2000, 1, 2, tzinfo=UTC), datetime(2099, 12, 30, tzinfo=UTC)


def _refused(reason: str, cure: str) -> PydanticCustomError:
    return PydanticCustomError("vigie", "{reason}", {"reason": reason, "cure": cure})


def _instant(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        at = instant_of(text)
    except ValueError as error:
        raise _refused(str(error), "écrire une date, ou un instant") from None
    if not FIRST <= at <= LAST:
        raise _refused("instant hors des bornes", "une année de 2000 à 2099")
    return at


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "minLength": 7, "maxLength": 40, "format": "instant-paris"}),
]
Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Number = Annotated[int, Field(ge=0, le=MOST_NUMBER)]


class InterfaceQuestion(BaseModel):
    """Parameters of one place of the interface. Others are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def needs_present(self, now: datetime) -> bool:
        """Return whether the answer depends on what time it is, besides the record."""
        del now
        return False


class MapQuestion(InterfaceQuestion):
    """The map has no parameter; a check grows old as time goes by."""

    def needs_present(self, now: datetime) -> bool:
        del now
        return True


class PointsQuestion(MapQuestion):
    """What points say has no parameter; it grows old as time goes by."""


class Scoped(InterfaceQuestion):
    """Of which targets. Several of these leave the targets that belong to all."""

    target: Name | None = Field(None, description="Identifiant d’une cible.")
    platform: Name | None = Field(None, description="Identifiant d’une plateforme.")
    department: str | None = Field(
        None,
        min_length=2,
        max_length=3,
        pattern=r"^[0-9][0-9AB][0-9]?$",
        description="Code d’un département, par exemple 93 ou 2A.",
    )
    component: Name | None = Field(None, description="Identifiant d’un composant de l’ANEF.")
    scope: Literal["anef", "prefectures", "all"] | None = Field(
        None, description="L’ANEF dans son ensemble, toutes les préfectures, ou tout."
    )


class Paged(InterfaceQuestion):
    """One page of a long answer."""

    limit: int = Field(USUAL, ge=1, le=MOST, description="Éléments d’une réponse.")
    cursor: str | None = Field(
        None,
        min_length=1,
        max_length=CURSOR_MAX,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="« next » de la réponse précédente ; les autres paramètres restent les mêmes.",
    )


_FROM = "Début : AAAA-MM-JJ ou AAAA-MM-JJTHH:MM, heure de Paris sauf décalage écrit (Z, +01:00)."
_TO = "Fin, exclue ; sans elle, maintenant."


class Spanned(InterfaceQuestion):
    """Between which instants."""

    since: Instant | None = Field(None, alias="from", description=_FROM)
    until: Instant | None = Field(None, alias="to", description=_TO)

    @model_validator(mode="after")
    def _ordered(self) -> "Spanned":
        if self.since and self.until:
            require_span(self.since, self.until, days=self.most_days())
        return self

    @classmethod
    def most_days(cls) -> int:
        return MAX_SPAN_DAYS


def require_span(since: datetime, until: datetime, *, days: int) -> None:
    """Raise for a span that ends before it begins, or is too long."""
    if since >= until:
        raise _refused(
            f"la fin de la période ({when(until)}) n’est pas après son début ({when(since)})",
            "écrire « to » après « from »",
        )
    if until - since > timedelta(days=days):
        raise _refused("période trop longue", f"{days} jours au plus par demande")


class TargetsQuestion(Scoped, Paged):
    """Which targets."""


class ObservationsQuestion(Spanned, Paged):
    """Which checks of one target."""

    target: Name = Field(description="Identifiant d’une cible.")
    order: Literal["newest", "oldest"] = Field(
        "newest", description="Les plus récents d’abord, ou les plus anciens."
    )
    since: Instant | None = Field(
        None, alias="from", description=f"{_FROM} Sans lui : {OBSERVED_DAYS} jours avant la fin."
    )

    def needs_present(self, now: datetime) -> bool:
        return self.until is None or self.until > now

    @classmethod
    def most_days(cls) -> int:
        return OBSERVED_DAYS


_NUMBER = "Numéro par lequel il est cité (feuille du journal) : lui seul."


class OutagesQuestion(Scoped, Spanned, Paged):
    """Which outages."""

    open: bool = Field(default=False, description="Seulement ce qui dure encore.")
    number: Number | None = Field(None, description=_NUMBER)


class IncidentsQuestion(OutagesQuestion):
    """Which incidents."""

    limit: int = Field(
        USUAL_INCIDENTS, ge=1, le=MOST_INCIDENTS, description="Éléments d’une réponse."
    )


class GapsQuestion(Scoped, Spanned, Paged):
    """Which gaps."""

    number: Number | None = Field(None, description=_NUMBER)


class ChangesQuestion(Scoped, Spanned, Paged):
    """Which changes of pages."""

    every: bool = Field(
        default=False, alias="all", description="Aussi ce qui est noté sans être annoncé."
    )
    number: Number | None = Field(None, description=_NUMBER)


class AtQuestion(InterfaceQuestion):
    """What was times of one target at one instant."""

    target: Name = Field(description="Identifiant d’une cible.")
    time: Instant = Field(
        description="AAAA-MM-JJTHH:MM[:SS], heure de Paris sauf décalage écrit (Z, +01:00)."
    )

    def needs_present(self, now: datetime) -> bool:
        return self.time > now - timedelta(days=1)  # whether the service lives counts near now


class AvailabilityQuestion(Scoped, Spanned):
    """Availability of what, over which span."""

    since: Instant | None = Field(
        None, alias="from", description=f"{_FROM} Sans lui : le premier relevé."
    )
    by: Division | None = Field(
        None,
        description="Aussi en parties (« parts ») : jours, semaines, mois, heures de la journée, "
        "heures d’ouverture, dates du droit.",
    )
    point: Name | None = Field(
        None,
        description="D’après le journal d’un autre point que nous suivons, de ceux de "
        "/api/v1/points. Sans lui : d’après le nôtre.",
    )

    def needs_present(self, now: datetime) -> bool:
        """Return whether it does: what another point recorded may come to us later."""
        return self.point is not None or self.until is None or self.until > now


# Error of pydantic -> what is said of it; {name} is filled from the error's context.
_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("paramètre obligatoire absent", "l’ajouter"),
    "string_pattern_mismatch": ("valeur mal écrite", "la forme est {pattern}"),
    "string_too_short": ("valeur trop courte", "au moins {min_length} caractères"),
    "string_too_long": ("valeur trop longue", "au plus {max_length} caractères"),
    "literal_error": ("valeur hors de la liste", "choisir parmi {expected}"),
    "enum": ("valeur hors de la liste", "choisir parmi {expected}"),
    "int_parsing": ("un nombre entier est attendu", "n’écrire que des chiffres"),
    "int_parsing_size": ("nombre trop grand", "moins de chiffres"),
    "greater_than_equal": ("nombre trop petit", "au moins {ge}"),
    "less_than_equal": ("nombre trop grand", "au plus {le}"),
    "bool_parsing": ("true ou false est attendu", "écrire true ou false"),
    "vigie": ("{reason}", "{cure}"),
}
_UNKNOWN = ("valeur refusée", "voir /api/v1/")


def faults(errors: Sequence[Mapping[str, Any]], known: Sequence[str]) -> tuple[Fault, ...]:
    """Return what is wrong, from the errors of pydantic on the query of an address.

    `known` are the parameters that may be written there.
    """
    return tuple(_fault(error, known) for error in errors[:10])


def _fault(error: Mapping[str, Any], known: Sequence[str]) -> Fault:
    kind, place = str(error["type"]), [str(step) for step in error["loc"]]
    parameter = place[-1] if len(place) > 1 else "to"
    value = error.get("input")
    context = {**error.get("ctx", {})}
    if isinstance(context.get("expected"), str):
        context["expected"] = context["expected"].replace(" or ", ", ").replace("'", "")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(parameter[:80], known, n=1)
        hint = f"peut-être « {near[0]} » ; " if near else "le retirer ; "
        reason, cure = "paramètre inconnu", f"{hint}ceux d’ici : {', '.join(known)}"
    else:
        reason, cure = (text.format(**context) for text in _WORDS.get(kind, _UNKNOWN))
    shown = value if isinstance(value, str) else ""
    return Fault(parameter=parameter, value=shown, reason=reason, cure=cure)


def doubled(pairs: Sequence[tuple[str, str]]) -> tuple[Fault, ...]:
    """Return a fault for each parameter that is written more than once."""
    times: dict[str, int] = {}
    for name, _ in pairs:
        times[name] = times.get(name, 0) + 1
    return tuple(
        Fault(
            parameter=name,
            value=next(value for key, value in reversed(pairs) if key == name),
            reason=f"paramètre écrit {count} fois",
            cure="ne l’écrire qu’une fois",
        )
        for name, count in list(times.items())[:10]
        if count > 1
    )
