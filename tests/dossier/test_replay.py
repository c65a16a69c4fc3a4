"""The bundle in ReplayWeb.page, as a reader opens it, with no way to the internet.

`make replay` brings the program, which is no part of the repository.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Request, expect, sync_playwright

from tests.support.documented import ROOT
from tests.support.evidence_record import EvidenceBundle
from tests.web.browser.chromium import CHROMIUM, launched

PROGRAM = ROOT / "build" / "replaywebpage" / "package"
PATIENCE_MS = 120_000  # on a machine that has other work
SHOWN = "Bonjour, Préfecture."
ADDRESS = "http://connexion.example.test/"
COPIES = ("20261123080040", "20261123103040")  # a whole answer, and one that refers to it


_INSTALLED = """async () => {
    const { installing } = await navigator.serviceWorker.register("sw.js?serveIndex=1");
    await new Promise((done) => installing.addEventListener("statechange", () => {
        if (installing.state === "activated") done();
    }));
}"""


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Leave the output of the tests alone."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Let a browser end an answer that it has seen enough of."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the files of a folder until left; yield the address, without a final slash."""
    server = _Server(("127.0.0.1", 0), partial(_Silent, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True)
class Replay:
    """A page with the program on it, and each address that it asked for elsewhere."""

    page: Page
    program: FrameLocator
    outside: list[str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not (PROGRAM / "sw.js").exists():
        pytest.skip("ReplayWeb.page is missing: make replay")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: scripts/packages test")
    with sync_playwright() as playwright, launched(playwright) as started:
        yield started


@pytest.fixture(scope="module")
def site(evidence: EvidenceBundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("replay")
    (folder / "replay").mkdir()
    for name, place in (("ui.js", "ui.js"), ("sw.js", "replay/sw.js")):
        (folder / place).write_bytes((PROGRAM / name).read_bytes())
    (folder / "lot.wacz").write_bytes(evidence.path.read_bytes())
    for name, where in (("list", ""), *((ts, f'url="{ADDRESS}" ts="{ts}"') for ts in COPIES)):
        (folder / f"{name}.html").write_text(
            '<!doctype html><meta charset="utf-8"><script src="/ui.js"></script>'
            '<body style="height: 100vh; margin: 0"><replay-web-page source="/lot.wacz" '
            f'replaybase="/replay/" {where}></replay-web-page>'
        )
    with served(folder) as base:
        yield base


@contextmanager
def opened(browser: Browser, site: str, name: str) -> Iterator[Replay]:
    """Open a page of the site; what it asks of another host is refused and noted."""
    context = browser.new_context(proxy={"server": "http://127.0.0.1:9", "bypass": "127.0.0.1"})
    outside: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((f"{site}/", "data:", "blob:")):
            outside.append(request.url)

    context.on("request", note)
    try:
        page = context.new_page()
        # A page that is opened while the worker is being installed may wait for it in vain.
        page.goto(f"{site}/replay/")
        page.evaluate(_INSTALLED)
        page.goto(f"{site}/{name}.html")
        yield Replay(page, page.frame_locator("replay-web-page >> iframe"), outside)
    finally:
        context.close()


@pytest.mark.parametrize("ts", COPIES)
def test_an_answer_of_the_bundle_is_shown_as_its_page(browser: Browser, site: str, ts: str) -> None:
    with opened(browser, site, ts) as replay:
        page = replay.program.frame_locator(f'iframe[src*="{ts}mp_/{ADDRESS}"]')
        expect(page.locator("p").first).to_have_text(SHOWN, timeout=PATIENCE_MS)
        assert replay.outside == []


def test_the_list_names_each_copy_by_its_page_its_state_and_its_time(
    browser: Browser, site: str
) -> None:
    with opened(browser, site, "list") as replay:
        entry = replay.program.get_by_title(
            re.compile("Page connexion – indisponible – .*11:30:40")
        )
        expect(entry.first).to_be_visible(timeout=PATIENCE_MS)
        assert replay.outside == []


def test_what_a_page_asks_elsewhere_is_noted(browser: Browser, site: str) -> None:
    with opened(browser, site, "list") as replay:
        replay.page.evaluate("fetch('http://dehors.example.test/x').catch(() => 0)")
        assert replay.outside == ["http://dehors.example.test/x"]
