"""The mail itself: strict, short lines, both parts alike, signed, and left with one click."""

import base64
import email
import email.errors
import re
from email.message import EmailMessage
from email.policy import SMTP

import dkim
import pytest
from bs4 import BeautifulSoup
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from monitor.alerts.mime import DkimKey, Envelope, message_of, signed
from monitor.core.notices.letter import Letter, LetterSection, Tone, line, subject_of
from tests.support.outcomes import at

HOSTILE = "a<script>alert(1)</script>&\"'"
LEAVE = f"https://vigie.une-association-au-nom-fort-long.test/abonnement/quitter/{'x' * 54}"
LETTER = Letter(
    subject=subject_of("[Indisponible] Préfecture de l’Isère : téléphone"),
    tone=Tone.OPEN,
    lead=f"Préfecture : indisponible depuis 14 h 02. {HOSTILE}",
    actions=(line("Fiche de l’incident n° 5", "https://vigie.test/incidents/5"),),
    sections=(LetterSection(title="Relevés", lines=tuple(line("é" * 200) for _ in range(20))),),
    exits=(line("Ne plus rien recevoir", LEAVE),),
)


def envelope(**changes: str) -> Envelope:
    values = {
        "sender": "alertes@une-association-au-nom-fort-long-et-meme-tres-long.test",
        "publisher": "Association « d’essai »",
        "recipient": "lectrice@exemple.test",
        "name": "0" * 32,
        "thread": "1" * 32,
        "leave": LEAVE,
    }
    return Envelope(at=at(0), **(values | changes))


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


def parsed(data: bytes) -> EmailMessage:
    """Read a mail strictly."""
    message = email.message_from_bytes(data, policy=SMTP.clone(raise_on_defect=True))
    assert isinstance(message, EmailMessage)
    return message


def test_a_mail_is_strict_and_its_lines_are_short() -> None:
    data = signed(message_of(LETTER, envelope()), None)
    message = parsed(data)
    assert message["Subject"] == LETTER.subject
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert data.isascii()
    whole = (b"List-Unsubscribe:", b"Message-ID:", b"References:")
    lines = data.split(b"\r\n")
    assert all(len(one) <= 78 for one in lines if not one.startswith(whole))
    assert max(map(len, lines)) < 998
    assert len(data) < 100_000


def test_the_exit_is_an_address_that_a_mailbox_can_read() -> None:
    """The library alone writes a long one as encoded words: no mailbox shows a button then."""
    data = signed(message_of(LETTER, envelope()), None)
    assert f"\r\nList-Unsubscribe: <{LEAVE}>\r\n".encode() in data
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in data


def test_a_message_that_nobody_can_leave_has_no_such_header() -> None:
    message = message_of(LETTER, envelope(leave=""))
    assert message["List-Unsubscribe"] is None
    assert message["List-Unsubscribe-Post"] is None


def test_both_parts_say_the_same_and_nothing_in_them_acts() -> None:
    message = parsed(signed(message_of(LETTER, envelope()), None))
    text_part, html_part = message.get_body(("plain",)), message.get_body(("html",))
    assert text_part is not None
    assert html_part is not None
    text, page = text_part.get_content(), BeautifulSoup(html_part.get_content(), "html.parser")
    assert text.startswith(LETTER.lead)
    assert HOSTILE in text
    assert page.find("script") is None
    assert page.find(["img", "link", "iframe", "form"]) is None
    shown = page.get_text(" ")
    for words in (LETTER.lead, *(one.text for s in LETTER.sections for one in s.lines)):
        assert words in shown
        assert words in text
    links = {one["href"] for one in page.find_all("a")}
    assert links == {"https://vigie.test/incidents/5", LEAVE}
    assert all(link in text for link in links)
    assert "prefers-color-scheme" in html_part.get_content()
    assert page.find(class_="lead")["style"]  # type: ignore[index]


@pytest.mark.parametrize("header", ["recipient", "leave", "publisher"])
def test_no_value_can_add_a_header(header: str) -> None:
    hostile = envelope(**{header: "a@exemple.test\r\nBcc: b@exemple.test"})
    with pytest.raises((ValueError, IndexError, email.errors.MessageError)):
        signed(message_of(LETTER, hostile), None)


def test_a_subject_has_one_line_and_a_bounded_length() -> None:
    subject = subject_of("a\r\nBcc: b@exemple.test\u2028" + "x" * 500)
    assert subject.isprintable()
    assert len(subject) <= 120


def test_our_signature_covers_the_exit(key: rsa.RSAPrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    sender = "alertes@association.test"
    data = signed(
        message_of(LETTER, envelope(sender=sender)),
        DkimKey(selector="vigie", domain="association.test", pem=pem.decode()),
    )
    header = re.sub(rb"\s+", b"", data.split(b"\r\nFrom:")[0])
    covered = re.search(rb";h=([^;]*);", header)
    assert covered is not None
    assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(covered[1].split(b":"))
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert timeout
        assert name == b"vigie._domainkey.association.test."
        return record

    assert dkim.verify(data, dnsfunc=dns)
    assert not dkim.verify(data.replace(b"quitter", b"rester."), dnsfunc=dns)
