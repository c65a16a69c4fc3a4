"""The fields of a check that have one name in `Check`, in its leaf and in its row.

Encoder, decoder, schema of leaves, rows, reads and audit are made from `FIELDS`. A new field is
a line here, an attribute of `Check`, its value in `recorded.check_of`, a column with its
migration, and a line of docs/journal.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from monitor.core.model.check import Check


@dataclass(frozen=True, slots=True)
class CheckField:
    """One field. An optional one is left out of the leaf, and NULL in the row, when unknown.

    Attributes:
        kind: As in `leaf_schema`. An unknown integer is None in `Check`, an unknown text "".

    """

    name: str
    kind: Literal["integer", "text"]
    optional: bool = True

    def stored(self, check: Check) -> int | str | None:
        """Return the value as leaf and row have it; None when it is unknown."""
        value: int | str | None = getattr(check, self.name)
        return None if value == "" else value

    def read(self, value: Any) -> Any:
        """Return the value as `Check` has it, from a leaf or a row that has it or None."""
        return "" if value is None and self.kind == "text" else value


FIELDS = (
    CheckField("duration_us", "integer", optional=False),
    CheckField("clock_offset_us", "integer"),
    CheckField("server_offset_us", "integer"),
    CheckField("detail", "text"),
)
NAMES = tuple(field.name for field in FIELDS)
SCHEMA: Mapping[str, str] = {
    f"{field.name}?" if field.optional else field.name: field.kind for field in FIELDS
}


def stored_fields(check: Check) -> dict[str, Any]:
    """Return the fields of a leaf or a row, by name; None for what is unknown."""
    return {field.name: field.stored(check) for field in FIELDS}


def read_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Check` that a leaf or a row has.

    Raises:
        KeyError: one that is not optional is missing.

    """
    return {
        field.name: field.read(values.get(field.name) if field.optional else values[field.name])
        for field in FIELDS
    }
