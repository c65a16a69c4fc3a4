"""What the documents must name, read from the program: settings, keys of files, metrics."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from monitor.config import schema, settings
from monitor.config.files import fingerprint_file, local

ROOT = Path(__file__).parents[2]
_PLACES: Mapping[str, type[schema.Entry]] = {
    "[publisher]": schema.Publisher,
    "[service]": schema.ServiceEntry,
    "[legal]": schema.LegalEntry,
    "[web]": schema.WebEntry,
    "[browser]": schema.BrowserSettings,
    "[probe]": schema.ProbeEntry,
    "[policy]": schema.PolicyEntry,
    "[controls]": schema.ControlsEntry,
    "[[controls.host]]": schema.ControlHost,
    "[clock]": schema.ClockEntry,
    "[resolver]": schema.ResolverEntry,
    "[retention]": schema.Retention,
    "[mail]": schema.MailEntry,
    "[[channel]]": schema.ChannelEntry,
    "[journal]": schema.JournalEntry,
    "[stamps]": schema.StampsEntry,
    "[[stamps.authority]]": schema.StampAuthority,
    "[cosigning]": schema.CosigningEntry,
    "[[cosigning.witness]]": schema.Cosigner,
    "[witness]": schema.WitnessEntry,
    "[[witness.log]]": schema.LogEntry,
    "[[points]]": schema.OtherPoint,
    "[share]": schema.ShareEntry,
    "[figures]": schema.FiguresEntry,
    "[[figures.opening]]": schema.OpeningEntry,
    "[[figures.component]]": schema.ComponentEntry,
    "[[platform]]": schema.PlatformEntry,
    "[[target]]": schema.TargetEntry,
    "[[target]] de local.toml": schema.LocalTargetEntry,
    "[[milestone]]": schema.MilestoneEntry,
    "targets/*.toml": schema.NationalEntry,
    "targets/prefectures/*.toml": schema.DepartmentEntry,
}
_FINGERPRINT = {
    key: FieldInfo(annotation=kind) if key in fingerprint_file.NEEDED else FieldInfo(default=None)
    for key, kind in fingerprint_file.KEYS.items()
}


def _keys(place: str, model: type[schema.Entry]) -> dict[str, FieldInfo]:
    """Return the keys of a table; those of its base, and the tables in it, have their own."""
    (base,) = model.__bases__
    above = base.model_fields if issubclass(base, schema.Entry) else {}
    start = f"{place.strip('[]')}."
    names = [other.strip("[]") for other in _PLACES]
    inner = {name.removeprefix(start) for name in names if name.startswith(start)}
    inner |= {"target"} if place.endswith(".toml") and "[" not in place else set()
    return {k: v for k, v in model.model_fields.items() if k not in above and k not in inner}


# Table, as docs/reglages.md heads it -> its keys.
CONFIGURATION = {place: _keys(place, model) for place, model in _PLACES.items()} | {
    "[[fingerprint]]": _FINGERPRINT
}
CONFIGURATION["[[target]] de local.toml"][local.ENABLED] = FieldInfo(default=True)
# Every table of the schema is one of these.
MODELS = frozenset(_PLACES.values()) | {
    schema.Entry,
    schema.MainEntry,
    schema.MilestonesEntry,
}

ENVIRONMENT_DEFAULTS = settings.DEFAULTS | {f"{name}_FILE": "" for name in settings.SECRETS}


def default(field: FieldInfo) -> str:
    """Write a default as a TOML file has it; "" when the key may be left out without one."""
    value = field.default
    if value is PydanticUndefined:
        return "obligatoire"
    match value:
        case None | "" | [] | {}:
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case str():
            return f'`"{value}"`'
        case list():
            return f"`{json.dumps(value, ensure_ascii=False)}`"
        case _:
            return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def bounds(field: FieldInfo) -> str:
    """Write in French what a value may be, on a real point of measurement."""
    if field.annotation is None:
        return ""
    kind: Any = Annotated[(field.annotation, *field.metadata, "")]
    adapter = TypeAdapter[Any](kind)
    form = adapter.json_schema()
    form = next((one for one in form.get("anyOf", ()) if one.get("type") != "null"), form)
    if "enum" in form:
        return ", ".join(f"`{word}`" for word in form["enum"])
    if "maximum" in form:
        more = form.get("exclusiveMinimum")
        least = _least_accepted(adapter, form.get("minimum"))
        low = f"plus de {more}, " if more is not None and least is None else ""
        return f"{low}{form['maximum']} au plus" if low else f"{least} à {form['maximum']}"
    if "maxItems" in form:
        return f"{form['maxItems']} au plus"
    return f"{form['minItems']} au moins" if "minItems" in form else ""


def _least_accepted(adapter: TypeAdapter[Any], declared: int | None) -> int | None:
    """Return the least whole value that is accepted where the outside must be spared."""
    if declared is None:  # above a bound that is not accepted itself
        return None if _accepted(adapter, 0.5) else _first(adapter, range(1, 3_601))
    return _first(adapter, range(declared, 3_601))


def _first(adapter: TypeAdapter[Any], values: range) -> int | None:
    return next((value for value in values if _accepted(adapter, value)), None)


def _accepted(adapter: TypeAdapter[Any], value: float) -> bool:
    try:
        adapter.validate_python(value, context={"allow_private": False})
    except ValidationError:
        return False
    return True


def table_rows(text: str) -> list[tuple[str, ...]]:
    """Return the cells of each row of the tables of a document whose first cell is code."""
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", text, re.MULTILINE)
    return [(name, *(cell.strip() for cell in rest.split("|"))) for name, rest in rows]


def sections(text: str, level: str = "### ") -> dict[str, str]:
    """Return the text below each heading, by the code in the heading."""
    parts = re.split(rf"^{level}", text, flags=re.MULTILINE)[1:]
    found = {}
    for part in parts:
        head, _, body = part.partition("\n")
        name = head.partition("\u00a0:")[0].replace("`", "").strip()
        found[name] = re.split(r"^## ", body, flags=re.MULTILINE)[0]
    return found
