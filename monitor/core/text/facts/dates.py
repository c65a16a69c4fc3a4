"""Dates that a page displays of itself, read separately so that they are no change of its text."""

import re
from datetime import date

from monitor.core.text.hints import hint, hint_of

# French, English, German, Spanish, Italian: pages for foreigners are translated.
_MONTHS = {
    1: "janvier january januar enero gennaio janv jan",
    2: "février fevrier february februar febrero febbraio févr fevr fév feb",
    3: "mars march märz marzo mar",
    4: "avril april abril aprile avr apr",
    5: "mai may mayo maggio",
    6: "juin june juni junio giugno jun",
    7: "juillet july juli julio luglio juil jul",
    8: "août aout august agosto aug",
    9: "septembre september septiembre settembre sept sep",
    10: "octobre october oktober octubre ottobre oct okt",
    11: "novembre november noviembre nov",
    12: "décembre decembre december dezember diciembre dicembre déc dec dez",
}
_MONTH_OF = {name: number for number, names in _MONTHS.items() for name in names.split()}
_MONTH = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_ORDINAL = r"(?:er|st|nd|rd|th|\.)?"
DATE = (
    rf"(?:\b\d{{1,2}}{_ORDINAL},? ?(?:of |de )?(?:{_MONTH})\b\.?,?(?: de)? ?\d{{4}}\b"
    rf"|\b(?:{_MONTH})\b\.? \d{{1,2}}{_ORDINAL},? \d{{4}}\b"
    r"|\b\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})\b|\b\d{4}-\d{2}-\d{2}\b)"
)
_LABEL = (
    r"(?:(?:date de )?(?:la )?(?:derni[eè]re )?"
    r"(?:mise? à jour|modification|actualisation|révision|vérification)"
    r"(?: d(?:e la |e cette |e ce |e l'|u |es )(?:page|fiche|site|article|contenu)s?)?"
    r"|(?:modifiée?|publiée?|actualisée?|vérifiée?|révisée?)(?: en dernier)?"
    r"|(?:date )?(?:last )?(?:updated|modified|revised|reviewed|published)|last update"
    r"|effective(?: date)?"
    r"|last (?:changed|edited|amended)"
    r"|stand|(?:zuletzt|letzte) (?:aktualisiert|aktualisierung|geändert|änderung)"
    r"|última (?:actualización|modificación)|ultim[oa] (?:aggiornamento|modifica))"
)
_LINK_WORDS = r"(?: ?[:-]| (?:le|du|on|as of|en date du|am|vom|de|el|il)){0,2}"
CLOCK = r"(?:,? ?(?:à|at|-)? ?\d{1,2} ?[h:] ?\d{2}(?::\d{2})?(?: ?[ap]m)?)?"
_STAMP = re.compile(
    rf"\b{_LABEL}{_LINK_WORDS} ?(?P<date>{DATE}|\b(?:{_MONTH}) \d{{4}}\b){CLOCK}", re.IGNORECASE
)
# "Fermé pour mise à jour le 12/12": that date is of a work, not of the page.
_PURPOSE = re.compile(
    r"(?:\b(?:pour|de|en vue de|lors de|après|avant|cause de|raison de|suite à|sera|seront|cette)"
    r"|\b(?:d'|l'|à) ?)(?: ?(?:une?|la|sa|leur|dernière))?\s?$"
    r"|\bferm|\binterr|\bindisponib|\bsuspen"
    r"|\bmaintenance\b",
    re.IGNORECASE,
)
_LABEL_ONLY = re.compile(rf"^{_LABEL}{_LINK_WORDS}$", re.IGNORECASE)
_DATE_FIRST = re.compile(rf"^:? ?(?P<date>{DATE}){CLOCK}", re.IGNORECASE)
_DATE_ONLY = re.compile(rf"^{DATE}{CLOCK}\.?$", re.IGNORECASE)
_UPDATE = re.compile(
    r"jour|updated|modif|actuali|aktuali|aggiorna|änder|révis|revis|vérifi|review|update"
    r"|changed|edited|amended|stand",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\d{1,9}")
_NAME = re.compile(r"[^\W\d_]+")
# What a label needs, by single words.
STAMPED = hint(
    *("mis ", "mise ", "modifi", "publi", "actualis", "révis", "vérifi", "updat", "revis"),
    *("review", "effective", "last ", "stand", "zuletzt", "letzte", "última", "ultim"),
)
# What a date needs, by single words: a month, or figures with a sign between them.
DATED = hint_of(re.compile(rf"(?:{_MONTH})\b|\d[/.-]\d", re.IGNORECASE))
LONGEST_LABEL = 60  # characters


def iso(text: str) -> str:
    """Return a written date as ISO 8601, "" when it is none. Numbers read day first."""
    numbers = [int(number) for number in _NUMBER.findall(text)]
    names = [_MONTH_OF[word] for word in _NAME.findall(text.lower()) if word in _MONTH_OF]
    try:
        if names:
            day, year = numbers[0], numbers[1]
            return date(year, names[0], day).isoformat()
        number_1, number_2, number_3 = numbers[:3]
        if number_1 > 31:  # noqa: PLR2004 -- a year, hence ISO order
            return date(number_1, number_2, number_3).isoformat()
        return date(number_3 + (2000 if number_3 < 100 else 0), number_2, number_1).isoformat()  # noqa: PLR2004
    except (ValueError, IndexError):
        return ""


def is_date(text: str) -> bool:
    """Return whether a text is a date and nothing else."""
    return len(text) < LONGEST_LABEL and bool(_DATE_ONLY.match(text))


def take_stamp(text: str, *, before: str = "") -> tuple[str, str, bool]:
    """Return the text without "mis à jour le …", the date (ISO 8601), and whether it is an update.

    `before` is the text of the previous run: a label there and a date here make a stamp too.
    A publication or effect date is taken out as well, but is not an update.
    """
    if not _DIGIT.search(text):
        return text, "", False
    if stamp := _stamp(text):
        return stamp
    if len(before) < LONGEST_LABEL and _LABEL_ONLY.match(before):
        date_first = _DATE_FIRST.match(text)
        return _taken(text, date_first, before) if date_first else (text, "", False)
    return text, "", False


def _stamp(text: str) -> tuple[str, str, bool] | None:
    match = _STAMP.search(text)
    if match and _PURPOSE.search(text[: match.start()]):
        return None
    return _taken(text, match, match[0]) if match else None


def _taken(text: str, match: re.Match[str], label: str) -> tuple[str, str, bool]:
    rest = f"{text[: match.start()]} {text[match.end() :]}"
    return rest, iso(match["date"]), bool(_UPDATE.search(label))
