"""Nothing is missing, stale or fuzzy in a catalogue, and each translation has the same places."""

import ast
import re
from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from monitor.alerts.requests import LanguageCode
from monitor.core.french.at_sentences import distance
from monitor.core.language import FRENCH, Language
from monitor.translations import LANGUAGES, language_of
from tests.translations.messages import (
    CODES,
    MONITOR,
    Message,
    catalogue,
    messages,
    programs,
    written,
)

PLACE = re.compile(r"%\((\w+)\)s|%%|%")
ARABIC = re.compile(r"[\u0600-\u06ff]")
NOW = datetime(2026, 11, 23, 9, 14, 5, tzinfo=ZoneInfo("Europe/Paris"))
# How many forms of a plural stand for one number only, which they may leave unsaid.
SINGLE_FORMS = {"en": 1, "ar": 3}


def pairs(code: str) -> list[tuple[Message, tuple[str, ...]]]:
    """Return every message of a catalogue with its translations: one, or one for each plural."""
    every: list[Any] = [one for one in catalogue(code) if one.id]
    return [
        (one.id, one.string if isinstance(one.string, tuple) else (one.string,)) for one in every
    ]


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_has_every_message_and_no_other(code: str) -> None:
    """`make catalogues` adds new messages; each is then to be translated."""
    known = [message for message, _ in pairs(code)]
    wanted = messages()
    assert [one for one in wanted if one not in known] == []
    assert [one for one in known if one not in wanted] == []
    assert not [one.id for one in catalogue(code) if one.id and one.fuzzy]
    assert [message for message, texts in pairs(code) if not all(texts)] == []


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_is_as_the_command_writes_it(code: str) -> None:
    path = MONITOR / "translations" / f"{code}.po"
    assert path.read_text(encoding="utf-8") == written(code)


@pytest.mark.parametrize("code", CODES)
def test_a_translation_has_the_places_of_its_message(code: str) -> None:
    wrong = []
    for message, texts in pairs(code):
        whole = message if isinstance(message, str) else message[1]
        for rank, text in enumerate(texts):
            places, meant = set(PLACE.findall(text)), set(PLACE.findall(whole))
            unsaid = isinstance(message, tuple) and rank < SINGLE_FORMS[code]
            if places != meant and not (unsaid and not places):
                wrong.append(text)
            assert Counter(tags(text)) == Counter(tags(whole)), text
            # It can be filled in: no lone %.
            assert text % dict.fromkeys(meant, "x") is not None
    assert wrong == []


def tags(text: str) -> list[str]:
    return re.findall(r"<[^>]*>", text)


@pytest.mark.parametrize("code", CODES)
def test_a_language_is_written_in_its_own_letters_and_spaces(code: str) -> None:
    for message, texts in pairs(code):
        for text in texts:
            bare = re.sub(r"<[^>]*>", "", re.sub(r"%\(\w+\)s", "x", text))
            assert not re.search(r"« | »|\w'\w", bare), text
            letters = [letter for letter in bare if letter.isalpha() and letter != "x"]
            if code == "ar" and len(letters) > 20:
                assert len(ARABIC.findall(bare)) > len(letters) / 3, (message, text)
            if code == "ar":
                assert not re.search(r"[,;?]", bare), text
            else:
                assert not re.search(r" [:;?!%]", bare), text


def test_no_message_is_looked_up_that_the_catalogues_cannot_know() -> None:
    """The program translates texts that stand in it, or a table that `messages` reads."""
    unknown = []
    for path, tree in programs():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="language"), attr="text")):
                    constant = isinstance(node.args[0], ast.Constant | ast.IfExp)
                    unknown += [] if constant else [f"{path}:{node.lineno}"]
    assert unknown == []


def test_the_languages_of_pages_are_those_of_mails() -> None:
    assert set(get_args(LanguageCode)) == set(LANGUAGES)
    assert language_of("ar").direction == "rtl"
    assert language_of("xx") is FRENCH


@pytest.mark.parametrize(
    ("number", "english", "arabic"),
    [
        (0, "0 targets", "لا أهداف"),
        (1, "1 target", "هدف واحد"),
        (2, "2 targets", "هدفان"),
        (3, "3 targets", "3 أهداف"),
        (10, "10 targets", "10 أهداف"),
        (11, "11 targets", "11 هدفًا"),
        (99, "99 targets", "99 هدفًا"),
        (100, "100 targets", "100 هدف"),
        (103, "103 targets", "103 أهداف"),
        (43_067, "43,067 targets", "43,067 هدفًا"),
    ],
)
def test_plurals_are_those_of_the_language(number: int, english: str, arabic: str) -> None:
    assert LANGUAGES["en"].count(number, "cible") == english
    assert LANGUAGES["ar"].count(number, "cible") == arabic


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "en",
            [
                "23 November 2026 at 09:14:05 (Paris time; 08:14:05 UTC)",
                "today 09:14",
                "yesterday 09:14",
                "1 March, 09:14",
                "2 h 05 min 03 s",
                "2 d 4 h",
                "24 hours",
                "98.20%",
                "no. 48,213",
                "35 s before",
            ],
        ),
        (
            "ar",
            [
                "23 نوفمبر 2026، الساعة 09:14:05 (بتوقيت باريس؛ 08:14:05 UTC)",
                "اليوم 09:14",
                "أمس 09:14",
                "1 مارس، الساعة 09:14",
                "2 س 05 د 03 ث",
                "2 ي 4 س",
                "24 ساعة",
                "98.20%",
                "رقم 48,213",
                "قبل ذلك بـ 35 ث",
            ],
        ),
    ],
)
def test_instants_lengths_and_numbers_are_written_as_in_the_language(
    code: str, expected: list[str]
) -> None:
    language: Language = LANGUAGES[code]
    spring = NOW.replace(month=3, day=1)
    said = [
        language.when(NOW),
        language.short_when(NOW, NOW),
        language.short_when(NOW - timedelta(days=1), NOW),
        language.short_when(spring, NOW),
        language.duration(7_503.9),
        language.short_duration(2 * 86_400 + 4 * 3_600 + 59),
        language.spell(86_400),
        language.percent(Fraction(982, 1000)),
        language.numbered(48_213),
        distance(NOW - timedelta(seconds=35), NOW, language),
    ]
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in said] == expected


@pytest.mark.parametrize("code", CODES)
def test_a_share_is_whole_only_where_it_is_exactly_so(code: str) -> None:
    language = LANGUAGES[code]
    assert language.percent(Fraction(1)) == "100.00%"
    assert language.percent(Fraction(999_999, 1_000_000)) == "99.99%"
    assert language.percent(Fraction(1, 1_000_000)) == "0.01%"


def test_a_french_name_is_set_apart_in_arabic() -> None:
    assert LANGUAGES["ar"].foreign("a (b)") == "\u2068a (b)\u2069"
    assert LANGUAGES["en"].foreign("a (b)") == FRENCH.foreign("a (b)") == "a (b)"
