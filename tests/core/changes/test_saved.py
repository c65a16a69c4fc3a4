"""Two saved bodies: judged first, then compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.compare_saved import compare_saved, judge_with
from monitor.core.text.page import Obstacle
from tests.support.little_compared import little_compared
from tests.support.prefecture import URL, Content, dsfr
from tests.support.shipped_config import SHIPPED

PAGE = dsfr(Content()).encode()
OTHER = dsfr(Content(phone="04 73 98 61 62")).encode()
FINGERPRINTS = SHIPPED.fingerprints
ERRORS = {
    "error text": b"<html><body><h1>Service momentan\xc3\xa9ment indisponible</h1></body></html>",
    "refusal": b"<html><body>Request unsuccessful. Incapsula incident ID: 1-2</body></html>",
    "empty shell": b'<html><body><div id="root"></div><script src="/a.js"></script></body></html>',
    "nothing": b"",
}


def test_two_pages_are_compared() -> None:
    comparison = compare_saved(PAGE, OTHER, url=URL, content_type="text/html; charset=utf-8")

    assert comparison.changed is True
    assert comparison.kinds == (ChangeKind.PHONE,)
    assert [edit.kinds for edit in comparison.diff] == [(ChangeKind.PHONE,)]
    assert comparison.weight == Weight.MAJOR
    assert comparison.summary.startswith("Téléphone : ")


def test_a_page_is_unchanged_from_itself() -> None:
    comparison = compare_saved(PAGE, PAGE, url=URL)

    assert (comparison.changed, comparison.kinds, comparison.weight) == (False, (), None)
    assert comparison.summary == "Aucune modification."


def test_what_is_recorded_but_not_announced_is_unchanged_with_its_kinds() -> None:
    later = dsfr(Content(updated="Mis à jour le 06/03/2024")).encode()
    comparison = compare_saved(PAGE, later, url=URL)

    assert comparison.changed is False
    assert comparison.kinds == (ChangeKind.DISPLAYED_DATE,)
    assert comparison.weight == Weight.COSMETIC


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_an_error_page_is_judged_first_and_never_a_change(error: bytes) -> None:
    """Neither the step into it nor the step out of it."""
    judge = judge_with(FINGERPRINTS)

    for before, after in ((PAGE, error), (error, PAGE)):
        comparison = compare_saved(before, after, url=URL, is_page=judge)
        assert comparison.changed is None
        assert comparison.obstacle in {Obstacle.NOT_THE_PAGE, Obstacle.EMPTY}
        assert comparison.summary.startswith("Comparaison impossible : ")


def test_a_page_taken_for_an_error_by_its_words_is_compared_when_both_sides_say_the_same() -> None:
    """A judge may be wrong about a page that speaks of errors; not about two that agree."""
    said = "".join(f"<p>La phrase {n} explique le service et ses pannes.</p>" for n in range(60))
    before = f"<main><h1>Pannes</h1>{said}</main>".encode()
    after = before.replace(b"phrase 7 ", b"phrase sept ")

    assert compare_saved(before, after, is_page=lambda _body, _url: False).changed is True


def test_an_error_page_that_keeps_the_boilerplate_of_its_site_is_judged() -> None:
    legal = "".join(f"<p>Mention {n} : {'les droits de chacun sont ' * 9}</p>" for n in range(9))
    said = "".join(f"<p>La phrase {n} explique le service aux usagers.</p>" for n in range(60))
    page = f"<main><h1>Séjour</h1>{said}{legal}</main>".encode()
    error = f"<main><p>Le service est indisponible pour le moment.</p>{legal}</main>".encode()

    for before, after in ((page, error), (error, page)):
        comparison = compare_saved(before, after, is_page=lambda body, _url: body == page)
        assert comparison.obstacle == Obstacle.NOT_THE_PAGE


def test_a_real_page_passes_the_judge() -> None:
    judge = judge_with(FINGERPRINTS, content_type="text/html; charset=utf-8")

    assert judge(PAGE, URL)


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *("<p>", "</p>", "<main>", "</div>", "<tr><td>", "<a href='/x'>", "</a>", "<h1>"),
            *("<br>", "<!--", "<aside>", "<script>", "un", "deux 04 73 98 61 61", "&lt;"),
            *("8h30", "\x00", "é", "mis à jour le 5 mars 2024", "par courrier", "12. "),
        ]
    ),
    max_size=25,
).map(lambda parts: "".join(parts).encode())


@given(FRAGMENTS, FRAGMENTS)
def test_any_two_bodies_give_an_answer_that_does_not_depend_on_their_order(
    one: bytes, other: bytes
) -> None:
    """Broken markup as well: what changed in one direction changed in the other."""
    there, back = compare_saved(one, other, url=URL), compare_saved(other, one, url=URL)

    assert there.changed == back.changed
    assert there.weight == back.weight
    assert compare_saved(one, one, url=URL).changed in {False, None}


def test_without_a_judge_an_unreadable_side_is_still_incomparable() -> None:
    assert compare_saved(PAGE, b"").obstacle == Obstacle.EMPTY
    assert compare_saved(b"<div>" * 20_000, PAGE).obstacle == Obstacle.OVERSIZED


def test_no_difference_in_less_than_half_of_a_page_is_no_answer() -> None:
    """A difference is one all the same, and equal bytes are the same page."""
    page = little_compared()
    beside = little_compared(beside="<p>Un concours de dessin est ouvert aux enfants.</p>")
    silent, told = compare_saved(page, beside), compare_saved(page, little_compared(" Venez tôt."))

    assert (silent.changed, silent.obstacle) == (None, Obstacle.LITTLE_COMPARED)
    assert "moins de la moitié" in silent.summary
    assert all(share is not None and share < 500 for share in silent.compared_permille)
    assert told.changed is True
    assert compare_saved(page, page).changed is False


def test_an_error_page_that_says_a_sentence_of_its_site_is_another_page() -> None:
    foot = "<p>Les professionnels qui paient apparaissent en tête de nos annuaires.</p>"
    points = "".join(f"<p>Point {n} : la demande se dépose en ligne.</p>" for n in range(60))
    long = f"<title>Conditions</title><main><h1>Conditions</h1>{points}{foot}</main>"
    error = (
        f"<title>Site</title><main><p>Nous ne trouvons pas ce que vous cherchez.</p>{foot}</main>"
    )

    answer = compare_saved(long.encode(), error.encode())
    assert (answer.changed, answer.obstacle) == (None, Obstacle.ANOTHER_PAGE)
