"""What two readers would call the same words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.typography import tidy, tokens, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("l'étranger", "l’étranger"),
        ("« oui »", '"oui"'),
        ("8 h - 12 h", "8\u00a0h – 12\u202fh"),
        ("préfecture", "pré\u00adfec\u200bture"),
        ("e\u0301tat", "état"),
        ("Titres de Séjour :", "titres de séjour"),
        ("04 73 98 61 61", "04.73.98.61.61"),
        ("+33 (0)4 73 98 61 61", "+33 4 73 98 61 61"),
        ("un,  deux\n trois", "un deux, trois."),
        ("lundi-vendredi", "lundi - vendredi"),
    ],
)
def test_two_writings_of_the_same_words_are_equal(one: str, other: str) -> None:
    """Spaces, quotes, dashes, case, punctuation and separators of a number do not count."""
    assert words(tidy(one)) == words(tidy(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("08h30", "08h31"),
        ("04 73 98 61 61", "04 73 98 61 62"),
        ("a.b@c.fr", "ab@c.fr"),
        ("9-12", "9, 12"),
        ("lundi - vendredi", "lundi, vendredi"),
        ("50 €", "50"),
        ("3,5", "35"),
        ("n'est pas", "n'est"),
    ],
)
def test_two_meanings_are_different(one: str, other: str) -> None:
    assert words(tidy(one)) != words(tidy(other))


@given(st.text(max_size=200))
def test_tidying_twice_is_tidying_once(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@given(
    st.text(
        alphabet="aéÉœ  \t\n\r04.,€°©·•’‘“«»–—…\u00a0\u202f\u200b\u00ad\u0301½ﬁ\x02\u0085",
        max_size=40,
    )
)
def test_a_usual_text_is_tidied_as_any_is(text: str) -> None:
    """An invisible sign that is seldom met leaves a text as it is, and makes it no usual one."""
    assert tidy(text) == tidy(f"{text}\ufffb")


@given(st.text(alphabet="aé 04.-@h€()", max_size=80))
def test_tokens_are_words_with_their_places(text: str) -> None:
    tidied = tidy(text)
    found = list(tokens(tidied))

    assert tuple(word for word, _ in found) == words(tidied)
    assert [start for _, start in found] == sorted(start for _, start in found)


_PIECES = "12 26 8 04 73 di di-lu mai 2026 h heures h30 € euros - . , (0) a@b.fr +33 séjour 8h30 /"


@given(
    st.lists(
        st.tuples(st.sampled_from(_PIECES.split()), st.sampled_from([" ", " ", " - ", ""])),
        max_size=10,
    )
)
def test_words_with_a_space_in_them_are_read_whole(pieces: list[tuple[str, str]]) -> None:
    """`words` reads what stands between two spaces by itself: `tokens` reads the whole text."""
    text = tidy("".join(piece + gap for piece, gap in pieces))

    assert words(text) == tuple(word for word, _ in tokens(text))


def test_a_long_text_is_normalised_as_one_though_piece_by_piece() -> None:
    unit = "é ｶﾞ e\u0301 ﬁn " + "\ufdfa" * 3
    assert tidy(f"{unit} " * 3_000) == " ".join([tidy(unit)] * 3_000)
