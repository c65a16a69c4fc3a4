"""The pictures of the site in the documents, from a made-up day: `make site-images`."""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from monitor.config.schema import Publisher
from tests.support.browsing import Weather, serving
from tests.support.interface import CONFIG
from tests.web.browser.chromium import launched

STEP_S = 890  # within the 15 minutes that a check holds
STEPS = 98  # a day and some minutes
NATIONAL = 48  # targets whose whole day is shown; of the others only the present state is
DESK: Any = {"viewport": {"width": 1120, "height": 820}, "color_scheme": "light"}
PHONE: Any = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
EXAMPLE = replace(
    CONFIG,
    targets=tuple(replace(target, interval_s=600) for target in CONFIG.targets),
    publisher=Publisher(association="Association d’exemple", site="https://vigie.association.fr/"),
    contact="vigie@association.fr",
    user_agent="VigieANEF/0.1 (+https://vigie.association.fr/robot)",
)


def sky(*spans: tuple[int, int], sign: str = "x") -> str:
    """Return a day without a fault but in these spans of steps, ends excluded."""
    return "".join(
        sign if any(start <= step < end for start, end in spans) else "." for step in range(STEPS)
    )


PRESENT = f"{'...':>{STEPS}}"
TROUBLED = {
    "anef-sso": sky((40, 49), (94, STEPS)),
    "anef-sso-decouverte": sky((41, 48)),
    "anef-employeurs": sky((20, 24), sign="?"),
}
SKIES = [
    TROUBLED.get(target.slug, sky()) if rank < NATIONAL else PRESENT
    for rank, target in enumerate(CONFIG.targets)
]


def taken(browser: Browser, base: str) -> dict[str, bytes]:
    """Return the pictures by the names of their files."""

    def shot(page: Page, path: str) -> bytes:
        page.goto(base + path)
        return page.screenshot()

    desk = browser.new_context(**DESK, locale="fr-FR").new_page()
    phone = browser.new_context(**PHONE, locale="fr-FR").new_page()
    pictures = {
        "site-accueil.png": shot(desk, "/"),
        "site-accueil-telephone.png": shot(phone, "/"),
    }
    incidents = desk.locator("#incidents ~ ul a[href^='/incidents/']").all()
    paths = [str(one.get_attribute("href")) for one in incidents]
    pictures["site-incident.png"] = shot(desk, paths[0])
    return pictures


def main(arguments: Sequence[str]) -> None:
    """Write the pictures into a folder."""
    folder = Path(arguments[0])
    weather = Weather(skies=SKIES, step_s=STEP_S, watched=len(CONFIG.targets))
    with (
        tempfile.TemporaryDirectory() as record,
        sync_playwright() as playwright,
        launched(playwright) as browser,
        serving(Path(record), weather=weather, config=EXAMPLE) as base,
    ):
        for name, picture in taken(browser, base).items():
            (folder / name).write_bytes(picture)
            sys.stdout.write(f"{folder / name}: {len(picture)} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
