"""One Chromium, one filled and one empty site, for all the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.browsing import crawl, serving

CHROMIUM = Path("/usr/bin/chromium")


# All for one module: while a browser runs, no other test of this process may start a loop.


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: scripts/packages test")
    with sync_playwright() as playwright:
        # Without a sandbox, since root has none; it sees nothing but our own pages.
        started = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture(scope="module", params=["filled", "empty"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    with serving(folder, filled=request.param == "filled") as base:
        yield base


@pytest.fixture(scope="module")
def pages(site: str) -> list[str]:
    """Return the address of one page of each kind, in the order in which links lead to them."""
    return [site + path for path in crawl(site).values()]
