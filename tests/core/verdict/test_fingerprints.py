"""On which pages a fingerprint may decide."""

import re
from dataclasses import replace

import pytest

from monitor.core.model import Confidence, Reason, Verdict
from monitor.core.verdict.answer_form import Form
from monitor.core.verdict.classify import classify_saved
from monitor.core.verdict.fingerprints import Fingerprint, MarkPlace, MatchInput, recognise
from monitor.core.verdict.page_summary import PageSummary

MARK = Fingerprint(
    id="mark",
    verdict=Verdict.BLOCKED,
    reason=Reason.CAPTCHA,
    where=MarkPlace.TEXT,
    words_max=20,
    texts=("accès filtré",),
)
PAGE = PageSummary(
    form=Form.HTML,
    title="accès filtré",
    text="accès filtré : demande 12",
    own_text="accès filtré",
    source="<p>accès filtré",
    scripts=("/accès filtré.js",),
    words=20,
    own_words=20,
)
EVERYWHERE = [place for place in MarkPlace if place not in {MarkPlace.HEADER, MarkPlace.URL}]


def decides(mark: Fingerprint, page: PageSummary, *, status: int = 200) -> bool:
    return recognise(MatchInput(status=status, page=page), [mark], mark.verdict) is not None


@pytest.mark.parametrize("where", EVERYWHERE)
def test_a_mark_decides_on_a_page_with_few_words_of_its_own(where: MarkPlace) -> None:
    mark = replace(MARK, where=where)

    assert decides(mark, PAGE)
    assert not decides(mark, replace(PAGE, words=21, own_words=21))


@pytest.mark.parametrize(("where", "most"), [(MarkPlace.TEXT, 40), (MarkPlace.OPENING, 100)])
def test_the_words_of_links_are_bounded_where_a_link_may_bear_the_mark(
    where: MarkPlace, most: int
) -> None:
    mark = replace(MARK, where=where)

    assert decides(mark, replace(PAGE, words=most))
    assert not decides(mark, replace(PAGE, words=most + 1))
    assert decides(replace(mark, where=MarkPlace.HEADLINE), replace(PAGE, words=most + 1))


def test_what_a_page_with_a_form_says_decides_nothing() -> None:
    form = replace(PAGE, fields=2)

    assert not decides(MARK, form)
    assert decides(MARK, replace(PAGE, fields=1))  # of a captcha, or a search box
    assert decides(MARK, form, status=503)
    assert decides(replace(MARK, where=MarkPlace.SOURCE), form)


@pytest.mark.parametrize(
    ("verdict", "confidence", "decided"),
    [
        (Verdict.BLOCKED, Confidence.YES, True),
        (Verdict.BLOCKED, Confidence.NO, False),
        (Verdict.DOWN, Confidence.YES, False),
        (Verdict.UNKNOWN, Confidence.NO, True),
    ],
)
def test_a_sure_refusal_and_a_filter_of_ours_decide_on_a_form(
    verdict: Verdict, confidence: Confidence, *, decided: bool
) -> None:
    mark = replace(MARK, verdict=verdict, confidence=confidence)

    assert decides(mark, replace(PAGE, fields=2)) == decided


@pytest.mark.parametrize("where", EVERYWHERE)
def test_a_script_that_an_application_loads_decides_nothing(where: MarkPlace) -> None:
    waiting = replace(PAGE, root=True)
    mark = replace(MARK, where=where)

    assert decides(mark, waiting) == (where not in {MarkPlace.SOURCE, MarkPlace.SCRIPTS})
    assert decides(mark, waiting, status=403)


def test_all_scripts_must_bear_the_mark() -> None:
    mark = replace(MARK, where=MarkPlace.SCRIPTS)

    assert not decides(mark, replace(PAGE, scripts=(*PAGE.scripts, "/autre.js")))


def test_the_other_words_of_a_mark_may_be_in_the_title_or_in_the_text() -> None:
    assert decides(replace(MARK, also=("absent", "demande 12")), PAGE)
    assert decides(replace(MARK, also=("filtré",)), replace(PAGE, text=""))
    assert not decides(replace(MARK, also=("absent",)), PAGE)


def test_a_mark_of_some_statuses_decides_on_those() -> None:
    mark = replace(MARK, statuses=frozenset({5, 403}))

    assert [decides(mark, PAGE, status=status) for status in (200, 403, 404, 502)] == [
        False,
        True,
        False,
        True,
    ]


def test_a_ground_is_short() -> None:
    mark = replace(MARK, texts=(), patterns=(re.compile("x+"),))
    judgement = classify_saved(
        status=200,
        headers={"content-type": "text/html"},
        body=f"<p>{'x' * 200}".encode(),
        url=None,
        controls_failed=False,
        fingerprints=[mark],
    )

    assert judgement.tried[-1].ground == f"empreinte mark : « {'x' * 80} »"
