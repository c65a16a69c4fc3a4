"""Columns of tables: what is asked for each, and how its numbers are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.models import dashboard

from grafana import states

STATE_PX = 190
COLORED = {
    "custom.cellOptions": {"type": "color-background", "mode": "basic"},
    "custom.align": "left",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: what it is called, what is asked, and the properties of its field."""

    name: str
    expression: str
    properties: Mapping[str, Any]


# The browser writes the number in its language; the title of the panel says that it is in %.
RATIO_UNIT, RATIO_PLACES = "locale", 2
_STEPS = 10**RATIO_PLACES * 100  # of a rate between nothing and all
_HAIR = "1e-6"  # of a step: what a floating-point number may be beside a decimal


def down(expression: str) -> str:
    """Return the query of a share as a percentage, never rounded up."""
    return f"floor({expression} * {_STEPS} + {_HAIR}) / 100"


def up(expression: str) -> str:
    """Return the query of a share as a percentage, never rounded down."""
    return f"ceil({expression} * {_STEPS} - {_HAIR}) / 100 + 0"  # + 0: there is a minus zero


def _near(low: float, high: float, text: str) -> dashboard.RangeMap:
    return dashboard.RangeMap(
        dashboard.DashboardRangeMapOptions(
            from_val=low, to=high, result=dashboard.ValueMappingResult(text=text)
        )
    )


def ratio(name: str, expression: str, *, width: int = 0) -> Column:
    """Return a column of percentages. As on our pages, 100 and 0 are only what is exactly so."""
    nearly = [_near(99.995, 99.9999999, "99,99"), _near(0.0000001, 0.005, "0,01")]
    properties = {"unit": RATIO_UNIT, "decimals": RATIO_PLACES, "mappings": nearly}
    properties |= {"custom.width": width} if width else {}
    return Column(name, expression, properties)


def instant(name: str, expression: str) -> Column:
    """Return a column of Unix times in seconds; Grafana wants milliseconds."""
    return Column(name, f"{expression} * 1000", {"unit": "dateTimeAsLocal"})


def day(name: str, expression: str) -> Column:
    """Return a column of dates, given as Unix times of their beginning in UTC."""
    return Column(name, f"{expression} * 1000", {"unit": "time:DD/MM/YYYY"})


def count(name: str, expression: str, *, width: int = 0) -> Column:
    properties = {"unit": "none", "decimals": 0} | ({"custom.width": width} if width else {})
    return Column(name, expression, properties)


def says(name: str, expression: str, zero: str, one: str) -> Column:
    """Return a column that has a word for 0 and for 1."""
    return Column(name, expression, {"unit": "none", "mappings": words(zero, one)})


def words(zero: str, one: str) -> list[Any]:
    """Return the mappings of 0 and 1."""
    mapped = {"0": zero, "1": one}.items()
    return [
        dashboard.ValueMap({key: dashboard.ValueMappingResult(text=word) for key, word in mapped})
    ]


def state(name: str, by: str, **labels: str) -> Column:
    return Column(
        name,
        states.query(by, **labels),
        {
            "unit": "none",
            "mappings": states.mappings(),
            "custom.width": STATE_PX,
            **COLORED,
        },
    )


def rates(by: str, family: str, labels: str) -> list[Column]:
    """Return the columns of a rate: its bounds, and the coverage without which it says nothing.

    `family` is that of the metrics: "anef", "anef_scope" or "anef_milestone"; `labels` selects.
    """

    def bound(which: str) -> str:
        return f'max by ({by}) ({family}_availability_ratio{{@,{labels},bound="{which}"}})'

    covered = f"max by ({by}) ({family}_coverage_ratio{{@,{labels}}})"
    # The bounds and the coverage never say more than is known, as on our pages.
    return [
        ratio("Au plus bas", down(bound("low"))),
        ratio("Tel que relevé", f"{bound('central')} * 100"),
        ratio("Au plus haut", up(bound("high"))),
        ratio("Couverture", down(covered)),
    ]


def differences(by: str, family: str, before: str, after: str) -> list[Column]:
    """Return the columns of after less before, in points: at least, as recorded, at most."""

    def less(least: str, most: str) -> str:
        def side(which: str, bound: str) -> str:
            labels = f'{which},bound="{bound}"'
            return f"max by ({by}) ({family}_availability_ratio{{@,{labels}}})"

        return f"({side(after, least)} - {side(before, most)})"

    return [
        ratio("Au moins", down(less("low", "high"))),
        ratio("Tel que relevé", f"{less('central', 'central')} * 100"),
        ratio("Au plus", up(less("high", "low"))),
        ratio("Couverture avant", down(f"max by ({by}) ({family}_coverage_ratio{{@,{before}}})")),
        ratio("Couverture après", down(f"max by ({by}) ({family}_coverage_ratio{{@,{after}}})")),
    ]
