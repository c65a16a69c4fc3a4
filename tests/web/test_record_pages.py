"""The pages of gaps, of verification, and those that say what this is and who answers for it."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from lxml import html

from monitor.alerts import planning
from monitor.alerts.requests import SubscriptionAnswer, SubscriptionRequest
from monitor.config.schema import LegalEntry
from monitor.core.model import GapCause
from monitor.web.document_routes import DOCUMENTS
from monitor.web.pages_app import build
from tests.support.clock import FakeClock
from tests.support.metrics import FixedMetrics
from tests.support.reads import NOW, FakeReads, ago, config, gap, target
from tests.web.test_app import Visitor, said
from tests.web.test_incidents import framed, hrefs, page, visitor

LEGAL = LegalEntry(
    address="1 rue d’Essai, 75000 Paris",
    phone="01 99 00 00 00",
    director="Camille Essai",
    host="Hébergeur d’essai",
    host_address="2 rue d’Essai, 59000 Lille",
    host_phone="03 99 00 00 00",
)


async def unanswered(_: SubscriptionRequest) -> SubscriptionAnswer:
    raise AssertionError("no page of these asks anything")


def configured(*, alerts: bool = False) -> Visitor:
    """Return the pages of a site that has its legal facts."""
    return Visitor(
        build(
            FakeReads(),
            config=replace(config([target("a")]), legal=LEGAL),
            clock=FakeClock(NOW),
            point="local",
            metrics=FixedMetrics(),
            version="0.1.0",
            subscriptions=unanswered if alerts else None,
        )
    )


@pytest.mark.parametrize("address", DOCUMENTS)
def test_each_document_is_a_page_with_one_title_and_no_empty_link(address: str) -> None:
    answered = visitor(FakeReads()).get(address)
    assert answered.status_code == 200
    document = html.fromstring(answered.text)
    assert len(document.findall(".//h1")) == 1
    for link in hrefs(document):
        assert link.startswith(("/", "#", "https://", "mailto:")), link


@pytest.mark.parametrize("address", [*DOCUMENTS, "/incidents", "/lacunes", "/verifier"])
def test_every_link_inside_of_our_pages_leads_to_a_page(address: str) -> None:
    web = visitor(framed("a", number=100))
    document = html.fromstring(web.get(address).text)
    served_elsewhere = ("/journal/", "/api/", "/static/", "/metrics")
    for link in set(hrefs(document)):
        if link.startswith("/") and not link.startswith(served_elsewhere):
            assert web.get(link.partition("#")[0]).status_code in {200, 302}, link


def test_the_robot_says_what_it_never_does() -> None:
    text = said(page(FakeReads(), "/robot"))
    for promise in ("aucun créneau", "aucun captcha", "aucun formulaire", "robots.txt"):
        assert promise in text
    assert "1 heure, puis 6 heures, puis 24 heures" in text


def test_the_method_has_the_policy_of_the_configuration() -> None:
    text = said(page(FakeReads(), "/methode"))
    assert "Après 3 échecs, sur 2 minutes au moins" in text
    assert "90,00 % de couverture" in text


def test_the_legal_notice_has_the_facts_and_the_right_of_reply() -> None:
    text = said(html.fromstring(configured().get("/mentions-legales").text))
    for fact in LEGAL.model_dump().values():
        assert fact in text
    assert "dans les trois jours" in text
    assert "n’est pas prêt à être public" not in text


def test_a_legal_notice_without_its_facts_says_that_it_lacks_them() -> None:
    text = said(page(FakeReads(), "/mentions-legales"))
    assert "n’est pas prêt à être public" in text
    assert "à compléter par l’exploitant" in text


def test_what_is_said_of_subscriptions_is_what_the_program_does() -> None:
    text = said(html.fromstring(configured(alerts=True).get("/confidentialite").text))
    assert planning.NEVER_CONFIRMED == timedelta(hours=48)
    assert planning.CONSENT == timedelta(days=365)
    assert planning.HISTORY == timedelta(days=40)
    for promise in ("48 heures", "chaque année", "quarante jours", "Aucun cookie"):
        assert promise in text
    without = said(html.fromstring(configured(alerts=False).get("/confidentialite").text))
    assert "Si vous vous abonnez" not in without


def test_accessibility_is_never_claimed_without_an_audit() -> None:
    text = said(page(FakeReads(), "/accessibilite"))
    assert "n’a pas été auditée" in text
    assert "conforme à" not in text


def test_gaps_are_listed_with_their_cause_the_newest_first() -> None:
    reads = FakeReads(
        missing=[
            replace(gap("a", GapCause.REFUSED), number=5),
            replace(gap("", GapCause.STOPPED), from_at=ago(hours=1), number=9),
        ]
    )
    document = page(reads, "/lacunes")
    names = [said(node) for node in document.find_class("name")]
    assert names == ["Toutes les pages surveillées", "Cible a"]
    assert "Attente après un refus du site" in said(document)
    only = said(page(reads, "/lacunes?cause=refused"))
    assert "Toutes les pages surveillées" not in only
    assert visitor(reads).get("/lacunes?cause=x").status_code == 400


def test_a_date_is_answered_with_the_checks_on_both_sides() -> None:
    reads = framed("a", number=100)
    instant = reads.confirmed[0].first_fail_at
    asked = urlencode({"cible": "a", "le": instant.isoformat()})
    text = said(page(reads, f"/verifier?{asked}"))
    assert "Indisponible au relevé de cet instant même." in text
    assert "feuille n° 95" in text


def test_a_date_without_a_check_is_not_answered_as_good() -> None:
    text = said(page(FakeReads(), "/verifier?cible=a&le=2026-11-01T10:00"))
    assert "Nous ne pouvons pas le dire" in text


def test_a_leaf_is_shown_as_it_was_signed() -> None:
    reads = FakeReads(journal=[b'{"type":"outage","v":1,"x":"<b>"}'])
    for typed in ("0", "n° 0"):
        answered = visitor(reads).get(f"/verifier?{urlencode({'numero': typed})}")
        assert answered.status_code == 200
        assert "{&#34;type&#34;:&#34;outage&#34;" in answered.text
        assert "<b>" not in answered.text
    text = said(page(reads, "/verifier?numero=0"))
    assert "Un point de contrôle signé la couvre." in text
    assert "Aucune feuille, aucun incident" in said(page(reads, "/verifier?numero=12"))


def test_the_number_of_an_incident_leads_to_it() -> None:
    document = page(framed("a", number=100), "/verifier?numero=100")
    assert "/incidents/100" in hrefs(document)


@pytest.mark.parametrize(
    "query", ["numero=x", "numero=" + "9" * 30, "cible=zzz&le=2026-11-01", "cible=a&le=hier", "q=1"]
)
def test_what_cannot_be_asked_is_refused_with_a_reason(query: str) -> None:
    answered = visitor(FakeReads()).get(f"/verifier?{query}")
    assert answered.status_code == 400
    assert "Vigie ANEF ne peut pas répondre à cette demande (code 400)\N{NO-BREAK SPACE}:" in (
        answered.text
    )
