"""Debian's Chromium, driven by playwright."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """Run Chromium until left."""
    # Without a sandbox, since root has none; it sees nothing but our own pages.
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
    )
    try:
        yield browser
    finally:
        browser.close()
