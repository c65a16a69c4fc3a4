"""Whatever the bytes, an end, and a result or a reason. Sizes are those of the product."""

from collections.abc import Callable
from functools import cache
from random import Random

import pytest

from monitor.core.changes.compare_saved import compare_saved
from monitor.core.text.blocks import MOST_RUNS
from monitor.core.text.facts.page_facts import facts_of
from monitor.core.text.page import Obstacle
from monitor.core.text.read import read_page

SIZE = 5_000_000
_WORDS = ["pièces", "04 73 98", "lundi 9h", "@x.fr", "12 rue", "50 €", "mise à jour", "ne pas"]


def chance() -> Random:
    return Random(20261123)  # noqa: S311 -- noise, not a secret


@cache
def noise() -> bytes:
    return chance().randbytes(200_000)


@cache
def soup() -> str:
    return " ".join(chance().choices(_WORDS, k=200_000))


# Made when a test asks: together they take 100 MB.
HOSTILE: dict[str, Callable[[], bytes]] = {
    "deep nesting": lambda: b"<div>" * (SIZE // 5),
    "deep formatting": lambda: b"<b><i>" * (SIZE // 6),
    "100,000 attributes": lambda: (
        b"<p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">x</p>"
    ),
    "quoted attributes": lambda: (
        b"<p " + b" ".join(b'a%d="<"' % n for n in range(100_000)) + b">x</p>"
    ),
    "many attributes, often": lambda: (
        (b"<p " + b" ".join(b"a%d" % n for n in range(900)) + b">x") * 800
    ),
    "one long class": lambda: b'<p class="' + b"nav-x " * (SIZE // 6) + b'">x</p>',
    "open scripts": lambda: b"<script>" * (SIZE // 8),
    "script soup": lambda: b"<script>'</p><p>'</script>" * (SIZE // 27),
    "open comments": lambda: b"<!--" * (SIZE // 4),
    "less-than signs": lambda: b"<" * SIZE,
    "open tags": lambda: b"<p" * (SIZE // 2),
    "open quotes": lambda: b"<p \"' " * (SIZE // 6),
    "nulls": lambda: b"\0" * SIZE,
    "false UTF-16": lambda: b"\xff\xfe" + noise(),
    "random bytes": lambda: noise() * 25,
    "entities": lambda: b"&amp;" * (SIZE // 5),
    "broken entities": lambda: b"&#x" * (SIZE // 3),
    "entity bomb": lambda: b'<!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c "&b;">]><p>&b;</p>',
    "a million links": lambda: b'<a href="/a?b=1">x</a>' * (SIZE // 22),
    "a million paragraphs": lambda: b"<p>" * (SIZE // 3),
    "a million rows": lambda: b"<table>" + b"<tr>" * (SIZE // 4),
    "a list of choices": lambda: b"<select>" + b"<option>a" * (SIZE // 9),
    "nested tables": lambda: b"<table><tr><td>" * (SIZE // 15),
    "one word": lambda: b"a" * SIZE,
    "digits": lambda: b"12 34 " * (SIZE // 6),
    "at signs": lambda: (b"a" * 70 + b"@") * (SIZE // 71),
    "spaces": lambda: b"<p>a" + b" " * SIZE,
    "sentences": lambda: b"Aucun. Guichet; ne pas " * (SIZE // 23),
    "word soup": lambda: b"<p>" + soup().encode() + b"</p>",
    "paragraph soup": lambda: b"<p>" + soup().encode().replace(b" 50", b"</p><p>50"),
    "slow charset": lambda: b"<meta charset=punycode>" + b"abc-" * (SIZE // 4),
    "long address": lambda: b'<a href="' + b"a/" * (SIZE // 2) + b'">x</a>',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_page_ends_with_a_result_or_a_reason(body: Callable[[], bytes]) -> None:
    """No exception, and bounded work: a whole second more would be another complexity."""
    page = read_page(body(), url="https://exemple.gouv.fr/")

    assert len(page.blocks) <= MOST_RUNS + 1
    assert page.obstacle or page.text
    facts_of(page.main())


def test_two_hostile_pages_are_compared_in_bounded_work() -> None:
    dice = chance()
    one = "".join(f"<p>{dice.choice('ab')} {dice.choice('cd')}</p>" for _ in range(6000))
    other = "".join(f"<p>{dice.choice('ab')} {dice.choice('cd')}</p>" for _ in range(6000))

    assert compare_saved(one.encode(), other.encode()).changed is True


def test_a_page_without_text_within_the_bounds_says_so() -> None:
    assert read_page(HOSTILE["deep nesting"]()).obstacle == Obstacle.OVERSIZED


def test_a_long_page_whose_beginning_is_the_same_is_not_called_unchanged() -> None:
    """What was not read cannot be said to be the same."""
    blocks = b"".join(b"<p>Phrase numero %d de la page.</p>" % n for n in range(MOST_RUNS + 10))
    words = b"<p>Phrase de la page.</p>" + b"<p>" + b"un mot " * (SIZE // 7)

    for long in (blocks, words):
        assert compare_saved(long, long + b"<p>Fin.</p>").obstacle == Obstacle.CUT
