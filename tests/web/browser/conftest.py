"""One Chromium, one filled and one empty site, for all the tests of this folder."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.support.browsing import Weather, crawl, serving
from tests.support.interface import GOOD_LINK
from tests.web.browser.chromium import CHROMIUM, launched

# What forms lead to.
FORMS = (
    "/cibles?q=ain",
    "/departements?mesure=couverture",
    "/verifier?cible=anef-usagers&le=2026-11-23T09:05",
    "/verifier?numero=205",
    *(f"/abonnement/{use}/{GOOD_LINK}" for use in ("confirmer", "choix", "quitter")),
    f"/ar/abonnement/choix/{GOOD_LINK}",
    f"/releve/{GOOD_LINK}",
)
# All for one module: while a browser runs, no other test of this process may start a loop.


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: scripts/packages test")
    with sync_playwright() as playwright, launched(playwright) as started:
        yield started


@pytest.fixture(scope="module", params=["filled", "empty"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    with serving(folder, weather=Weather() if request.param == "filled" else None) as base:
        yield base


@pytest.fixture(scope="session")
def tried() -> set[bytes]:
    """Return where to note the bodies of pages that a site served."""
    return set()


@pytest.fixture(scope="module")
def pages(site: str, tried: set[bytes]) -> dict[str, bytes]:
    """Return the body of one page of each kind, by its address, in the order of the links to it.

    Without those that the other site serves byte for byte.
    """
    bodies = {site + path: body for path, body in crawl(site, *FORMS).items()}
    fresh = {address: body for address, body in bodies.items() if body not in tried}
    tried.update(fresh.values())
    return fresh
