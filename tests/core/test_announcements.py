"""Which announcements of maintenance count, and what figures are without them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.journal.decode import annotation_from
from monitor.core.journal.encode import annotation
from monitor.core.journal.leaf_schema import refusal
from monitor.core.model import Annotation, AnnotationKind, Reason, Verdict
from monitor.core.outages.announcements import (
    MOST_REPLY,
    MOST_TARGETS,
    MOST_WINDOW,
    AnnouncementStatus,
    fault,
    joined,
    register,
    windows,
    within,
)
from monitor.core.outages.span_figures import Scope, ScopeKind
from monitor.core.outages.time_accounts import (
    Account,
    combined,
    microseconds,
    stretches,
    tally,
)
from monitor.figures.unannounced import unannounced
from tests.support.outcomes import at
from tests.support.second_by_second import SlowCheck, outside

S = 1_000_000
SAID = Annotation(
    kind=AnnotationKind.MAINTENANCE,
    at=at(0),
    targets=("accueil", "connexion"),
    from_at=at(100),
    to_at=at(200),
    sha256="ab" * 32,
    number=7,
)
GONE = Annotation(
    kind=AnnotationKind.WITHDRAWAL, at=at(300), targets=SAID.targets, withdraws=7, number=9
)

SETTING = Annotation(kind=AnnotationKind.SETTING, at=at(3), targets=(), sha256="cd" * 32, number=12)
REPLY = Annotation(
    kind=AnnotationKind.REPLY,
    at=at(900),
    targets=SAID.targets,
    from_at=at(100),
    url="https://service.test/reponse",
    text="Le service était en maintenance.\n\nNous contestons <b>ce relevé</b>.",
    number=12,
)


@pytest.mark.parametrize(
    ("seconds", "status"),
    [
        (99.999999, AnnouncementStatus.COUNTED),
        (100, AnnouncementStatus.LATE),
        (150, AnnouncementStatus.LATE),
        (900, AnnouncementStatus.LATE),
    ],
)
def test_an_announcement_counts_only_when_it_was_recorded_before(
    seconds: float, status: AnnouncementStatus
) -> None:
    (one,) = register([replace(SAID, at=at(seconds))])
    assert one.status is status
    assert bool(windows([one])) is (status is AnnouncementStatus.COUNTED)


def test_a_withdrawn_announcement_stays_and_counts_no_more() -> None:
    (one,) = register([SAID, GONE])
    assert (one.status, one.withdrawn_by) == (AnnouncementStatus.WITHDRAWN, 9)
    assert windows([one]) == {}


def test_a_withdrawal_only_concerns_what_came_before_it() -> None:
    (one,) = register([replace(GONE, number=6), SAID])
    assert one.status is AnnouncementStatus.COUNTED


def test_the_first_withdrawal_is_the_one_that_is_shown() -> None:
    (one,) = register([SAID, GONE, replace(GONE, number=11)])
    assert one.withdrawn_by == 9


BAD = {
    "no target": replace(SAID, targets=()),
    "too many": replace(SAID, targets=tuple(f"c{n:04}" for n in range(MOST_TARGETS + 1))),
    "not sorted": replace(SAID, targets=("b", "a")),
    "twice": replace(SAID, targets=("a", "a")),
    "not a slug": replace(SAID, targets=("a b",)),
    "a line": replace(SAID, targets=("a\n",)),
    "no end": replace(SAID, to_at=None),
    "empty": replace(SAID, to_at=SAID.from_at),
    "too long": replace(SAID, to_at=at(100) + MOST_WINDOW + timedelta(microseconds=1)),
    "no proof": replace(SAID, sha256=None, url="https://a.test/"),
    "not a digest": replace(SAID, sha256="../../journal.key"),
    "not a leaf": replace(SAID, change=-1),
    "a script": replace(SAID, url="javascript:alert(1)"),
    "a password": replace(SAID, url="https://moi:secret@a.test/"),
    "a long address": replace(SAID, url=f"https://a.test/{'a' * 2000}"),
    "both": replace(SAID, withdraws=3),
    "a withdrawal of nothing": replace(GONE, withdraws=None),
    "a withdrawal with a window": replace(GONE, from_at=at(1), to_at=at(2)),
    "a reply to nothing": replace(REPLY, from_at=None),
    "a reply without a word": replace(REPLY, text=" \n "),
    "a reply that drives a terminal": replace(REPLY, text="a\x1b[2Jb"),
    "a reply that turns round": replace(REPLY, text="a\u202eb"),
    "a reply of a book": replace(REPLY, text="a" * (MOST_REPLY + 1)),
    "a reply with a window": replace(REPLY, to_at=at(200)),
    "a reply with a proof": replace(REPLY, sha256="ab" * 32),
    "a setting without its lines": replace(SETTING, sha256=None),
    "a setting with a window": replace(SETTING, from_at=at(1), to_at=at(2)),
}


@pytest.mark.parametrize("note", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_is_refused(note: Annotation) -> None:
    assert fault(note)
    with pytest.raises(ValueError, match="annotation"):
        annotation_from(annotation(note), number=7)


@pytest.mark.parametrize(
    "note",
    [
        SAID,
        GONE,
        REPLY,
        SETTING,
        replace(SETTING, targets=("a",)),
        replace(SAID, url="https://a.test/x?y=1", change=3),
    ],
)
def test_an_annotation_comes_back_from_its_leaf_equal(note: Annotation) -> None:
    assert fault(note) is None
    leaf = annotation(note)
    kinds = {3: "change", 7: "annotation"}
    assert refusal(leaf, idx=10, kind_of=kinds.get) is None
    assert annotation_from(leaf, number=note.number or 0) == note


@pytest.mark.parametrize("note", [SAID, GONE, SETTING])
def test_only_a_reply_has_a_text_of_its_own(note: Annotation) -> None:
    assert fault(replace(note, text="x"))


def test_a_setting_is_no_announcement_and_leaves_those_as_they_are() -> None:
    assert register([SETTING, SAID, SETTING]) == register([SAID])


def test_a_reply_is_no_announcement_and_leaves_those_as_they_are() -> None:
    assert register([SAID, REPLY]) == register([SAID])


def test_spans_that_touch_are_one() -> None:
    assert joined([(5, 9), (1, 3), (3, 5), (11, 12)]) == [(1, 9), (11, 12)]


def test_windows_are_cut_to_the_span_that_is_asked_for() -> None:
    known = windows(register([SAID]))
    begin, end = microseconds(at(100)), microseconds(at(200))
    assert within(known, ["accueil", "autre"], begin + 10, end + 10) == {
        "accueil": [(begin + 10, end)]
    }
    assert within(known, ["accueil"], end, end + 10) == {}


@dataclass(frozen=True)
class Checks:
    """Accounts from lists of checks."""

    members: dict[str, list[SlowCheck]]

    def accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int, exact: bool = False
    ) -> Iterator[tuple[str, list[Account]]]:
        del now
        assert exact
        for slug in targets:
            yield slug, tally(stretches(self._observed(slug), edges), edges)

    def whole_accounts(
        self, targets: Sequence[str], edges: Sequence[int], *, now: int
    ) -> list[Account]:
        del now
        return tally(
            combined([stretches(self._observed(target), edges) for target in targets]), edges
        )

    def _observed(self, slug: str) -> list[tuple[int, Verdict, Reason, int]]:
        return [(c.at * S, c.verdict, c.reason, c.hold * S) for c in self.members[slug]]


CHECKS = st.lists(
    st.builds(
        SlowCheck,
        at=st.integers(-20, 130),
        verdict=st.sampled_from(Verdict),
        reason=st.just(Reason.OK),
        hold=st.integers(1, 40),
    ),
    max_size=12,
    unique_by=lambda check: check.at,
).map(lambda some: sorted(some, key=lambda check: check.at))
WINDOWS = st.lists(
    st.tuples(st.integers(-20, 120), st.integers(1, 40)).map(lambda one: (one[0], sum(one))),
    max_size=4,
)


@given(
    some=st.lists(st.tuples(CHECKS, WINDOWS), min_size=1, max_size=4),
    needs_all=st.booleans(),
)
def test_random_windows_give_what_seconds_give(
    some: list[tuple[list[SlowCheck], list[tuple[int, int]]]], *, needs_all: bool
) -> None:
    members = {f"t{n}": checks for n, (checks, _) in enumerate(some)}
    slugs = tuple(members)
    scope = Scope(kind=ScopeKind.ALL, slug="all", name="", targets=slugs, needs_all=needs_all)
    spans = {
        slug: joined((start * S, end * S) for start, end in announced)
        for slug, (_, announced) in zip(slugs, some, strict=True)
    }
    account, inside = unannounced(
        Checks(members), scope, (0, 100 * S), within(spans, slugs, 0, 100 * S), now=200 * S
    )

    slow, seconds = outside(
        list(members.values()), [announced for _, announced in some], (0, 100), needs_all=needs_all
    )
    assert inside == seconds * S
    assert account.span_us + inside == 100 * S * (1 if needs_all else len(some))
    assert {v: us // S for v, us in account.by_verdict.items() if us} == {
        v: n for v, n in slow.by_verdict.items() if n
    }
    assert (account.good_us, account.bad_us) == (slow.good * S, slow.bad * S)
    doubts = {True: 0, False: 0}
    for (verdict, _), cell in account.cells.items():
        doubts[verdict in {Verdict.UP, Verdict.DEGRADED}] += cell.doubt_us
    assert (doubts[True], doubts[False]) == (slow.might_be_bad * S, slow.might_be_good * S)
    if not needs_all:
        assert account.checks == slow.checks
