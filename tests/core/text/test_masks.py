"""Each rule on elements: what it masks, and what looks alike and is content."""

import pytest

from monitor.core.text.masks.element_masks import ARIA_HIDDEN, HIDDEN, RULES, element_rule, is_alert

MASKED: dict[str, list[tuple[str, dict[str, str]]]] = {
    "element.hidden": [("div", {"hidden": ""}), ("p", {"style": "display:none"})],
    "element.aria-hidden": [
        ("div", {"aria-hidden": "true"}),
        ("span", {"class": "icon", "aria-hidden": "true"}),
    ],
    "element.navigation": [
        ("nav", {}),
        ("div", {"role": "navigation"}),
        ("ul", {"class": "mainMenu"}),
        ("div", {"id": "main-nav"}),
        ("ul", {"class": "acces-rapide"}),
    ],
    "element.header": [("div", {"role": "banner"}), ("div", {"class": "fr-header"})],
    "element.footer": [
        ("footer", {}),
        ("div", {"id": "footer"}),
        ("div", {"class": "pied-de-page"}),
        ("div", {"role": "contentinfo"}),
    ],
    "element.breadcrumb": [("ol", {"class": "fr-breadcrumb__list"}), ("p", {"id": "ariane"})],
    "element.consent": [
        ("div", {"id": "cookie-banner"}),
        ("div", {"class": "tarteaucitronRoot tarteaucitron"}),
        ("section", {"class": "gdpr_notice"}),
        ("div", {"class": "cookie-bar"}),
    ],
    "element.share": [("div", {"class": "fr-share"}), ("ul", {"class": "reseaux-sociaux"})],
    "element.page-tools": [("div", {"class": "pagination"}), ("div", {"id": "feedback-widget"})],
    "element.aside": [("aside", {}), ("div", {"role": "complementary"})],
    "element.teasers": [
        ("div", {"class": "carousel-inner"}),
        ("div", {"class": "dernieres-actualites"}),
    ],
    "element.overlay": [("dialog", {}), ("div", {"role": "dialog"}), ("div", {"class": "popup"})],
    "element.screen-reader": [("span", {"class": "fr-sr-only"})],
}
CONTENT: list[tuple[str, dict[str, str]]] = [
    ("div", {}),
    ("h2", {"id": "cookies"}),
    ("section", {"id": "how-we-share-data"}),
    ("div", {"id": "menu-des-cantines"}),
    ("div", {"class": "action-sociale"}),
    ("p", {"class": "no-print"}),
    ("div", {"class": "navire"}),
    ("table", {"class": "cookie-policy-table"}),
    ("div", {"id": "CookieDeclaration"}),
    ("div", {"class": "share-capital"}),
    ("header", {}),
    ("div", {"class": "fr-collapse", "aria-hidden": "true"}),
    ("span", {"aria-hidden": "true"}),
    ("div", {"role": "tabpanel", "hidden": ""}),
]


@pytest.mark.parametrize("rule", [rule.id for rule in RULES] + [HIDDEN, ARIA_HIDDEN])
def test_a_rule_masks_what_it_names(rule: str) -> None:
    """Every rule has its examples."""
    assert MASKED[rule]
    for tag, attributes in MASKED[rule]:
        assert element_rule(tag, attributes) == rule, (tag, attributes)


@pytest.mark.parametrize(("tag", "attributes"), CONTENT, ids=str)
def test_what_only_looks_like_it_is_content(tag: str, attributes: dict[str, str]) -> None:
    """Ids made from titles, words inside words, and text behind a click."""
    assert not element_rule(tag, attributes)


def test_an_alert_is_known_by_its_class_or_role() -> None:
    assert is_alert({"class": "fr-alert fr-alert--info"})
    assert is_alert({"role": "alert"})
    assert is_alert({"class": "fr-notice fr-notice--info"})
    assert not is_alert({"class": "notice-explicative"})
    assert not is_alert({"class": "alertness-free"})
