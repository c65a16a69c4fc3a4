"""Cheap looks before the patterns: they never hide what a pattern would find."""

import random

import pytest

from monitor.core.text.facts.dates import DATED, STAMPED, is_date, take_stamp
from monitor.core.text.hints import DIGIT, LONG, hint, hints
from monitor.core.text.masks.menus import ASKING
from monitor.core.text.masks.text_masks import RULES, TextRule, mask, may_change
from monitor.core.text.typography import tokens, words
from tests.core.text.test_text_masks import MASKED

PARTS = (
    *("12", "1er", "janvier", "h", "8", "30", "€", "euros", "04", "73", "98", "61", "61", ":"),
    *("-", ",", "120e", "%", "(12)", "3,5", "1 438,50", "+33", "(0)", "à", "le", "12/03", "mois"),
    *("12.03.2024", "08:30", "8h30", "a@b.fr", "2A", "½", "٣", "l'été", "http://a/1 2", "n°"),
)


def test_a_hint_is_a_part_of_a_word_or_its_bounds() -> None:
    anywhere, start, whole = hint("xylo"), hint(" quzzix"), hint(" zzq ")

    assert hints("Un « xylophone »") & (anywhere | start | whole) == anywhere
    assert hints("quzzixes, pquzzix") & start
    assert not hints("pquzzix") & start
    assert hints("un zzq ici") & whole
    assert not hints("un zzqs ici") & whole


def test_digits_and_long_words_are_hints_of_their_own() -> None:
    assert hints("le 120e jour") & (DIGIT | LONG) == DIGIT
    assert hints("x" * 24) & (DIGIT | LONG) == LONG
    assert hints("12 34") & DIGIT
    assert not hints("")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_is_tried_where_it_matches(rule: TextRule) -> None:
    for text, rest in MASKED[rule.id]:
        assert mask(text) == rest
        assert text == rest or may_change(text, hints(text)), text


@pytest.mark.parametrize(
    "label",
    ["Mis à jour le", "(mise à jour :", "Modifié le", "Publiée le", "Last updated:", "Stand:"],
)
def test_a_label_of_a_date_has_its_hint(label: str) -> None:
    text = f"{label} 12/03/2027"

    assert take_stamp(text)[1] == "2027-03-12"
    assert hints(text) & STAMPED


@pytest.mark.parametrize(
    "date",
    [
        *("12/03/2027", "12.3.27", "12-03-2027", "2027-03-12", "12 mars 2027", "12mars 2027"),
        *("1er janv. 2027", "MARCH 12th, 2027", "12. Dezember 2027", "12 de AOÛT. de 2027"),
        *("12 of august 2027", "5 FÉVRIER 2027"),
    ],
)
def test_a_date_has_its_hint(date: str) -> None:
    assert is_date(date)
    assert hints(date) & DATED
    assert take_stamp(f"Mis à jour le {date}")[1]


def test_a_number_and_a_word_that_begins_like_a_month_are_no_date() -> None:
    assert not hints("Les démarches de la mairie : formulaire 2027, marche 12") & DATED


@pytest.mark.parametrize("stem", ["Utile", "AIDÉ", "Useful", "avis"])
def test_a_question_about_a_page_has_its_hint(stem: str) -> None:
    assert hints(f"Cette page vous a-t-elle été {stem} ?") & ASKING


def test_words_that_are_read_apart_are_those_of_the_whole_text() -> None:
    draw = random.Random(7)  # noqa: S311 -- texts to read, no secret
    for _ in range(3_000):
        text = " ".join(draw.choices(PARTS, k=draw.randint(1, 7)))
        assert words(text) == tuple(word for word, _ in tokens(text)), text
