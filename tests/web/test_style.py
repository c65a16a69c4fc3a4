"""The colours of the style sheet can be read: contrasts of WCAG 2.2, 1.4.3 and 1.4.11."""

import re

import pytest

from monitor.core.model import Verdict
from monitor.core.state_looks import STATE_LOOKS
from monitor.web.templating import STATIC
from tests.support.colours import contrast, smallest_distance

SHEET = (STATIC / "style.css").read_text(encoding="utf-8")
_TOKENS, _RULES = SHEET.split("@layer elements {", 1)
_LIGHT, _DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", half))
    for half in _TOKENS.split("prefers-color-scheme: dark")
)
TEXT, MARK = 4.5, 3.0
DISTANCE = 20.0  # in CIELAB; 2.3 can just be seen
GROUNDS = {"light": _LIGHT, "dark": _DARK}
every_ground = pytest.mark.parametrize("tokens", GROUNDS.values(), ids=GROUNDS)

TEXTS = [
    *((front, back) for front in ("ink", "muted", "link") for back in ("paper", "wash")),
    ("ink", "notice-bg"),
    ("link", "notice-bg"),
    ("brand", "wash"),
    ("paper", "brand"),
    *((f"{verdict.value}-text", f"{verdict.value}-bg") for verdict in Verdict),
    *((f"{verdict.value}-text", "paper") for verdict in Verdict),
]
MARKS = [
    ("frame", "paper"),
    ("frame", "wash"),
    ("accent", "paper"),
    ("accent", "wash"),
    ("notice-line", "paper"),
    *((verdict.value, "paper") for verdict in Verdict),
]


@every_ground
@pytest.mark.parametrize(("front", "back"), TEXTS)
def test_text_stands_out_from_its_background(front: str, back: str, tokens: dict[str, str]) -> None:
    assert contrast(tokens[front], tokens[back]) >= TEXT


@every_ground
@pytest.mark.parametrize(("one", "other"), MARKS)
def test_what_is_drawn_stands_out_from_what_is_beside_it(
    one: str, other: str, tokens: dict[str, str]
) -> None:
    assert contrast(tokens[one], tokens[other]) >= MARK


def test_the_dark_sheet_names_every_colour_again() -> None:
    assert set(_LIGHT) == set(_DARK)


@pytest.mark.parametrize("verdict", Verdict)
def test_the_sheet_has_the_colours_of_the_states(verdict: Verdict) -> None:
    look, name = STATE_LOOKS[verdict], verdict.value

    assert (_LIGHT[name], _LIGHT[f"{name}-text"]) == (look.color, look.text)
    assert (_DARK[name], _DARK[f"{name}-text"]) == (look.dark_color, look.dark_text)


def test_every_state_has_a_sign_and_colours_that_all_kinds_of_vision_tell_apart() -> None:
    looks = STATE_LOOKS.values()

    assert set(STATE_LOOKS) == set(Verdict)
    assert len({look.sign for look in looks}) == len(Verdict)
    assert smallest_distance([look.color for look in looks]) >= DISTANCE
    assert smallest_distance([look.dark_color for look in looks]) >= DISTANCE


def test_colours_that_look_alike_would_be_found() -> None:
    assert smallest_distance(["#26635a", "#2f7a6e", "#9f0d01"]) < DISTANCE


def test_colours_are_named_once_and_used_by_name() -> None:
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", _RULES) == []


def test_the_sheet_asks_nothing_of_anyone() -> None:
    assert "url(" not in SHEET
    assert "@import" not in SHEET


def test_sides_are_logical_so_that_a_page_may_run_from_right_to_left() -> None:
    physical = r"(?<![a-z-])(?:margin|padding|border)-(?:left|right)|(?<![a-z-])(?:left|right)\s*:"
    assert re.findall(physical, SHEET) == []
    assert re.findall(r"text-align:\s*(?:left|right)", SHEET) == []


def test_no_grid_is_as_wide_as_its_longest_word() -> None:
    """A grid without columns grows with what it holds: an address would widen the whole page."""
    grids = re.findall(r"\{([^{}]*display: grid;[^{}]*)\}", SHEET)

    assert grids
    assert not [rule for rule in grids if "grid-template-columns:" not in rule]


@pytest.mark.parametrize("name", ["Marianne", "dsfr", "Spectral", "000091", "e1000f", "c9191e"])
def test_nothing_looks_like_the_design_of_the_state(name: str) -> None:
    assert name.lower() not in SHEET.lower()
