"""Record what a watch records of a page that says one thing, then another."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from monitor.core.changes.text_history import TextHistory, advance, gone
from monitor.core.model import Outcome
from monitor.core.text.page import Page
from monitor.store import Store
from tests.support.outcomes import outcome
from tests.support.readings import minute, page, reading

PAGES = {letter: page(letter) for letter in "ABC"}


def record(store: Store, said: str | Sequence[Page], *, target: str, removed: bool = False) -> None:
    """Record one reading a minute: of pages, or of texts that go by a letter."""
    pages = [PAGES[letter] for letter in said] if isinstance(said, str) else list(said)

    async def all_in_order() -> None:
        for each in outcomes(pages, target=target, removed=removed):
            await store.record(each)

    asyncio.run(all_in_order())


def address(store: Store, rank: int) -> str:
    """Return where the page of a change is."""
    return f"/modifications/{number_of(store, rank)}"


def number_of(store: Store, rank: int) -> int:
    """Return the number of a change: the first that was recorded is of rank 1."""
    return sorted(change.number for change in store.page_changes())[rank - 1]


def outcomes(pages: Sequence[Page], *, target: str, removed: bool) -> list[Outcome]:
    track, found = TextHistory(target=target, point="local"), []
    for number, one in enumerate(pages):
        track, events = advance(track, reading(one, minute(number)))
        version = track.current.version if track.current and not track.candidates else None
        check = outcome(target, minute(number))
        found.append(replace(check, version=version, changes=events))
    if removed:
        at = minute(len(pages))
        found.append(replace(outcome(target, at), changes=gone(track, at)[1]))
    return found
