"""How figures are written for a reader: never a rate without its bounds and its coverage."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction
from typing import Final

from monitor.core.french.formatting import (
    PARIS,
    apart,
    count,
    day,
    duration,
    grouped,
    percent,
    when,
)
from monitor.core.french.sentences import VERDICTS
from monitor.core.french.typesetting import on_one_line
from monitor.core.language import FRENCH, Language
from monitor.core.model import Outage, Verdict
from monitor.core.outages.calendar import CLOSED, OPEN
from monitor.core.outages.span_figures import (
    Availability,
    FigurePart,
    Length,
    Overlap,
    Touched,
)
from monitor.core.outages.time_accounts import Account, Bound

OVERLAPS: Final[Mapping[Overlap, str]] = {
    Overlap.APART: "les bornes ne se recouvrent pas : la différence est établie",
    Overlap.OVERLAP: "les bornes se recouvrent : la différence n’est pas établie",
    Overlap.UNKNOWN: "couverture insuffisante : les deux ne se comparent pas",
}

# The bins of opening hours, and what lies before the first date of the law.
PARTS: Final[Mapping[str, str]] = {
    OPEN: "heures d’ouverture",
    CLOSED: "autres heures",
    "": "avant la première date",
}


def lowest(ratio: Fraction) -> str:
    """Return a lower bound, never rounded up."""
    return percent(ratio, ROUND_FLOOR)


def highest(ratio: Fraction) -> str:
    """Return an upper bound, never rounded down."""
    return percent(ratio, ROUND_CEILING)


def coverage(account: Account) -> str:
    """Return "99,60 %": the share of the span in which the state is known, never rounded up."""
    return lowest(account.coverage)


def rate(account: Account, *, enough: bool) -> str:
    """Return "98,20 % du temps connu (entre 97,90 % et 98,40 %)", or that too little is known."""
    central, low, high = (account.ratio(bound) for bound in (Bound.CENTRAL, Bound.LOW, Bound.HIGH))
    if central is None or low is None or high is None:
        return "aucun relevé exploitable"
    if not enough:
        return f"couverture insuffisante (état connu {coverage(account)} du temps)"
    return f"{percent(central)} du temps connu (entre {lowest(low)} et {highest(high)})"


def extremes(account: Account) -> str:
    """Return the bounds that hold whatever happened while the state was unknown."""
    low, high = account.ratio(Bound.EXTREME_LOW), account.ratio(Bound.EXTREME_HIGH)
    if low is None or high is None:
        return "–"
    return f"entre {lowest(low)} et {highest(high)}"


def microseconds(us: int, *, up: bool = False) -> str:
    """Return a length of time to the second, on one line: see `duration`."""
    return on_one_line(duration(us / 1_000_000, up=up))


def down(account: Account) -> str:
    """Return how long the site was down, and between which bounds; a dash when nothing is known."""
    if not account.known_us:
        return "–"
    central = microseconds(account.unavailable_us(Bound.CENTRAL))
    least = microseconds(account.unavailable_us(Bound.HIGH))
    most = microseconds(account.unavailable_us(Bound.LOW), up=True)
    text = f"{central} (entre {least} et {most})"
    maintenance_us = account.us(Verdict.MAINTENANCE)
    return f"{text}, dont {microseconds(maintenance_us)} en maintenance" if maintenance_us else text


def by_verdict(account: Account) -> str:
    """Return how long each state lasted: "disponible 23 h 55 min 00 s, indéterminé 5 min 00 s"."""
    return ", ".join(
        f"{VERDICTS[verdict]} {microseconds(us)}"
        for verdict, us in account.by_verdict.items()
        if us
    )


def bounds(length: Length | None) -> str:
    """Return "entre 5 min 00 s et 7 min 02 s"."""
    if length is None:
        return "–"
    least = microseconds(length.shortest_us)
    if length.longest_us is None:
        return f"au moins {least}"
    return f"entre {least} et {microseconds(length.longest_us, up=True)}"


def days_touched(touched: Touched) -> str:
    """Return which days, weeks and hours had time down, in words."""
    if not touched.days or touched.worst_day is None:
        return "aucun jour touché"
    parts = [count(touched.days, "jour"), count(touched.weeks, "semaine")]
    if touched.hours is not None:
        parts.append(count(touched.hours, "heure d’horloge", "heures d’horloge"))
    worst = day(datetime.combine(touched.worst_day, time(), PARIS))
    return f"{', '.join(parts)} ; le pire, le {worst} : {microseconds(touched.worst_us)}"


def checks(answer: Availability) -> str:
    """Return how many checks the figure rests on, and how many of them failed."""
    return f"{count(answer.checks, 'relevé')}, dont {grouped(answer.failures)} en échec"


def part_title(part: FigurePart) -> str:
    """Return how a reader names a part; what follows a date of the law by the date and its name."""
    if part.milestone is None:
        return part_name(part.label)
    since = day(datetime.combine(part.milestone.date, time(), PARIS))
    return f"depuis le {since} ({part.milestone.name})"


def part_name(label: str) -> str:
    """Return a bin as a reader names it: "4 novembre 2026", "de 9 h à 10 h", "novembre 2026".

    A week has its first day beside its number: "semaine 45 de 2026, du 2 novembre 2026". What is
    not a bin of the calendar keeps its name.
    """
    if label in PARTS:
        return PARTS[label]
    if _HOUR.fullmatch(label):
        return f"de {int(label)}\N{NO-BREAK SPACE}h à {int(label) + 1}\N{NO-BREAK SPACE}h"
    if _WEEK.fullmatch(label):
        monday = day(datetime.combine(date.fromisoformat(label), time(), PARIS))
        return f"semaine {int(label[-2:])} de {label[:4]}, du {monday}"
    if _MONTH.fullmatch(label):
        return day(datetime.fromisoformat(f"{label}-01")).removeprefix("1er ")
    if _DAY.fullmatch(label):
        return day(datetime.fromisoformat(label))
    return label


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WEEK = re.compile(r"\d{4}-W\d\d")
_MONTH = re.compile(r"\d{4}-\d\d")
_HOUR = re.compile(r"\d\d")


def share(part_us: int, whole_us: int) -> str:
    """Return the share of one length of time in another; a dash where there is none."""
    return percent(Fraction(part_us, whole_us)) if whole_us else "–"


def outage_frame(outage: Outage) -> str:
    """Return the checks between which an outage is sure: neither its beginning nor its end.

    "premier relevé en échec : 4 novembre 2026 à … ; premier relevé conforme ensuite : …"
    """
    after = when(outage.first_ok_at) if outage.first_ok_at else "aucun à ce jour"
    return (
        f"premier relevé en échec : {when(outage.first_fail_at)} ; "
        f"premier relevé conforme ensuite : {after}"
    )


def outage_bounds(outage: Outage, language: Language = FRENCH) -> str:
    """Return between which bounds an outage lasted, as the log does: by the printed instants."""
    least = on_one_line(language.duration(apart(outage.first_fail_at, outage.last_fail_at)))
    if outage.last_ok_at is None or outage.first_ok_at is None:
        return language.text("au moins %(least)s", least=least)
    most = on_one_line(language.duration(apart(outage.last_ok_at, outage.first_ok_at)))
    return language.text("entre %(least)s et %(most)s", least=least, most=most)
