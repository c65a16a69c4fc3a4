"""Words that change by themselves: versioned rules, each with an id and a test."""

import re
from dataclasses import dataclass, replace

from monitor.core.text.facts.dates import CLOCK, DATE
from monitor.core.text.hints import LONG, LONG_WORD, hint

VERSION = "1"
LONGEST_OPENING = 40  # characters of a number before an item


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRule:
    """Replaces what its pattern finds inside a block. Patterns see tidy text.

    `needs` are lower-case texts, one of which must be there, `least_word` the length that a word
    must have, in characters, `starts` texts with one of which it must begin, `opens` characters one
    of which must be near its beginning: cheap tests before the pattern.
    """

    id: str
    pattern: re.Pattern[str]
    needs: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    opens: str = ""
    least_word: int = 0
    by: str = " "

    def may_find(self, lower: str) -> bool:
        """Return False when the pattern cannot match in a lower-case text: a cheap test."""
        if self.least_word:
            return max(map(len, lower.split()), default=0) >= self.least_word
        if self.starts:
            return lower.startswith(self.starts)
        if self.opens:
            opening = lower[:LONGEST_OPENING]
            return any(map(opening.__contains__, self.opens))
        return not self.needs or any(map(lower.__contains__, self.needs))


def _rule(
    name: str, pattern: str, *, needs: tuple[str, ...] = (), least_word: int = 0, by: str = " "
) -> TextRule:
    compiled = re.compile(pattern, re.IGNORECASE)
    return TextRule(id=name, pattern=compiled, needs=needs, least_word=least_word, by=by)


_DAY = (
    r"(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
_FRENCH_UNIT = r"(?:secondes?|s|minutes?|mins?|mn|heures?|h|jours?|j|semaines?|sem)"
_PUBLISHED = r"(?:publiée?|postée?|modifiée?|mise?|à|jour|actualisée?|le|article|page|dernière) ?"
_ENGLISH_UNIT = r"(?:seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?)"
_COUNTED = (
    r"(?:visites?|visiteurs?(?: connectés?)?|vues|consultations|lectures|téléchargements|partages"
    r"|j'aime|views|visits|visitors|likes|shares|downloads)"
)
_COUNT = r"\d{1,9}(?: \d{3}){0,3}"
_COUNTED_STEMS = (
    *("visit", "vues", "consultations", "lectures", "chargements", "partages", "j'aime"),
    *("views", "likes", "shares", "downloads", " fois"),
)

RULES = (
    _rule(
        "text.email-obfuscation",
        r" ?[\[({] ?(?:at|arobase|@) ?[\])}] ?",
        needs=("[", "(", "{"),
        by="@",
    ),
    _rule(
        "text.relative-date",
        rf"\bil y a (?:environ |moins d'|plus d')?(?:\d{{1,4}} |une? |quelques )?"
        rf"{_FRENCH_UNIT}(?!\w)"
        r"|\b(?:il y a|depuis) (?:moins|plus) d'une? (?:seconde|minute|heure)\b"
        r"|\bà l'instant\b|\bjust now\b|\b(?:il y a )?quelques (?:instants|secondes|minutes)\b"
        rf"|\b(?:\d{{1,4}}|an?) ?{_ENGLISH_UNIT} ago\b"
        r"|\bvor (?:\d{1,4}|einer|einem) (?:minuten?|stunden?|tag(?:en)?|wochen?|monat(?:en)?)\b"
        r"|\bhace (?:\d{1,4}|una?) (?:minutos?|horas?|días?|semanas?|mes(?:es)?|años?)\b",
        needs=("il y a ", " ago", "vor ", "hace ", "instant", "just now", "quelques ", "depuis "),
    ),
    _rule(
        "text.age",  # in months or years: of a page only where its publication is spoken of
        rf"^(?:{_PUBLISHED}){{0,4}} ?:? ?(?:il y a|depuis) (?:environ |plus d'|moins d')?"
        r"(?:\d{1,3}|une?) (?:mois|ans?|années?)\.?$",
        needs=("il y a ", "depuis "),
    ),
    _rule(
        "text.today",
        rf"\b(?:nous sommes|aujourd'hui,?|today is|today:) (?:le )?(?:{_DAY},? )?{DATE}{CLOCK}"
        r"(?:,? (?:et )?il est \d{1,2} ?[h:](?: ?\d{2})?)?",
        needs=("nous sommes", "aujourd'hui", "today"),
    ),
    _rule(
        "text.counter",
        rf"\b(?:nombre (?:de |d')|number of )?{_COUNTED} ?(?:: ?)?\(? ?\d[\d ]*\)?"
        rf"|(?:^|\b(?:page|article|annonce|fiche|actualité) )(?:lu|vu|consulté)e?"
        r" \d[\d ]{0,12} ?fois\b"
        rf"|(?<!\w)\d[\d .,]{{0,12}}(?:k|e|ème|th)? {_COUNTED}(?!\w)",
        needs=_COUNTED_STEMS,
    ),
    _rule(
        "text.helpful",
        rf"\b{_COUNT} (?:out of|of|sur) {_COUNT} (?:\w{{1,30}} ){{0,2}}(?:found this|ont trouvé)\b"
        r"[^.]{0,40}"
        rf"|\b{_COUNT}(?: utilisateurs?| personnes?)? (?:sur {_COUNT} )?ont trouvé[^.]{{0,40}}",
        needs=("found this", "ont trouvé"),
    ),
    _rule(
        "text.comments",  # "3 avis" alone may be documents to bring
        rf"^\(?{_COUNT} (?:commentaires?|comments?|réactions?|réponses?)\)?$"
        rf"|\bnote moyenne ?:? ?\d(?:[.,]\d{{1,2}})? ?(?:/|sur) ?\d{{1,2}}"
        rf"(?: ?\(? ?{_COUNT} (?:avis|votes?)\)?)?"
        rf"|\(? ?{_COUNT} (?:votes?|reviews?|ratings?)\b ?\)?",
        needs=("comment", "réaction", "réponse", "note moyenne", "vote", "review", "rating"),
    ),
    _rule(
        "text.present",
        rf"\b{_COUNT} (?:autres )?(?:personnes?|utilisateurs?|internautes?|usagers?|people|users?)"
        r" (?:consulte|regarde|visite|sont (?:en ligne|connecté)|en ligne|connectée?s?|online"
        r"|are (?:viewing|online))[^.]{0,50}",
        needs=("personne", "utilisateur", "internaute", "usager", "people", "user"),
    ),
    _rule(
        "text.reading-time",
        r"\b(?:temps|durée) de lecture ?:? ?(?:environ |estimée? ?:? ?)?\d{1,3} ?(?:min\w{0,4}|mn)"
        r"\b\.?|\b(?:lecture|reading time) ?:? ?\d{1,3} ?min\w{0,4}\b"
        r"|\b\d{1,3}[ -]?min(?:ute)?s? (?:de lecture|read)\b",
        needs=("lecture", "read"),
    ),
    _rule(
        "text.temperature",
        r"^(?:[^\d.:;]{0,30} )?-?\d{1,2}(?:[.,]\d)? ?° ?c?$",
        needs=("°",),
    ),
    _rule(
        "text.printed",
        rf"\b(?:imprimée?|éditée?|printed|extrait) (?:le |on )(?:{_DAY},? )?{DATE}{CLOCK}",
        needs=("imprim", "édité", "printed", "extrait"),
    ),
    _rule(
        "text.generation",
        r"\bpage (?:générée|generated|rendered) (?:en|in)"
        r" [\d.,]{1,12} ?(?:ms|s|secondes?|seconds?)\b"
        r"|\btemps de génération ?:? ?[\d.,]{1,12} ?(?:ms|s|secondes?)\b",
        needs=("génér", "generated", "rendered"),
    ),
    _rule(
        "text.copyright-year",
        r"(?:©|\(c\)|copyright)[ :]{0,5}\d{4}(?: ?- ?\d{4})?|(?:\d{4} ?- ?)?\d{4} ?©",
        needs=("©", "(c)", "copyright"),
    ),
    replace(
        _rule("text.software-version", r"^(?:version|build|release|v)[ :.]*\d+\.\d+\.\d[\w.+-]*$"),
        starts=("v", "build", "release"),
    ),
    _rule("text.token", rf"(?<!\w)[0-9a-f]{{{LONG_WORD},1000}}+(?!\w)", least_word=LONG_WORD),
    replace(
        _rule(
            "text.enumerator",
            r"^(?:article )?\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})(?:\.\d{1,2}){0,6}[.)°]{1,4}"
            r" (?=[^\W\d])",
        ),
        opens=".)°",
    ),
)


# What the rules need, by single words.
CHANGING = LONG | hint(
    *("[", "(", "{", " y ", "vor ", "hace ", " ago", "instant", " now", "quelques ", "depuis "),
    *(" sommes ", "aujourd'hui", "today", "found ", " trouvé", "génér", "generated", "rendered"),
    *("©", "copyright", *_COUNTED_STEMS, "comment", "réaction", "réponse", " moyenne", "vote"),
    *("review", "rating", "personne", "utilisateur", "internaute", "usager", "people", "user"),
    *("lecture", " read", "reading", "°", "imprim", "édité", "printed", "extrait"),
)
# At the start of a text, the number of an item or of a version.
_OPENING = re.compile(
    r"(?:article )?\(?\w{1,4}[.)°]|(?:version|build|release|v)[ :.]*\d", re.IGNORECASE
)
_NEEDS = tuple(sorted({need for rule in RULES for need in rule.needs}))
_OTHERS = tuple(rule for rule in RULES if not rule.needs)

# The date of the day, as a banner shows it. Further down it may be that of a closure.
_DAY_ALONE = re.compile(rf"^{_DAY},? (?:le )?{DATE}{CLOCK}$", re.IGNORECASE)
_YEARS = re.compile(r"^\d{4}(?: ?- ?\d{4})?\b")
LONGEST_DAY = 60  # characters

# What every rule needs: most runs contain none of it.
_MAY_CHANGE = re.compile(
    r"[\d\[({©]|\b(?:il y a (?:une?|quelques|moins|plus)|depuis (?:moins|plus)|à l'instant"
    r"|just now|quelques (?:instants|secondes|minutes)|vor eine[rm]|hace una?)\b"
    r"|\ban? \w{1,20} ago\b|^\w{1,4}[.)°]|[a-f]{24}",
    re.IGNORECASE,
)


def may_change(text: str, hinted: int) -> bool:
    """Return False when no rule matches in a tidy text with these hints: a cheap test."""
    return bool(hinted & CHANGING or _OPENING.match(text))


def is_day_alone(text: str) -> bool:
    """Return whether a tidy text is a weekday and its date, and nothing else."""
    return len(text) <= LONGEST_DAY and bool(_DAY_ALONE.match(text))


def without_year(text: str) -> str:
    """Return a text without the year or years at its start."""
    return _YEARS.sub("", text)


def mask(text: str) -> str:
    """Return a tidy text without what changes by itself, tidy again."""
    if not _MAY_CHANGE.search(text):
        return text
    masked, lower = text, text.lower()
    if not any(map(lower.__contains__, _NEEDS)) and not any(r.may_find(lower) for r in _OTHERS):
        return text  # most texts with a number: one test in place of one for each rule
    for rule in RULES:
        if rule.may_find(lower):
            masked = rule.pattern.sub(rule.by, masked)
    return masked if masked is text else " ".join(masked.split())
