"""Which edges of outages make which notices."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.notices import threads
from monitor.core.notices.notice import Notice, NoticeKind, concerns
from monitor.core.notices.threads import OutageEdge, Thread, absorb, from_text, plan, to_text
from monitor.core.notices.topics import INCIDENT, MILESTONE
from tests.support.outcomes import at

ISERE, RHONE = ("tout", "dep/38"), ("tout", "dep/69")
MINUTE, HOUR = 60.0, 3_600.0


def begins(number: int, second: float, topics: Sequence[str] = ISERE) -> OutageEdge:
    return OutageEdge(
        number=number,
        platform="interieur",
        topics=tuple(topics),
        first_fail_at=at(second - 120),
        at=at(second),
        ends=False,
    )


def ends(number: int, second: float, topics: Sequence[str] = ISERE) -> OutageEdge:
    return OutageEdge(
        number=number,
        platform="interieur",
        topics=tuple(topics),
        first_fail_at=at(0),
        at=at(second),
        ends=True,
    )


class Story:
    """Edges, and plans at given instants; what each reader of a place was sent."""

    def __init__(self) -> None:
        self.threads: tuple[Thread, ...] = ()
        self.notices: list[Notice] = []

    def edge(self, edge: OutageEdge) -> None:
        self.threads = absorb(self.threads, edge)

    def plan(self, second: float) -> list[NoticeKind]:
        self.threads = tuple(from_text(to_text(thread)) for thread in self.threads)
        self.threads, due = plan(self.threads, at(second))
        self.notices += due
        return [notice.kind for notice in due]

    def of(self, *places: str) -> list[NoticeKind]:
        topics = frozenset({*places, INCIDENT, MILESTONE})
        return [notice.kind for notice in self.notices if concerns(notice, topics)]


def test_an_outage_is_told_when_it_begins_at_two_hours_each_day_and_when_it_ends() -> None:
    story = Story()
    story.edge(begins(7, 0))
    assert story.plan(1) == []  # others may be confirmed in this very second
    assert story.plan(2) == [NoticeKind.OPENED]
    assert story.plan(3) == []
    assert story.plan(HOUR) == []
    assert story.plan(2 * HOUR) == [NoticeKind.STILL_OPEN]
    assert story.plan(23 * HOUR) == []
    assert story.plan(25 * HOUR) == [NoticeKind.STILL_OPEN]
    assert story.plan(47 * HOUR) == []
    assert story.plan(49 * HOUR) == [NoticeKind.STILL_OPEN]
    assert [notice.hours for notice in story.notices] == [0, 2, 24, 48]
    story.edge(ends(7, 50 * HOUR))
    assert story.plan(50 * HOUR + 2) == [NoticeKind.CLOSED]
    assert len({notice.key for notice in story.notices}) == 5
    assert {notice.thread for notice in story.notices} == {"incident/7"}
    assert story.plan(52 * HOUR) == []
    assert story.threads == ()


def test_outages_that_are_confirmed_together_are_one_message() -> None:
    story = Story()
    for number in range(100):
        story.edge(begins(number, number / 100, ("tout", f"dep/{number}")))
    assert story.plan(3.5) == [NoticeKind.OPENED]
    assert story.of("tout") == [NoticeKind.OPENED]
    assert len(story.notices[0].numbers) == 100


def test_each_place_is_told_of_its_own_beginning_and_end() -> None:
    story = Story()
    story.edge(begins(1, 0, ISERE))
    story.plan(5)
    story.edge(begins(2, 600, RHONE))
    story.plan(605)
    story.edge(ends(1, 1_200))
    story.plan(1_205)
    story.edge(ends(2, 1_800))
    story.plan(1_805)
    kinds = NoticeKind
    assert story.of("dep/38") == [kinds.OPENED, kinds.CLOSED]
    assert story.of("dep/69") == [kinds.OPENED, kinds.CLOSED]
    # Of both: told that it widens, and of one end, the last.
    assert story.of("dep/38", "dep/69") == [kinds.OPENED, kinds.WIDENED, kinds.CLOSED]
    assert story.of("dep/01") == []


def test_flapping_is_folded_into_few_messages() -> None:
    story = Story()
    number, second = 0, 0.0
    for _ in range(24):  # five minutes down, five up, for four hours
        story.edge(begins(number, second))
        story.plan(second + 5)
        story.edge(ends(number, second + 300))
        story.plan(second + 305)
        number, second = number + 1, second + 600
    assert len(story.threads) == 1
    assert len(story.of("dep/38")) <= 5
    story.plan(second + 2 * HOUR)
    assert story.of("dep/38")[-1] is NoticeKind.CLOSED
    again = [notice for notice in story.notices if notice.again]
    assert len(again) == 1


def test_an_incident_on_another_day_is_another_thread() -> None:
    story = Story()
    story.edge(begins(1, 0))
    story.plan(5)
    story.edge(ends(1, 600))
    story.plan(605)
    story.edge(begins(2, 600 + threads.FOLDED.total_seconds() + 180))
    story.plan(600 + threads.FOLDED.total_seconds() + 185)
    assert [notice.thread for notice in story.notices] == ["incident/1"] * 2 + ["incident/2"]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),  # which of the outages
            st.floats(-5_000, 50_000),  # how far the clock goes, back too
            st.sampled_from([ISERE, RHONE]),
        ),
        max_size=40,
    )
)
def test_whatever_the_edges_and_the_clock_who_was_told_of_a_beginning_is_told_of_an_end(
    steps: list[tuple[int, float, tuple[str, ...]]],
) -> None:
    story, second, state = Story(), 0.0, dict[int, tuple[int, tuple[str, ...]]]()
    number = 0
    for which, more, topics in steps:
        second += more
        if which in state:
            leaf, old = state.pop(which)
            story.edge(ends(leaf, second, old))
        else:
            number += 1
            state[which] = (number, topics)
            story.edge(begins(number, second, topics))
        story.plan(second + 1)
    for leaf, topics in state.values():
        story.edge(ends(leaf, second, topics))
    for hours in range(1, 60):
        story.plan(second + hours * HOUR)
    assert story.threads == ()
    for place in ("tout", "dep/38", "dep/69"):
        edges = [kind for kind in story.of(place) if kind in {NoticeKind.OPENED, NoticeKind.CLOSED}]
        opens = edges.count(NoticeKind.OPENED)
        assert edges.count(NoticeKind.CLOSED) == opens
    assert len({notice.key for notice in story.notices}) == len(story.notices)


def test_an_end_settles_longer_the_more_it_came_back() -> None:
    waits = [threads.settling(relapses) for relapses in range(8)]
    assert waits == sorted(waits)
    assert waits[0] == threads.WINDOW
    assert waits[-1] == timedelta(hours=1)


def test_who_follows_all_is_told_when_an_incident_reaches_more_but_not_each_time() -> None:
    story = Story()
    story.edge(begins(1, 0, ISERE))
    story.plan(5)
    story.edge(begins(2, 60, RHONE))
    story.plan(65)
    kinds = NoticeKind
    assert story.of("tout") == [kinds.OPENED, kinds.WIDENED]
    assert story.of("dep/69") == [kinds.OPENED]
    assert story.of("dep/38") == [kinds.OPENED], "its own place is as it was"
    story.edge(begins(3, 120, ("tout", "dep/01")))
    story.edge(begins(4, 120, RHONE))
    story.plan(125)
    assert story.of("tout") == [kinds.OPENED, kinds.WIDENED], "a quarter of an hour has not passed"
    assert story.of("dep/01") == [kinds.OPENED]
    story.plan(65 + 15 * MINUTE)
    assert story.of("tout") == [kinds.OPENED, kinds.WIDENED, kinds.WIDENED]
    assert story.of("dep/69") == [kinds.OPENED, kinds.WIDENED], "another page of the same place"
    assert story.of("dep/01") == [kinds.OPENED], "told of it when it joined"
    assert story.plan(65 + 16 * MINUTE) == []


def test_what_joined_and_ended_while_nothing_was_said_is_not_said_later() -> None:
    story = Story()
    story.edge(begins(1, 0, ISERE))
    story.plan(5)
    story.edge(begins(2, 60, ISERE))
    story.plan(65)
    story.edge(begins(3, 120, ISERE))
    story.plan(125)
    story.edge(ends(3, 300))
    story.plan(305)
    assert story.plan(20 * MINUTE) == []
    assert story.of("tout") == [NoticeKind.OPENED, NoticeKind.WIDENED]


def test_a_thread_written_before_outages_were_noted_as_told_repeats_none() -> None:
    story = Story()
    story.edge(begins(1, 0, ISERE))
    story.plan(5)
    text = to_text(story.threads[0])
    older = text.replace('"told": [1], ', "").replace('"audience": [], ', "")
    assert "told" not in older
    story.threads = (from_text(older),)
    assert story.plan(60) == []
