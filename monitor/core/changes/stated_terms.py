"""What a text says of delays, of appointments and of fees: compared side by side.

A kind of change is named by what differs between two sides, never by a word that occurs on one.
"""

import re

_NUMBER_WORDS = {
    "un": 1,
    "une": 1,
    "deux": 2,
    "trois": 3,
    "quatre": 4,
    "cinq": 5,
    "six": 6,
    "sept": 7,
    "huit": 8,
    "neuf": 9,
    "dix": 10,
    "onze": 11,
    "douze": 12,
    "quinze": 15,
    "dix-huit": 18,
    "vingt": 20,
    "vingt-quatre": 24,
    "trente": 30,
    "quarante-huit": 48,
    "soixante": 60,
}
_NUMBERS = "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
_DURATION = re.compile(
    rf"\b(?P<number>\d{{1,3}}|{_NUMBERS}) ?(?:\(\d{{1,3}}\) ?)?"
    r"(?P<unit>heures?|h|jours?|semaines?|mois|ans?|années?)\b(?! ?\d)",
    re.IGNORECASE,
)
# "Le soixantième jour", "le 60e jour".
_ORDINAL = re.compile(
    rf"\b(?P<number>\d{{1,3}} ?(?:e|ème)|(?:cent )?(?:{_NUMBERS}|trent|soixant|quarant|quatr|onz"
    r"|douz|quinz|cinqu|neuv)ième) (?P<unit>jours?|mois|semaines?|années?)\b",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"\bâgée?s? |\bâge\b|\bmineure?s?\b|\bmajeure?s?\b|\b(?:moins|plus) de (?:16|18|21|65) ans"
    r"|\bentre \d{1,2} et \d{1,2} ans",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"\bdélais?\b|\bdur(?:ées?|e|ent|era|eront)\b|\bvalidité\b|\bvalables?\b|\btraitement\b"
    r"|\binstruction\b|\bsous \d"
    r"|\battente\b|\bavant\b|\baprès\b|\bdans les?\b|\bau plus tard\b|\bexpir|\bà compter\b"
    r"|\brenouvel|\bau moins\b|\bprolong|\bréponses?\b|\brépond\w{0,6}\b",
    re.IGNORECASE,
)
_NO_APPOINTMENT = re.compile(
    r"\bsans (?:prise de )?(?:rendez-?vous|rdv)\b|\bplus besoin d|\baccès libre\b"
    r"|(?:rendez-?vous|rdv) n'(?:est|était) (?:pas|plus)"
    r"|\b(?:pas|plus) (?:nécessaire|obligatoire|besoin) (?:de |d')(?:prendre )?(?:un )?"
    r"(?:rendez-?vous|rdv)",
    re.IGNORECASE,
)
_APPOINTMENT = re.compile(
    r"\b(?:sur|avec|prendre|prenez|prise de|obtenir un|demander un) (?:un )?(?:rendez-?vous|rdv)\b"
    r"|(?:rendez-?vous|rdv)(?: préalable)?(?: est| sera)? (?:obligatoire|nécessaire|impératif"
    r"|requis|exigé|préalable|indispensable)",
    re.IGNORECASE,
)
_FREE = re.compile(r"\bgratuit(?:e|s|es|ement)?\b", re.IGNORECASE)
_PAYING = re.compile(
    r"\bpayante?s?\b|\btimbres? fisca(?:l|ux)\b|\bdroits? de timbre\b|\btaxe de\b|€|\beuros?\b",
    re.IGNORECASE,
)


def durations(text: str) -> frozenset[tuple[str, str]]:
    """Return the durations that a text states, ages left out, and the days that end one.

    Each is its number and its unit.
    """
    if not _DELAY.search(text):
        return frozenset()
    rest = _AGE.sub(" ", text)
    lasting = {
        (match["number"].lower(), match["unit"].lower()[:2]) for match in _ORDINAL.finditer(rest)
    }
    counted = {
        (str(_number(match["number"])), match["unit"].lower()[:2])
        for match in _DURATION.finditer(rest)
    }
    return frozenset(lasting | counted)


def needs_appointment(text: str) -> bool | None:
    """Return whether a text says that an appointment is needed; None when it says neither."""
    if _NO_APPOINTMENT.search(text):
        return False
    return True if _APPOINTMENT.search(text) else None


def is_paid(text: str) -> bool | None:
    """Return whether a text says that something must be paid; None when it says neither."""
    if _FREE.search(text):
        return False
    return True if _PAYING.search(text) else None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBER_WORDS[text.lower()]
