"""The mailbox of the demo: what the service sends is seen, and can do nothing where it is shown."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright

from monitor.alerts.relay import RelaySession, Result
from monitor.config import Relay
from monitor.config.schema import Security
from monitor.demo.mail_sink import MESSAGE_MAX
from monitor.demo.mailbox import MOST, SITE, DemoMailbox
from monitor.runtime.clock import SystemClock
from tests.web.browser.chromium import CHROMIUM, launched

SERVICE = "http://127.0.0.1:8600/"
SCRIPT = "<script>parent.document.title = document.title = 'taken'</script>"


def mail(subject: str = "[Indisponible] ANEF", more: str = "") -> bytes:
    message = EmailMessage()
    message["From"] = "demonstration@demo.test"
    message["To"] = "lectrice@exemple.test"
    message["Subject"] = subject
    message["Date"] = "Mon, 23 Nov 2026 09:00:00 +0100"
    message.set_content(f"ANEF : indisponible.\nFiche {SITE}incidents/5\n.\n..\n")
    message.add_alternative(
        f'<html><head><title>x</title></head><body><a href="{SITE}incidents/5">Fiche</a>{more}',
        subtype="html",
    )
    return message.as_bytes().replace(b"\n", b"\r\n")


async def send(box: DemoMailbox, data: bytes) -> Result:
    relay = Relay(host="127.0.0.1", port=box.smtp_port, security=Security.NONE)
    async with RelaySession(relay, "") as session:
        attempt = await session.deliver("a@demo.test", "lectrice@exemple.test", data)
    return attempt.result


async def get(box: DemoMailbox, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as web:
        return await web.get(f"{box.url}{path}")


@contextmanager
def running(folder: Path, *mails: bytes) -> Iterator[DemoMailbox]:
    """Run a mailbox with these messages, on a loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    box = DemoMailbox(folder, SystemClock())
    box.service = SERVICE
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def begin() -> None:
        await box.start()
        for one in mails:
            assert await send(box, one) is Result.SENT

    asyncio.run_coroutine_threadsafe(begin(), loop).result(60)
    try:
        yield box
    finally:
        asyncio.run_coroutine_threadsafe(box.stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


def test_what_was_sent_is_listed_shown_and_kept(tmp_path: Path) -> None:
    async def story() -> None:
        box = DemoMailbox(tmp_path, SystemClock())
        box.service = SERVICE
        await box.start()
        assert "Aucun pour l’instant" in (await get(box, "")).text
        assert await send(box, mail("Premier")) is Result.SENT
        assert await send(box, mail("[Indisponible] <b>ANEF</b>")) is Result.SENT
        listed = (await get(box, "")).text
        assert listed.index("&lt;b&gt;ANEF&lt;/b&gt;") < listed.index("Premier")
        shown = await get(box, "2")
        assert f'<a href="{SERVICE}incidents/5">' in shown.text
        assert "\n.\n..\n" in shown.text, "as it was written, dots too"
        assert SITE not in shown.text
        assert (await get(box, "3")).status_code == 404
        for bad in ("0", "-1", "9" * 500, "1x", "1/../2"):
            assert (await get(box, bad)).status_code in {200, 404}
        frame = await get(box, "2/html")
        assert frame.headers["content-security-policy"].startswith("default-src 'none'")
        assert "sandbox" in frame.headers["content-security-policy"]
        assert "allow-scripts" not in frame.headers["content-security-policy"]
        await box.stop()
        await box.stop()

    asyncio.run(story())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["001.eml", "002.eml"]


def test_a_mailbox_is_bounded(tmp_path: Path) -> None:
    box = DemoMailbox(tmp_path, SystemClock())
    for _ in range(MOST + 5):
        box._take("a@exemple.test", mail())
    assert box.total == MOST + 5
    assert len(list(tmp_path.iterdir())) == MOST


def test_a_client_that_sends_nonsense_or_too_much_is_let_go(tmp_path: Path) -> None:
    async def story() -> None:
        box = DemoMailbox(tmp_path, SystemClock())
        await box.start()
        for data in (b"\xff\x00\r\nQUIT\r\n", b"DATA\r\n" + b"x" * (MESSAGE_MAX + 100_000)):
            reader, writer = await asyncio.open_connection("127.0.0.1", box.smtp_port)
            writer.write(data)
            async with asyncio.timeout(60):
                while await reader.read(1_000):
                    pass
            writer.close()
        assert box.total == 0
        assert await send(box, mail()) is Result.SENT
        await box.stop()

    asyncio.run(story())


@pytest.mark.skipif(not CHROMIUM.exists(), reason="scripts/packages test")
def test_in_a_browser_the_mail_is_seen_and_does_nothing(tmp_path: Path) -> None:
    hostile = SCRIPT + '<img src="https://exemple.test/pixel"><form action="/"><input></form>'
    with (
        running(tmp_path, mail(more=hostile)) as box,
        sync_playwright() as playwright,
        launched(playwright) as browser,
    ):
        page = browser.new_page()
        answers: list[str] = []
        page.on("response", lambda answer: answers.append(answer.url))
        page.goto(box.url)
        page.get_by_role("link", name=re.compile("Indisponible")).click()
        frame = page.frame_locator("iframe")
        assert frame.get_by_role("link", name="Fiche").get_attribute("href") == (
            f"{SERVICE}incidents/5"
        )
        assert page.title() == "[Indisponible] ANEF"
        assert all(one.startswith(box.url) for one in answers), answers
