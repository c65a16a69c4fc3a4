"""Turn pydantic's errors into French problems."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from monitor.config.schema import Entry
from monitor.config.strict_toml.problems import Problem, shown

_BARE = re.compile(r"[A-Za-z0-9_-]{1,60}")  # TOML writes the other keys between quotes
EntryT = TypeVar("EntryT", bound=Entry)


class TablePlace(NamedTuple):
    """The place of a table: its file, and its dotted key ("" for the whole file)."""

    file: str
    key: str = ""

    def at(self, *steps: str | int) -> str:
        """Return the dotted key of something inside; positions in a list count from 1."""
        key = self.key
        for step in steps:
            if isinstance(step, int):
                key += f"[{step + 1}]"
            elif step != "[key]":  # pydantic's mark of an error on a key itself
                name = step if _BARE.fullmatch(step) else shown(step)
                key += f".{name}" if key else name
        return key

    def problem(self, *steps: str | int, value: object, reason: str, cure: str) -> Problem:
        return Problem(
            file=self.file, key=self.at(*steps), value=shown(value), reason=reason, cure=cure
        )


def validate(
    entry: type[EntryT], raw: object, place: TablePlace, context: Mapping[str, Any]
) -> tuple[EntryT | None, tuple[Problem, ...]]:
    """Return the table as an entry, or None and all its problems."""
    try:
        return entry.model_validate(raw, context=dict(context)), ()
    except ValidationError as error:
        details = error.errors(include_url=False)
        return None, tuple(_problem(detail, entry, place) for detail in details)


# Error type of pydantic -> (reason, cure); {name} is filled from the error's context.
_WORDS = {
    "missing": ("clé obligatoire absente", "ajouter cette clé"),
    "string_type": ("un texte est attendu", "l’écrire entre guillemets"),
    "int_type": ("un nombre entier est attendu", "écrire un nombre sans guillemets ni virgule"),
    "float_type": ("un nombre est attendu", "écrire un nombre sans guillemets, avec un point"),
    "finite_number": ("un nombre fini est attendu", "écrire un nombre ordinaire"),
    "bool_type": ("true ou false est attendu", "écrire true ou false, sans guillemets"),
    "date_type": ("une date est attendue", "écrire par exemple 2026-11-05, sans guillemets"),
    "time_type": ("une heure est attendue", "écrire par exemple 09:00:00, sans guillemets"),
    "list_type": ("une liste est attendue", "l’écrire entre crochets"),
    "dict_type": ("une table est attendue", "l’écrire entre accolades"),
    "model_type": ("une table est attendue", "l’écrire sous un titre entre crochets"),
    "greater_than": ("nombre trop petit", "plus de {gt:g}"),
    "greater_than_equal": ("nombre trop petit", "au moins {ge:g}"),
    "less_than_equal": ("nombre trop grand", "au plus {le:g}"),
    "too_short": ("liste trop courte", "au moins {min_length} élément"),
    "too_long": ("liste trop longue", "au plus {max_length} éléments"),
    "vigie": ("{reason}", "{cure}"),
}


def _problem(detail: ErrorDetails, entry: type[Entry], place: TablePlace) -> Problem:
    kind = detail["type"]
    value = shown(None if kind == "missing" else detail["input"])
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        reason, cure = "clé inconnue", _known(detail["loc"], entry)
    elif kind == "enum":
        expected = context["expected"].replace(" or ", ", ").replace("'", '"')
        reason, cure = "valeur hors de la liste", f"choisir parmi {expected}"
    else:
        reason, cure = (text.format(**context) for text in _WORDS[kind])
    key = place.at(*detail["loc"])
    return Problem(file=place.file, key=key, value=value, reason=reason, cure=cure)


def _known(loc: tuple[str | int, ...], entry: type[Entry]) -> str:
    """Return a cure for an unknown key: the similar one, or all keys of that table."""
    names = _keys(loc[:-1], entry)
    if near := difflib.get_close_matches(str(loc[-1]), names, n=1):
        return f"peut-être « {near[0]} », sinon la retirer"
    return f"la retirer ; clés admises : {', '.join(names)}"


def _keys(steps: Iterable[str | int], entry: type[Entry]) -> list[str]:
    for step in steps:
        if isinstance(step, str):
            entry = _inner(entry, step)
    return list(entry.model_fields)


def _inner(entry: type[Entry], field: str) -> type[Entry]:
    """Return the entry class behind a field, through `X | None` and `list[X]`."""
    pending: list[Any] = [entry.model_fields[field].annotation]
    for hint in pending:
        if isinstance(hint, type) and issubclass(hint, Entry):
            return hint
        pending.extend(getattr(hint, "__args__", ()))
    raise LookupError(field)
