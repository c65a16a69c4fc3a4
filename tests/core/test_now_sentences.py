"""What a reader is told first: never an outage that is not confirmed, never more than is known."""

from datetime import UTC, datetime

import pytest

from monitor.core.french.now_sentences import ComponentState, headline, plain_headline
from monitor.core.model import Verdict

AT = datetime(2026, 11, 23, 13, 2, tzinfo=UTC)


def sentence(app: Verdict, login: Verdict, at_least_s: float | None = None) -> str:
    parts = [
        ComponentState(name="Application", verdict=app),
        ComponentState(name="Page de connexion", verdict=login, at_least_s=at_least_s),
    ]
    text = headline(AT, parts).replace("\N{NO-BREAK SPACE}", " ")
    assert text.startswith("À 14 h 02, ")
    return text.removeprefix("À 14 h 02, ")


@pytest.mark.parametrize(
    ("app", "login", "at_least_s", "expected"),
    [
        (Verdict.UP, Verdict.UP, None, "l’ANEF répond"),
        (
            Verdict.UP,
            Verdict.DOWN,
            2_100,
            "une partie de l’ANEF est indisponible : page de connexion, depuis au moins 35 min",
        ),
        (
            Verdict.UP,
            Verdict.DOWN,
            None,
            "un relevé de l’ANEF vient d’échouer : page de connexion. Ce n’est pas confirmé",
        ),
        (
            Verdict.UP,
            Verdict.MAINTENANCE,
            3_600,
            "une partie de l’ANEF est en maintenance : page de connexion, depuis au moins 1 h",
        ),
        (Verdict.DEGRADED, Verdict.DEGRADED, None, "l’ANEF répond mal"),
        (
            Verdict.UP,
            Verdict.UNKNOWN,
            None,
            "nous ne savons pas si toute l’ANEF répond : page de connexion",
        ),
        (Verdict.UNKNOWN, Verdict.UNKNOWN, None, "nous ne savons pas si l’ANEF répond"),
        (
            Verdict.BLOCKED,
            Verdict.BLOCKED,
            None,
            "nous ne savons pas si l’ANEF répond : notre robot est refusé",
        ),
    ],
)
def test_the_first_sentence(
    app: Verdict, login: Verdict, at_least_s: float | None, expected: str
) -> None:
    assert sentence(app, login, at_least_s) == expected


@pytest.mark.parametrize("other", Verdict)
@pytest.mark.parametrize("failing", [Verdict.DOWN, Verdict.MAINTENANCE])
def test_a_failure_without_a_confirmed_outage_is_never_told_as_one(
    other: Verdict, failing: Verdict
) -> None:
    text = sentence(other, failing)

    assert "indisponible" not in text
    assert "maintenance" not in text


def test_without_components_pages_are_counted() -> None:
    two = plain_headline(AT, [Verdict.UP, Verdict.UP, Verdict.DOWN])
    nothing = plain_headline(AT, [Verdict.UNKNOWN])

    assert two.endswith("2 pages surveillées sur 3 répondent")
    assert nothing.endswith("nous ne savons rien de l’état des pages surveillées")
