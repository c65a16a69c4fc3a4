"""Dead links go in and come out, on both engines, each with the changes that it is about."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from monitor.core.changes.page_events import PageEvent, ShownPage
from monitor.core.changes.text_history import TextHistory, advance
from monitor.core.model import State
from monitor.probe.dead_link_tracker import DeadLinkTracker
from monitor.store import Store
from monitor.store.engine import connected, parse
from tests.support.linking import ALIVE, gone, linking
from tests.support.outcomes import outcome
from tests.support.readings import minute, reading
from tests.support.reads import target

TARGETS = [target("anef"), target("autre")]
LINKS = [f'<a href="{one.url}">Vers {one.slug}</a>' for one in TARGETS]


def record(store: Store, *story: dict[str, State], page: str) -> None:
    """Record a check of a page a minute, beside the states of what its links lead to."""

    async def all_in_order() -> None:
        book = DeadLinkTracker(TARGETS, store.dead_links(dead_only=True), point="local")
        for number, states in enumerate(story):
            shown, events = first(page) if number == 0 else (first(page)[0], ())
            told = book.read(page, shown, minute(number), states)
            await store.record(replace(outcome(page, minute(number)), changes=(*events, *told)))

    asyncio.run(all_in_order())


def first(page: str) -> tuple[ShownPage, tuple[PageEvent, ...]]:
    track, events = advance(
        TextHistory(target=page, point="local"), reading(linking(*LINKS), minute(0))
    )
    assert track.current is not None
    return track.current, events


def test_one_of_two_dead_links_lives_again_and_the_other_stays_dead(store: Store) -> None:
    both = {"anef": gone(), "autre": replace(gone(), target="autre")}
    record(store, both, page="sejour")
    record(store, both, both | {"anef": ALIVE}, page="etrangers")

    assert [("etrangers", "autre"), ("sejour", "anef"), ("sejour", "autre")] == [
        (link.page, link.link.target) for link in store.dead_links(dead_only=True)
    ]
    lived, dead = store.dead_links(["etrangers"])
    assert ("Vers anef", "//anef.example", minute(1)) == (
        lived.link.text,
        lived.link.address,
        lived.link.gone_at,
    )
    assert [(minute(0), minute(1)), (minute(0), None)] == [
        (one.since, one.until) for one in (lived, dead)
    ]
    restored, broken, _ = store.page_changes(targets=["etrangers"])
    assert [(lived,), (lived, dead)] == [
        store.dead_links(change=one.number) for one in (restored, broken)
    ]


def test_a_link_that_dies_again_is_another_row(store: Store) -> None:
    again = gone(since=9)
    record(store, {"anef": gone()}, {"anef": ALIVE}, {"anef": again}, page="etrangers")

    assert [(minute(1), minute(1)), (minute(9), None)] == [
        (link.link.gone_at, link.until) for link in store.dead_links()
    ]


def test_no_dead_link_is_without_the_change_that_told_it(store: Store, database_url: str) -> None:
    record(store, {"anef": gone()}, page="etrangers")
    with connected(parse(database_url), writer=True) as connection:
        with pytest.raises(DBAPIError):
            connection.execute(text("UPDATE dead_link SET broken_id = 999"))
        connection.rollback()
