"""Ask a real Chromium what it shows of each answer of `wire.py`, and print where we differ.

`python -m tests.corpus.in_chromium`: some minutes; it is no part of the suite, since what a browser
shows of an answer that breaks depends on when the pieces arrive.
"""

import shutil
import socket
import struct
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

from playwright.sync_api import Browser, Error, sync_playwright

from tests.corpus.wire import WIRE, Wire

LAST_WORDS = "votre passeport."
PATIENT_MS = 400.0


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
                time.sleep(0.15)  # a RST drops what the browser has not read yet
                if wire.reset:
                    visit.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    threading.Thread(target=run, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def is_shown(wire: Wire, browser: Browser) -> bool:
    """Return whether the last words of the page are on the screen."""
    page = browser.new_page()
    with served(wire) as port:
        with suppress(Error):  # a refusal, or a body that breaks: what is shown counts
            page.goto(f"http://127.0.0.1:{port}/", wait_until="commit", timeout=8_000)
        page.wait_for_timeout(PATIENT_MS)
        text: str = page.evaluate("document.body ? document.body.innerText : ''")
    page.close()
    return LAST_WORDS in text


def main() -> int:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        different = [
            name for name, wire in WIRE.items() if is_shown(wire, browser) is not wire.shown
        ]
        browser.close()
    sys.stdout.write("".join(f"{name}: {WIRE[name].why}\n" for name in different))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
