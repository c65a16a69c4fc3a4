"""A real Chromium beside our reading of the wire: it shows what we call up, and no more."""

import shutil
import socket
import struct
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from tests.corpus.wire import WIRE, Wire

CHROMIUM = shutil.which("chromium")
LAST_WORDS = "votre passeport."
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")


@contextmanager
def served(wire: Wire) -> Generator[int]:
    """Send the bytes to whoever connects; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                visit, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), visit:
                visit.recv(65536)
                visit.sendall(wire.data)
                if wire.reset:
                    time.sleep(0.5)  # a RST drops what the browser has not read yet
                    visit.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    threading.Thread(target=run, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield program
        program.close()


@pytest.mark.parametrize("name", WIRE)
def test_a_browser_shows_what_the_corpus_says(name: str, browser: Browser) -> None:
    wire = WIRE[name]
    page = browser.new_page()
    with served(wire) as port:
        with suppress(Error):  # a refusal, or a body that breaks: what is shown counts
            page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
        if wire.shown:
            page.wait_for_function(f"document.body?.innerText.includes({LAST_WORDS!r})")
        else:
            page.wait_for_load_state("load")
        text = page.evaluate("document.body ? document.body.innerText : ''")
    page.close()

    assert (LAST_WORDS in text) is wire.shown
