"""Bars, one a day: the share of the day in each state, and what is known of it as the height.

What is not known is never drawn as good: it stands hatched above what is.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from monitor.charts.drawing import (
    STACK,
    WIDTH,
    ChartTable,
    Rectangle,
    StateShape,
    Tick,
    shapes,
)
from monitor.core.french.figure_sentences import lowest, microseconds
from monitor.core.french.formatting import count
from monitor.core.french.formatting import day as written
from monitor.core.french.sentences import VERDICTS
from monitor.core.model import Verdict
from monitor.core.outages.time_accounts import KNOWN

BAR_HEIGHT: Final = 96
_GAP: Final = 0.22  # between two bars, as a share of their distance
# A trouble of a minute would be thinner than a line: it is drawn this high, and said to be.
LEAST: Final = 4.0
_MONTH_ROOM: Final = 100  # units that the name of a month takes on a phone
_MONTHS: Final = (
    *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
    *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTimes:
    """A day of Paris, and its microseconds in each state; a day without any was not observed."""

    day: date
    by_verdict: Mapping[Verdict, int]

    @property
    def whole_us(self) -> int:
        return sum(self.by_verdict.values())

    @property
    def coverage(self) -> Fraction:
        known = sum(us for verdict, us in self.by_verdict.items() if verdict in KNOWN)
        return Fraction(known, self.whole_us) if self.whole_us else Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBars:
    title: str
    description: str
    shapes: tuple[StateShape, ...]
    ticks: tuple[Tick, ...]
    table: ChartTable


def day_bars(name: str, days: Sequence[DayTimes]) -> DayBars:
    """Draw the days of one thing, in order; `name` is what they are of."""
    step = WIDTH / max(1, len(days))
    rectangles: dict[Verdict, list[Rectangle]] = defaultdict(list)
    for index, one in enumerate(days):
        x, width = step * (index + _GAP / 2), step * (1 - _GAP)
        base = float(BAR_HEIGHT)
        for verdict, height in _heights(one):
            base -= height
            rectangles[verdict].append((x, base, width, height))
    return DayBars(
        title=f"{name} : {count(len(days), 'jour')}",
        description=_description(days),
        shapes=shapes(rectangles),
        ticks=_ticks(days, step),
        table=_table(days),
    )


def _heights(one: DayTimes) -> list[tuple[Verdict, float]]:
    """Return the states of a day from the base up; what is short but bad is made visible."""
    if not one.whole_us:
        return [(Verdict.UNKNOWN, float(BAR_HEIGHT))]
    heights = {
        verdict: BAR_HEIGHT * one.by_verdict.get(verdict, 0) / one.whole_us for verdict in STACK
    }
    lifted = {
        verdict: LEAST
        for verdict in (Verdict.DOWN, Verdict.MAINTENANCE, Verdict.DEGRADED)
        if 0 < heights[verdict] < LEAST
    }
    missing = sum(LEAST - heights[verdict] for verdict in lifted)
    room = max(heights, key=lambda verdict: heights[verdict])
    heights |= lifted
    heights[room] = max(0.0, heights[room] - missing)
    return [(verdict, height) for verdict, height in heights.items() if height > 0]


def _ticks(days: Sequence[DayTimes], step: float) -> tuple[Tick, ...]:
    """Return the first of each month, where its name has room; else the first and the last day."""
    ticks: list[Tick] = []
    for index, one in enumerate(days):
        x = step * index
        free = not ticks or x - ticks[-1].x >= _MONTH_ROOM
        if one.day.day == 1 and free and x <= WIDTH - _MONTH_ROOM:
            ticks.append(Tick(x=round(x, 2), text=f"1er {_MONTHS[one.day.month - 1]}"))
    if not ticks and days:
        ticks.append(Tick(x=0, text=_short(days[0].day), anchor="start"))
        if len(days) > 1:
            ticks.append(Tick(x=WIDTH, text=_short(days[-1].day), anchor="end"))
    return tuple(
        Tick(x=tick.x, text=tick.text, anchor="start" if tick.x < _MONTH_ROOM / 2 else tick.anchor)
        for tick in ticks
    )


def _short(day: date) -> str:
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number} {_MONTHS[day.month - 1]}"


def _description(days: Sequence[DayTimes]) -> str:
    """Return what a reader who does not see the drawing needs."""
    if not days:
        return "Aucun jour."
    total = {verdict: sum(one.by_verdict.get(verdict, 0) for one in days) for verdict in Verdict}
    whole = sum(total.values())
    known = sum(us for verdict, us in total.items() if verdict in KNOWN)
    states = ", ".join(
        f"{VERDICTS[verdict]} {microseconds(us)}" for verdict, us in total.items() if us
    )
    troubled = sum(1 for one in days if one.by_verdict.get(Verdict.DOWN, 0))
    return (
        f"Du {written(days[0].day)} au {written(days[-1].day)}. "
        f"Couverture : {lowest(Fraction(known, whole)) if whole else lowest(Fraction(0))}. "
        f"{count(troubled, 'jour')} avec une indisponibilité. "
        f"{states[:1].upper()}{states[1:] or 'Rien n’a été relevé'}. "
        "La hauteur pleine d’une barre est la part du jour qui est connue ; le reste est hachuré. "
        "Un trouble bref est dessiné plus haut que sa durée, pour être vu."
    )


def _table(days: Sequence[DayTimes]) -> ChartTable:
    return ChartTable(
        columns=("Jour", "Couverture", *(VERDICTS[verdict].capitalize() for verdict in STACK)),
        rows=tuple(
            (
                written(one.day),
                lowest(one.coverage),
                *(microseconds(one.by_verdict.get(verdict, 0)) for verdict in STACK),
            )
            for one in days
        ),
        fields=("day", "coverage", *(f"{verdict.value}_s" for verdict in STACK)),
        data=tuple(
            (
                one.day.isoformat(),
                round(float(one.coverage), 6),
                *(one.by_verdict.get(verdict, 0) / 1_000_000 for verdict in STACK),
            )
            for one in days
        ),
    )
