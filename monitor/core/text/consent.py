"""Windows that ask something of every visitor: consent to cookies, an address for a newsletter.

They are known by their words and controls, not by their names. However long, such a window is
not the page.
"""

import re
from dataclasses import dataclass

from monitor.core.text.masks.element_masks import SIGN_UP
from monitor.core.text.outline import Outline
from monitor.core.text.page import BlockKind

RULE = "element.consent"
_NAMED = frozenset({RULE, "element.overlay"})
LEAST_SHARE = 0.25  # of the runs of a window, that speak of consent; its choices included
MOST_BUTTON = 60  # characters
MOST_CARD_RUNS = 8
_SUBJECT = re.compile(
    r"\bcookies?\b|\btraceurs?\b|\bconsent(?:ement|ir|ez)?s?\b|vie privée|\bprivacy\b"
    r"|\bpartenaires\b|données (?:personnelles|de navigation)|mesure d'audience",
    re.IGNORECASE,
)
_CHOICE = re.compile(
    r"^(?:ok,? )?(?:tout |je |j'|i )?(?:accepte[rz]?|refuse[rz]?|interdire|autorise[rz]?|accept"
    r"|reject|decline|deny|allow|agree|personnalise[rz]?|paramétre[rz]?|gérer|configurer"
    r"|continuer sans accepter|customi[sz]e|manage|enregistrer mes choix|save)\b",
    re.IGNORECASE,
)
_SIGN_UP = re.compile(
    r"newsletter|infolettre|lettre d'information|\bs'?inscri|inscrivez|inscription|abonne"
    r"|\binscrits?\b|\binscrivant\b"
    r"|désinscri|e-?mails? (?:commerciaux|promotionnels)|\bsubscri|\bsign up\b|votre adresse"
    r"|recevoir|restez informé",
    re.IGNORECASE,
)
_PARTS = frozenset(
    {"div", "section", "article", "aside", "form", "dialog", "footer", "header", "td"}
)


@dataclass(slots=True)
class _Sums:
    """What is counted below a node."""

    runs: int = 0
    consent: int = 0  # runs that speak of it, choices included
    choices: int = 0
    newsletter: int = 0  # runs that speak of it
    fields: int = 0  # forms that ask for an e-mail address and little else
    page: int = 0  # marks of the page itself: its title, its main part

    def add(self, other: "_Sums") -> None:
        for name in ("runs", "consent", "choices", "newsletter", "fields", "page"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def speaks_of_consent(self) -> bool:
        return self.consent >= max(1.0, LEAST_SHARE * self.runs)

    @property
    def asks(self) -> bool:
        """Whether it asks for consent, or for an address."""
        consent = self.choices > 0 and self.consent > self.choices and self.speaks_of_consent
        return consent or (self.fields > 0 and self.newsletter >= max(1.0, LEAST_SHARE * self.runs))


def _may_ask(page: Outline) -> bool:
    """Return whether a page has a choice, a field or a name of such a window: a cheap test."""
    if any(node.rule in _NAMED or node.rule == SIGN_UP for node in page.nodes):
        return True
    return any(len(run.text) <= MOST_BUTTON and _CHOICE.match(run.text) for run in page.runs)


def windows(page: Outline) -> list[bool]:
    """Return for each node whether it stands in a window that asks something of every visitor."""
    if not _may_ask(page):
        return [False] * len(page.nodes)
    sums = [_Sums() for _ in page.nodes]
    for run in page.runs:
        node, one = page.nodes[run.node], sums[run.node]
        pressed = node.kind == BlockKind.FORM_FIELD or run.linked >= len(run.text) - 2
        choice = pressed and len(run.text) <= MOST_BUTTON and bool(_CHOICE.match(run.text))
        one.runs += 1
        one.choices += choice
        one.consent += choice or bool(_SUBJECT.search(run.text))
        one.newsletter += bool(_SIGN_UP.search(run.text))
    for number in range(len(page.nodes) - 1, 0, -1):
        node = page.nodes[number]
        marked = node.tag in {"main", "h1"} or node.role == "main"
        # An article is the page, or a card of the window.
        is_long = sums[number].runs > MOST_CARD_RUNS and not sums[number].asks
        marked |= node.tag == "article" and is_long
        sums[number].page += marked
        sums[number].fields += node.rule == SIGN_UP
        sums[node.parent].add(sums[number])
    inside = [False] * len(page.nodes)
    for number, node in enumerate(page.nodes[1:], start=1):
        window = node.tag in _PARTS and sums[number].asks
        named = node.rule in _NAMED and sums[number].speaks_of_consent
        inside[number] = inside[node.parent] or (not sums[number].page and (window or named))
    return inside
