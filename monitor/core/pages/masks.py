"""Which parts of a page are not its content: versioned rules, each with an id and a test.

An element rule masks an element and all that it holds. A rule that would mask a large part
of the page's prose is wrong about it, and is not applied there (see `region`). A text rule
takes out words that change by themselves.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementRule:
    """Masks elements by tag, ARIA role, or a word of their class or id.

    Words are the lower-case parts of class and id between hyphens, underscores and capitals;
    an entry with a space in it must match consecutive words.
    """

    id: str
    tags: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ELEMENT_RULES = (
    ElementRule(id="element.hidden"),  # decided by attributes, see `element_rule`
    ElementRule(id="element.template", tags=_set("template svg math canvas object video audio map head")),
    ElementRule(
        id="element.navigation",
        tags=_set("nav"),
        roles=_set("navigation menu menubar search tablist toolbar"),
        names=_set("nav navbar navigation menu megamenu submenu sidenav topnav navigationmenu skiplinks skiplink evitement")
        | {"acces rapide", "acces direct", "sous menu", "liens evitement", "plan du site"},
    ),
    ElementRule(
        id="element.header",
        roles=_set("banner"),
        names=_set("masthead topbar") | {"site header", "page header", "global header", "main header", "fr header"},
    ),
    ElementRule(
        id="element.footer",
        tags=_set("footer"),
        roles=_set("contentinfo"),
        names=_set("footer pied colophon") | {"pied de page", "pied page"},
    ),
    ElementRule(
        id="element.breadcrumb",
        names=_set("breadcrumb breadcrumbs ariane filariane") | {"fil ariane", "fil d ariane"},
    ),
    ElementRule(
        id="element.consent",
        names=_set(
            "cookie cookies consent rgpd gdpr tarteaucitron didomi onetrust optanon axeptio cookiebot cookiefirst "
            "klaro orejime usercentrics cmp truste trustarc cookieconsent cookiebanner quantcast sirdata osano termly iubenda"
        )
        | {"cc window", "qc cmp", "fr consent", "hs eu"},
    ),
    ElementRule(
        id="element.share",
        names=_set("share sharing shares partage partager social socials addthis addtoany sharethis reseaux sociaux")
        | {"fr share", "fr follow", "social networks"},
    ),
    ElementRule(
        id="element.page-tools",
        names=_set("imprimer print printer toolbox feedback satisfaction vote voting rating ratings usefulness breadcrumbs pagination pager")
        | {"outils page", "haut de page", "back to top", "retour haut", "fr feedback", "je donne mon avis", "switch lang", "language switcher", "language selector"},
    ),
    ElementRule(
        id="element.teasers",
        tags=_set("aside"),
        roles=_set("complementary"),
        names=_set("related newsletter carousel slider slideshow swiper slick promo promos promotion advert adverts advertisement ads publicite sponsor sponsored teasers newsfeed sidebar")
        | {"a lire aussi", "a la une", "read more", "read next", "you may", "en ce moment", "dernieres actualites", "fil info", "announcement bar", "top banner", "promo banner"},
    ),
    ElementRule(
        id="element.overlay",
        tags=_set("dialog"),
        roles=_set("dialog alertdialog tooltip"),
        names=_set("modal popup popin lightbox overlay tooltip toast snackbar chatbot intercom crisp zendesk drift hotjar recaptcha grecaptcha captcha"),
    ),
    ElementRule(
        id="element.screen-reader",
        names=_set("sronly offscreen") | {"sr only", "visually hidden", "screen reader", "element invisible", "fr sr"},
    ),
)  # fmt: skip

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_BY_TAG = {tag: rule.id for rule in ELEMENT_RULES for tag in rule.tags}
_BY_ROLE = {role: rule.id for rule in ELEMENT_RULES for role in rule.roles}
_BY_NAME = {name: rule.id for rule in ELEMENT_RULES for name in rule.names}
MOST_NAME_CHARACTERS = 300  # of class or id read; utility classes can be endless


def element_rule(tag: str, attributes: Mapping[str, str]) -> str:
    """Return the id of the rule that masks this element, "" when none does."""
    if found := _BY_TAG.get(tag):
        return found
    if not attributes:
        return ""
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return "element.hidden"
    if found := _BY_ROLE.get(attributes.get("role", "")):
        return found
    for key in ("class", "id"):
        value = attributes.get(key)
        if value and (found := name_rule(value[:MOST_NAME_CHARACTERS])):
            return found
    return ""


def name_rule(value: str) -> str:
    """Return the id of the rule that a class or id attribute matches, "" when none does."""
    for name in value.split():
        parts = [part.lower() for part in _WORD.findall(name)]
        for size in (1, 2, 3, 4):
            for start in range(len(parts) - size + 1):
                if found := _BY_NAME.get(" ".join(parts[start : start + size])):
                    return found
    return ""


ALERT_NAMES = frozenset({"alert", "alerte", "notice", "warning", "bandeau", "attention"})


def is_alert(names: str, role: str) -> bool:
    """Tell whether an element's class, id or role makes it an alert banner."""
    if role == "alert":
        return True
    return any(part.lower() in ALERT_NAMES for part in _WORD.findall(names[:MOST_NAME_CHARACTERS]))
