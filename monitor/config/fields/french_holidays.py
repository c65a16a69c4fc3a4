"""The public holidays of France."""

from datetime import date
from functools import lru_cache

YEARS_MAX = 200  # of one question; milestones have the same bounds


@lru_cache(maxsize=YEARS_MAX)
def holidays_of(year: int) -> frozenset[date]:
    """Return the public holidays of a year in metropolitan France (Code du travail, L. 3133-1).

    Those that Alsace, Moselle and overseas departments have besides are not among them: the
    service is one for the whole country.
    """
    # Imported at the first use: it reads the rules of every country, for about half a second.
    import holidays  # noqa: PLC0415

    return frozenset(holidays.country_holidays("FR", years=year))
