"""What a page states that a person needs: contacts, hours, fees, channels.

The formats are those read in public prefecture pages of 2012-2024.
"""

import re
from collections.abc import Iterable, Iterator

from monitor.core.text.facts.channels import CHANNEL, channels
from monitor.core.text.hints import DIGIT, hint, hints
from monitor.core.text.memo import remembering
from monitor.core.text.page import Block, Element, Fact, Link
from monitor.core.text.struck import without_struck
from monitor.core.text.typography import words

_ANEF_HOST = "//administration-etrangers-en-france.interieur.gouv.fr"
_APPOINTMENT = re.compile(
    r"rendez-?vous|\brdv\b|/booking/|prise-de-rdv|rdv\.|rdv-prefecture", re.IGNORECASE
)

_PHONE = re.compile(
    r"(?<![\w+/])(?:(?:\+|00)"
    r"(?P<foreign>\d{1,3}(?: ?\(0\))?(?:[ .-]?\d)?(?:[ .-]?(?!\d{21})\d{2,4}){3,5})"
    r"|(?P<home>0(?:[ .\-]?[1-9])(?:[ .\-]?\d{2}){4}|0 ?8\d{2}(?:[ .]?\d{3}){2}))(?![\w/]|[.,]\d)"
)
_SHORT_PHONE = re.compile(
    r"\b(?:numéro|composez|appel(?:er|ez)?|téléphone|tél\.?|au) (?:(?:court|unique|le|au|:) ?){0,4}"
    r"(?P<short>3\d{3}|3\d \d{2})(?![\w/€%]| ?(?:€|euros|h\b))",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_FEE = re.compile(
    r"(?<![\d,.])(\d{1,3}(?:[ .]\d{3}){1,4}|\d{1,6})(?:,(\d{2}))? ?(?:€|euros?\b)", re.IGNORECASE
)
_POSTCODE = re.compile(
    r"\b(?:\d{5}|2[AB]\d{3}) (?=[A-ZÉÈ])[\w'-]{1,100}(?: (?=[A-ZÉÈ\d])[\w'-]{1,100}){0,5}"
)
_STREET = re.compile(
    r"\b\d{1,4}(?: ?(?:bis|ter|quater))?,? (?:rue|avenue|av\.|boulevard|bd|place|quai|cours"
    r"|allées?|chemin|route|impasse|esplanade|square|faubourg|rond-point|passage)\b[^|.;:(]{2,60}",
    re.IGNORECASE,
)
_BOX = re.compile(r"\b(?:BP|CS|TSA) ?\d{1,6}\b")

_DAYS = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
_HOURS = re.compile(
    r"(?P<time>\b(?P<hour>[01]?\d|2[0-4]) ?(?:h(?:eures?)?\b|h(?=\d)|:(?=\d\d\b))"
    r" ?(?P<minute>[0-5]\d\b)?)"
    rf"|\b(?P<word>(?:{_DAYS})s?|sauf|fermée?s?|ouverte?s?|matins?|après-midis?|midi)\b"
    r"|(?P<to>\b(?:à|au?)\b|-|/)",
    re.IGNORECASE,
)

# "Fermé le vendredi 14 mai" is of one day, not of each week.
_DATED_DAY = re.compile(
    rf"\b(?:{_DAYS})s? \d{{1,2}}(?:er)?"
    rf"(?: (?:et|au|ou) (?:le )?(?:(?:{_DAYS}) )?\d{{1,2}}(?:er)?){{0,3}}"
    r" (?:janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc)\w{0,8}(?: \d{4})?",
    re.IGNORECASE,
)
_MAY_STATE_HOURS = re.compile(
    rf"\b(?:{_DAYS})s?\b|\b\d{{1,2}} ?[h:].{{1,12}}\b\d{{1,2}} ?[h:]", re.IGNORECASE
)

_DELAY = re.compile(r"\bdélais?\b|\bdurées?\b|\btraitement\b|\bsous \d|\bindisponib|\bmaintenance")
_OPEN = re.compile(rf"\b(?:{_DAYS})s?\b|\bouvert|\bhoraires?\b|\baccueil\b", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_OTHER_THAN_DIGITS = re.compile(r"\D+")
# Cheap tests before the patterns: what each needs at the least.
_MAY_STATE_PHONE = re.compile(r"[+0][\d .()-]{7}")
_MAY_STATE_SHORT = re.compile(r"3\d ?\d\d")
_MAY_STATE_POSTCODE = re.compile(r"[\dAB]\d{3} ")
_TWO_TIMES = re.compile(r"\d ?[hH:].{1,13}\d ?[hH:]")
_WEEKDAY = hint(*_DAYS.split("|"))
_MONEY = hint("€", "euro")
_AT = hint("@")
_STREETS = hint(
    *("rue", "avenue", "av.", "boulevard", "bd", "place", "quai", "cours", "allée", "chemin"),
    *("route", "impasse", "esplanade", "square", "faubourg", "rond-point", "passage"),
)
_BOXES = hint("bp", "cs", "tsa")
_LAST_DIGITS = 8  # of a phone: those that no prefix changes
_DASH = re.compile(r" ?- ?")
_GROUPING = re.compile(r"[ .]")
_FRENCH_PHONE = re.compile(r"0\d{9}")


def facts_of(blocks: Iterable[Block]) -> frozenset[Fact]:
    """Return the facts in the blocks. A value is canonical: two forms of one phone are one fact."""
    texts: set[str] = set()
    links: set[tuple[str, str]] = set()
    for block in blocks:
        texts.add(without_struck(block.compared))
        links.update((link.text, link.target) for link in block.links)
    facts: set[Fact] = set()
    for text in texts:
        facts |= _of_text(text)
    for text, target in links:
        facts.update(_of_link(text, target))
    return frozenset(facts)


def may_state(facts: Iterable[Fact], block: Block) -> bool:
    """Return False when a block states none of some facts: a cheaper test than to read them all.

    A phone's last digits, an amount's and an e-mail address stand in the text, however written.
    """
    text = " ".join((block.compared, *(f"{link.text} {link.target}" for link in block.links)))
    digits = _OTHER_THAN_DIGITS.sub("", text)
    folded = text.casefold()
    for fact in facts:
        match fact.element:
            case Element.PHONE:
                may = fact.value[-_LAST_DIGITS:].lstrip("+") in digits
            case Element.FEE:
                may = fact.value.partition(",")[0] in digits
            case Element.EMAIL:
                may = fact.value in folded or "%" in folded
            case _:
                may = True
        if may:
            return True
    return False


@remembering
def _of_text(text: str) -> frozenset[Fact]:
    hinted = hints(text)
    facts: set[Fact] = set()
    if hinted & (DIGIT | _AT):
        facts.update(_contacts(text, hinted))
    if hinted & CHANNEL:
        facts.update(channels(text))
    if _may_state_hours(text, hinted) and (hours := _hours(text)):
        facts.add(Fact(element=Element.OPENING_HOURS, value=hours))
    return frozenset(facts)


def states_contact(text: str) -> bool:
    """Return whether a text states a phone number, an e-mail address or hours."""
    if "@" in text and _EMAIL.search(text):
        return True
    return bool(_DIGIT.search(text)) and (any(phones(text)) or bool(opening_hours(text)))


def states_fee(text: str) -> bool:
    """Return whether a text states an amount."""
    return bool(_FEE.search(text))


def is_needed(text: str, links: Iterable[Link]) -> bool:
    """Return whether a run of text states a contact or hours, or leads to ANEF or to a booking."""
    services = {Element.ANEF_LINK, Element.APPOINTMENT_LINK}
    return states_contact(text) or any(
        fact.element in services for link in links for fact in _of_link(link.text, link.target)
    )


def phones(text: str) -> Iterator[str]:
    """Yield each phone number as digits, with "+33" for a French one."""
    for match in _PHONE.finditer(text) if _MAY_STATE_PHONE.search(text) else ():
        if match["home"]:
            yield "+33" + _OTHER_THAN_DIGITS.sub("", match["home"])[1:]
        else:
            yield "+" + _OTHER_THAN_DIGITS.sub("", match["foreign"].replace("(0)", ""))
    for match in _SHORT_PHONE.finditer(text) if _MAY_STATE_SHORT.search(text) else ():
        yield match["short"].replace(" ", "")


def opening_hours(text: str) -> str:
    """Return days and times in one form, "" when the text states no time or closed day.

    "Du lundi au vendredi de 8h30 à 11 H 30, sauf le mardi" gives
    "lundi-vendredi 08:30-11:30 sauf mardi".
    """
    return _hours(text) if _may_state_hours(text, hints(text)) else ""


def _may_state_hours(text: str, hinted: int) -> bool:
    """Return False when a text with these hints states no hours: a cheap test."""
    return bool(hinted & _WEEKDAY or (hinted & DIGIT and _TWO_TIMES.search(text)))


def _hours(text: str) -> str:
    text = _DATED_DAY.sub(" ", text)
    if not _MAY_STATE_HOURS.search(text) or (_DELAY.search(text) and not _OPEN.search(text)):
        return ""
    parts: list[str] = []
    strong = False
    for match in _HOURS.finditer(text):
        if match["time"]:
            parts.append(f"{int(match['hour']):02d}:{match['minute'] or '00'}")
            strong = True
        elif match["to"]:
            if parts and parts[-1] != "-":
                parts.append("-")
        else:
            word = match["word"].lower().rstrip("s")
            strong |= word.startswith(("fermé", "ouvert"))
            parts.append(word)
    return _DASH.sub("-", " ".join(parts)).strip("- ") if strong else ""


def _contacts(text: str, hinted: int) -> Iterator[Fact]:
    for match in _EMAIL.finditer(text) if hinted & _AT else ():
        yield Fact(element=Element.EMAIL, value=match[0].casefold().rstrip("."))
    if not hinted & DIGIT:
        return
    for phone in phones(text):
        yield Fact(element=Element.PHONE, value=phone)
    for match in _FEE.finditer(text) if hinted & _MONEY else ():
        euros = _GROUPING.sub("", match[1])
        yield Fact(element=Element.FEE, value=f"{euros},{match[2] or '00'}")
    patterns = (
        *([_POSTCODE] if _MAY_STATE_POSTCODE.search(text) else []),
        *([_STREET] if hinted & _STREETS else []),
        *([_BOX] if hinted & _BOXES else []),
    )
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield Fact(element=Element.ADDRESS, value=" ".join(words(match[0])))


def _of_link(text: str, target: str) -> Iterator[Fact]:
    if target.startswith("mailto:"):
        for match in _EMAIL.finditer(target[7:]):
            yield Fact(element=Element.EMAIL, value=match[0].casefold())
    elif target.startswith("tel:"):
        digits = target[4:]
        value = "+33" + digits[1:] if _FRENCH_PHONE.fullmatch(digits) else digits
        yield Fact(element=Element.PHONE, value=value)
    elif target.startswith(_ANEF_HOST):
        yield Fact(element=Element.ANEF_LINK, value=target)
    elif target and (_APPOINTMENT.search(target) or _APPOINTMENT.search(text)):
        yield Fact(element=Element.APPOINTMENT_LINK, value=target)
