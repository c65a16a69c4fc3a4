"""Contacts, hours and fees, in the formats that prefectures use."""

import pytest

from monitor.core.text.facts.page_facts import facts_of, opening_hours, phones
from monitor.core.text.page import Element
from monitor.core.text.read import read_page
from tests.support.prefecture import TEMPLATES, URL, Content, Template


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("04 73 98 61 61", "+33473986161"),
        ("05.49.08.69.41", "+33549086941"),
        ("Tél : 0247310170.", "+33247310170"),
        ("+33 (0)4 73 98 61 61", "+33473986161"),
        ("+594 594 39 45 00", "+594594394500"),
        ("composez le 3430", "3430"),
        ("appelez le 39 39", "3939"),
        ("0 806 001 620 (service gratuit)", "+33806001620"),
    ],
)
def test_a_phone_is_read_as_digits(text: str, expected: str) -> None:
    assert list(phones(text)) == [expected]


@pytest.mark.parametrize(
    "text",
    ["SIRET 170 630 013 00019", "jusqu'au 15 mars 2024", "63033 Clermont", "3000 €", "2019 2020"],
)
def test_other_numbers_are_no_phone(text: str) -> None:
    assert not list(phones(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("du lundi au vendredi de 8h30 à 11h30", "lundi-vendredi 08:30-11:30"),
        ("Du lundi au vendredi, 08h30 - 11h30", "lundi-vendredi 08:30-11:30"),
        ("lundi 9 H 00 à 11 H 30", "lundi 09:00-11:30"),
        ("8:30-12:00", "08:30-12:00"),
        ("Fermé le mardi", "fermé mardi"),
    ],
)
def test_hours_have_one_writing(text: str, expected: str) -> None:
    assert opening_hours(text) == expected


def test_a_sentence_without_days_or_times_states_no_hours() -> None:
    assert not opening_hours("Le titre est délivré sous 8 jours au guichet 3")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_page_states_its_facts_in_every_template(template: Template) -> None:
    page = read_page(template(Content()).encode(), url=URL)
    found = {(fact.element, fact.value) for fact in facts_of(page.main())}

    assert {
        (Element.PHONE, "+33473986161"),
        (Element.EMAIL, "pref-sejour@exemple.gouv.fr"),
        (Element.ADDRESS, "63033 clermont ferrand cedex 1"),
        (Element.FEE, "225,00"),
        (Element.APPOINTMENT_LINK, "//exemple.gouv.fr/booking/create/12345"),
        (
            Element.ANEF_LINK,
            "//administration-etrangers-en-france.interieur.gouv.fr/particuliers",
        ),
        (Element.DIGITAL_POINT, ""),
        (Element.OPENING_HOURS, "lundi-vendredi 08:30-11:30 sauf mardi"),
    } <= found


@pytest.mark.parametrize(
    ("html", "element", "value"),
    [
        ("Écrire à Titres@Exemple.gouv.fr.", Element.EMAIL, "titres@exemple.gouv.fr"),
        ('<a href="mailto:A@b.fr?subject=x">Écrire</a>', Element.EMAIL, "a@b.fr"),
        ('<a href="tel:0473986161">Appeler</a>', Element.PHONE, "+33473986161"),
        ('<a href="tel:+594594394500">Appeler</a>', Element.PHONE, "+594594394500"),
        ('<a href="/x">Prendre rendez-vous</a>', Element.APPOINTMENT_LINK, "//exemple.gouv.fr/x"),
        (
            '<a href="/booking/create/1">Ici</a>',
            Element.APPOINTMENT_LINK,
            "//exemple.gouv.fr/booking/create/1",
        ),
    ],
)
def test_a_fact_is_read_in_a_text_or_a_link(html: str, element: Element, value: str) -> None:
    page = read_page(f"<main><p>Le service : {html}</p></main>".encode(), url=URL)

    assert {(fact.element, fact.value) for fact in facts_of(page.main())} == {(element, value)}


def test_the_switchboard_of_the_footer_is_no_fact_of_the_page() -> None:
    page = read_page(TEMPLATES[0](Content()).encode(), url=URL)

    assert "+33400000000" not in {fact.value for fact in facts_of(page.main())}
