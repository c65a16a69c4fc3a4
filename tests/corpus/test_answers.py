"""Whole answers: none that works is called otherwise, hardly one that does not is called up."""

import html
import random
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.corpus.answers import PROBLEMS, Answer, answers, judged, state

ANSWERS = tuple(answers())
HEALTHY = tuple(answer for answer in ANSWERS if answer.said[0] == "up")
ORDINARY = Path(__file__).with_name("ordinary.txt")
SEED = 20261129
PAGES = 2_000
MOST_ALARMS = PAGES // 1_000  # 0.1 %
_PARAGRAPH = re.compile(r"<p[^>]*>(.*?)</p>", re.DOTALL)
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


once = cache(judged)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_an_answer_is_what_it_is(answer: Answer) -> None:
    judgement = once(answer)
    if answer.missed:
        assert state(judgement) == "up", "no longer missed: take the mark away"
        return
    assert state(judgement) in answer.said, judgement.tried[-1].ground


def test_the_bar_is_met() -> None:
    """At most 5 % are called otherwise than best, at most 5 % of what fails is called up."""
    assert not PROBLEMS
    states = [(answer, state(once(answer))) for answer in ANSWERS]
    best = sum(found == answer.said[0] for answer, found in states)
    failing = [(answer, found) for answer, found in states if answer.said[0] != "up"]
    missed = sum(found == "up" for _, found in failing)

    assert best >= 0.95 * len(ANSWERS)
    assert missed <= 0.05 * len(failing)


def pieces(pattern: re.Pattern[str]) -> list[str]:
    texts = (match[1] for answer in HEALTHY for match in pattern.finditer(answer.main))
    return sorted({" ".join(_TAG.sub(" ", text).split()) for text in texts})


def test_short_pages_that_mention_a_fault_and_say_more_are_up() -> None:
    """A paragraph of a healthy page that is near the line, among two or three ordinary ones."""
    paragraphs, headings = pieces(_PARAGRAPH), pieces(_HEADING)
    ordinary = ORDINARY.read_text(encoding="utf-8").splitlines()
    chance = random.Random(SEED)  # noqa: S311 -- a seeded sample, no secret
    frames = sorted({answer.page for answer in HEALTHY} - {"whole", "keycloak"})
    alarms = []
    for _ in range(PAGES):
        texts = [chance.choice(paragraphs), *chance.sample(ordinary, chance.randint(2, 3))]
        chance.shuffle(texts)
        heading = chance.choice(headings)
        main = f"<h1>{heading}</h1>" + "".join(f"<p>{html.escape(text)}</p>" for text in texts)
        page = replace(HEALTHY[0], page=chance.choice(frames), title=heading, main=main)
        judgement = judged(page)
        if state(judgement) != "up":
            alarms.append((heading, texts, judgement.tried[-1].ground))

    assert len(alarms) <= MOST_ALARMS, alarms
