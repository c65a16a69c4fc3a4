"""Which elements of a page are not its content: versioned rules, each with an id and a test.

A rule masks an element and all that it contains. A rule that would mask a large part of the
page's prose is wrong about it, and is not applied there (see `region`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

VERSION = "1"
MOST_NAME_CHARACTERS = 300  # of a class or id; utility classes can be endless
REMEMBERED = 4096  # names: a site's pages share most of theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementRule:
    """Masks elements by tag, by ARIA role, or by words of their class or id.

    A class or id is read as words, cut at hyphens, underscores and capitals. An entry of
    several words must be found as such, in a row. `subjects` are names that content bears
    too (a policy on cookies): they count only among words of the layout.
    """

    id: str
    tags: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


HIDDEN = "element.hidden"  # decided by attributes, not by a table
ARIA_HIDDEN = "element.aria-hidden"  # shown, but not to those who listen to the page
SIGN_UP = "element.sign-up"  # decided by the fields of a form
ASIDE = "element.aside"  # inside the main part and in sentences, it is a call-out: see `region`
RULES = (
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
            *("tarteaucitron", "didomi", "cmp", "onetrust", "optanon", "axeptio", "klaro"),
            *("orejime", "usercentrics", "trustarc", "cookieconsent", "quantcast", "osano"),
            *("cookie consent", "cc window"),
        ),
        subjects=("cookie", "cookies", "consent", "rgpd", "gdpr"),
    ),
    ElementRule(
        id="element.share",
        names=(
            *("partager", "addthis", "addtoany", "sharethis", "fr share"),
            *("reseaux sociaux", "social links", "social media", "social networks", "social share"),
            *("social icons", "fr follow"),
        ),
        subjects=("share", "sharing", "partage"),
    ),
    ElementRule(
        id="element.page-tools",
        names=(
            *("toolbox", "pagination", "pager", "outils page", "haut de page", "back to top"),
            *("retour haut", "je donne mon avis", "article votes", "was this helpful"),
            *("switch lang", "language switcher", "language selector", "lang switcher"),
            *("locale selector", "country selector", "language picker"),
        ),
        subjects=("feedback", "satisfaction", "rating", "ratings", "helpful", "usefulness"),
    ),
    ElementRule(
        id="element.teasers",
        names=(
            *("newsletter", "carousel", "slider", "slideshow", "swiper", "slick", "newsfeed"),
            *("promo", "promos", "advert", "adverts", "advertisement", "publicite", "teasers"),
            *("sidebar", "a lire aussi", "a la une", "read next", "en ce moment", "fil info"),
            *("announcement bar", "dernieres actualites", "latest news", "actus recentes"),
            *("recent posts", "recent articles", "recently viewed", "articles lies", "voir aussi"),
            *("tweets", "twitter feed", "twitter timeline", "meteo", "weather", "citation du jour"),
            *("proverbe", "pub", "pubs", "ads", "ad banner", "ad slot", "adsense", "banniere pub"),
        ),
        subjects=("related", "promotion", "promotions", "sponsored", "agenda"),
    ),
    ElementRule(id=ASIDE, tags=("aside",), roles=("complementary",)),
    ElementRule(
        id="element.overlay",
        tags=("dialog",),
        roles=("dialog", "alertdialog", "tooltip"),
        names=(
            *("modal", "popup", "popin", "lightbox", "overlay", "tooltip", "toast", "snackbar"),
            *("chatbot", "intercom", "hotjar", "recaptcha", "grecaptcha"),
        ),
        subjects=("captcha", "chat"),
    ),
    ElementRule(
        id="element.screen-reader",
        names=("sr only", "sronly", "visually hidden", "screen reader", "fr sr", "offscreen"),
    ),
)

_HIDING_STYLE = re.compile(
    r"(?:display\s{0,20}:\s{0,20}none|visibility\s{0,20}:\s{0,20}hidden)", re.IGNORECASE
)
_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]{1,200}(?![a-z])")
_HEADING = re.compile(r"h[1-6]")
BY_TAG = {tag: rule.id for rule in RULES for tag in rule.tags}
_BY_ROLE = {role: rule.id for rule in RULES for role in rule.roles}
_BY_NAME = {tuple(name.split()): rule.id for rule in RULES for name in rule.names}
_BY_SUBJECT = {tuple(name.split()): rule.id for rule in RULES for name in rule.subjects}
_SIZES = sorted({len(name) for name in _BY_NAME})
# An id is often made from a title ("how-we-share-data"): like a subject, it names a part of
# the layout only when its other words are of the layout too.
_LAYOUT = _set(
    "alert articles bandeau banner bar bas bloc block bottom box btn button buttons container"
    " content disclaimer form fr global haut header icons inner item items js law left links list"
    " main manager message modal notice overlay page panel popup posts preferences prompt right"
    " section settings site social stars tools top wall widget wrapper zone"
)
_DECIDING = frozenset({"class", "id", "role", "style", "hidden", "popover", "aria-hidden"})
# Text that waits behind a click is content: answers, tabs, accordions.
_DISCLOSURE = _set(
    "accordion accordeon answer collapse collapsible details expandable faq panel reponse tab"
    " tabpanel tabs toggle"
)
# What is hidden from those who listen to the page only is shown: words inside a line are content.
_INLINE = _set("b strong em span small mark u sup sub time abbr")
_ICON = _set("icon icons fa fas far fab fi material glyphicon symbol symbols bi dashicons arrow")
_ALERT = frozenset({"alert", "alerte", "warning", "bandeau"})
_DSFR_ALERT = "fr-notice"  # alone, a "notice" is a leaflet in French


def element_rule(tag: str, attributes: Mapping[str, str]) -> str:
    """Return the id of the rule that masks this element, "" when none does."""
    if rule := BY_TAG.get(tag):
        return rule
    if _DECIDING.isdisjoint(attributes):
        return ""
    if rule := _hiding_rule(tag, attributes):
        return rule
    if rule := _BY_ROLE.get(attributes.get("role", "")):
        return rule
    if _HEADING.fullmatch(tag):
        return ""
    return _class_rule(_name(attributes, "class")) or _id_rule(_name(attributes, "id"))


def _hiding_rule(tag: str, attributes: Mapping[str, str]) -> str:
    hidden = is_hidden(attributes)
    if not hidden and attributes.get("aria-hidden") != "true":
        return ""
    if _is_disclosure(attributes):
        return ""
    if hidden:
        return HIDDEN
    words = tag in _INLINE and _ICON.isdisjoint(_words(_name(attributes, "class")))
    return "" if words else ARIA_HIDDEN


def is_hidden(attributes: Mapping[str, str]) -> bool:
    """Return whether an element's own attributes hide it."""
    if "hidden" in attributes or "popover" in attributes:
        return True
    return "style" in attributes and bool(_HIDING_STYLE.search(attributes["style"]))


def is_alert(attributes: Mapping[str, str]) -> bool:
    """Return whether an element's class, id or role makes it an alert banner."""
    if attributes.get("role") == "alert" or _names_alert(_name(attributes, "class")):
        return True
    return _names_alert(_name(attributes, "id"))


def _name(attributes: Mapping[str, str], key: str) -> str:
    return attributes.get(key, "")[:MOST_NAME_CHARACTERS]


@lru_cache(REMEMBERED)
def _names_alert(value: str) -> bool:
    return _DSFR_ALERT in value or not _ALERT.isdisjoint(_words(value))


@lru_cache(REMEMBERED)
def _class_rule(value: str) -> str:
    for name in value.split():
        parts = _words(name)
        if match := _find(parts):
            return _BY_NAME[match]
        if match := _find_among_layout(parts, _BY_SUBJECT):
            return _BY_SUBJECT[match]
    return ""


@lru_cache(REMEMBERED)
def _id_rule(value: str) -> str:
    parts = _words(value)
    for names in (_BY_NAME, _BY_SUBJECT):
        if match := _find_among_layout(parts, names):
            return names[match]
    return ""


def _find(parts: list[str]) -> tuple[str, ...]:
    return next((run for run in _runs(parts) if run in _BY_NAME), ())


def _find_among_layout(parts: list[str], names: Mapping[tuple[str, ...], str]) -> tuple[str, ...]:
    for run in _runs(parts):
        if run in names and all(p in _LAYOUT or p in run or p.isdigit() for p in parts):
            return run
    return ()


def _runs(parts: list[str]) -> Iterator[tuple[str, ...]]:
    for size in _SIZES:
        for start in range(len(parts) - size + 1):
            yield tuple(parts[start : start + size])


def _words(value: str) -> list[str]:
    return [part.lower() for part in _WORD.findall(value)]


def _is_disclosure(attributes: Mapping[str, str]) -> bool:
    return attributes.get("role") == "tabpanel" or any(
        not _DISCLOSURE.isdisjoint(_words(_name(attributes, key))) for key in ("class", "id")
    )
