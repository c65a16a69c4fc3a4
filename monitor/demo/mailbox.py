"""The mailbox of the demo: every message that the service sent, on pages of its own.

The HTML of a message is in a frame that may do nothing: no script, no request, no form. Links to
the made-up address of the service lead to the demo instead.
"""

import email
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import jinja2

from monitor.demo.mail_sink import MailSink
from monitor.demo.site_server import Site, SiteAnswer
from monitor.runtime.clock import Clock

FOLDER = "courriels"  # below the data of the demo
MOST = 300  # messages; later ones are only counted
SITE = "https://demo.test/"  # what messages call the service
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_SHOWN = "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)
_CSP = "Content-Security-Policy"
_PAGE = ((_CSP, f"{_ALONE}; frame-src 'self'; frame-ancestors 'none'"), *_HEADERS)
_FRAME = ((_CSP, f"{_ALONE}; {_SHOWN}"), *_HEADERS)
_FORM = Path(__file__).parent / "pages" / "mailbox.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMail:
    """One message, as its reader has it."""

    recipient: str
    subject: str
    date: str
    text: str
    html: str


class DemoMailbox:
    """Takes what the service sends, and shows it.

    Attributes:
        smtp_port: Where messages are taken; set by `start`.
        url: The address of the pages; set by `start`.
        total: Messages taken.

    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.smtp_port = 0
        self.url = ""
        self.total = 0
        self.service = SITE
        self._folder = folder
        self._mails: list[DemoMail] = []
        self._sink = MailSink(self._take)
        self._site = Site(address="127.0.0.1", clock=clock, answer=self._answer)
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
        self._page = environment.from_string(_FORM.read_text(encoding="utf-8"))

    async def start(self) -> None:
        """Listen on two free ports of loopback, and make the folder of the messages."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.smtp_port = await self._sink.start()
        self.url = f"http://127.0.0.1:{await self._site.start()}/"

    async def stop(self) -> None:
        """Close both. Safe to call twice."""
        await self._sink.stop()
        await self._site.stop()

    def _take(self, recipient: str, data: bytes) -> None:
        self.total += 1
        if self.total > MOST:
            return
        (self._folder / f"{self.total:03}.eml").write_bytes(data)
        self._mails.append(_mail(recipient, data))

    def _answer(self, path: str) -> SiteAnswer:
        name, _, part = path.strip("/").partition("/")
        if not name:
            return self._shown(None)
        if not name.isdigit() or not 1 <= int(name[:9]) <= len(self._mails):
            return SiteAnswer(status=404, body=b"404", headers=_PAGE)
        mail = self._mails[int(name[:9]) - 1]
        if part != "html":
            return self._shown(mail, int(name[:9]))
        # Links in a frame open outside of it: the frame itself may not navigate anywhere.
        html = self._local(mail.html).replace("<head>", '<head><base target="_blank">', 1)
        return SiteAnswer(body=html.encode(), headers=_FRAME)

    def _shown(self, mail: DemoMail | None, number: int = 0) -> SiteAnswer:
        page = self._page.render(
            mail=mail,
            number=number,
            mails=list(enumerate(self._mails, 1))[::-1],
            lines=list(self._lines(mail.text)) if mail else [],
            service=self.service,
        )
        return SiteAnswer(body=page.encode(), headers=_PAGE)

    def _lines(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield each line of a text, before and from its link on; the latter "" without one."""
        for line in self._local(text).splitlines():
            before, mark, rest = line.partition(self.service)
            yield before, mark + rest

    def _local(self, text: str) -> str:
        return text.replace(SITE, self.service)


def _mail(recipient: str, data: bytes) -> DemoMail:
    message = email.message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)  # noqa: S101 -- what that policy makes
    return DemoMail(
        recipient=recipient,
        subject=str(message["Subject"]),
        date=str(message["Date"]),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body is not None else ""
