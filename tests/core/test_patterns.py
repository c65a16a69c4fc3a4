"""No text from outside makes an expression of ours take more than its length."""

import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from monitor.config import load
from monitor.config.fields.regexes import check_regex
from monitor.core.text.blocks import MOST_CHARACTERS, MOST_RUN_CHARACTERS
from monitor.core.text.read import read_page
from tests.support.patterns import (
    ROOT,
    Expression,
    Recipe,
    expressions,
    expressions_of,
    hostile,
    inline_uses,
    modules,
)

# Each alternative succeeds at the latest at the end of the text, so no start is tried in vain:
# what the check of forms does not see. The hostile texts below are for these too.
TOTAL = {"monitor.core.text.markup", "monitor.core.verdict.page_summary"}
TOTAL_STARTS = ("<[a-zA-Z][", "(<(script", "<(script|style|title", "(?is)<script")
CODE_LENGTH_MAX = 5_000  # of an expression that no administrator writes
SIZE = 1_600  # characters
SLOW_S = SIZE * 0.6e-6  # what takes longer is looked at again; a linear one takes a tenth of it
GROWTH = 4
# A linear expression takes GROWTH times as long on GROWTH times the text; the square, 16 times.
GROWTH_MAX = 9.0
LOOKS = 3


def is_total(one: Expression) -> bool:
    return one.where.partition(":")[0] in TOTAL and str(one.compiled.pattern).startswith(
        TOTAL_STARTS
    )


def cpu_s(one: Expression, text: Any) -> float:
    start = time.process_time()
    if one.anchored:
        one.compiled.match(text)
        one.compiled.fullmatch(text)
    else:
        for _ in one.compiled.finditer(text):
            pass
    return time.process_time() - start


def is_slow(one: Expression, recipe: Recipe, *, least_s: float = SLOW_S) -> bool:
    """Compare the processor's time for two lengths. Below `least_s` nothing is compared."""
    short = recipe.text(SIZE, one.compiled.pattern)
    if cpu_s(one, short) < least_s:
        return False
    long = recipe.text(SIZE * GROWTH, one.compiled.pattern)
    return grows(lambda: cpu_s(one, short), lambda: cpu_s(one, long))


def grows(short_s: Callable[[], float], long_s: Callable[[], float]) -> bool:
    """Return whether the longer takes too long for its length, however often it is measured.

    What else the machine does can only add to a measure, so the least of each is compared, and
    the first measures that are in order end it.
    """
    short, long = short_s(), long_s()
    for _ in range(LOOKS):
        if long <= GROWTH_MAX * max(short, 1e-4):
            return False
        short, long = min(short, short_s()), min(long, long_s())
    return True


def fault_of(one: Expression) -> str | None:
    pattern, flags = one.compiled.pattern, one.compiled.flags
    return check_regex(pattern, flags=flags, anchored=one.anchored, length_max=CODE_LENGTH_MAX)


def test_every_expression_is_compiled_where_this_test_finds_it() -> None:
    assert inline_uses() == []
    assert len(expressions()) > 100


@pytest.mark.parametrize("module", modules())
def test_expressions_of_ours_pass_the_check_of_configured_ones(module: str) -> None:
    assert [] == [
        (one.where, fault)
        for one in expressions_of(module)
        if not is_total(one) and (fault := fault_of(one))
    ]


def test_few_expressions_are_trusted_without_that_check() -> None:
    assert len([expression for expression in expressions() if is_total(expression)]) == len(
        TOTAL_STARTS
    )


@pytest.mark.timeout(900)  # half a minute on a machine that does nothing else
def test_no_hostile_text_takes_the_square_of_its_length() -> None:
    marks = load(ROOT / "config").fingerprints
    configured = [
        Expression(f"{mark.id} {n}", pattern, anchored=False)
        for mark in marks
        for n, pattern in enumerate(mark.patterns)
    ]
    slow = [
        (one.where, recipe)
        for one in (*expressions(), *configured)
        for recipe in hostile(one.compiled)
        if is_slow(one, recipe)
    ]

    assert slow == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "pattern",
    [
        r"\b\d[\d ]* (?:out of|of|sur) \d[\d ]* (?:\w+ ){0,2}(?:found this|ont trouvé)\b[^.]{0,40}",
        r"<a\b[^>]*>",
        r"(?:x+)y",
    ],
)
def test_the_hostile_texts_find_a_square(pattern: str) -> None:
    one = Expression("a test", re.compile(pattern), anchored=False)
    assert check_regex(pattern) is not None

    # A quick machine may need less than `SLOW_S` for the short text.
    assert any(is_slow(one, recipe, least_s=SLOW_S / 8) for recipe in hostile(one.compiled))


# Words that make a page's rules look at all, then what they must not take long over.
OPENINGS = (
    *("found this helpful ", "ont trouvé ", "mis à jour le ", "aujourd'hui ", "page générée en "),
    *("nombre de visites : ", "version ", "© ", "il y a ", "numéro ", "rendez-vous ", "[at] "),
    *("par courrier ", "guichet ne ", "lundi 9h ", "joignable n'", "5 € ", "a@b.fr ", "lu ", ""),
)
PUMPS = (
    *("0 ", "0", "1" * 40 + " ", "ab", "a", " .", "- ", "1.", "a@", "ne ", "12 sur 34 ", "le "),
    *("0011111111111111111111w ", "2 janvier ", "1/1/", "9h ", "1000 ", "rue ", "é", "(", "a-"),
    *("75001 A", "des ", "+33 ", "f" * 23 + " ", "«", "; ", "an x ", "1 2 3 4 5 ", "<b>", "&lt;"),
)


def page_cpu_s(opening: str, pump: str, size: int) -> float:
    body = f"<html><body><main><p>{opening}{pump * (size // len(pump))}".encode()
    start = time.process_time()
    read_page(body)
    return time.process_time() - start


@pytest.mark.timeout(600)
@pytest.mark.parametrize("opening", OPENINGS)
def test_a_hostile_page_is_read_in_time_that_grows_with_it(opening: str) -> None:
    """From one run of text to eight: the reading of each is bounded, and so is the page's."""
    size = MOST_RUN_CHARACTERS
    slow = []
    for pump in PUMPS:
        if page_cpu_s(opening, pump, size) < 0.1:
            continue
        read = partial(page_cpu_s, opening, pump)
        if grows(partial(read, size), partial(read, GROWTH * size)):
            slow.append(pump)

    assert slow == []
    assert MOST_RUN_CHARACTERS < MOST_CHARACTERS
