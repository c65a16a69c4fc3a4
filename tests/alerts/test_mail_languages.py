"""Every letter in every language: strict, signed, written from the side that it is read from."""

import base64
import re
from dataclasses import replace

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

from monitor.alerts.mime import DkimKey, message_of, signed
from monitor.core.language import Language
from monitor.core.model import Gap, GapCause, State, Verdict
from monitor.core.notices import subscription_letters
from monitor.core.notices.letter import ISOLATES, Letter
from monitor.core.notices.letters import (
    IncidentFacts,
    digest_letter,
    incident_letter,
    page_letter,
    present_section,
)
from monitor.core.notices.notice import Notice, NoticeKind
from monitor.core.points.combine import PointWord, combine
from monitor.translations import LANGUAGES
from tests.alerts.test_mime import envelope, parsed
from tests.core.test_letters import CHANGE, SITE, TARGET
from tests.support.reads import NOW, outage
from tests.translations.messages import messages

ARABIC = re.compile(r"[\u0600-\u06ff]")
STATES = (
    State(target=TARGET.slug, point="local", verdict=Verdict.UP, last_at=NOW),
    State(target=TARGET.slug, point="local", verdict=Verdict.DOWN, since=NOW, last_at=NOW),
    State(target=TARGET.slug, point="local"),
)
POINTS = (
    PointWord(point="local", operator="Lyon", verdict=Verdict.DOWN),
    PointWord(point="autre", operator="Lille", verdict=Verdict.UP),
)
GAP = Gap(target="", point="local", from_at=NOW, to_at=NOW, cause=GapCause.STOPPED, slots=1)


def letters_in(language: Language) -> dict[str, Letter]:
    """Return one letter of each kind."""
    targets = {TARGET.slug: TARGET}
    past = replace(outage(TARGET.slug), number=5)
    facts = IncidentFacts(
        notice=Notice(
            key="incident/5/0", kind=NoticeKind.OPENED, thread="incident/5", at=NOW, numbers=(5,)
        ),
        site=SITE,
        outages=(past,),
        targets=targets,
        states=STATES,
        gaps=(GAP,),
        now=NOW,
        language=language,
        common={TARGET.slug: combine(POINTS)},
    )

    def incident(kind: NoticeKind, *, hours: int = 0, again: bool = False) -> Letter:
        notice = replace(facts.notice, kind=kind, hours=hours, again=again)
        return incident_letter(replace(facts, notice=notice))

    present = present_section(STATES, targets, NOW, language)
    opened = incident(NoticeKind.OPENED)
    page = page_letter(CHANGE, TARGET, site=SITE, present=present, language=language)
    link, exits = f"{SITE}x", subscription_letters.exits(f"{SITE}choix", f"{SITE}quitter", language)
    return {
        "opened": replace(opened, exits=exits),
        "again": incident(NoticeKind.OPENED, again=True),
        "widened": incident(NoticeKind.WIDENED),
        "two hours": incident(NoticeKind.STILL_OPEN, hours=2),
        "three days": incident(NoticeKind.STILL_OPEN, hours=72),
        "closed": incident(NoticeKind.CLOSED),
        "page": replace(page, exits=exits),
        "digest": digest_letter([opened, page], present, language),
        "confirm": subscription_letters.confirm_letter(
            link, ["x"], association="Association d’essai", language=language
        ),
        "renew": subscription_letters.renew_letter(link, language),
        "manage": subscription_letters.manage_letter(link, language),
    }


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2_048)


@pytest.mark.parametrize("code", LANGUAGES)
def test_each_letter_is_a_strict_mail_whose_signature_holds(
    code: str, key: rsa.RSAPrivateKey
) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    sender = "alertes@association.test"
    dkim_key = DkimKey(selector="vigie", domain="association.test", pem=pem.decode())
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert timeout
        assert name == b"vigie._domainkey.association.test."
        return record

    for kind, letter in letters_in(LANGUAGES[code]).items():
        data = signed(message_of(letter, envelope(sender=sender)), dkim_key)
        message = parsed(data)
        assert message["Subject"] == letter.subject, kind
        assert message["Content-Language"] == code
        assert data.isascii()
        assert b"\n" not in data.replace(b"\r\n", b"")
        assert max(map(len, data.split(b"\r\n"))) < 998
        assert len(data) < 100_000
        assert dkim.verify(data, dnsfunc=dns), kind


@pytest.mark.parametrize("code", LANGUAGES)
def test_both_parts_are_in_the_language_and_run_its_way(code: str) -> None:
    language = LANGUAGES[code]
    french = {
        one for one in messages() if isinstance(one, str) and len(one) > 12 and "%" not in one
    }
    for kind, letter in letters_in(language).items():
        message = parsed(signed(message_of(letter, envelope()), None))
        text_part, html_part = message.get_body(("plain",)), message.get_body(("html",))
        assert text_part is not None
        assert html_part is not None
        text = text_part.get_content()
        page = BeautifulSoup(html_part.get_content(), "html.parser")
        assert page.html is not None
        assert page.body is not None
        assert page.html["lang"] == code
        assert page.html["dir"] == page.body["dir"] == language.direction
        side = "right" if language.direction == "rtl" else "left"
        assert f"border-{side}" in str(page.select_one(".lead"))
        shown = page.get_text(" ")
        for words in (letter.lead, *(one.text for one in letter.exits)):
            assert words in text, kind
            assert words in shown, kind
        if code != "fr":
            assert [one for one in french if one in text] == [], kind
        if code == "ar":
            assert ARABIC.search(letter.subject), kind
            assert ARABIC.search(letter.lead), kind


def test_links_lead_to_pages_in_the_language_and_the_citation_to_the_french_one() -> None:
    letter = letters_in(LANGUAGES["ar"])["opened"]
    assert letter.actions[0].url == f"{SITE}ar/incidents/5"
    cited = [one.url for section in letter.sections for one in section.lines if one.url]
    assert f"{SITE}incidents/5" in cited


def test_a_subject_keeps_the_marks_that_set_a_french_name_apart() -> None:
    subject = letters_in(LANGUAGES["ar"])["opened"].subject
    assert set(subject) & ISOLATES == ISOLATES
    assert TARGET.name in subject
