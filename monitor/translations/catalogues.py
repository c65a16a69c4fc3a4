"""The languages of this program. A catalogue is read when its language is first used."""

from collections.abc import Mapping
from typing import Final

from monitor.core.language import FRENCH, Language
from monitor.translations.translated import Translated

# By their codes, in the order in which they are offered.
LANGUAGES: Final[Mapping[str, Language]] = {
    "fr": FRENCH,
    "en": Translated("en", locale="en_GB", direction="ltr", name="English"),
    "ar": Translated("ar", locale="ar", direction="rtl", name="العربية"),
}


def language_of(code: str) -> Language:
    """Return the language of a code; French for one that there is not."""
    return LANGUAGES.get(code, FRENCH)
