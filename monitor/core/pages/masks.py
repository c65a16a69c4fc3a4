"""Which elements of a page are not its content: versioned rules, each with an id and a test.

A rule masks an element and all that it holds. A rule that would mask a large part of the
page's prose is wrong about it, and does not hold there (see `region`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

VERSION = "1"
MOST_NAME_CHARACTERS = 300  # of a class or id; utility classes can be endless


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementRule:
    """Masks elements by tag, by ARIA role, or by words of their class or id.

    A class or id is read as words, cut at hyphens, underscores and capitals. An entry of
    several words must be found as such, in a row.
    """

    id: str
    tags: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


HIDDEN = "element.hidden"  # decided by attributes, not by a table
RULES = (
    ElementRule(
        id="element.not-text",
        tags=("head", "template", "svg", "math", "canvas", "object", "video", "audio", "map"),
    ),
    ElementRule(
        id="element.navigation",
        tags=("nav",),
        roles=("navigation", "menu", "menubar", "search", "toolbar"),
        names=(
            *("nav", "navbar", "navigation", "menu", "megamenu", "submenu", "sidenav", "topnav"),
            *("skiplink", "skiplinks", "evitement", "acces rapide", "acces direct", "plan du site"),
        ),
    ),
    ElementRule(
        id="element.header",
        roles=("banner",),
        names=("masthead", "topbar", "site header", "global header", "main header", "fr header"),
    ),
    ElementRule(
        id="element.footer",
        tags=("footer",),
        roles=("contentinfo",),
        names=("footer", "pied de page", "pied page", "colophon"),
    ),
    ElementRule(
        id="element.breadcrumb",
        names=("breadcrumb", "breadcrumbs", "ariane", "filariane"),
    ),
    ElementRule(
        id="element.consent",
        names=(
            *("cookie", "cookies", "consent", "rgpd", "gdpr", "tarteaucitron", "didomi", "cmp"),
            *("onetrust", "optanon", "axeptio", "cookiebot", "klaro", "orejime", "usercentrics"),
            *("truste", "trustarc", "cookieconsent", "quantcast", "osano", "termly", "iubenda"),
            "cc window",
        ),
    ),
    ElementRule(
        id="element.share",
        names=(
            *("share", "sharing", "partage", "partager", "addthis", "addtoany", "sharethis"),
            *("reseaux sociaux", "social links", "social media", "social networks", "social share"),
            *("social icons", "fr follow"),
        ),
    ),
    ElementRule(
        id="element.page-tools",
        names=(
            *("toolbox", "feedback", "satisfaction", "rating", "ratings", "pagination", "pager"),
            *("outils page", "haut de page", "back to top", "retour haut", "je donne mon avis"),
            *("switch lang", "language switcher", "language selector", "lang switcher"),
        ),
    ),
    ElementRule(
        id="element.teasers",
        tags=("aside",),
        roles=("complementary",),
        names=(
            *("related", "newsletter", "carousel", "slider", "slideshow", "swiper", "slick"),
            *("promo", "promos", "promotion", "advert", "adverts", "advertisement", "publicite"),
            *("sponsored", "teasers", "newsfeed", "sidebar", "a lire aussi", "a la une"),
            *("read next", "you may", "en ce moment", "fil info", "announcement bar"),
            *("dernieres actualites", "recent posts", "latest news", "actus recentes"),
        ),
    ),
    ElementRule(
        id="element.overlay",
        tags=("dialog",),
        roles=("dialog", "alertdialog", "tooltip"),
        names=(
            *("modal", "popup", "popin", "lightbox", "overlay", "tooltip", "toast", "snackbar"),
            *("chatbot", "intercom", "zendesk", "hotjar", "recaptcha", "grecaptcha", "captcha"),
        ),
    ),
    ElementRule(
        id="element.screen-reader",
        names=("sr only", "sronly", "visually hidden", "screen reader", "fr sr", "offscreen"),
    ),
)

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_HEADING = re.compile(r"h[1-6]")
_BY_TAG = {tag: rule.id for rule in RULES for tag in rule.tags}
_BY_ROLE = {role: rule.id for rule in RULES for role in rule.roles}
_BY_NAME = {tuple(name.split()): rule.id for rule in RULES for name in rule.names}
_SIZES = sorted({len(name) for name in _BY_NAME})
# An id is often made from a title ("how-we-share-data"): it names a part of the layout only
# when its other words are of the layout too.
_LAYOUT = frozenset(
    [
        "banner",
        "bar",
        "bloc",
        "block",
        "box",
        "bottom",
        "bas",
        "container",
        "content",
        "fr",
        "global",
        "haut",
        "header",
        "inner",
        "js",
        "left",
        "links",
        "list",
        "main",
        "notice",
        "page",
        "right",
        "section",
        "site",
        "top",
        "wrapper",
        "zone",
        "widget",
    ]
)
# Text that waits behind a click is content: answers, tabs, accordions.
_DISCLOSURE = frozenset(
    [
        "accordion",
        "accordeon",
        "collapse",
        "collapsible",
        "panel",
        "tabpanel",
        "tab",
        "tabs",
        "faq",
        "answer",
        "reponse",
        "toggle",
        "expandable",
        "details",
    ]
)
_ALERT = frozenset({"alert", "alerte", "notice", "warning", "bandeau"})


def element_rule(tag: str, attributes: Mapping[str, str]) -> str:
    """Return the id of the rule that masks this element, "" when none does."""
    if found := _BY_TAG.get(tag):
        return found
    if not attributes:
        return ""
    if ("hidden" in attributes or attributes.get("aria-hidden") == "true") and not (
        _is_disclosure(attributes)
    ):
        return HIDDEN
    if found := _BY_ROLE.get(attributes.get("role", "")):
        return found
    if _HEADING.fullmatch(tag):
        return ""
    return _class_rule(attributes.get("class", "")) or _id_rule(attributes.get("id", ""))


def is_alert(attributes: Mapping[str, str]) -> bool:
    """Tell whether an element's class, id or role makes it an alert banner."""
    names = f"{attributes.get('class', '')} {attributes.get('id', '')}"
    return attributes.get("role") == "alert" or not _ALERT.isdisjoint(_words(names))


def _class_rule(value: str) -> str:
    for name in value[:MOST_NAME_CHARACTERS].split():
        if found := _find(_words(name)):
            return _BY_NAME[found]
    return ""


def _id_rule(value: str) -> str:
    parts = _words(value)
    found = _find(parts)
    if found and all(part in _LAYOUT or part in found or part.isdigit() for part in parts):
        return _BY_NAME[found]
    return ""


def _find(parts: list[str]) -> tuple[str, ...]:
    for size in _SIZES:
        for start in range(len(parts) - size + 1):
            name = tuple(parts[start : start + size])
            if name in _BY_NAME:
                return name
    return ()


def _words(value: str) -> list[str]:
    return [part.lower() for part in _WORD.findall(value[:MOST_NAME_CHARACTERS])]


def _is_disclosure(attributes: Mapping[str, str]) -> bool:
    names = f"{attributes.get('class', '')} {attributes.get('id', '')}"
    return attributes.get("role") == "tabpanel" or not _DISCLOSURE.isdisjoint(_words(names))
