"""A link of a dashboard leads to a page that is there, for the period that the dashboard shows."""

import asyncio
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.dashboards import FILES, filled
from tests.support.databases import sqlite_template
from tests.support.interface import PAGE, Caller, fill, opened

__all__ = ["sqlite_template"]  # a fixture
LINKS = sorted(
    {
        link
        for path in FILES
        for link in re.findall(r'"(?:url|src)": ("[^"]*")', path.read_text(encoding="utf-8"))
    }
)
TEXTS = sorted({link for path in FILES for link in re.findall(r"\]\(([^)]*)\)", path.read_text())})
FIELDS = {"Cible": PAGE, "Ensemble": "anef", "Identifiant": "anef"}


@pytest.fixture(scope="module")
def caller(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Caller, int]]:
    """Give the pages of a record, and the number of one of its changes."""
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("record") / "vigie.sqlite")
    fill(f"sqlite:///{path}")
    with opened(f"sqlite:///{path}") as store:
        numbers = [one.number for one in store.page_changes(announced_only=True, limit=1)]
        assert numbers[0] is not None
        yield Caller(store), numbers[0]


def address(link: str, number: int) -> str:
    """Return the path of a link, with the variables of Grafana replaced as it does."""
    fields = FIELDS | {"Numéro": str(number)}
    text = re.sub(r"\$\{__data\.fields\.(\w+)\}", lambda found: fields[found[1]], link)
    text = text.replace("${__from:date:iso}", "2026-11-23T08:00:00.000Z")
    text = text.replace("${__to:date:iso}", "2026-11-23T09:00:00.000Z")
    return filled(text, {"vigie": "", "target": PAGE, "point": "local"}).removeprefix(
        "http://127.0.0.1:8600"
    )


@pytest.mark.parametrize("link", [*map(json.loads, LINKS), *TEXTS])
def test_a_link_leads_to_a_page(caller: tuple[Caller, int], link: str) -> None:
    pages, number = caller

    async def get() -> httpx.Response:
        transport = httpx.ASGITransport(app=pages.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://vigie.test") as web:
            return await web.get(address(link, number))

    response = asyncio.run(get())
    assert response.status_code == 200, response.text[:300]


def test_links_have_the_period_of_the_dashboard() -> None:
    assert any("${__from:date:iso}" in link for link in LINKS)
    assert len(LINKS) > 6
