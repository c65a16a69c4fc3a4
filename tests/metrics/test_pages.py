"""What Prometheus reads of what pages say."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from monitor.core.model import Outcome, Target
from monitor.core.text.page import Element
from monitor.metrics import Exposition, MetricsState
from monitor.probe.dead_link_tracker import DeadLinkTracker
from monitor.probe.page_tracker import metrics_of_pages
from monitor.store import Store
from tests.support.clock import FakeClock
from tests.support.databases import sqlite_template
from tests.support.followed import PAGES, outcomes
from tests.support.linking import gone, linking
from tests.support.outcomes import outcome
from tests.support.readings import SENTENCES, minute, page
from tests.support.reads import state, target

__all__ = ["sqlite_template"]  # a fixture
PAGE = target("etrangers", department="63")
ANEF = target("anef")
LETTERS = "AABBABACC"


def found(letters: str = LETTERS) -> list[Outcome]:
    return outcomes([PAGES[letter] for letter in letters], target=PAGE.slug, removed=False)


def samples(board: MetricsState, name: str, *, at: int) -> dict[str, float]:
    """Return the samples of a metric by their one label of its own, "" without one."""
    clock = FakeClock(minute(at))
    exposition = Exposition(
        board, clock=clock, point="local", version="1.0", config_sha256="ab" * 32
    )
    text = exposition.render().decode()
    return {
        sample.labels.get("kind") or sample.labels.get("element") or "": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def seen(*parts: Outcome, of: Target = PAGE) -> MetricsState:
    board = MetricsState([of])
    for part in parts:
        board.observe(part)
    return board


def test_announced_changes_are_counted_by_kind_and_the_newest_is_dated() -> None:
    board = seen(*found())

    assert {"phone": 1.0, "opening_hours": 1.0} == samples(board, "anef_page_changes_total", at=9)
    assert {"": minute(7).timestamp()} == samples(
        board, "anef_page_last_change_timestamp_seconds", at=9
    )


def test_what_a_page_states_is_one_and_what_it_denies_or_omits_is_zero() -> None:
    SENTENCES["post"] = "Aucun dossier reçu par courrier ne sera traité. Tél. 01 99 00 12 34."
    board = seen(*outcomes([page("post")], target=PAGE.slug, removed=False))

    told = samples(board, "anef_page_information_present", at=1)
    assert (1.0, 0.0, 0.0) == (told["phone"], told["post"], told["email"])
    assert set(Element) == set(told)


def test_the_displayed_date_is_told_in_unix_time() -> None:
    name = "anef_page_displayed_update_timestamp_seconds"

    assert {"": 1791763200.0} == samples(seen(*found("A")), name, at=0)
    undated = replace(PAGES["A"], updated_on="")
    board = seen(*outcomes([undated], target=PAGE.slug, removed=False))
    assert {} == samples(board, name, at=0)


def test_what_is_too_old_to_be_now_is_no_longer_told() -> None:
    board = seen(*found("A"))

    assert {} == samples(board, "anef_page_information_present", at=10_000)


def test_a_page_that_was_never_read_has_no_sample() -> None:
    assert {} == samples(seen(), "anef_page_information_present", at=0)


def test_a_restart_remembers_what_pages_state(sqlite_template: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'vigie.sqlite')}"
    with Store.open(url, point="local", writer=True, rest_s=0) as store:

        async def record() -> None:
            for each in found():
                await store.record(each)

        asyncio.run(record())
        before = seen(*found()).targets[PAGE.slug].page
        after = metrics_of_pages(store, store.tracks())[PAGE.slug]

    assert before is not None
    assert replace(before, changes={}) == replace(after, changes={})


def test_dead_links_are_counted_as_they_come_and_go() -> None:
    name, link = "anef_page_dead_links", f'<a href="{ANEF.url}">Déposer</a>'
    board, book = seen(*found("A")), DeadLinkTracker([ANEF], (), point="local")
    counts = [samples(board, name, at=0)]
    for number, alive in ((1, False), (2, True)):
        (text,) = outcomes([linking(link)], target=PAGE.slug, removed=False)
        shown = text.changes[0].after
        assert shown is not None
        changes = book.read(
            PAGE.slug, shown, minute(number), {"anef": state("anef") if alive else gone()}
        )
        board.observe(replace(outcome(PAGE.slug, minute(number)), changes=changes))
        counts.append(samples(board, name, at=number))

    assert [{"": 0.0}, {"": 1.0}, {"": 0.0}] == counts
    assert 1.0 == samples(board, "anef_page_changes_total", at=2)["link_broken"]
