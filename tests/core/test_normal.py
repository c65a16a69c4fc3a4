"""Normal forms: the same as in one call, in work that grows with the text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.typography import MOST_CHARACTERS, tidy
from monitor.core.untrusted.unicode_forms import normalised
from monitor.core.verdict.page_summary import fold, glance

LONGEST = 1_024  # characters in one call: marks are ordered in the square of their number
MARKS = "\u0301\u0323"  # in the wrong order


@given(st.text(alphabet="a é\u0301\u0323ｶﾞ\ufdfa", max_size=300), st.sampled_from([1, 5, 40]))
def test_pieces_that_end_before_ascii_make_one_text(text: str, times: int) -> None:
    whole = f"{text} " * times
    if all(len(piece) < LONGEST // 2 for piece in whole.split(" ")):
        assert normalised("NFKC", whole) == unicodedata.normalize("NFKC", whole)
        assert normalised("NFKD", whole) == unicodedata.normalize("NFKD", whole)


def test_a_piece_ends_before_the_first_ascii_character() -> None:
    text = "a" * (LONGEST // 2) + "\u0301e" * LONGEST
    assert normalised("NFKC", text) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize(
    "markup",
    [
        "<html><body><h1>{}</h1><p>a</p>",
        "<html><title>{}</title><p>a</p>",
        "<html><noscript>{}</noscript>",
        "<html><body><p>{}</p>",
        "{}",
    ],
)
def test_no_call_is_given_a_long_text(markup: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []

    def normalize(form: str, text: str) -> str:
        del form
        lengths.append(len(text))
        return text

    monkeypatch.setattr(unicodedata, "normalize", normalize)
    text = markup.format(MARKS * 200_000)

    seen = glance(text.encode(), content_type="text/html", charset="utf-8")
    fold(seen.source)
    fold(text)
    tidy(text)

    assert lengths
    assert max(lengths) <= LONGEST


def test_a_bound_holds_whatever_characters_become() -> None:
    assert len(normalised("NFKC", "\ufdfa" * 100_000, limit=MOST_CHARACTERS)) == MOST_CHARACTERS


def test_a_bound_that_falls_just_behind_a_piece_is_reached() -> None:
    assert normalised("NFKC", "a" * 2 * LONGEST, limit=LONGEST // 2 + 1) == "a" * (LONGEST // 2 + 1)


def test_half_a_million_marks_are_read() -> None:
    """In one call that would take minutes."""
    assert not fold(MARKS * 250_000)
