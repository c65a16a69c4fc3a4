"""What pages say goes in and comes out, on both engines, and a restart forgets nothing believed."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from monitor.core.changes.change import ChangeKind, Weight
from monitor.core.changes.page_events import PageEdge
from monitor.core.changes.text_history import TextHistory, advance
from monitor.core.text.page import Element
from monitor.store import Store
from monitor.store.engine import connected, parse
from monitor.store.tables.check_tables import table_of
from monitor.store.tables.page_tables import APPEND_ONLY, PageTextRow
from tests.support.followed import PAGES, record
from tests.support.readings import minute, reading

TARGET = "etrangers"


def test_a_change_comes_back_with_its_bounds_and_both_texts(store: Store) -> None:
    record(store, "AABBB", target=TARGET)

    first, changed = reversed(store.page_changes())
    change = store.page_change(changed.number)
    assert change is not None
    assert (changed, PAGES["A"], PAGES["B"]) == change
    assert [PageEdge.FIRST, PageEdge.CHANGED] == [first.edge, changed.edge]
    assert (minute(1), minute(2)) == (changed.after_at, changed.by_at)
    assert ((ChangeKind.PHONE,), Weight.MAJOR) == (changed.kinds, changed.weight)
    assert changed.silent
    assert changed.announced
    assert "01 99 00 56 78" in changed.summary
    assert store.page_change(10_000) is None


def test_versions_grow_while_their_text_stays(store: Store) -> None:
    record(store, "AABBB", target=TARGET)

    new, old = store.page_versions(TARGET)
    assert [(minute(0), minute(1), 2), (minute(2), minute(4), 3)] == [
        (one.first_at, one.last_at, one.checks) for one in (old, new)
    ]
    assert ("Accueil des étrangers", "2026-10-12") == (new.title, new.updated_on)
    assert (None, minute(1)) == (old.before_at, new.before_at)


def test_a_text_is_kept_once_whatever_shows_it(store: Store, database_url: str) -> None:
    record(store, "ABBAA", target=TARGET)
    record(store, "ABBAA", target="autre")

    with connected(parse(database_url), writer=False) as connection:
        texts = connection.scalar(select(func.count()).select_from(table_of(PageTextRow)))
    assert (2, 3) == (texts, len(store.page_versions(TARGET)))


def test_facts_last_from_the_first_reading_to_the_first_without(store: Store) -> None:
    record(store, "AABB", target=TARGET)

    phones = [fact for fact in store.page_facts() if fact.element is Element.PHONE]
    assert [
        ("+33199001234", minute(0), minute(2)),
        ("+33199005678", minute(2), None),
    ] == [(fact.value, fact.since, fact.until) for fact in phones]
    stated = {fact.element for fact in store.page_facts([TARGET], stated_only=True)}
    assert {Element.PHONE, Element.OPENING_HOURS} == stated
    assert () == store.page_facts(["autre"])


@pytest.mark.parametrize("letters", ["A", "AAB", "ABB", "ABBAA", "ABABA", "ABABAABABB"])
def test_a_restart_goes_on_from_what_was_believed(store: Store, letters: str) -> None:
    track = TextHistory(target=TARGET, point="local")
    for number, letter in enumerate(letters):
        track, _ = advance(track, reading(PAGES[letter], minute(number)))
    record(store, letters, target=TARGET)

    (read,) = store.tracks()

    assert forgetful(track) == forgetful(read)


def forgetful(track: TextHistory) -> TextHistory:
    """Leave out what a restart forgets: what was not believed yet."""
    return replace(track, candidates=(), stable_count=0, flips=0)


def test_a_page_that_is_gone_is_remembered_as_such(store: Store) -> None:
    record(store, "AA", target=TARGET, removed=True)

    (track,) = store.tracks()
    removed = store.page_changes()[0]
    assert track.removed
    assert (PageEdge.REMOVED, (ChangeKind.PAGE_REMOVED,)) == (removed.edge, removed.kinds)


def test_changes_are_found_by_target_kind_span_and_page_of_a_list(store: Store) -> None:
    record(store, "AABBABAA", target=TARGET)
    record(store, "BBCC", target="autre")

    every = store.page_changes()
    assert [one.at for one in every] == sorted((one.at for one in every), reverse=True)
    assert {"autre"} == {change.target for change in store.page_changes(targets=["autre"])}
    assert {ChangeKind.PHONE} == {
        kind for change in store.page_changes(kind=ChangeKind.PHONE) for kind in change.kinds
    }
    changes = store.page_changes(announced_only=True)
    assert {PageEdge.CHANGED, PageEdge.RETURNED} == {change.edge for change in changes}
    assert len(changes) == store.count_page_changes(announced_only=True)
    assert every[2:4] == store.page_changes(limit=2, offset=2)
    assert every == store.page_changes(until=minute(60), since=minute(0))
    assert () == store.page_changes(since=minute(60))


def test_what_was_said_of_a_page_is_neither_changed_nor_removed(
    store: Store, database_url: str
) -> None:
    record(store, "ABB", target=TARGET)
    with connected(parse(database_url), writer=True) as connection:
        for table in APPEND_ONLY:
            for change in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):  # noqa: S608 -- ours
                with pytest.raises(DBAPIError, match=f"{table} is append-only"):
                    connection.execute(text(change))
                connection.rollback()
