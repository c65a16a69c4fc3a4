"""The colours of the style sheet can be read: contrasts of WCAG 2.2, 1.4.3 and 1.4.11."""

import re

import pytest

from monitor.core.model import Verdict
from monitor.web.templating import STATIC

SHEET = (STATIC / "style.css").read_text(encoding="utf-8")
TOKENS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", SHEET))


def luminance(colour: str) -> float:
    """Return the relative luminance that WCAG 2 defines."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted(luminance(TOKENS[name]) for name in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


TEXTS = [
    ("ink", "paper"),
    ("ink", "notice-bg"),
    ("muted", "paper"),
    ("muted", "wash"),
    ("link", "paper"),
    ("link", "wash"),
    ("paper", "brand"),
    *((f"{verdict.value}-text", f"{verdict.value}-bg") for verdict in Verdict),
]
SHAPES = [
    ("frame", "paper"),
    ("notice-line", "paper"),
    *((verdict.value, "paper") for verdict in Verdict),
    ("up", "down"),
]


@pytest.mark.parametrize(("front", "back"), TEXTS)
def test_text_stands_out_from_its_background(front: str, back: str) -> None:
    assert contrast(front, back) >= 4.5


@pytest.mark.parametrize(("one", "other"), SHAPES)
def test_what_is_drawn_stands_out_from_what_is_beside_it(one: str, other: str) -> None:
    assert contrast(one, other) >= 3


def test_colours_are_named_once_and_used_by_name() -> None:
    rules = SHEET.split("}", 1)[1]
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b", rules)


def test_the_sheet_asks_nothing_of_anyone() -> None:
    assert "url(" not in SHEET
    assert "@import" not in SHEET
