"""A letter in the form of a mail: text first, its HTML twin, the headers, our signature."""

import email.utils
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from pathlib import Path

import css_inline
import dkim
import jinja2
from markupsafe import Markup

from monitor.core.notices.letter import Letter, LetterLine

FORMS = Path(__file__).parent / "forms"
# Mailboxes show their own button for leaving only when a signature covers both last headers.
SIGNED = (
    *("from", "to", "subject", "date", "message-id", "references", "mime-version", "content-type"),
    *("list-id", "list-unsubscribe", "list-unsubscribe-post"),
)


class _WholePolicy(EmailPolicy):
    """Keeps on one line what has no place to be folded at, and every character of a subject.

    The library writes an address that is longer than a line as encoded words, which are no address
    to a mailbox. None of these headers has a character outside of ASCII. Where it folds a subject,
    it drops a no-break space, of which French has many.
    """

    whole = frozenset({"list-unsubscribe", "message-id", "references"})

    def fold(self, name: str, value: str) -> str:
        if name.lower() in self.whole:
            return f"{name}: {value}{self.linesep}"
        if name.lower() == "subject" and not value.isascii():
            words = Header(value, "utf-8", header_name=name).encode(linesep=self.linesep)
            return f"{name}: {words}{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in {*self.whole, "subject"}:
            return self.fold(name, value).encode("ascii")
        folded: bytes = super().fold_binary(name, value)
        return folded


_POLICY = _WholePolicy(linesep=SMTP.linesep, raise_on_defect=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who writes to whom, and which message it is.

    Attributes:
        name: The local part of the message's identifier: the same at each attempt.
        thread: The local part that the messages of one conversation refer to; "" for none.
        leave: Address that leaves with one click; "" for a message that nobody can leave.

    """

    sender: str
    publisher: str
    recipient: str
    name: str
    thread: str = ""
    leave: str = ""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimKey:
    selector: str
    domain: str
    pem: str


def _linked(line: LetterLine) -> Markup:
    """Return a line, all of it a link when it leads somewhere."""
    if not line.url:
        return Markup("{}").format(line.text)
    return Markup('<a href="{}">{}</a>').format(line.url, line.text)


def _environment(*, html: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FORMS),
        autoescape=html,  # noqa: S701 -- a text has nothing to escape
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals["said"] = _linked
    return environment


_TEXT = _environment(html=False).get_template("letter.txt")
_HTML = _environment(html=True).get_template("letter.html")
_INLINER = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def message_of(letter: Letter, envelope: Envelope) -> EmailMessage:
    """Return the mail of a letter. Both parts say the same."""
    message = EmailMessage(policy=_POLICY)
    domain = envelope.sender.rpartition("@")[2]
    message["From"] = Address(f"Vigie ANEF – {envelope.publisher}", addr_spec=envelope.sender)
    message["To"] = Address(addr_spec=envelope.recipient)
    message["Subject"] = letter.subject
    message["Date"] = email.utils.format_datetime(envelope.at)
    message["Message-ID"] = f"<{envelope.name}@{domain}>"
    if envelope.thread:
        message["References"] = f"<{envelope.thread}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["List-Id"] = f"Vigie ANEF <alertes.{domain}>"
    if envelope.leave:
        message["List-Unsubscribe"] = f"<{envelope.leave}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    language = letter.language
    foot = language.text(
        "%(publisher)s, service indépendant de l’administration.",
        publisher=language.foreign(envelope.publisher),
    )
    values = {"letter": letter, "language": language, "foot": foot}
    # Of letters that are not Latin, most bytes would be written as three.
    form = "base64" if language.direction == "rtl" else "quoted-printable"
    message.set_content(_TEXT.render(values), cte=form)
    html = _INLINER.inline(_HTML.render(values))
    message.add_alternative(html, subtype="html", cte=form)
    message["Content-Language"] = language.code  # at last: content takes away what describes it
    return message


def signed(message: EmailMessage, key: DkimKey | None) -> bytes:
    """Return the bytes of a mail, signed when there is a key."""
    data = message.as_bytes()
    if key is None:
        return data
    header: bytes = dkim.sign(
        data,
        key.selector.encode(),
        key.domain.encode(),
        key.pem.encode(),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[name.encode() for name in SIGNED if message[name] is not None],
    )
    return header + data
