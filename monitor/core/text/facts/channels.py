"""Other ways than the online service that a page offers, or denies.

A negated mention ("aucun dossier par courrier", "n'est pas joignable", "suppression de la
permanence") is the contrary of an offer: a fact of its own, looked for sentence by sentence.
"""

import re
from collections.abc import Iterator

from monitor.core.text.hints import hint
from monitor.core.text.page import Element, Fact


def _re(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# Each with lower-case stems, one of which must be there: a cheap test before the pattern.
_CHANNELS = {
    Element.DIGITAL_POINT: (
        ("numéri", "pan", "meraude", "méraude", "france", "maison"),
        _re(
            r"points? d'accueil numérique|\bPAN\b|points? d'accès numérique|e-m[ée]raude"
            r"|(?:maisons? )?france[ -]services?\b|points? numériques?"
            r"|maisons? de(?:s)? services? (?:au|publics?)"
        ),
    ),
    Element.COUNTER: (
        ("guichet", "accueil", "permanence", "préfecture"),
        _re(
            r"\bguichets?\b|accueil physique|accueil du public|permanence physique"
            r"|se présenter (?:en|à la) (?:sous-)?préfecture"
        ),
    ),
    Element.POST: (
        ("post", "courrier"),
        _re(
            r"voie postale|par (?:simple )?courrier(?! électronique)|par la poste"
            r"|envoi postal|courrier postal"
        ),
    ),
    Element.CONTACT_CENTRE: (
        ("centre de contact", "ccc", "806"),
        _re(r"centre de contact citoyen|\bCCC\b|0 ?806 ?001 ?620"),
    ),
    Element.PHONE: (
        ("phon", "joignable", "par t"),
        _re(r"téléphon|telephoni|joignables?\b|par t[ée]l\b"),
    ),
    Element.EMAIL: (
        ("courri", "mail"),
        _re(r"\bcourriels?\b|courrier électronique|\be-?mails?\b|\bmails?\b"),
    ),
}
CHANNEL = hint(
    *("numéri", "pan", "méraude", "meraude", "france", "maison", "guichet", "accueil"),
    *("permanence", "préfecture", "post", "courri", "contact", "ccc", "806", "phon", "joignable"),
    *("par ", "mail"),
)
_STATED_ELSEWHERE = frozenset({Element.PHONE, Element.EMAIL})  # an offer needs the number itself
_SENTENCE_END = re.compile(r"(?<=[.!?])\s(?=[A-ZÀ-Ü«\"(])|\s?[;|]\s?")
# "Si vous ne pouvez pas venir, écrivez par courrier" offers the post.
_CONDITION = _re(r"^(?:si|s'il|en cas|lorsque|quand|dès lors|à défaut)\b[^,]*,")
_NO_DENIAL = _re(r"n'hésitez pas|n'oubliez pas|pas d'inquiétude|pas seulement")
# What is said of letters and messages that the administration sends, or that others forge.
_NO_CHANNEL = _re(
    r"mots? de passe|coordonnées bancaires|carte bancaire|frauduleu|arnaque|hameçonnage|phishing"
    r"|démarchage|usurp|identifiants?"
    r"|\b(?:vous recevrez|vous (?:sera|seront|est|serez)|(?:sera|seront|est|sont) (?:envoyée?s?"
    r"|adressée?s?|notifiée?s?|transmise?s?)|nous vous (?:enverrons|répondrons|informerons)"
    r"|informée?s? par|notifiée?s? par|convoquée?s? par)\b"
)
_DENIAL = _re(
    r"\b(?:ne|n'\w{1,40}+|n')\b.{0,80}?\b(?:pas|plus|aucune?s?|jamais|ni)\b|\baucune?s?\b"
    r"|\bplus de\b|\bsuppression\b|\bsupprimée?s?\b|\bsuspendue?s?\b|\bsuspension\b"
    r"|\binterrompue?s?\b|\bimpossible\b|\bfermeture définitive\b"
    r"|\bfermée?s? (?:définitivement|jusqu'à nouvel ordre)"
)

# A counter that is closed for some days is neither offered nor withdrawn.
_CLOSING = _re(
    r"\bfermetures?\b(?! définitive)|\b(?:est|sont|sera|seront) (?:\w{1,20} )?fermée?s?\b"
)


def channels(text: str) -> Iterator[Fact]:
    """Yield each channel that a tidy text offers, and each that it denies."""
    lower = text.lower()
    possible = [
        (element, words)
        for element, (stems, words) in _CHANNELS.items()
        if any(map(lower.__contains__, stems))
    ]
    for sentence in _SENTENCE_END.split(text) if possible else ():
        named = [element for element, words in possible if words.search(sentence)]
        if not named or _NO_CHANNEL.search(sentence):
            continue
        denied = bool(_DENIAL.search(_NO_DENIAL.sub("", _CONDITION.sub("", sentence))))
        closing = not denied and _CLOSING.search(sentence)
        for element in named:
            if closing and element == Element.COUNTER:
                continue
            if denied or element not in _STATED_ELSEWHERE:
                yield Fact(element=element, value="", negated=denied)
