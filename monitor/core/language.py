"""What differs between languages: the words of a message, how instants and numbers are written.

French is the language of the messages themselves: a message is its own French text, with
`%(name)s` where a value stands. Other languages look it up.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN
from fractions import Fraction
from typing import Final, TypeVar

from monitor.core.french import formatting

K = TypeVar("K")


class Language:
    """French. Another language is a subclass, see `monitor/translations`.

    Attributes:
        code: As in an address and in `lang`.
        direction: `ltr` or `rtl`, as in `dir`.
        name: Of itself, in itself.

    """

    code: str = "fr"
    direction: str = "ltr"
    name: str = "Français"

    @property
    def prefix(self) -> str:
        """What comes before the address of a page in this language."""
        return ""

    def message(self, message: str) -> str:
        """Return a message with its places for values."""
        return message

    def text(self, message: str, **values: object) -> str:
        """Return a message with its values; a % that is meant is written twice."""
        return self.message(message) % values

    def words(self, table: Mapping[K, str]) -> dict[K, str]:
        """Return a table of messages without values."""
        return {key: self.message(message) for key, message in table.items()}

    def count(self, number: int, singular: str, plural: str | None = None) -> str:
        """Return how many there are of something: see `formatting.count`."""
        return formatting.count(number, singular, plural)

    def foreign(self, text: str) -> str:
        """Return a text that is not translated, set apart where the reading order needs it."""
        return text

    def day(self, at: datetime) -> str:
        """Return the date of an instant in its own zone."""
        return formatting.day(at)

    def short_day(self, at: datetime) -> str:
        """Return the date of an instant in its own zone, as short as it is clear."""
        return f"{at.day}/{at.month:02}/{at.year}"

    def when(self, at: datetime) -> str:
        """Return an instant in Paris time with UTC beside it: see `formatting.when`."""
        return formatting.when(at)

    def to_the_second(self, at: datetime) -> str:
        """Return an instant in Paris time: see `formatting.to_the_second`."""
        return formatting.to_the_second(at)

    def hour_minute(self, at: datetime) -> str:
        """Return an hour of Paris: see `formatting.hour_minute`."""
        return formatting.hour_minute(at)

    def clock(self, at: datetime) -> str:
        """Return an hour of Paris as an axis has it: "09 h 05"."""
        paris = at.astimezone(formatting.PARIS)
        return f"{paris:%H}\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}{paris:%M}"

    def short_when(self, at: datetime, now: datetime) -> str:
        """Return an instant as a reader of `now` speaks of it: see `formatting.short_when`."""
        return formatting.short_when(at, now)

    def duration(self, seconds: float, *, up: bool = False) -> str:
        """Return a measured length of time: see `formatting.duration`."""
        return formatting.duration(seconds, up=up)

    def short_duration(self, seconds: float) -> str:
        """Return a length of time to its two largest units: see `formatting.short_duration`."""
        return formatting.short_duration(seconds)

    def spell(self, seconds: float) -> str:
        """Return a set length of time: see `formatting.spell`."""
        return formatting.spell(seconds)

    def grouped(self, number: int) -> str:
        """Return a number with its thousands set apart."""
        return formatting.grouped(number)

    def decimal(self, number: str) -> str:
        """Return a decimal number, given as "1.2"."""
        return number.replace(".", ",")

    def numbered(self, number: int | None) -> str:
        """Return the number by which something is cited: see `formatting.numbered`."""
        return formatting.numbered(number)

    def percent(self, ratio: Fraction, rounding: str = ROUND_HALF_EVEN) -> str:
        """Return a share as a percentage: 0 and 100 only where it is exactly so."""
        return formatting.percent(ratio, rounding)


FRENCH: Final = Language()
