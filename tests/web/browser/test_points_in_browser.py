"""The pages of a service that follows other points, in a browser: one agrees not, one lied."""

from playwright.sync_api import Browser

from tests.support.browsing import served
from tests.web.browser.test_pages_in_browser import AXE, CUT, SIDEWAYS, WIDTHS, findings, opened
from tests.web.test_points import Watched, watched

__all__ = ["watched"]

PATHS = ("/points", "/", "/cibles/accueil", "/en/", "/ar/")


def test_what_several_points_say_is_read_by_all_and_cut_nowhere(
    watched: Watched, browser: Browser
) -> None:
    """The points live before the browser starts: while it runs, nothing else here has a loop."""
    page = opened(browser)
    wrong = []
    with served(watched.app) as base:
        for path in PATHS:
            response = page.goto(base + path)
            assert response is not None
            assert response.ok, path
            page.evaluate(AXE.read_text(encoding="utf-8"))
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
                wrong += [f"{path}, {scheme}: {fault}" for fault in findings(page)]
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                wrong += [f"{path} at {width}: {html}" for html in page.evaluate(CUT)]
                wrong += [f"{path} at {width}, no sign: {one}" for one in page.evaluate(SIDEWAYS)]
    page.context.close()
    assert not wrong, "\n".join(wrong)
