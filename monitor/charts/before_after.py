"""Rates of several periods beside each other, each with its bounds, on one axis.

A period of which too little is known has no rate: its row is hatched.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from monitor.charts.drawing import LABEL_UNITS, WIDTH, ChartTable, Tick, fitting
from monitor.core.french import figure_sentences, formatting
from monitor.core.outages.time_accounts import Account, Bound

_LINE: Final = LABEL_UNITS + 4
_ROW: Final = 2 * _LINE + 44
_LEFT, _RIGHT = 12.0, WIDTH - 12.0
_FLOORS: Final = (Fraction(99, 100), Fraction(95, 100), Fraction(9, 10), Fraction(1, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period to compare: `enough` is whether so much is known that it has a rate."""

    name: str
    account: Account
    enough: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRow:
    """A row as it is drawn; `low`, `central` and `high` are places on the axis, None without."""

    name: str
    words: str
    label_y: float
    words_y: float
    line_y: float
    low: float | None
    central: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeAfter:
    title: str
    description: str
    height: float
    rows: tuple[PeriodRow, ...]
    ticks: tuple[Tick, ...]
    table: ChartTable


def before_after(title: str, periods: Sequence[Period]) -> BeforeAfter:
    """Draw the rates of the periods, in their order."""
    floor = _floor(periods)
    return BeforeAfter(
        title=title,
        description=" ".join(f"{one.name} : {_words(one)}." for one in periods),
        height=_ROW * len(periods) + LABEL_UNITS + 8,
        rows=tuple(_row(index, one, floor) for index, one in enumerate(periods)),
        ticks=(
            Tick(x=_LEFT, text=formatting.percent(floor), anchor="start"),
            Tick(x=_RIGHT, text=formatting.percent(Fraction(1)), anchor="end"),
        ),
        table=_table(periods),
    )


def _floor(periods: Sequence[Period]) -> Fraction:
    """Return where the axis begins: a round share below every bound, so that they stand apart."""
    lows = [low for one in periods if one.enough and (low := one.account.ratio(Bound.LOW))]
    return next((floor for floor in _FLOORS if lows and min(lows) >= floor), Fraction(0))


def _row(index: int, one: Period, floor: Fraction) -> PeriodRow:
    def place(bound: Bound) -> float | None:
        ratio = one.account.ratio(bound)
        if ratio is None or not one.enough:
            return None
        return round(_LEFT + float((ratio - floor) / (1 - floor)) * (_RIGHT - _LEFT), 2)

    top = float(_ROW * index)
    return PeriodRow(
        name=fitting(one.name, WIDTH),
        words=fitting(_words(one), WIDTH),
        label_y=top + LABEL_UNITS,
        words_y=top + LABEL_UNITS + _LINE,
        line_y=top + 2 * _LINE + 16,
        low=place(Bound.LOW),
        central=place(Bound.CENTRAL),
        high=place(Bound.HIGH),
    )


def _words(one: Period) -> str:
    return figure_sentences.rate(one.account, enough=one.enough)


def _table(periods: Sequence[Period]) -> ChartTable:
    return ChartTable(
        columns=("Période", "Disponible", "Indisponible", "Couverture"),
        rows=tuple(
            (
                one.name,
                _words(one),
                figure_sentences.down(one.account),
                figure_sentences.coverage(one.account),
            )
            for one in periods
        ),
        fields=("period", "coverage", "enough", *(f"availability_{b.value}" for b in Bound)),
        data=tuple(
            (
                one.name,
                round(float(one.account.coverage), 6),
                int(one.enough),
                *(_share(one.account.ratio(bound)) for bound in Bound),
            )
            for one in periods
        ),
    )


def _share(ratio: Fraction | None) -> float | None:
    return None if ratio is None else round(float(ratio), 9)
