"""What is cited has a number: the leaf that says it began, whatever becomes of it after."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, update

from monitor.core.model import Incident, Outage
from monitor.store import Store
from monitor.store.tables.check_tables import EventRow, GapRow, table_of
from monitor.store.writing.intern_tables import InternTables
from tests.store.test_store import an_outage, opening
from tests.support.followed import record
from tests.support.outcomes import at
from tests.support.service_days import live, open_store

DAY = at(-3600), at(86_400)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with open_store(database_url) as opened:
        yield opened


def said(store: Store, number: int | None) -> dict[str, object]:
    assert number is not None
    (entry,) = store.leaves(number, number + 1)
    leaf: dict[str, object] = json.loads(entry)
    return leaf


def test_the_number_of_an_outage_is_the_leaf_that_opened_it(store: Store) -> None:
    live(store)
    found = store.outages()
    assert len(found) == 3
    for one in found:
        leaf = said(store, one.number)
        assert (leaf["type"], leaf["edge"]) == ("outage", "opened")
        assert (said(store, int(str(leaf["observation"])))["target"]) == one.target
        assert store.outages(number=one.number) == (one,)
        assert one.number in {event.outage.number for event in store.events(*DAY) if event.outage}
    assert store.outages(number=1) == ()
    (open_now,) = (one for one in found if one.recovered_at is None)
    assert [state.outage.number for state in store.states() if state.outage] == [open_now.number]


def test_the_number_of_an_incident_is_the_least_of_its_outages(store: Store) -> None:
    live(store)
    numbers = {(outage.target, outage.first_fail_at): outage.number for outage in store.outages()}
    for incident in store.incidents():
        mine = [numbers[name] or 0 for name in incident.outages]
        assert incident.number == min(mine)
        for number in mine:
            assert store.incidents(number=number) == (incident,)


def test_an_incident_keeps_its_number_when_it_grows_and_each_finds_it_when_they_merge(
    store: Store,
) -> None:
    first = an_outage("anef")
    second = an_outage("accueil", first_fail_at=at(4000), confirmed_at=at(4100))
    early = an_outage("connexion", first_fail_at=at(200), confirmed_at=at(5000))

    def whole(*outages: Outage) -> Incident:
        names = tuple((outage.target, outage.first_fail_at) for outage in outages)
        start = min(outage.first_fail_at for outage in outages)
        return Incident(platform="anef", point="local", opened_at=start, outages=names)

    async def begin() -> None:
        await store.record(replace(opening("anef", first), incidents=(whole(first),)))
        await store.record(replace(opening("accueil", second), incidents=(whole(second),)))

    asyncio.run(begin())
    one, other = store.incidents()
    assert one.number is not None
    assert other.number is not None
    assert one.number < other.number

    async def merge() -> None:
        together = whole(early, first, second)
        await store.record(replace(opening("connexion", early), incidents=(together,)))

    asyncio.run(merge())
    (merged,) = store.incidents()
    assert merged.opened_at == early.first_fail_at
    assert merged.number == one.number
    assert store.incidents(number=other.number) == (merged,)


def test_the_number_of_a_gap_and_of_a_change_is_its_leaf(store: Store) -> None:
    live(store)
    record(store, "AABB", target="fiche")
    (gap,) = store.gaps(*DAY)
    assert said(store, gap.number)["type"] == "gap"
    assert store.gaps(*DAY, number=gap.number) == (gap,)
    assert store.gaps(*DAY, number=0) == ()
    for change in store.page_changes():
        assert said(store, change.number)["type"] == "change"
        known = store.page_change(change.number)
        assert known is not None
        assert known[0] == change


def forget(connection: Connection, kept: InternTables) -> None:
    del kept
    for row in (EventRow, GapRow):
        connection.execute(update(table_of(row)).values(leaf=None))


def test_what_is_older_than_the_journal_has_no_number(store: Store) -> None:
    live(store)
    asyncio.run(store.write(forget))
    assert {outage.number for outage in store.outages()} == {None}
    assert {incident.number for incident in store.incidents()} == {None}
    assert {gap.number for gap in store.gaps(*DAY)} == {None}


def test_the_newest_are_the_last_of_all(store: Store) -> None:
    live(store)
    gaps = store.gaps(*DAY)
    assert gaps
    assert store.gaps(*DAY, newest=1) == gaps[-1:]
    assert store.gaps(*DAY, targets=["nobody"]) == tuple(gap for gap in gaps if not gap.target)
    assert store.gaps(*DAY, targets={gap.target for gap in gaps}) == gaps
    incidents = store.incidents()
    assert store.incidents(newest=1) == incidents[-1:]
    assert store.incidents(newest=len(incidents) + 1) == incidents


def test_checks_have_the_number_of_their_leaf_in_either_order(store: Store) -> None:
    live(store)
    (target, *_) = {one.target for one in store.outages()}
    every = store.observations(target, *DAY)
    found = store.numbered_observations(target, *DAY, newest_first=False, limit=3)
    assert tuple(check for _, check in found) == every[:3]
    assert all(said(store, number)["type"] == "observation" for number, _ in found)
    last = store.numbered_observations(target, *DAY, newest_first=True, limit=2)
    assert tuple(check for _, check in last) == every[:-3:-1]
