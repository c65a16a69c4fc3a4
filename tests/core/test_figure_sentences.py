"""How figures are written: a bound never says more than is known."""

from fractions import Fraction

import pytest

from monitor.core.french import figure_sentences as figures
from monitor.core.french import formatting
from monitor.core.model import Reason, Verdict
from monitor.core.outages.span_figures import Length
from monitor.core.outages.time_accounts import Account, Observed, stretches, tally

S = 1_000_000
UP: Observed = (0, Verdict.UP, Reason.OK, 120 * S)
DOWN: Observed = (60 * S, Verdict.DOWN, Reason.HTTP_5XX, 120 * S)
BACK: Observed = (120 * S + 300_000, Verdict.UP, Reason.OK, 120 * S)


def account(*observations: Observed) -> Account:
    edges = [0, 180 * S]
    return tally(stretches(observations, edges), edges)[0]


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (Fraction(0), "0,00\xa0%"),
        (Fraction(1, 10**6), "0,01\xa0%"),
        (Fraction(982, 1000), "98,20\xa0%"),
        (Fraction(10**6 - 1, 10**6), "99,99\xa0%"),
        (Fraction(1), "100,00\xa0%"),
    ],
)
def test_only_all_or_nothing_is_written_so(ratio: Fraction, shown: str) -> None:
    assert formatting.percent(ratio) == shown


def test_a_lower_bound_is_rounded_down_and_an_upper_one_up() -> None:
    assert figures.lowest(Fraction(2, 3)) == "66,66\xa0%"
    assert figures.highest(Fraction(1, 3)) == "33,34\xa0%"


def test_a_rate_has_its_bounds_or_says_why_there_is_none() -> None:
    whole = account(UP, DOWN, BACK)

    assert figures.rate(whole, enough=True) == (
        "66,50\xa0% du temps connu (entre 33,16\xa0% et 100,00\xa0%)"
    )
    assert (
        figures.rate(whole, enough=False)
        == "couverture insuffisante (état connu 100,00\xa0% du temps)"
    )
    assert figures.rate(account(), enough=True) == "aucun relevé exploitable"


def test_the_extremes_hold_whatever_happened_while_nothing_was_known() -> None:
    assert figures.extremes(account(UP)) == "entre 66,66\xa0% et 100,00\xa0%"
    assert figures.extremes(account()) == "entre 0,00\xa0% et 100,00\xa0%"


def test_time_down_has_its_bounds_the_longest_rounded_up() -> None:
    assert (
        figures.down(account(UP, DOWN, BACK))
        == "1\xa0min\xa000\xa0s (entre 0\xa0s et 2\xa0min\xa001\xa0s)"
    )


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (None, "–"),
        (Length(shortest_us=300 * S + 1, longest_us=None), "au moins 5\xa0min\xa000\xa0s"),
        (
            Length(shortest_us=300 * S, longest_us=421 * S + 1),
            "entre 5\xa0min\xa000\xa0s et 7\xa0min\xa002\xa0s",
        ),
    ],
)
def test_a_length_has_its_bounds(length: Length | None, shown: str) -> None:
    assert figures.bounds(length) == shown


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("2026-11-01", "1er novembre 2026"),
        ("2026-11", "novembre 2026"),
        ("2026-W53", "semaine 53 de 2026, du 28 décembre 2026"),
        ("02", "de 2\xa0h à 3\xa0h"),
        ("23", "de 23\xa0h à 24\xa0h"),
        ("open", "heures d’ouverture"),
        ("ce-2026-05-05", "ce-2026-05-05"),
    ],
)
def test_a_part_is_named_in_french(label: str, shown: str) -> None:
    assert figures.part_name(label) == shown
