"""Links that lead nowhere: only to what is watched, only by what its own checks say."""

from dataclasses import replace

import pytest

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.change_log import DeadLinkRecord
from monitor.core.changes.dead_links import MOST_LEADS, leads, says_gone, watched
from monitor.core.changes.page_events import PageEdge, PageEvent, ShownPage
from monitor.core.changes.text_history import TextHistory, advance
from monitor.core.model import Reason, State, Target, Verdict
from monitor.probe.dead_link_tracker import DeadLinkTracker
from tests.support.linking import ALIVE, gone, linking
from tests.support.readings import minute, reading
from tests.support.reads import target

PAGE, ANEF = "etrangers", target("anef")
OTHER = replace(target("autre"), url="https://www.autre.example/Demarches/")
LINK = '<a href="https://anef.example/">Déposer ma demande</a>'


def shown(*links: str) -> ShownPage:
    track, _ = advance(TextHistory(target=PAGE, point="local"), reading(linking(*links), minute(0)))
    assert track.current is not None
    return track.current


class Story:
    """A page that is read once a minute."""

    def __init__(self, *targets: Target) -> None:
        self.book = DeadLinkTracker(targets or (ANEF,), (), point="local")
        self.minute = 0

    def read(self, state: State | None, *links: str) -> list[PageEvent]:
        self.minute += 1
        states = {state.target: state} if state else {}
        return list(self.book.read(PAGE, shown(*links or (LINK,)), minute(self.minute), states))

    def edges(self, state: State | None, *links: str) -> list[str]:
        return [event.edge.value for event in self.read(state, *links)]


def test_a_link_dies_with_the_address_that_it_leads_to_and_is_told_once() -> None:
    story = Story()

    assert [] == story.edges(ALIVE)
    (died,) = story.read(gone())
    assert [] == story.edges(gone())
    assert (PageEdge.LINK_BROKEN, minute(2), PAGE) == (died.edge, died.at, died.target)
    assert died.announced
    assert died.change is not None
    assert ((ChangeKind.LINK_BROKEN,), Weight.MAJOR) == (died.change.kinds, died.change.weight)
    assert "Lien mort : « Déposer ma demande », qui mène à anef.example." == died.change.summary
    assert [("anef", minute(1))] == [(link.target, link.gone_at) for link in died.links]


def test_a_link_that_leads_somewhere_again_is_told_once() -> None:
    story = Story()
    story.read(gone())

    (back,) = story.read(ALIVE)
    assert [] == story.edges(ALIVE)
    assert back.announced
    assert back.change is not None
    assert (ChangeKind.LINK_RESTORED,) == back.change.kinds
    assert "Lien rétabli : « Déposer ma demande », qui mène à anef.example." == back.change.summary


def test_a_dead_link_that_left_the_page_is_noted_and_not_announced() -> None:
    story = Story()
    story.read(gone())

    (left,) = story.read(gone(), "Sans lien.")
    assert (PageEdge.LINK_DROPPED, False, None) == (left.edge, left.announced, left.change)
    assert [] == story.edges(ALIVE, "Sans lien.")
    assert ["link_broken"] == story.edges(gone())


@pytest.mark.parametrize(
    "state",
    [
        None,
        ALIVE,
        replace(ALIVE, verdict=Verdict.DOWN, reason=Reason.GONE),  # not confirmed
        gone(Reason.HTTP_5XX),
        gone(Reason.DNS_SERVFAIL),
        gone(Reason.TIMEOUT, first=Reason.GONE),  # one answer of 404, then silence
        gone(Reason.GONE, first=Reason.HTTP_5XX),  # one answer of 404 while it fails otherwise
        replace(gone(), verdict=Verdict.UNKNOWN, reason=Reason.LOCAL_NETWORK),
        replace(gone(), verdict=Verdict.BLOCKED, reason=Reason.WAF),
        replace(gone(), verdict=Verdict.UNKNOWN),  # 404 of an address that was never up
        replace(gone(), verdict=Verdict.UP, reason=Reason.OK),  # back, not confirmed
    ],
)
def test_what_may_pass_or_is_not_known_kills_no_link(state: State | None) -> None:
    assert says_gone(state) is None
    assert [] == Story().edges(state)


@pytest.mark.parametrize("reason", [Reason.GONE, Reason.DNS_NXDOMAIN])
def test_an_address_dies_by_its_path_or_by_its_name(reason: Reason) -> None:
    assert ["link_broken"] == Story().edges(gone(reason))


def test_a_dead_link_stays_dead_while_its_address_only_fails_otherwise() -> None:
    story = Story()
    story.read(gone())

    assert [] == story.edges(gone(Reason.HTTP_5XX, first=Reason.GONE))
    assert [] == story.edges(replace(gone(), verdict=Verdict.UP, reason=Reason.OK))
    assert [] == story.edges(None)


def test_an_address_that_came_back_and_went_between_two_readings_is_told_both() -> None:
    story = Story()
    story.read(gone())

    assert ["link_restored", "link_broken"] == story.edges(gone(since=9))
    assert ["link_restored"] == story.edges(gone(Reason.HTTP_5XX, since=12))


def test_several_links_that_die_at_once_are_one_event() -> None:
    (died,) = Story().read(
        gone(),
        '<a href="https://anef.example/">Déposer</a>',
        '<a href="http://www.anef.example/#/sejour">Séjour</a>',
        '<a href="https://anef.example">Déposer encore</a>',
    )

    assert ["//anef.example", "//anef.example#/sejour"] == [link.address for link in died.links]
    assert died.change is not None
    assert "« Déposer »" in died.change.summary
    assert "« Séjour »" in died.change.summary


def test_a_link_to_what_nothing_watches_is_not_judged() -> None:
    assert [] == Story().edges(gone(), '<a href="https://anef.example/autre">Autre page</a>')


def test_an_address_is_watched_however_it_is_written() -> None:
    known = watched([ANEF, OTHER])
    page = linking(
        '<a href="http://autre.example/demarches">autre casse</a>',
        '<a href="//autre.example/Demarches">a</a>',
        '<a href="https://www.autre.example//Demarches/?utm_source=x">b</a>',
        '<a href="https://anef.example/#/sejour">c</a>',
        '<a href="https://anef.example/?a=1">d</a>',
    )

    assert {
        "//autre.example/Demarches": "autre",
        "//anef.example#/sejour": "anef",
    } == {address: lead.target for address, lead in leads(page, known).items()}


def test_links_out_of_the_main_part_are_not_the_pages() -> None:
    menu = '<nav><a href="https://anef.example/">ANEF</a></nav>'

    assert {} == leads(linking("Sans lien.", around=menu), watched([ANEF]))


def test_no_page_has_more_links_judged_than_the_bound() -> None:
    many = [f'<a href="https://anef.example/#/{n}">{"a" * 900} {n}</a>' for n in range(200)]
    (died,) = Story().read(gone(), *many)

    assert MOST_LEADS == len(died.links)
    assert died.change is not None
    assert len(died.change.summary) <= 600
    assert all(len(link.text) <= 300 for link in died.links)


def test_a_restart_goes_on_from_what_was_told() -> None:
    (died,) = Story().read(gone())
    told = [DeadLinkRecord(page=PAGE, link=died.links[0], since=minute(1), until=None)]

    edges = [
        [event.edge for event in book.read(PAGE, shown(LINK), minute(5), states)]
        for states in ({"anef": gone()}, {"anef": ALIVE}, {})
        for book in [DeadLinkTracker([ANEF], told, point="local")]
    ]

    assert [[], [PageEdge.LINK_RESTORED], []] == edges


def test_an_address_that_is_no_longer_watched_is_no_longer_judged() -> None:
    (died,) = Story().read(gone())
    told = [DeadLinkRecord(page=PAGE, link=died.links[0], since=minute(1), until=None)]
    book = DeadLinkTracker([OTHER], told, point="local")

    assert [PageEdge.LINK_DROPPED] == [
        event.edge for event in book.read(PAGE, shown(LINK), minute(5), {"anef": gone()})
    ]
