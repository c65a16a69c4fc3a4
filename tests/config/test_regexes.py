"""Expressions whose matching has no bound are refused."""

import re

import pytest

from monitor.config.fields.regexes import check_regex


@pytest.mark.parametrize(
    "regex",
    [
        "",
        "a",
        r"^\berreur (technique|interne)\b",
        "a{0,80}b[^.]{0,80}c",
        "(?i)é",
        "a?+b",
        "a{2,}",
        "^[a-z]*-[0-9]*$",
    ],
)
def test_a_bounded_expression_is_fine(regex: str) -> None:
    assert check_regex(regex) is None


@pytest.mark.parametrize(
    ("regex", "fault"),
    [
        ("(a+)+$", "répétition sans borne, ou au-delà de 1000"),
        (".*maintenance", "répétition sans borne, ou au-delà de 1000"),
        ("a{2,}b", "répétition sans borne, ou au-delà de 1000"),
        (r"\d[\d ]* of", "répétition sans borne, ou au-delà de 1000"),
        ("^[a-z]*[a-f]*$", "répétition sans borne, ou au-delà de 1000"),
        ("<[^>]*>", "répétition sans borne, ou au-delà de 1000"),
        ("(a*)*", "répétition sans borne, ou au-delà de 1000"),
        ("a{0,1001}b", "répétition sans borne, ou au-delà de 1000"),
        ("(a|aa){1,30}b", "expression trop ambiguë : 32766 chemins, 20000 au plus"),
        (".{0,200}.{0,200}x", "expression trop ambiguë : 40401 chemins, 20000 au plus"),
        (r"(a)\1", "renvoi à un groupe"),
        ("a" * 501, "expression de plus de 500 caractères"),
        ("[", "expression qui ne se compile pas (unterminated character set at position 0)"),
        ("(?z)", "expression qui ne se compile pas (unknown extension ?z at position 1)"),
        ("[[a]", "expression qui ne se compile pas (Possible nested set at position 1)"),
    ],
)
def test_another_is_refused_with_its_fault(regex: str, fault: str) -> None:
    assert fault == check_regex(regex)


def test_an_accepted_expression_is_quick_on_the_worst_text() -> None:
    """Counted in ways, never in seconds: the worst accepted pattern ends on a long text."""
    worst = "a{0,140}a{0,140}b"

    assert check_regex(worst) is None
    assert re.search(worst, "a" * 2000) is None
