"""What all charts share: states and their colours, rectangles, the table beside a drawing."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.core.model import Verdict
from monitor.core.untrusted.spreadsheet_cells import not_a_formula

WIDTH: Final = 640  # of every drawing, in its own units; a phone shows two of them as one pixel
LABEL_UNITS: Final = 24  # height of a letter on a phone, for which room is left
_LETTER: Final = 0.55  # width of a letter, as a share of its height

# From the base of a bar to its top: what is known, the most serious first, then what is not.
STACK: Final = (
    Verdict.DOWN,
    Verdict.MAINTENANCE,
    Verdict.DEGRADED,
    Verdict.UP,
    Verdict.BLOCKED,
    Verdict.UNKNOWN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartTable:
    """The figures of a chart: `columns` and `rows` for readers, `fields` and `data` for programs.

    Each row has as many cells as there are columns, each line of data as many as fields.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    fields: tuple[str, ...]
    data: tuple[tuple[str | int | float | None, ...], ...]

    def csv(self) -> str:
        """Return the data as CSV; no text in it is obeyed by a spreadsheet."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.fields)
        for line in self.data:
            writer.writerow(not_a_formula(c) if isinstance(c, str) else c for c in line)
        return text.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class StateShape:
    """All that is drawn of one state: the `d` of a path."""

    verdict: Verdict
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A text on an axis. `anchor` is start, middle or end, as SVG has it."""

    x: float
    text: str
    anchor: str = "middle"


Rectangle = tuple[float, float, float, float]  # x, y, width, height


def number(value: float) -> str:
    """Return a coordinate of at most two decimals: "12", "0.5"."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def path(rectangles: Iterable[Rectangle]) -> str:
    """Return the `d` of a path with these rectangles."""
    return "".join(
        f"M{number(x)} {number(y)}h{number(width)}v{number(height)}h-{number(width)}z"
        for x, y, width, height in rectangles
        if width > 0 and height > 0
    )


def shapes(rectangles: Mapping[Verdict, Sequence[Rectangle]]) -> tuple[StateShape, ...]:
    """Return one path for each state that is drawn, in the order of `STACK`."""
    paths = ((verdict, path(rectangles.get(verdict, ()))) for verdict in STACK)
    return tuple(StateShape(verdict=verdict, path=text) for verdict, text in paths if text)


def fitting(text: str, width: float) -> str:
    """Return a text cut to a width, at the size that a phone needs; "…" where it is cut."""
    most = max(1, int(width / (LABEL_UNITS * _LETTER)))
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
