"""What the page of the programming interface shows: its own description, read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.web.api.dossier_description import ASKED_PATH
from monitor.web.api.interface import PREFIX
from monitor.web.api.problem_details import EXPLAINED, KINDS

# One question for each place, as a reader would ask it.
EXAMPLES: Mapping[str, str] = {
    "/targets": "department=93",
    "/observations": "target=anef-usagers&from=2026-11-23&to=2026-11-24",
    "/outages": "platform=anef&from=2026-11-01&to=2026-12-01",
    "/incidents": "open=true",
    "/availability": "scope=anef&from=2026-11-01&to=2026-12-01&by=day",
    "/changes": "department=93&from=2026-11-01",
    "/gaps": "from=2026-11-23T08:00&to=2026-11-23T12:00",
    "/at": "target=anef-usagers&time=2026-11-23T14:30",
    "/departements.geojson": "",
    "/points": "",
}
# What is sent to a place that takes more than a question.
BODIES = {
    ASKED_PATH: "-H 'Content-Type: application/json' "
    """-d '{"about": "anef", "since": "2026-11-01", "until": "2026-11-30"}' """
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterView:
    name: str
    required: bool
    description: str
    values: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    method: str
    path: str
    anchor: str
    summary: str
    description: str
    parameters: tuple[ParameterView, ...]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemView:
    anchor: str
    status: int
    title: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceView:
    places: tuple[PlaceView, ...]
    problems: tuple[ProblemView, ...]


def interface_view(description: Mapping[str, Any], site: str) -> InterfaceView:
    """Return the view of a description (OpenAPI); `site` is the address of our pages."""
    return InterfaceView(
        places=tuple(_places(description, site.rstrip("/"))),
        problems=tuple(
            ProblemView(anchor=anchor, status=status, title=title, explanation=EXPLAINED[status])
            for status, (anchor, title) in KINDS.items()
        ),
    )


def _places(description: Mapping[str, Any], site: str) -> Iterator[PlaceView]:
    schemas = description["components"]["schemas"]
    operations = [
        (path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    for path, method, operation in operations:
        query = f"?{EXAMPLES[path]}" if EXAMPLES.get(path) else ""
        yield PlaceView(
            method=method.upper(),
            path=f"{PREFIX}{path}",
            anchor=operation["operationId"] if method == "post" or "{" in path else path[1:],
            summary=operation["summary"],
            description=operation["description"],
            parameters=tuple(
                _parameter(one, schemas)
                for one in sorted(operation.get("parameters", ()), key=_rank)
            ),
            example=f"curl {BODIES.get(path, '')}'{site}{PREFIX}{path}{query}'",
        )


def _rank(one: Mapping[str, Any]) -> tuple[bool, bool]:
    """Return where a parameter stands: what must be given first, which page of it last."""
    return not one.get("required", False), one["name"] in {"limit", "cursor"}


def _parameter(one: Mapping[str, Any], schemas: Mapping[str, Any]) -> ParameterView:
    schema = one["schema"]
    choices = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
    place = choices[0].get("$ref", "").rpartition("/")[2]
    return ParameterView(
        name=one["name"],
        required=one.get("required", False),
        description=one.get("description", ""),
        values=_values(schemas[place] if place else choices[0], schema.get("default")),
    )


def _values(schema: Mapping[str, Any], default: object) -> str:
    """Return what may be written, in a few words."""
    parts: list[str] = []
    if "enum" in schema:
        parts.append(", ".join(map(str, schema["enum"])))
    elif schema.get("type") == "boolean":
        parts.append("true, false")
    elif "maximum" in schema and schema["maximum"] < 1 << 32:
        parts.append(f"de {schema['minimum']} à {schema['maximum']}")
    if default is not None:
        parts.append(f"par\N{NO-BREAK SPACE}défaut {str(default).lower()}")
    return "\N{NO-BREAK SPACE}; ".join(parts)
