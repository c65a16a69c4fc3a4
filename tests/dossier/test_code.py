"""The code of a dossier: stable, short, and without the date of expiry."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from monitor.dossier.dossier_question import (
    _ALPHABET,
    DossierQuestion,
    DossierRefused,
    dossier_code,
    is_dossier_code,
)
from monitor.store.reads.journal_reads import KeptCheckpoint

QUESTION = DossierQuestion(
    scope=None,
    targets=("accueil",),
    since=datetime(2026, 11, 1, tzinfo=UTC),
    until=datetime(2026, 12, 1, tzinfo=UTC),
    title="Accueil",
)
CHECKPOINT = KeptCheckpoint(
    size=40, root=bytes(32), at=datetime(2026, 12, 1, 2, tzinfo=UTC), note=b""
)


def code(question: DossierQuestion = QUESTION, checkpoint: KeptCheckpoint = CHECKPOINT) -> str:
    return dossier_code(question, checkpoint, "vigie.test/journal", "0.1")


def test_a_question_has_one_code_at_one_checkpoint() -> None:
    assert code() == code(replace(QUESTION))
    others = {
        code(replace(QUESTION, targets=("accueil", "connexion"))),
        code(replace(QUESTION, first_number=7)),
        code(replace(QUESTION, pages=True)),
        code(checkpoint=replace(CHECKPOINT, size=41)),
    }
    assert len(others | {code()}) == 5


def test_the_date_of_expiry_is_in_no_code_and_is_never_shown() -> None:
    personal = replace(QUESTION, expiry=date(2027, 3, 1))
    assert code(personal) == code()
    assert "2027" not in repr(personal)


def test_a_code_is_read_as_people_type_it() -> None:
    assert is_dossier_code(code())
    assert is_dossier_code(code().lower().replace("-", " "))
    assert not is_dossier_code(code()[:-1])
    assert not is_dossier_code("")
    assert not is_dossier_code("0" * 12)


def test_every_wrong_sign_and_every_pair_that_changed_places_is_found() -> None:
    signs = code().replace("-", "")
    for place, right in enumerate(signs):
        for sign in _ALPHABET:
            wrong = signs[:place] + sign + signs[place + 1 :]
            assert is_dossier_code(wrong) == (sign == right)
    for one in range(11):
        swapped = list(signs)
        swapped[one], swapped[one + 1] = swapped[one + 1], swapped[one]
        assert is_dossier_code("".join(swapped)) == (signs[one] == signs[one + 1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": ()},
        {"targets": tuple(map(str, range(201)))},
        {"until": QUESTION.since},
        {"until": datetime(2036, 1, 1, tzinfo=UTC)},
        {"since": datetime(1999, 11, 1, tzinfo=UTC), "until": datetime(2000, 1, 1, tzinfo=UTC)},
        {"since": datetime(2099, 11, 1, tzinfo=UTC), "until": datetime(2100, 1, 1, tzinfo=UTC)},
        {"expiry": date(1, 1, 1)},
        {"expiry": date(9999, 12, 31)},
        {"first_number": 0},
        {"first_number": 100},
    ],
)
def test_a_question_out_of_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(DossierRefused):
        replace(QUESTION, **wrong)  # type: ignore[arg-type]
