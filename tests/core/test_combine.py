"""What several points say together: never an average, never more than was seen."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.french.point_sentences import BLIND, common_word
from monitor.core.model import Nature, Outage, Reason, State, Verdict
from monitor.core.points.combine import (
    TELLS,
    Agreement,
    Blindness,
    PointView,
    PointWord,
    combine,
    word_of,
)

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def _word(verdict: Verdict, operator: str = "a", point: str = "p") -> PointWord:
    blind = Blindness.SILENT if verdict is Verdict.UNKNOWN else None
    return PointWord(point=point, operator=operator, verdict=verdict, blind=blind)


WORDS = st.lists(
    st.builds(_word, st.sampled_from(Verdict), st.sampled_from("abc")), min_size=2, max_size=6
)
UP, DOWN, UNKNOWN, BLOCKED = Verdict.UP, Verdict.DOWN, Verdict.UNKNOWN, Verdict.BLOCKED


@given(WORDS)
def test_down_for_all_needs_two_operators_that_see_it_and_nobody_that_sees_more(
    words: list[PointWord],
) -> None:
    common = combine(words)
    saying = {word.operator for word in words if word.verdict is DOWN}
    tells = {word.verdict for word in words} & TELLS
    assert (common.verdict is DOWN) == (tells == {DOWN} and len(saying) >= 2)


@given(WORDS, st.randoms())
def test_the_order_of_points_says_nothing(words: list[PointWord], random: object) -> None:
    shuffled = list(words)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = combine(words), combine(shuffled)
    assert (one.verdict, one.agreement, one.counts) == (
        other.verdict,
        other.agreement,
        other.counts,
    )


@given(WORDS, st.sampled_from("abc"))
def test_a_silent_point_changes_no_word_but_the_coverage(
    words: list[PointWord], operator: str
) -> None:
    before, after = combine(words), combine([*words, _word(UNKNOWN, operator)])
    assert (after.verdict, after.agreement) == (before.verdict, before.agreement)
    assert after.telling == before.telling
    assert len(after.words) == len(before.words) + 1


@given(WORDS)
def test_points_differ_when_two_of_them_saw_different_things(words: list[PointWord]) -> None:
    common = combine(words)
    if common.differs:
        assert common.agreement is Agreement.SOME
    elif common.agreement is Agreement.SOME:  # too few can tell
        assert len({word.operator for word in words if word.verdict in TELLS}) <= 1


@given(WORDS, st.sampled_from(sorted(TELLS)))
def test_one_who_sees_otherwise_undoes_a_common_word(words: list[PointWord], seen: Verdict) -> None:
    common = combine(words)
    if common.verdict in TELLS and common.verdict is not seen:
        assert combine([*words, _word(seen, "d")]).verdict is None


@given(WORDS)
def test_the_word_is_one_that_was_said(words: list[PointWord]) -> None:
    common = combine(words)
    said = {word.verdict for word in words}
    assert common.verdict is None or common.verdict in said
    text = common_word(common)
    assert str(len(words)) in text
    assert "%" not in text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([_word(DOWN, point="lyon")], "indisponible, vu d’un seul point de mesure (lyon)"),
        (
            [_word(DOWN, "a"), _word(UP, "b"), _word(UNKNOWN, "c")],
            "indisponible vu de 1 point sur 3, accessible de 1, inconnu de 1",
        ),
        (
            [_word(DOWN, "a"), _word(DOWN, "a"), _word(UNKNOWN, "b")],
            "indisponible vu de 2 points sur 3, inconnu de 1",
        ),
        (
            [_word(DOWN, "a"), _word(DOWN, "b"), _word(BLOCKED, "c")],
            "indisponible pour tous les points qui peuvent le dire : 2 sur 3, de 2 exploitants",
        ),
        ([_word(UNKNOWN), _word(UNKNOWN)], "indéterminé : aucun des 2 points de mesure"),
    ],
)
def test_each_word_says_of_how_many_points_it_is(words: list[PointWord], text: str) -> None:
    assert common_word(combine(words)).replace("\u00a0", " ").startswith(text)


def _view(  # noqa: PLR0913 -- what is known of a point, named at each call
    verdict: Verdict | None,
    *,
    age_s: float = 10,
    outage: bool = False,
    line_works: bool = True,
    heard: bool = True,
    late_s: float = 0.0,
) -> PointView:
    last_at = AT - timedelta(seconds=age_s)
    open_outage = Outage(
        target="t", point="p", nature=Nature.DOWN, reason=Reason.HTTP_5XX, last_ok_at=None,
        first_fail_at=last_at, last_fail_at=last_at, confirmed_at=last_at, checks=3, relapses=0,
    )  # fmt: skip
    state = State(
        target="t", point="p", verdict=verdict, since=last_at, last_at=last_at,
        outage=open_outage if outage else None,
    )  # fmt: skip
    return PointView(
        point="p", operator="a", state=state, interval_s=60, line_works=line_works, heard=heard,
        late_s=late_s,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("view", "verdict", "blind"),
    [
        (_view(UP), UP, None),
        (_view(DOWN, outage=True), DOWN, None),
        (_view(UP, outage=True), DOWN, None),  # its end is not confirmed
        (_view(DOWN), UNKNOWN, Blindness.DOUBT),
        (_view(UP, age_s=121), UNKNOWN, Blindness.SILENT),
        (_view(UP, age_s=420, late_s=300), UP, None),  # its journal was not signed since
        (_view(UP, age_s=421, late_s=300), UNKNOWN, Blindness.SILENT),
        (_view(DOWN, outage=True, age_s=86_400 * 7), UNKNOWN, Blindness.SILENT),
        (_view(DOWN, outage=True, age_s=-299), DOWN, None),  # a clock may be ahead of ours
        (_view(DOWN, outage=True, age_s=-301), UNKNOWN, Blindness.AHEAD),
        (_view(DOWN, outage=True, line_works=False), UNKNOWN, Blindness.LINE),
        (_view(UNKNOWN), UNKNOWN, Blindness.UNKNOWN),
        (_view(BLOCKED), BLOCKED, None),
        (_view(None), UNKNOWN, Blindness.ABSENT),
        (_view(UP, heard=False), UNKNOWN, Blindness.UNHEARD),
        (PointView(point="p", operator="a"), UNKNOWN, Blindness.ABSENT),
    ],
)
def test_a_point_says_what_it_saw_while_its_check_holds(
    view: PointView, verdict: Verdict, blind: Blindness | None
) -> None:
    word = word_of(view, at=AT)
    assert (word.verdict, word.blind) == (verdict, blind)
    assert blind is None or BLIND[blind]
