"""The page of the interface: its own description, for people; and whom the pages tell of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import html

from monitor.web.views.interface_page import EXAMPLES
from tests.support.databases import sqlite_template
from tests.support.interface import CONFIG, Caller, opened

__all__ = ["sqlite_template"]  # a fixture


@pytest.fixture(scope="module")
def caller(sqlite_template: Path) -> Iterator[Caller]:
    with opened(f"sqlite:///{sqlite_template}") as store:
        yield Caller(store)


def page(caller: Caller) -> html.HtmlElement:
    return html.fromstring(caller.ask("/").text)


def test_the_page_shows_every_place_with_its_parameters_and_an_example(caller: Caller) -> None:
    document = page(caller)
    assert document.get("lang") == "fr"
    assert not document.xpath("//script|//@style|//style")
    for path, operations in caller.description["paths"].items():
        name = path.removeprefix("/")
        (head,) = document.xpath(f"//h3[@id='{name}']")
        table = head.xpath("following::table[1]//th[@scope='row']/code/text()")
        assert sorted(table) == sorted(
            one["name"] for one in operations["get"].get("parameters", ())
        )
        example = head.xpath("following::pre[1]/text()")[0]
        assert example.startswith(f"curl '{CONFIG.publisher.site.rstrip('/')}/api/v1{path}")


def test_what_may_be_written_is_shown(caller: Caller) -> None:
    (row,) = page(caller).xpath("//h3[@id='availability']/following::table[1]//tr[th/code='by']")
    assert row.xpath("td[2]/text()") == ["day, week, month, hour, opening, milestone"]
    (row,) = page(caller).xpath("//h3[@id='outages']/following::table[1]//tr[th/code='limit']")
    assert "de 1 à 1000" in row.xpath("td[2]/text()")[0]


def test_every_reference_of_the_page_has_its_element(caller: Caller) -> None:
    document = page(caller)
    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in document.xpath("//a/@href") if link[0] == "#"} <= set(ids)
    problem = caller.ask("/outages?limit=0").json()
    assert problem["type"].removeprefix("/api/v1/#") in ids


def test_every_example_is_a_question_that_is_understood(caller: Caller) -> None:
    assert set(EXAMPLES) >= set(caller.description["paths"])
    for path in caller.description["paths"]:
        response = caller.ask(f"{path}?{EXAMPLES[path]}".removesuffix("?"))
        assert response.status_code == 200, response.text


def test_the_pages_lead_to_the_interface(caller: Caller) -> None:
    document = page(caller)
    assert document.xpath("//footer//a[@href='/api/v1/']")
    moved = caller.ask("")
    assert (moved.status_code, moved.headers["location"]) == (308, "/api/v1/")
    assert "evil.test" not in caller.ask("/").text
