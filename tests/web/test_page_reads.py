"""What a page reads of the record: of its own targets, not of all that are watched."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from monitor.core.model import Gap, State
from monitor.core.outages.milestones import Component
from monitor.web.views.overview import overview
from tests.support.reads import NOW, FakeReads, config, state, target
from tests.web.test_places import TARGETS, visitor

ALL = None  # of a question that names no target
EVERY = [one.slug for one in TARGETS]


@dataclass(slots=True, kw_only=True)
class RecordedQuestions(FakeReads):
    """A record that notes of which targets it is asked for what."""

    states_of: list[list[str] | None] = field(default_factory=list)
    gaps_of: list[list[str] | None] = field(default_factory=list)
    watched_of: list[list[str] | None] = field(default_factory=list)

    def states(self, targets: Iterable[str] | None = None) -> Sequence[State]:
        slugs = None if targets is None else list(targets)
        self.states_of.append(slugs)
        return FakeReads.states(self, slugs)

    def gaps(
        self, since: datetime, until: datetime, *, targets: Iterable[str] | None = None
    ) -> Sequence[Gap]:
        slugs = None if targets is None else list(targets)
        self.gaps_of.append(slugs)
        return FakeReads.gaps(self, since, until, targets=slugs)

    def watched(
        self, targets: Iterable[str] | None = None
    ) -> Mapping[str, tuple[datetime, datetime]]:
        self.watched_of.append(None if targets is None else list(targets))
        return {}


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("/", [ALL]),
        ("/cibles", [ALL]),
        ("/cibles?q=creteil", [["prefecture-94"]]),
        ("/cibles?q=nowhere", [[]]),
        ("/cibles?etat=up", [ALL]),  # who is up is known only once all are read
        ("/departements", [ALL]),
        ("/departements?mesure=couverture", []),  # no state is shown
        ("/departements/93", [["prefecture-93"]]),
        ("/cibles/anef", [["anef"]]),
    ],
)
def test_a_page_reads_once_and_only_the_states_that_it_shows(
    path: str, read: list[list[str] | None]
) -> None:
    record = RecordedQuestions(seen=[state(slug) for slug in EVERY])
    assert visitor(record).get(path).status_code == 200
    assert record.states_of == read
    assert record.gaps_of == read


def test_the_page_of_a_target_asks_only_for_its_own_first_check() -> None:
    record = RecordedQuestions(seen=[state(slug) for slug in EVERY])
    assert visitor(record).get("/cibles/anef").status_code == 200
    assert record.watched_of == [["anef"]]


def test_a_timeline_is_drawn_of_the_components_alone() -> None:
    plain = config([target("anef"), target("other")])
    part = Component(slug="portal", name="Portail", targets=("anef",), necessary=True, why="x")
    for components, drawn in (((), set()), ((part,), {"anef"})):
        view = overview(
            FakeReads(),
            config=replace(plain, figures=replace(plain.figures, components=components)),
            now=NOW,
            window_s=3_600,
        )
        rows = [row for one in view.platforms for row in one.rows]
        assert {row.target.slug for row in rows if row.strip} == drawn
        assert view.coverage == 0
