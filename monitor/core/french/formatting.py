"""Format instants, durations and counts for a reader. Pure: same value, same text."""

import math
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
_MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)
PLACES = 2  # of a percentage
_NEAR_DAYS = {0: "aujourd’hui", 1: "hier", -1: "demain"}


def day(at: date) -> str:
    """Return a date, of an instant the one that its zone has: "1er mars 2026"."""
    number = "1er" if at.day == 1 else str(at.day)
    return f"{number} {_MONTHS[at.month - 1]} {at.year}"


def when(at: datetime) -> str:
    """Return an aware instant in Paris time with UTC beside it, to the whole second below.

    "23 novembre 2026 à 09:14:05 (heure de Paris ; 08:14:05 UTC)". The UTC date is written
    too where it is another one. UTC tells apart the two hours of an October night.

    Raises:
        ValueError: `at` is naive.

    """
    utc, paris = _both(at)
    utc_text = f"{utc:%H:%M:%S} UTC"
    if utc.date() != paris.date():
        utc_text = f"{day(utc)} à {utc_text}"
    return f"{day(paris)} à {paris:%H:%M:%S} (heure de Paris ; {utc_text})"


def to_the_second(at: datetime) -> str:
    """Return an instant in Paris time, to the second below: "23 novembre 2026, 09:14:05".

    For places that say once that hours are those of Paris.

    Raises:
        ValueError: `at` is naive.

    """
    paris = _both(at)[1]
    return f"{_unbroken(day(paris))}, {paris:%H:%M:%S}"


def clock_time(at: datetime) -> str:
    """Return "09:14:05" in Paris time, for a live screen that shows the date elsewhere.

    Raises:
        ValueError: `at` is naive.

    """
    return f"{_both(at)[1]:%H:%M:%S}"


def hour_minute(at: datetime) -> str:
    """Return "9 h 14" in Paris time, to the whole minute below.

    Raises:
        ValueError: `at` is naive.

    """
    paris = _both(at)[1]
    return _unbroken(f"{paris.hour} h {paris:%M}")


def short_when(at: datetime, now: datetime) -> str:
    """Return an instant as a reader of `now` speaks of it, in Paris time, to the minute below.

    "aujourd’hui 9 h 14", "hier 22 h 29", "le 12 novembre à 9 h 14", and the year if it is
    another one. It has its article: "depuis …", "entre … et …" go before it.

    Raises:
        ValueError: One of the instants is naive.

    """
    paris, today = _both(at)[1].date(), _both(now)[1].date()
    days = (today - paris).days
    if days in _NEAR_DAYS:
        return f"{_NEAR_DAYS[days]} {hour_minute(at)}"
    written = day(_both(at)[1])
    if paris.year == today.year:
        written = written.removesuffix(f" {paris.year}")
    return f"le {_unbroken(written)} à {hour_minute(at)}"


def apart(start: datetime, end: datetime) -> float:
    """Return the seconds between two instants as `when` prints them: to the whole second below.

    A duration shown beside two instants must be what a reader gets by subtracting them; zero if
    the clock was set back.
    """
    whole = end.replace(microsecond=0) - start.replace(microsecond=0)
    return max(0.0, whole.total_seconds())


def duration(seconds: float, *, up: bool = False) -> str:
    """Return a length of time in French: "2 h 05 min 03 s", "4 j 00 h 00 min 00 s".

    A part of a second is dropped, so that a shortest duration is never lengthened; `up`
    counts it as a whole one, so that a longest duration is never shortened.

    Raises:
        ValueError: `seconds` is negative or not finite.

    """
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(f"not a length of time: {seconds}")
    total = math.ceil(seconds) if up else math.floor(seconds)
    minutes, second = divmod(total, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days} j {hour:02} h {minute:02} min {second:02} s"
    if hour:
        return f"{hour} h {minute:02} min {second:02} s"
    if minute:
        return f"{minute} min {second:02} s"
    return f"{second} s"


def short_duration(seconds: float) -> str:
    """Return a length of time to its two largest units, the rest dropped: "35 min", "2 j 4 h".

    For "at least": it is never longer than `seconds`, which are 0 or more.
    """
    minutes, second = divmod(math.floor(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return _unbroken(f"{days} j {hour} h" if hour else f"{days} j")
    if hours:
        return _unbroken(f"{hours} h {minute:02}" if minute else f"{hours} h")
    return _unbroken(f"{minutes} min" if minutes else f"{second} s")


def spell(seconds: float) -> str:
    """Return a set length of time as it is spoken of: "24 heures", "2 minutes", "90 secondes".

    For what is chosen (a policy, a window), never for what was measured.
    """
    for unit_s, word in ((3600, "heure"), (60, "minute")):
        if seconds >= unit_s and seconds % unit_s == 0:
            return count(round(seconds / unit_s), word)
    return count(round(seconds), "seconde")


def count(number: int, singular: str, plural: str | None = None) -> str:
    """Return "1 cible", "2 cibles": zero and one are singular in French.

    `plural` is needed only where it is not the singular with an s.
    """
    word = singular if abs(number) <= 1 else plural or f"{singular}s"
    return f"{grouped(number)} {word}"


def numbered(number: int | None) -> str:
    """Return "n° 48 213", on one line; "sans numéro" for what has no leaf of its own."""
    if number is None:
        return "sans numéro"
    return f"n°\N{NO-BREAK SPACE}{grouped(number)}"


def grouped(number: int) -> str:
    """Return "43 067"."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def percent(ratio: Fraction, rounding: str = ROUND_HALF_EVEN) -> str:
    """Return a share as "98,20 %". Only what is exactly all or nothing is written so.

    `rounding` is one of the module `decimal`.
    """
    return f"{rounded(ratio, rounding)}".replace(".", ",") + "\N{NO-BREAK SPACE}%"


def rounded(ratio: Fraction, rounding: str, *, places: int = PLACES) -> Decimal:
    """Return a share as a percentage of so many decimals: 0 and 100 only where it is exactly so."""
    step = Decimal(1).scaleb(-places)
    shown = (Decimal(ratio.numerator * 100) / Decimal(ratio.denominator)).quantize(step, rounding)
    return min(max(shown, step), 100 - step) if 0 < ratio < 1 else shown


def _unbroken(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _both(at: datetime) -> tuple[datetime, datetime]:
    if at.tzinfo is None:
        raise ValueError("a naive datetime has no instant")
    try:
        utc = at.astimezone(UTC)
        return utc, utc.astimezone(PARIS)
    except OverflowError:  # a certificate without an end says 31 December 9999 (RFC 5280 4.1.2.5)
        return at.replace(tzinfo=UTC), at.replace(tzinfo=UTC)
