"""`verifier.py` says things in the words of the service, of which it has a copy of its own."""

import re
from pathlib import Path

import pytest

from monitor.core.french.change_sentences import KINDS
from monitor.core.french.labels import GAPS
from monitor.core.french.page_event_sentences import EDGES
from monitor.core.french.sentences import REASONS
from tests.evidence.test_verifier_order import honest
from tests.evidence.test_verifier_story import exported, packed
from tests.support.stranger import run_verifier, verifier


@pytest.mark.parametrize(
    ("name", "ours"),
    [("REASONS", REASONS), ("CHANGES", EDGES), ("KINDS", KINDS), ("CAUSES", GAPS)],
)
def test_the_words_are_those_of_the_service(name: str, ours: dict[str, str]) -> None:
    assert getattr(verifier(), name) == {str(word): text for word, text in ours.items()}


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 relevé"), (1, "1 relevé"), (2, "2 relevés"), (1000, "1000 relevés")]
)
def test_zero_and_one_are_singular(number: int, said: str) -> None:
    assert verifier().some(number, "relevé") == said


def test_what_a_person_reads_has_no_code_of_ours(tmp_path: Path) -> None:
    leaves = honest("demo")
    code, output = run_verifier(exported(tmp_path / "copie", packed(leaves)))

    assert code == 0, output
    assert not re.search(r"page_removed|link_\w+|displayed_date|http_5xx", output)
    assert "raison du 1er échec  : La page n’existe pas ou plus à cette adresse." in output
    assert "page retirée" in output
    assert "(s)" not in output
    for one in (" 0 relevés", " 1 relevés", " 1 échecs", " 0 feuilles", " 0 jetons"):
        assert one not in output
