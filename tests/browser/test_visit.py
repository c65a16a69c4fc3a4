"""A real browser that has no network: what it is shown, and what a hostile page can do in it."""

import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.browser.chromium import Executable, _processes
from monitor.core.model.rendering import RefusalCause, RefusedRequests, RenderFailure
from tests.support.screens import HOST, PaperSite, browser, given, shown

pytestmark = pytest.mark.anyio
APPLICATION = """
(async () => {
  const texts = await (await fetch('/api/conf')).json();
  document.body.innerHTML = `<h1>${texts.title}</h1><button>Commencer</button>`;
  console.error('la page dit', document.cookie, navigator.userAgent.includes('VigieANEF'));
})();
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """See that each browser leaves no file and no process.

    In a folder of a short name: Chromium's own sockets are in it.
    """
    assert tmp_path.is_dir()  # made where such folders usually are
    with tempfile.TemporaryDirectory(prefix="v") as name:
        monkeypatch.setattr("tempfile.tempdir", name)
        yield Path(name)
        assert not list(Path(name).glob("vigie-*"))
        processes = (p for p in Path("/proc").iterdir() if p.name.isdigit())
        assert not [p for p in processes if name in _line(p)]


def _line(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


async def test_a_page_is_shown_by_requests_that_we_answer() -> None:
    site = PaperSite(
        {
            "/": given(
                "<!doctype html><title>Étrangers</title><body><script src=/app.js></script>"
                "<script src=https://autre.example/tiers.js></script>",
                "text/html; charset=utf-8",
                ("set-cookie", "visite=1; Path=/"),
            ),
            "/app.js": given(APPLICATION, "text/javascript"),
            "/api/conf": given('{"title": "Vos démarches"}', "application/json"),
        }
    )
    found = await shown(site)
    assert found.failure is None, found
    assert "heading « Vos démarches » level=1" in found.tree
    assert "button « Commencer »" in found.tree
    assert "Vos démarches" in found.text
    assert "<h1>Vos démarches</h1>" in found.document
    assert found.picture.startswith(b"\x89PNG")
    assert any("la page dit visite=1 True" in line for line in found.console), found.console
    third = RefusedRequests(origin="https://autre.example", cause=RefusalCause.THIRD_PARTY)
    assert found.refused == (third,)
    cookies = {asked.url.removeprefix(HOST): asked.headers.get("cookie") for asked in site.asked}
    assert cookies["/"] is None
    assert cookies["/app.js"] == cookies["/api/conf"] == "visite=1"


@contextmanager
def listeners() -> Iterator[tuple[int, list[bytes]]]:
    """Listen for connections and datagrams on one port; yield it with all that comes."""
    came: list[bytes] = []
    with (
        socket.socket() as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
    ):
        stream.bind(("127.0.0.1", 0))
        port = stream.getsockname()[1]
        datagrams.bind(("127.0.0.1", port))
        stream.listen()

        def accept() -> None:
            while True:
                try:
                    stream.accept()[0].close()
                except OSError:
                    return
                came.append(b"connection")

        def receive() -> None:
            while True:
                try:
                    came.append(datagrams.recv(2_000))
                except OSError:
                    return

        threads = [threading.Thread(target=work, daemon=True) for work in (accept, receive)]
        for thread in threads:
            thread.start()
        yield port, came
        stream.shutdown(socket.SHUT_RDWR)


def hostile(port: int) -> str:
    """Return a page that tries every way out that a page has."""
    here = f"http://127.0.0.1:{port}"
    return f"""<!doctype html><title>t</title>
<link rel=dns-prefetch href="//ailleurs.example"><link rel=preconnect href="{here}">
<link rel=prefetch href="{here}/pre"><link rel=preload as=fetch href="{here}/preload">
<body><iframe src="file:///etc/passwd"></iframe><iframe src="{here}/frame"></iframe>
<iframe src="data:text/html,<script>fetch('{here}/data')</script>"></iframe>
<script>
alert('un'); confirm('deux'); prompt('trois');
window.open('{here}/popup'); window.open('/popup');
new WebSocket('ws://127.0.0.1:{port}/ws');
new EventSource('{here}/es'); new EventSource('/es');
fetch('{here}/f', {{mode: 'no-cors'}}).catch(() => 0);
fetch('/post', {{method: 'POST', body: 'x'}}).catch(() => 0);
navigator.sendBeacon('{here}/b', 'x');
document.createElement('img').src = 'http://[::1]:{port}/img';
const peer = new RTCPeerConnection({{iceServers: [{{urls: 'stun:127.0.0.1:{port}'}},
  {{urls: 'turn:127.0.0.1:{port}?transport=tcp', username: 'a', credential: 'b'}}]}});
peer.createDataChannel('x');
peer.createOffer().then(offer => peer.setLocalDescription(offer));
try {{ new WebTransport('https://127.0.0.1:{port}/wt').ready.catch(() => 0) }} catch {{}}
new Worker(URL.createObjectURL(new Blob([`fetch('{here}/worker')`])));
new SharedWorker(URL.createObjectURL(new Blob([`fetch('{here}/shared')`])));
navigator.serviceWorker.register('/sw.js');
for (const [href, name] of [['/file.bin', 'x.bin'],
    [URL.createObjectURL(new Blob(['y'.repeat(1e5)])), 'y.bin']]) {{
  const link = document.createElement('a');
  link.href = href; link.download = name; link.click();
}}
navigator.serviceWorker.ready.then(() => setTimeout(() => document.body.append('Commencer'), 500));
</script>"""


@pytest.mark.parametrize("apart", [True, False])
async def test_a_hostile_page_finds_no_way_out(*, apart: bool) -> None:
    """Neither where the system gives the browser a network of its own, nor where it does not."""
    with listeners() as (port, came):
        worker = f"self.onactivate = () => fetch('http://127.0.0.1:{port}/sw'); self.skipWaiting()"
        site = PaperSite(
            {
                "/": given(hostile(port)),
                "/sw.js": given(worker, "text/javascript"),
                "/file.bin": given(
                    "zzz", "application/octet-stream", ("content-disposition", "attachment")
                ),
            }
        )
        found = await shown(site, executable=browser(apart=apart))
        assert found.failure is None, found
        assert came == []
    assert "text « Commencer »" in found.tree
    assert "root:" not in found.tree + found.text + found.document
    causes = {(refused.origin, refused.cause) for refused in found.refused}
    here = f"http://127.0.0.1:{port}"
    assert (here, RefusalCause.THIRD_PARTY) in causes
    assert (here, RefusalCause.METHOD) in causes or (HOST, RefusalCause.METHOD) in causes
    paths = [asked.url.removeprefix(HOST) for asked in site.asked]
    assert not {"/popup", "/post"} & set(paths)


async def test_a_page_that_goes_from_one_to_the_next_is_read_when_it_rests() -> None:
    page = (
        "<body><script>const n = +(location.search.slice(1) || 0);"
        "if (n < 8) setTimeout(() => { location.search = n + 1 }, 30);"
        "else document.body.append('Commencer')</script>"
    )
    pages = {"/": given(page), **{f"/?{n}": given(page) for n in range(1, 9)}}
    found = await shown(PaperSite(pages))
    assert found.failure is None
    assert "Commencer" in found.text


async def test_a_script_without_end_is_ended() -> None:
    page = "<body>Avant<script>setTimeout(() => { while (true) {} }, 50)</script>"
    found = await shown(PaperSite({"/": given(page)}), deadline_s=3)
    assert found.failure is RenderFailure.BUSY
    assert (found.tree, found.picture) == ("", b"")


async def test_a_page_that_takes_too_much_memory_is_ended() -> None:
    page = (
        "<body>Avant<script>const kept = []; setInterval(() => { for (let n = 0; n < 20; n++)"
        " kept.push(new Uint8Array(4e6).fill(n)) }, 5)</script>"
    )
    found = await shown(PaperSite({"/": given(page)}), memory_bytes=400_000_000)
    assert found.failure in {RenderFailure.MEMORY, RenderFailure.GONE}, found


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("exit 1", RenderFailure.START),
        ("printf 'rien\\0' >&4; sleep 60", RenderFailure.UNREADABLE),
        ("printf '[1]\\0' >&4; sleep 60", RenderFailure.UNREADABLE),
        ("printf '{}\\0' >&4; sleep 60", RenderFailure.UNREADABLE),
        ('printf \'{"method": 1, "params": {"a": 1}}\\0\' >&4; exit', RenderFailure.START),
        ('while :; do printf \'{"method": "x"}\\0\'; done >&4', RenderFailure.UNREADABLE),
    ],
)
async def test_what_is_no_browser_is_a_failure(
    script: str, failure: RenderFailure, tmp_path: Path
) -> None:
    path = tmp_path / "faux"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    path.chmod(0o755)
    found = await shown(PaperSite({}), executable=Executable(path=path))
    assert found.failure is failure
    assert not [p for p in _processes(os.getsid(0)) if "faux" in _line(Path("/proc") / str(p))]


async def test_a_browser_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    found = await shown(PaperSite({}), executable=Executable(path=tmp_path / "absent"))
    assert found.failure is RenderFailure.START
