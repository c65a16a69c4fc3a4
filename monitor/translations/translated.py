"""A language other than French: words from a catalogue of gettext, forms from Babel."""

import math
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import cached_property
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit

from monitor.core.french.formatting import PARIS, rounded
from monitor.core.french.typesetting import on_one_line
from monitor.core.language import Language

FOLDER = Path(__file__).parent
# They set a text apart whose letters run in their own direction.
ISOLATE, POP = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"


class Translated(Language):
    """A language with a catalogue, `<code>.po`. What that has no words for is said in French."""

    def __init__(self, code: str, *, locale: str, direction: str, name: str) -> None:
        self.code = code
        self.direction = direction
        self.name = name
        self._locale = Locale.parse(locale)

    @cached_property
    def _catalogue(self) -> GNUTranslations:
        with (FOLDER / f"{self.code}.po").open("rb") as source:
            catalogue = read_po(source, locale=self._locale, abort_invalid=True)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        return GNUTranslations(compiled)

    @property
    def prefix(self) -> str:
        return f"/{self.code}"

    def message(self, message: str) -> str:
        return self._catalogue.gettext(message)

    def count(self, number: int, singular: str, plural: str | None = None) -> str:
        message = self._catalogue.ngettext(
            f"%(number)s {singular}", f"%(number)s {plural or singular + 's'}", number
        )
        return message % {"number": self.grouped(number)}

    def foreign(self, text: str) -> str:
        return f"{ISOLATE}{text}{POP}" if self.direction == "rtl" else text

    def day(self, at: date) -> str:
        return format_date(at, "long", locale=self._locale)

    def short_day(self, at: datetime) -> str:
        return self.day(at)

    def when(self, at: datetime) -> str:
        utc, paris = at.astimezone(UTC), at.astimezone(PARIS)
        utc_text = self._time(utc)
        if utc.date() != paris.date():
            utc_text = self.text("%(day)s à %(time)s", day=self.day(utc), time=utc_text)
        return self.text(
            "%(day)s à %(time)s (heure de Paris ; %(utc)s UTC)",
            day=self.day(paris),
            time=self._time(paris),
            utc=utc_text,
        )

    def to_the_second(self, at: datetime) -> str:
        paris = at.astimezone(PARIS)
        return self.text("%(day)s, %(time)s", day=self.day(paris), time=self._time(paris))

    def hour_minute(self, at: datetime) -> str:
        return f"{at.astimezone(PARIS):%H:%M}"

    def clock(self, at: datetime) -> str:
        return self.hour_minute(at)

    def short_when(self, at: datetime, now: datetime) -> str:
        paris, today = at.astimezone(PARIS), now.astimezone(PARIS).date()
        hour = self.hour_minute(at)
        match (today - paris.date()).days:
            case 0:
                return self.text("aujourd’hui %(hour)s", hour=hour)
            case 1:
                return self.text("hier %(hour)s", hour=hour)
            case -1:
                return self.text("demain %(hour)s", hour=hour)
        same_year = paris.year == today.year
        day = self._written(paris, "d MMMM") if same_year else self.day(paris)
        return self.text("le %(day)s à %(hour)s", day=day, hour=hour)

    def duration(self, seconds: float, *, up: bool = False) -> str:
        if not math.isfinite(seconds) or seconds < 0:
            raise ValueError(f"not a length of time: {seconds}")
        minutes, second = divmod(math.ceil(seconds) if up else math.floor(seconds), 60)
        hours, minute = divmod(minutes, 60)
        days, hour = divmod(hours, 24)
        values = {"d": days, "h": hour, "m": f"{minute:02}", "s": f"{second:02}"}
        if days:
            return self.text("%(d)s j %(h)s h %(m)s min %(s)s s", **(values | {"h": f"{hour:02}"}))
        if hour:
            return self.text("%(h)s h %(m)s min %(s)s s", **values)
        if minute:
            return self.text("%(m)s min %(s)s s", **(values | {"m": minute}))
        return self.text("%(s)s s", s=second)

    def short_duration(self, seconds: float) -> str:
        minutes, second = divmod(math.floor(seconds), 60)
        hours, minute = divmod(minutes, 60)
        days, hour = divmod(hours, 24)
        values = {"d": days, "h": hour, "m": minute, "s": second}
        if days:
            text = self.text("%(d)s j %(h)s h" if hour else "%(d)s j", **values)
        elif hours:
            text = self.text("%(h)s h %(m)s min" if minute else "%(h)s h", **values)
        else:
            text = self.text("%(m)s min" if minutes else "%(s)s s", **values)
        return on_one_line(text)

    def spell(self, seconds: float) -> str:
        for unit_s, unit in ((3600, "hour"), (60, "minute")):
            if seconds >= unit_s and seconds % unit_s == 0:
                return self._unit(round(seconds / unit_s), unit)
        return self._unit(round(seconds), "second")

    def grouped(self, number: int) -> str:
        return format_decimal(number, locale=self._locale)

    def decimal(self, number: str) -> str:
        return number

    def numbered(self, number: int | None) -> str:
        if number is None:
            return self.text("sans numéro")
        return on_one_line(self.text("n° %(number)s", number=self.grouped(number)))

    def percent(self, ratio: Fraction, rounding: str = ROUND_HALF_EVEN) -> str:
        share = rounded(ratio, rounding) / Decimal(100)
        return format_percent(share, "#,##0.00%", locale=self._locale)

    def _unit(self, number: int, unit: str) -> str:
        return format_unit(number, f"duration-{unit}", length="long", locale=self._locale)

    def _written(self, paris: datetime, pattern: str) -> str:
        return format_datetime(paris, pattern, tzinfo=PARIS, locale=self._locale)

    @staticmethod
    def _time(at: datetime) -> str:
        return f"{at:%H:%M:%S}"
