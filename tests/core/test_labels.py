from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from monitor.core.french import labels
from monitor.core.model import GapCause, Nature, Phase


@pytest.mark.parametrize(
    ("vocabulary", "table"),
    [
        (GapCause, labels.GAPS),
        (Nature, labels.NATURES),
        (Phase, labels.PHASES),
    ],
)
def test_every_word_has_a_label_of_its_own(
    vocabulary: type[StrEnum], table: Mapping[Any, str]
) -> None:
    assert set(vocabulary) == set(table)
    assert len(set(table.values())) == len(vocabulary)
