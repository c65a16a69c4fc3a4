"""The fields of a check that have one name in `Check`, in its leaf and in its row.

What is recorded of an observation, the encoder, the decoder, the schema of leaves, columns, rows,
reads and the audit are made from `FIELDS`. A new field is a line here, an attribute of `Check` and
of what it is measured in, a migration that adds its column, and a line of docs/journal.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from monitor.core.journal.jcs import INTEGER_LIMIT
from monitor.core.model import Observation
from monitor.core.model.check import Check, clean, without_tokens


@dataclass(frozen=True, slots=True)
class CheckField:
    """One field. An optional one is left out of the leaf, and NULL in the row, when unknown.

    Attributes:
        kind: As in `leaf_schema`. An unknown integer is None in `Check`, an unknown text "".
        source: What has it by the same name before it is recorded.

    """

    name: str
    kind: Literal["integer", "text"]
    source: Literal["observation", "exchange"]
    optional: bool = True

    def recorded(self, observation: Observation) -> Any:
        """Return the value of an observation, within what a leaf holds.

        An offset of centuries is unknown: a server's clock can say anything, a leaf cannot.
        """
        value = getattr(
            observation if self.source == "observation" else observation.exchange, self.name
        )
        if self.kind == "text":
            return without_tokens(clean(value))
        out_of_bounds = value is not None and abs(value) >= INTEGER_LIMIT
        return None if self.optional and out_of_bounds else value

    def stored(self, check: Check) -> int | str | None:
        """Return the value as leaf and row have it; None when it is unknown."""
        value: int | str | None = getattr(check, self.name)
        return None if value == "" else value

    def read(self, value: Any) -> Any:
        """Return the value as `Check` has it, from a leaf or a row that has it or None."""
        return "" if value is None and self.kind == "text" else value


FIELDS = (
    CheckField("duration_us", "integer", "exchange", optional=False),
    CheckField("clock_offset_us", "integer", "observation"),
    CheckField("server_offset_us", "integer", "exchange"),
    CheckField("detail", "text", "exchange"),
)
NAMES = tuple(field.name for field in FIELDS)
SCHEMA: Mapping[str, str] = {
    f"{field.name}?" if field.optional else field.name: field.kind for field in FIELDS
}


def recorded_fields(observation: Observation) -> dict[str, Any]:
    """Return the arguments of `Check` that come from an observation."""
    return {field.name: field.recorded(observation) for field in FIELDS}


def stored_fields(check: Check) -> dict[str, Any]:
    """Return the fields of a leaf or a row, by name; None for what is unknown."""
    return {field.name: field.stored(check) for field in FIELDS}


def read_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Check` that come from a leaf or a row.

    Raises:
        KeyError: A field that is not optional is missing.

    """
    return {
        field.name: field.read(values.get(field.name) if field.optional else values[field.name])
        for field in FIELDS
    }
