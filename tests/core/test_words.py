from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from monitor.core import words
from monitor.core.types import Edge, Failure, GapCause, Nature, Phase, Reason, Verdict

TABLES: list[tuple[type[StrEnum], Mapping[Any, str]]] = [
    (Verdict, words.VERDICTS),
    (Verdict, words.SHAPES),
    (Reason, words.REASONS),
    (GapCause, words.GAPS),
    (Nature, words.NATURES),
    (Edge, words.EDGES),
    (Phase, words.PHASES),
]
AVOIDED = ("constat", "certifié", "panne", "hors service", "attaque", "faute")


@pytest.mark.parametrize(("vocabulary", "table"), TABLES)
def test_every_word_of_the_core_has_its_french(
    vocabulary: type[StrEnum], table: Mapping[StrEnum, str]
) -> None:
    assert set(vocabulary) == set(table)


@pytest.mark.parametrize(("vocabulary", "table"), TABLES)
def test_two_words_never_read_the_same(
    vocabulary: type[StrEnum], table: Mapping[StrEnum, str]
) -> None:
    assert len(set(table.values())) == len(vocabulary)


@pytest.mark.parametrize(("vocabulary", "table"), TABLES)
def test_the_words_are_neutral(vocabulary: type[StrEnum], table: Mapping[StrEnum, str]) -> None:
    assert vocabulary
    for text in table.values():
        assert not [word for word in AVOIDED if word in text.lower()]


def test_every_failure_is_a_reason_that_has_a_sentence() -> None:
    for failure in Failure:
        assert words.REASONS[Reason(failure.value)]
